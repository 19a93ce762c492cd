using System.Buffers.Text;
using System.Security.Cryptography;

namespace EventLoops.Benchmarks.Load.Floor;

/// <summary>The opening handshake of the yardstick (RFC 6455 4.2.2): the key is where it always is, and everything else is believed.</summary>
internal static class FloorHandshake
{
    /// <summary>More than any answer takes.</summary>
    public const int LongestAnswer = 256;

    private const int KeyLength = 24;

    private static ReadOnlySpan<byte> Head => "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "u8;

    /// <summary>Answers a request that has come whole.</summary>
    /// <param name="request">The request.</param>
    /// <param name="answer">Where the answer is written; it may lie over the request.</param>
    /// <returns>Its length; 0 when there is no key.</returns>
    public static int Answer(ReadOnlySpan<byte> request, Span<byte> answer)
    {
        int at = request.IndexOf("Sec-WebSocket-Key: "u8);
        if (at < 0 || request.Length < at + 19 + KeyLength)
            return 0;

        Span<byte> text = stackalloc byte[KeyLength + 36];
        request.Slice(at + 19, KeyLength).CopyTo(text);
        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8.CopyTo(text[KeyLength..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // RFC 6455 4.2.2 names SHA-1; nothing is kept secret by it.
        SHA1.HashData(text, hash);
#pragma warning restore CA5350

        Head.CopyTo(answer);
        Base64.EncodeToUtf8(hash, answer[Head.Length..], out _, out int accepted);
        "\r\n\r\n"u8.CopyTo(answer[(Head.Length + accepted)..]);
        return Head.Length + accepted + 4;
    }
}
