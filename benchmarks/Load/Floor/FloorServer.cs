using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using EventLoops.Benchmarks.Load.Wire;

namespace EventLoops.Benchmarks.Load.Floor;

/// <summary>
/// The yardstick: the least that a WebSocket echo can cost on a machine. One wait, one receive and one send a message, framing in one pass over the bytes, and nothing
/// else: no time-outs, no limits, no checks. What a server needs beyond this is what it adds.
/// </summary>
internal sealed unsafe class FloorServer
{
    private const int BufferSize = 1 << 19;
    private const int MaxEvents = 512;

    private readonly byte* _input = (byte*)NativeMemory.Alloc(BufferSize);
    private readonly byte* _output = (byte*)NativeMemory.Alloc(BufferSize + 64);
    private readonly byte* _events = FloorCalls.NewEvents(MaxEvents);
    private readonly int _epoll = FloorCalls.EpollCreate(0);
    private FloorConnection?[] _connections = new FloorConnection?[1024];

    /// <summary>Serves until the process is ended.</summary>
    public static int Run(int port)
    {
        using Socket listener = FloorCalls.Listen(port);
        Console.WriteLine($"listening on {listener.LocalEndPoint}");
        new FloorServer().Serve((int)listener.Handle);
        return 0;
    }

    private void Serve(int listener)
    {
        FloorCalls.Control(_epoll, FloorCalls.Add, listener, FloorCalls.In);
        while (true)
        {
            int ready = FloorCalls.EpollWait(_epoll, _events, MaxEvents, -1);
            for (int i = 0; i < ready; i++)
            {
                int fd = FloorCalls.EventFd(_events, i);
                if (fd == listener)
                    AcceptAll(listener);
                else if ((FloorCalls.EventBits(_events, i) & FloorCalls.Out) != 0)
                    Flush(fd, _connections[fd]!);
                else
                    Receive(fd, _connections[fd]!);
            }
        }
    }

    private void AcceptAll(int listener)
    {
        for (int fd = FloorCalls.Accept(listener); fd >= 0; fd = FloorCalls.Accept(listener))
        {
            if (fd >= _connections.Length)
                Array.Resize(ref _connections, fd * 2);
            _connections[fd] = new FloorConnection();
            FloorCalls.Control(_epoll, FloorCalls.Add, fd, FloorCalls.In);
        }
    }

    private void Receive(int fd, FloorConnection connection)
    {
        int count = FloorCalls.Receive(fd, _input, BufferSize);
        if (count <= 0)
        {
            _ = FloorCalls.Close(fd);
            return;
        }

        bool isClosed = false;
        int length = connection.IsOpen ? connection.Echo(_input, count, _output, ref isClosed) : Answer(connection, new ReadOnlySpan<byte>(_input, count));
        int sent = length == 0 ? 0 : Math.Max(0, FloorCalls.Send(fd, _output, length));
        if (isClosed)
            _ = FloorCalls.Close(fd);
        else if (sent < length)
            Keep(fd, connection, new ReadOnlySpan<byte>(_output + sent, length - sent));
    }

    private void Keep(int fd, FloorConnection connection, ReadOnlySpan<byte> rest)
    {
        // Nothing more is read until this has left, so one buffer is enough.
        connection.Unsent = rest.ToArray();
        FloorCalls.Control(_epoll, FloorCalls.Modify, fd, FloorCalls.Out);
    }

    private void Flush(int fd, FloorConnection connection)
    {
        byte[] unsent = connection.Unsent!;
        fixed (byte* bytes = unsent)
        {
            int sent = Math.Max(0, FloorCalls.Send(fd, bytes, unsent.Length));
            connection.Unsent = unsent[sent..];
        }

        if (connection.Unsent.Length > 0)
            return;
        connection.Unsent = null;
        FloorCalls.Control(_epoll, FloorCalls.Modify, fd, FloorCalls.In);
    }

    /// <summary>The generator's handshake comes in one piece, and its key is where it always is.</summary>
    private int Answer(FloorConnection connection, ReadOnlySpan<byte> request)
    {
        string head = Encoding.ASCII.GetString(request);
        int at = head.IndexOf("Sec-WebSocket-Key: ", StringComparison.OrdinalIgnoreCase);
        string key = head.Substring(at + 19, 24);
        string accept = Handshake.Accept(key);
        connection.IsOpen = true;
        return Encoding.ASCII.GetBytes(
            $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
            new Span<byte>(_output, BufferSize));
    }
}
