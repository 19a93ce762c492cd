using System.Text;

namespace EventLoops.Tests.Interop;

/// <summary>A whole message, and messages to send that show where bytes were lost or swapped.</summary>
internal sealed record Message(MessageKind Kind, byte[] Bytes)
{
    /// <summary>Around each of the three ways in which RFC 6455 5.2 writes a length, and a size that takes many reads and writes.</summary>
    public static readonly int[] Sizes = [0, 1, 125, 126, 127, 65535, 65536, 1024 * 1024];

    /// <summary>In how many fragments it is sent.</summary>
    public int Fragments { get; init; } = 1;

    public string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Bytes in which every place within a megabyte differs from its neighbours' neighbours.</summary>
    public static byte[] Pattern(int size)
    {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) bytes[i] = (byte)(i ^ (i >> 8) ^ (i >> 16));
        return bytes;
    }

    /// <summary>UTF-8 of exactly that many bytes, with characters of one to four of them.</summary>
    public static byte[] Utf8Pattern(int size)
    {
        byte[] characters = Encoding.UTF8.GetBytes("aé€😀");
        byte[] bytes = new byte[size];
        int length = 0;
        for (; length + characters.Length <= size; length += characters.Length) characters.CopyTo(bytes, length);
        bytes.AsSpan(length).Fill((byte)'z');
        return bytes;
    }

    public static byte[] Pattern(int size, MessageKind kind) => kind == MessageKind.Text ? Utf8Pattern(size) : Pattern(size);
}
