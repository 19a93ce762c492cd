using System.Net;
using System.Net.Sockets;
using EventLoops.IoUring;
using Xunit;

namespace EventLoops.Tests.IoUring;

/// <summary>A loop whose kernel receives, accepts and sends by itself, sockets on it, and their peers, who use system calls.</summary>
public abstract class CompletionBench : IDisposable
{
    protected const int Buffers = 4;
    protected const int BufferSize = 8 * 1024;

    private readonly List<int> _sockets = [];

    protected CompletionBench()
    {
        Assert.SkipWhen(CompletionLoopHarness.Missing is not null, CompletionLoopHarness.Missing ?? "");
        Loop = NewLoop();
    }

    internal IoUringLoop Loop { get; }

    protected Descriptors Descriptors { get; } = new();

    protected SocketIo Io => Loop.SocketIo;

    internal Completions Completions => Loop.Completions!;

    public void Dispose()
    {
        if (!Loop.IsDisposed) Loop.BindToCurrentThread();
        Loop.Dispose();
        foreach (int fd in _sockets) SocketIo.System.Close(fd);
        Descriptors.Dispose();
        GC.SuppressFinalize(this);
    }

    internal static IoUringLoop NewLoop() => new(null, entries: 16, completions: 64, IoUringMode.Completion, (Buffers, BufferSize));

    /// <summary>A watched socket that the kernel serves by itself, and its peer.</summary>
    /// <param name="handler">Who is told.</param>
    /// <param name="number">The number that our side is to have, for one that is used again: tests that run beside this one get those that are free. Null for any.</param>
    internal (Watch Watch, int Peer) Open(IReadyHandler handler, int? number = null)
    {
        (int ours, int peer) = Descriptors.SocketPair();
        if (number is { } wanted) ours = Descriptors.MoveTo(ours, wanted);
        _sockets.Add(Descriptors.GiveAway(ours));
        Watch watch = Loop.Watch(ours, PollEvents.In, handler);
        Assert.True(Io.Receive(ours, new byte[1]).WouldBlock);
        Turn();
        Assert.NotEqual(0u, Completions.Find(ours)!.Request);

        // The first bytes leave at once, those after them with a submission.
        Assert.Equal(1, Io.Send(ours, "!"u8).Value);
        Assert.Equal(1, Descriptors.Read(peer, new byte[1]));
        return (watch, peer);
    }

    /// <summary>The same over TCP, whose kernel takes any part of what it is given.</summary>
    internal (Watch Watch, Socket Peer) OpenTcp(IReadyHandler handler)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        peer.Connect(listener.LocalEndPoint!);
        int ours = SocketIo.System.Accept((int)listener.Handle).Value;
        _sockets.Add(ours);
        Watch watch = Loop.Watch(ours, PollEvents.In, handler);
        Assert.True(Io.Receive(ours, new byte[1]).WouldBlock);
        Assert.Equal(1, Io.Send(ours, "!"u8).Value);
        Assert.Equal(1, peer.Receive(new byte[1]));
        Turn();
        return (watch, peer);
    }

    /// <summary>Closes one of ours by the loop's calls.</summary>
    protected void Close(int fd)
    {
        Assert.True(_sockets.Remove(fd));
        Assert.False(Io.Close(fd).IsError);
    }

    /// <summary>Has something done in a callback of the loop.</summary>
    protected void InTurn(Action work)
    {
        Exception? thrown = null;
        Loop.Post(_ => thrown = Record.Exception(work), null);
        Turn();
        Assert.Null(thrown);
    }

    protected bool Turn() => Loop.RunOnce(0);

    protected void RunUntil(Func<bool> condition)
    {
        long deadline = Environment.TickCount64 + (long)LoopHarness.Patience.TotalMilliseconds;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, "It did not come true in time.");
            Loop.RunOnce(1);
        }
    }

    /// <summary>Reads what a peer gets, turning the loop, until the stream ends.</summary>
    protected byte[] ReadToEnd(int peer)
    {
        List<byte> all = [];
        byte[] room = new byte[64 * 1024];
        RunUntil(() =>
        {
            int count = Descriptors.Read(peer, room);
            if (count > 0) all.AddRange(room.AsSpan(0, count));
            return count == 0;
        });
        return [.. all];
    }

    /// <summary>Bytes that are different at each place, so that a hole or a swap shows.</summary>
    protected static byte[] Pattern(int length, int start = 0)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) bytes[i] = (byte)((start + i) % 251);
        return bytes;
    }
}
