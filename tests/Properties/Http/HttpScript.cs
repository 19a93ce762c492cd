using System.Text;

namespace EventLoops.Tests.Http;

/// <summary>Makes bytes out of random numbers that are mostly a message, so that readers come far before something is wrong.</summary>
internal static class HttpScript
{
    private static readonly string[] RequestParts =
    [
        "Host: a\r\n", "Host: b:80\r\n", "Connection: close\r\n", "Connection: keep-alive, Upgrade\r\n", "Upgrade: websocket\r\n",
        "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n",
        "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "Sec-WebSocket-Protocol: a, b\r\n",
        "X-Own:  some \t\r\n", "Cookie: \xE9\r\n", "Accept:\r\n", "X : y\r\n", " folded\r\n", "X: y\n", "X\r\n", "\r\n", "\r\n",
    ];

    private static readonly string[] RequestLines =
    [
        "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\n", "POST /a%20b?c HTTP/1.1\r\n", "GET / HTTP/1.0\r\n",
        "\r\nGET / HTTP/1.1\r\n",
        "GET http://a/ HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n", "GET /%4 HTTP/1.1\r\n", "GET / HTTP/2.0\r\n", "\x16\x03",
        "G\tT / HTTP/1.1\r\n", "GET / HTTP/1.1\n",
    ];

    private static readonly string[] StatusLines =
    [
        "HTTP/1.1 200 OK\r\n", "HTTP/1.1 101 Switching Protocols\r\n", "HTTP/1.1 204\r\n", "HTTP/1.1 304 \r\n", "HTTP/1.0 200 OK\r\n",
        "HTTP/1.1 20 OK\r\n", "HTTP/1.1 200 OK\n",
    ];

    private static readonly string[] ChunkParts =
    [
        "5\r\nhello\r\n", "1;a=b\r\nx\r\n", "a ; b\r\n0123456789\r\n", "00\r\n", "0\r\n", "\r\n", "ETag: a\r\n", "Host: a\r\n",
        "5\nhello\r\n", "5\r\nhelloX\r\n", "ffffffffffffffff\r\n",
    ];

    internal static byte[] Request(byte[] choices) => Join(choices, RequestLines, RequestParts);

    internal static byte[] Response(byte[] choices) => Join(choices, StatusLines, RequestParts);

    internal static byte[] Chunks(byte[] choices) => Join(choices, ChunkParts, ChunkParts);

    /// <summary>Lengths of pieces, used over and over; none means one piece.</summary>
    internal static Func<int, int> Pieces(byte[] lengths) =>
        lengths.Length == 0 ? _ => int.MaxValue : end => end + 1 + lengths[end % lengths.Length];

    private static byte[] Join(byte[] choices, string[] first, string[] others)
    {
        StringBuilder text = new();
        for (int i = 0; i < choices.Length; i++)
        {
            string[] parts = i == 0 ? first : others;
            text.Append(parts[choices[i] % parts.Length]);
        }
        return Encoding.Latin1.GetBytes(text.ToString());
    }
}
