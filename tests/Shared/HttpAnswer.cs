using System.Globalization;
using System.Text;

namespace EventLoops.Tests;

/// <summary>An answer as a raw peer has read it, its body put together from whatever framing it came in.</summary>
/// <param name="Head">The head, with its empty line.</param>
/// <param name="Body">The body.</param>
public sealed record HttpAnswer(string Head, byte[] Body)
{
    /// <summary>The status.</summary>
    public int Status => int.Parse(Head.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>The body as Latin-1 text.</summary>
    public string Text => Encoding.Latin1.GetString(Body);

    /// <summary>The value of a field; null when there is none.</summary>
    public string? this[string name] => ValueOf(Head, name);

    /// <summary>Reads an answer from a peer that has sent a request.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="hasBody">Whether one may follow; not after HEAD.</param>
    public static HttpAnswer Read(RawPeer peer, bool hasBody = true)
    {
        ArgumentNullException.ThrowIfNull(peer);
        string head = peer.ReadHead();
        bool forbids = head.StartsWith("HTTP/1.1 204 ", StringComparison.Ordinal) || head.StartsWith("HTTP/1.1 304 ", StringComparison.Ordinal);
        if (!hasBody || forbids) return new HttpAnswer(head, []);
        if (ValueOf(head, "Transfer-Encoding") is not null) return new HttpAnswer(head, ReadChunks(peer));
        if (ValueOf(head, "Content-Length") is not { } length) return new HttpAnswer(head, Encoding.Latin1.GetBytes(peer.ReadToEnd()));
        return new HttpAnswer(head, peer.ReadBytes(int.Parse(length, CultureInfo.InvariantCulture)));
    }

    private static string? ValueOf(string head, string name)
    {
        string field = $"\r\n{name}: ";
        int at = head.IndexOf(field, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? null : head[(at + field.Length)..head.IndexOf('\r', at + field.Length)];
    }

    private static byte[] ReadChunks(RawPeer peer)
    {
        List<byte> body = [];
        while (true)
        {
            peer.WaitUntil(() => peer.Received.IndexOf("\r\n"u8) >= 0 || peer.IsOver, "a chunk");
            string line = peer.ReadText(peer.Received.IndexOf("\r\n"u8) + 2);
            int length = int.Parse(line.AsSpan(0, line.Length - 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            byte[] chunk = peer.ReadBytes(length + 2);
            if (length == 0) return [.. body];
            body.AddRange(chunk.AsSpan(0, length));
        }
    }
}
