using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EventLoops.Benchmarks.Load.Floor;

/// <summary>
/// The yardstick: the least that a WebSocket echo can cost on a machine. One wait, one receive and one send a message, framing in one pass over the bytes and in place, some
/// hundred bytes of native memory for a connection, nothing on the managed heap, and nothing else: no time-outs, no limits, no checks. What a server needs beyond this is what it adds.
/// </summary>
internal sealed unsafe class FloorServer
{
    private const int BufferSize = 256 * 1024;
    private const int MaxEvents = 1024;

    // Never given back, and touched once: a page fault costs as much as a message.
    private readonly byte* _buffer = (byte*)NativeMemory.AllocZeroed(FloorConnection.Room + BufferSize);
    private readonly byte* _events = FloorCalls.NewEvents(MaxEvents);
    private readonly int _epoll = FloorCalls.EpollCreate(0);

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
        FloorCalls.Control(_epoll, FloorCalls.Add, listener, FloorCalls.In, null);
        while (true)
        {
            int ready = FloorCalls.EpollWait(_epoll, _events, MaxEvents, -1);
            for (int i = 0; i < ready; i++)
            {
                FloorConnection* connection = (FloorConnection*)FloorCalls.EventData(_events, i);
                if (connection == null)
                    AcceptAll(listener);
                else
                    Serve(connection);
            }
        }
    }

    private void AcceptAll(int listener)
    {
        for (int fd = FloorCalls.Accept(listener); fd >= 0; fd = FloorCalls.Accept(listener))
        {
            FloorConnection* connection = (FloorConnection*)NativeMemory.AllocZeroed((nuint)sizeof(FloorConnection));
            connection->Fd = fd;
            FloorCalls.Control(_epoll, FloorCalls.Add, fd, FloorCalls.In, connection);
        }
    }

    private void Serve(FloorConnection* connection)
    {
        if (connection->RestLength > 0)
            Flush(connection);
        else
            Receive(connection);
        if (!connection->IsClosing || connection->RestLength > 0)
            return;

        _ = FloorCalls.Close(connection->Fd);
        NativeMemory.Free(connection->Rest);
        NativeMemory.Free(connection);
    }

    private void Receive(FloorConnection* connection)
    {
        byte* input = _buffer + FloorConnection.Room;
        int count = FloorCalls.Receive(connection->Fd, input, BufferSize);
        if (count <= 0)
        {
            connection->IsClosing = count == 0 || !FloorCalls.WouldBlock;
            return;
        }

        int length = connection->IsOpen ? connection->Echo(input, count) : Answer(connection, new ReadOnlySpan<byte>(input, count));
        int sent = length == 0 ? 0 : FloorCalls.Send(connection->Fd, _buffer, length);
        if (sent < 0)
        {
            connection->IsClosing |= !FloorCalls.WouldBlock;
            sent = 0;
        }

        if (sent < length)
            Keep(connection, sent, length - sent);
    }

    private void Keep(FloorConnection* connection, int sent, int left)
    {
        // Nothing more is read until this has left, so one buffer is enough.
        if (connection->Rest == null)
            connection->Rest = (byte*)NativeMemory.Alloc(FloorConnection.Room + BufferSize);
        NativeMemory.Copy(_buffer + sent, connection->Rest, (nuint)left);
        connection->RestAt = 0;
        connection->RestLength = left;
        FloorCalls.Control(_epoll, FloorCalls.Modify, connection->Fd, FloorCalls.Out, connection);
    }

    private void Flush(FloorConnection* connection)
    {
        int sent = FloorCalls.Send(connection->Fd, connection->Rest + connection->RestAt, connection->RestLength);
        if (sent < 0)
        {
            if (FloorCalls.WouldBlock)
                return;
            connection->IsClosing = true;
            connection->RestLength = 0;
            return;
        }

        connection->RestAt += sent;
        connection->RestLength -= sent;
        if (connection->RestLength == 0)
            FloorCalls.Control(_epoll, FloorCalls.Modify, connection->Fd, FloorCalls.In, connection);
    }

    /// <summary>The generator's handshake comes in one piece.</summary>
    private int Answer(FloorConnection* connection, ReadOnlySpan<byte> request)
    {
        connection->IsOpen = true;
        int length = FloorHandshake.Answer(request, new Span<byte>(_buffer, FloorHandshake.LongestAnswer));
        connection->IsClosing = length == 0;
        return length;
    }
}
