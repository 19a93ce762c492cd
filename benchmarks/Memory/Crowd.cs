using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace EventLoops.Benchmarks.Memory;

/// <summary>Many raw clients that do what their case says, and then nothing.</summary>
internal sealed class Crowd(int port, MemoryCase one) : IDisposable
{
    private static readonly byte[] Message = Compressed(string.Join(' ', Enumerable.Range(0, 250)));

    private readonly List<Stream> _clients = [];
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>Adds one client, open and idle.</summary>
    public void Add()
    {
        Stream stream = Connect();
        _clients.Add(stream);
        stream.Write(Encoding.ASCII.GetBytes(Request()));
        string head = Encoding.ASCII.GetString(Receive(stream, seen => seen.EndsWith(one.IsHttp ? "World!"u8 : "\r\n\r\n"u8)));
        if (!head.StartsWith(one.IsHttp ? "HTTP/1.1 200 " : "HTTP/1.1 101 ", StringComparison.Ordinal)
            || head.Contains("permessage-deflate", StringComparison.Ordinal) != one.Extension is not null)
            throw new InvalidOperationException($"The server answered: {head}");

        for (int i = 0; i < one.Exchanges; i++)
        {
            stream.Write(Frame());
            Receive(stream, IsWholeFrame);
        }
    }

    public void Dispose()
    {
        foreach (Stream client in _clients) client.Dispose();
    }

    private Stream Connect()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 10_000, SendTimeout = 10_000 };
        socket.Connect(IPAddress.Loopback, port);
        NetworkStream plain = new(socket, ownsSocket: true);
        if (!one.IsTls)
            return plain;

        // The server has made its certificate for this run.
        SslStream secure = new(plain, leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate?.Subject == "CN=localhost");
        secure.AuthenticateAsClient("localhost");
        return secure;
    }

    private string Request()
    {
        if (one.IsHttp)
            return "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

        return "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            + (one.Extension is not null ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n" : "\r\n");
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

    private ReadOnlySpan<byte> Receive(Stream stream, SeenEnough isEnough)
    {
        int length = 0;
        while (!isEnough(_buffer.AsSpan(0, length)))
        {
            int count = stream.Read(_buffer.AsSpan(length));
            if (count == 0) throw new InvalidOperationException("The server has closed a connection.");
            length += count;
        }

        return _buffer.AsSpan(0, length);
    }

    private delegate bool SeenEnough(ReadOnlySpan<byte> seen);
}
