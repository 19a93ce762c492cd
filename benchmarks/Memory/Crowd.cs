using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EventLoops.Benchmarks.Memory;

/// <summary>Many raw clients that open a WebSocket each, exchange a message if the case wants it, and then do nothing.</summary>
internal sealed class Crowd(int port, bool deflates) : IDisposable
{
    private static readonly byte[] Message = Compressed(string.Join(' ', Enumerable.Range(0, 250)));

    private readonly List<Socket> _clients = [];
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>Adds one client, open and idle.</summary>
    public void Add(int exchanges)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 10_000, SendTimeout = 10_000 };
        _clients.Add(socket);
        socket.Connect(IPAddress.Loopback, port);
        socket.Send(Encoding.ASCII.GetBytes(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            + (deflates ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n" : "\r\n")));
        string head = Encoding.ASCII.GetString(Receive(socket, seen => seen.IndexOf("\r\n\r\n"u8) >= 0));
        if (!head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal) || head.Contains("permessage-deflate", StringComparison.Ordinal) != deflates)
            throw new InvalidOperationException($"The server answered: {head}");

        for (int i = 0; i < exchanges; i++)
        {
            socket.Send(Frame());
            Receive(socket, IsWholeFrame);
        }
    }

    public void Dispose()
    {
        foreach (Socket client in _clients) client.Dispose();
    }

    private static byte[] Compressed(string text)
    {
        using MemoryStream stream = new();
        using DeflateStream deflate = new(stream, CompressionLevel.Fastest);
        deflate.Write(Encoding.ASCII.GetBytes(text));
        deflate.Flush();
        return stream.ToArray()[..^4];
    }

    /// <summary>A text message with the mask 0, which changes nothing (RFC 6455 5.3), and with RSV1 (RFC 7692 6).</summary>
    private static byte[] Frame() =>
        Message.Length < 126
            ? [0xC1, (byte)(0x80 | Message.Length), 0, 0, 0, 0, .. Message]
            : [0xC1, 0x80 | 126, (byte)(Message.Length >> 8), (byte)Message.Length, 0, 0, 0, 0, .. Message];

    private static bool IsWholeFrame(ReadOnlySpan<byte> seen)
    {
        if (seen.Length < 4) return false;
        return seen[1] < 126 ? seen.Length == 2 + seen[1] : seen.Length == 4 + (seen[2] << 8) + seen[3];
    }

    private ReadOnlySpan<byte> Receive(Socket socket, SeenEnough isEnough)
    {
        int length = 0;
        while (!isEnough(_buffer.AsSpan(0, length)))
        {
            int count = socket.Receive(_buffer.AsSpan(length));
            if (count == 0) throw new InvalidOperationException("The server has closed a connection.");
            length += count;
        }

        return _buffer.AsSpan(0, length);
    }

    private delegate bool SeenEnough(ReadOnlySpan<byte> seen);
}
