namespace EventLoops.Tests.Interop;

/// <summary>
/// The messages of a compressed conversation: around the borders of frame lengths, of our buffers and of every window, as text and as bytes, easy to compress and not
/// at all, whole and in fragments. Later ones repeat what earlier ones had, so that with context takeover they refer back to it.
/// </summary>
internal static class DeflateMessages
{
    private static readonly int[] s_sizes = [0, 1, 63, 64, 125, 126, 127, 511, 512, 4095, 32_768, 65_535, 65_536, 200_000];
    private static readonly int[] s_fragments = [1, 1, 7];

    public static IEnumerable<Message> All()
    {
        for (int i = 0; i < s_sizes.Length; i++)
        {
            int size = s_sizes[i];
            int fragments = s_fragments[i % s_fragments.Length];
            yield return new Message(MessageKind.Text, Message.Utf8Pattern(size)) { Fragments = fragments };
            yield return new Message(MessageKind.Binary, Message.Pattern(size)) { Fragments = s_fragments[(i + 1) % s_fragments.Length] };
            yield return new Message(MessageKind.Binary, Noise(size)) { Fragments = s_fragments[(i + 2) % s_fragments.Length] };
        }
    }

    /// <summary>Bytes that no compressor makes shorter, the same in each run; a longer message begins with the shorter one.</summary>
    private static byte[] Noise(int size)
    {
        byte[] bytes = new byte[size];
        new Random(7692).NextBytes(bytes);
        return bytes;
    }
}
