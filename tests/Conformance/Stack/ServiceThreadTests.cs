using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Who drives the service threads of a context that makes its own loops: the context, threads of the program, or one thread for all of them.</summary>
public sealed class ServiceThreadTests : IDisposable
{
    private readonly Ledger _ledger = new();
    private readonly TestProtocol _protocol = new();

    public void Dispose() => _ledger.CheckDescriptors();

    [Fact]
    public void The_context_drives_all_of_them_and_has_stopped_them_when_it_returns_and_does_so_again()
    {
        using LoopContext context = New(3);
        List<RawPeer> peers = [];
        for (int round = 1; round <= 3; round++)
        {
            using CancellationTokenSource stopping = new();
            Exception? failure = null;
            Thread running = new(() => failure = Record.Exception(() =>
            {
                context.Loop.BindToCurrentThread();
                context.Run(stopping.Token);
            }));
            running.Start();
            for (int i = 0; i < 3; i++) peers.Add(Open(context));
            foreach (RawPeer peer in peers)
            {
                peer.SendText("echo");
                Assert.Equal("echo", peer.ReadFrame().Text);
            }

            stopping.Cancel();
            running.Join();
            Assert.Null(failure);
            Assert.All(context.Threads, thread => Assert.Equal(round, thread.ConnectionCount));
        }

        context.Dispose();
        foreach (RawPeer peer in peers)
        {
            Assert.Equal(1001, peer.ReadFrame().CloseCode);
            peer.Dispose();
        }

        Assert.All(context.Threads, thread => Assert.True(thread.Loop.IsDisposed));
    }

    [Fact]
    public void Threads_of_the_program_drive_them_until_a_callback_disposes_the_context()
    {
        using LoopContext context = New(3);
        _protocol.On(CallbackReason.Closed, _ => { });
        Thread[] threads = [.. context.Threads.Select(service => new Thread(() => service.Run(CancellationToken.None)))];
        foreach (Thread thread in threads) thread.Start();
        RawPeer[] peers = [Open(context), Open(context), Open(context)];

        peers[1].SendText("dispose");

        foreach (RawPeer peer in peers) Assert.Equal(1001, peer.ReadFrame().CloseCode);
        foreach (Thread thread in threads) Assert.True(thread.Join(LoopHarness.Patience));
        foreach (RawPeer peer in peers) peer.Dispose();
        Assert.All(context.Threads, thread => Assert.Equal(0, thread.ConnectionCount));
    }

    [Fact]
    public void One_thread_may_drive_all_of_them_turn_by_turn()
    {
        using LoopContext context = New(2);
        using RawPeer first = RawPeer.Connect(LoopBench.EndPointOf(context));
        using RawPeer second = RawPeer.Connect(LoopBench.EndPointOf(context));
        foreach (RawPeer peer in new[] { first, second }) peer.RequestUpgrade();
        first.SendText("one");
        second.SendText("two");
        Deadline deadline = new();
        HashSet<RawPeer> answered = [];
        while (answered.Count < 2)
        {
            foreach (ServiceThread thread in context.Threads) thread.Service(1);
            foreach (RawPeer peer in new[] { first, second })
            {
                peer.Pump();
                int end = peer.Received.IndexOf("\r\n\r\n"u8);
                if (end >= 0) peer.ReadBytes(end + 4);
                if (peer.TryReadFrame(out _)) answered.Add(peer);
            }

            deadline.Check();
        }

        Assert.All(context.Threads, thread => Assert.Equal(1, thread.ConnectionCount));
    }

    [Fact]
    public void Disposing_outside_of_callbacks_while_another_thread_runs_is_refused()
    {
        using LoopContext context = New(2);
        using CancellationTokenSource stopping = new();
        Thread running = new(() => context.Run(stopping.Token));
        running.Start();
        using RawPeer peer = Open(context);

        Assert.Throws<InvalidOperationException>(context.Dispose);
        Assert.False(context.IsDisposed);
        peer.SendText("still there");
        Assert.Equal("still there", peer.ReadFrame().Text);

        stopping.Cancel();
        running.Join();
    }

    [Fact]
    public void A_loop_that_fails_ends_the_run_of_all_of_them_and_is_reported_there()
    {
        using PollLoop good = new();
        using FailingLoop bad = new();
        using LoopContext context = new(new LoopContextOptions { Loops = [good, bad], ServiceThreadCount = 2 });

        LoopFaultException fault = Assert.Throws<LoopFaultException>(() => context.Run());

        Assert.Equal(Errno.ENOMEM, fault.Errno);
    }

    public static TheoryData<string, Func<LoopContextOptions>> Mistakes => new()
    {
        { "ServiceThreadCount", () => new() { ServiceThreadCount = 33 } },
        { "ServiceThreadCount", () => new() { ServiceThreadCount = 0 } },
        { "FdLimitPerThread", () => new() { FdLimitPerThread = -1 } },
        { "Loop", () => new() { Loop = new PollLoop(), ServiceThreadCount = 2 } },
        { "Loops", () => new() { Loops = [new PollLoop()], ServiceThreadCount = 2 } },
        { "Loops", () => new() { Loops = [new PollLoop(), null!], ServiceThreadCount = 2 } },
        { "Flags", () => new() { Loops = [new PollLoop()], Flags = ContextFlags.Epoll } },
    };

    [Theory]
    [MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public void Options_that_make_no_sense_are_refused_with_their_name(string member, Func<LoopContextOptions> make)
    {
        LoopContextOptions options = make();
        Assert.Equal(member, Assert.ThrowsAny<ArgumentException>(() => new LoopContext(options)).ParamName);
        foreach (EventLoop? loop in options.Loops ?? [options.Loop!]) loop?.Dispose();
    }

    private static RawPeer Open(LoopContext context)
    {
        RawPeer peer = RawPeer.Connect(LoopBench.EndPointOf(context));
        peer.Upgrade();
        return peer;
    }

    private LoopContext New(int count)
    {
        LoopContext? context = null;
        _protocol.OnReceive((connection, ref _, in data) =>
        {
            if (data.In.SequenceEqual("dispose"u8)) context!.Dispose();
            else connection.TrySend(data.In, MessageKind.Text);
            return CallbackResult.Continue;
        });
        return context = new LoopContext(new LoopContextOptions
        {
            ServiceThreadCount = count,
            VirtualHosts = [new() { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = [_protocol] }],
        });
    }

    /// <summary>A loop whose system has no memory left.</summary>
    private sealed class FailingLoop() : OwnedEventLoop("failing", options: null)
    {
        protected override void WaitCore(int milliseconds) => throw new LoopFaultException("poll", Errno.ENOMEM);

        protected override void AddCore(Watch watch)
        {
        }

        protected override void ChangeCore(Watch watch, PollEvents previous)
        {
        }

        protected override void RemoveCore(Watch watch)
        {
        }

        protected override void WakeCore()
        {
        }

        protected override void DisposeCore()
        {
        }
    }
}
