using System.Net;
using System.Net.Sockets;
using EventLoops.Epoll;
using EventLoops.LibEv;
using EventLoops.LibUv;
using Xunit;

namespace EventLoops.Tests.Reliability.Guests;

/// <summary>Contexts on the loop of a host: made, served, given up half-way and destroyed while the host goes on.</summary>
public abstract class GuestContextSuite : IDisposable
{
    private readonly Ledger _ledger = new();
    private readonly List<IDisposable> _owned = [];

    /// <param name="makeHost">Makes the host, when the ledger has been opened.</param>
    private protected GuestContextSuite(Func<ForeignHost> makeHost) => Host = makeHost();

    private ForeignHost Host { get; }

    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--) _owned[i].Dispose();
        Host.Dispose();
        _ledger.CheckDescriptors();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void G01_ten_thousand_contexts_come_and_go_with_a_connection_in_every_state()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("guests").FullName, "s");
        UnixDomainSocketEndPoint endPoint = new(path);
        byte[] upgrade = System.Text.Encoding.ASCII.GetBytes(RawPeer.UpgradeRequest());
        Recorder recorder = new();
        string empty = Host.Inventory;
        int established = 0;
        TestProtocol protocol = new("test", recorder);
        protocol.On(CallbackReason.Established, _ => established++);
        for (int round = 0; round < 10_000; round++)
        {
            HostedEventLoop guest = Host.Attach();
            LoopContext context = new(new LoopContextOptions
            {
                Loop = guest,
                VirtualHosts = [new() { Endpoints = [endPoint], Protocols = [protocol] }],
            });
            using Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            client.Connect(endPoint);
            if (round % 5 > 1) client.Send(upgrade.AsSpan(0, round % 5 == 2 ? 20 : upgrade.Length));
            for (int turn = 0; turn < round % 4; turn++) Host.Run(HostRun.NoWait);
            if (round % 5 == 4) client.Close(0);

            context.Dispose();
            guest.Detach(null);
            File.Delete(path);
            if (!Host.LetsGoAtOnce) Host.Run(HostRun.NoWait);
            Assert.Equal((true, empty), (guest.IsDetached, Host.Inventory));
        }

        Directory.Delete(Path.GetDirectoryName(path)!);
        Assert.InRange(established, 1000, 10_000);
        Assert.False(Host.IsAlive);
    }

    [Fact]
    public void G04_a_context_that_fails_half_way_leaves_nothing_on_the_host()
    {
        using RawListener taken = new();
        HostedEventLoop guest = Host.Attach();
        VirtualHostOptions host = new() { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0), taken.EndPoint], Protocols = [new SendingEcho()] };

        string before = Host.Inventory;

        LoopFaultException refused = Assert.Throws<LoopFaultException>(() => new LoopContext(new LoopContextOptions { Loop = guest, VirtualHosts = [host] }));

        Assert.Equal(Errno.EADDRINUSE, refused.Errno);
        Ledger.CheckEmpty(guest);
        Assert.False(Host.Run(HostRun.NoWait));
        Assert.Equal(before, Host.Inventory);
        guest.Detach(null);
    }

    [Fact]
    public void G04_a_guest_that_is_refused_has_not_touched_the_host()
    {
        string before = Host.Inventory;
        nint other = System.Runtime.InteropServices.NativeLibrary.Load("libc.so.6");

        Assert.Throws<LoopUnavailableException>(() => Host.Attach(library: other));

        Assert.Equal(before, Host.Inventory);
        Assert.False(Host.IsAlive);
    }

    [Fact]
    public void G05_two_contexts_on_one_guest_are_independent()
    {
        HostedLoopHarness guest = Guest();
        (LoopContext first, RawPeer toFirst) = Serve(guest);
        (LoopContext second, RawPeer toSecond) = Serve(guest);
        AssertEchoes(toFirst);

        first.Dispose();

        Assert.Equal(1001, toFirst.ReadFrame().CloseCode);
        AssertEchoes(toSecond);
        second.Dispose();
        Ledger.CheckEmpty(guest.Loop, first, second);
    }

    [Fact]
    public void G05_two_guests_on_one_host_are_independent()
    {
        HostedLoopHarness first = Guest();
        HostedLoopHarness second = Guest();
        (LoopContext onFirst, RawPeer toFirst) = Serve(first);
        (LoopContext onSecond, RawPeer toSecond) = Serve(second);
        AssertEchoes(toFirst);
        AssertEchoes(toSecond);

        onFirst.Dispose();
        first.Loop.Dispose();

        AssertEchoes(toSecond);
        onSecond.Dispose();
        Ledger.CheckEmpty(second.Loop, onSecond);
    }

    [Fact]
    public void G05_several_kinds_of_loop_live_in_one_process()
    {
        LoopHarness[] loops =
        [
            Own(new OwnedLoopHarness(new PollLoop(), new EventLoopOptions())),
            Own(new OwnedLoopHarness(new EpollLoop(), new EventLoopOptions())),
            Own(new OwnedLoopHarness(new LibUvLoop(), new EventLoopOptions())),
            Own(new OwnedLoopHarness(new LibEvLoop(), new EventLoopOptions())),
            Own(HostedLoopHarness.On(new UvHost(), new EventLoopOptions())),
            Own(HostedLoopHarness.On(new EvHost(), new EventLoopOptions())),
            Own(new ExternalLoopHarness(new EventLoopOptions())),
            Guest(),
        ];
        List<(LoopContext Context, RawPeer Peer)> served = [.. loops.Select(Serve)];

        for (int round = 0; round < 3; round++) Assert.All(served, pair => AssertEchoes(pair.Peer));

        foreach ((LoopContext context, _) in served) context.Dispose();
        Assert.All(loops, harness => Ledger.CheckEmpty(harness.Loop));
    }

    [Fact]
    public void G06_a_host_that_runs_once_without_waiting_or_nested_gives_the_same_trace()
    {
        string waiting = TraceOf(guest => _ => guest.Host.Run(HostRun.Once));
        string polling = TraceOf(guest => _ => guest.Host.Run(HostRun.NoWait));
        string nested = TraceOf(guest =>
        {
            ForeignTimer outer = guest.Host.NewTimer(() => guest.Host.Run(HostRun.NoWait));
            return mode =>
            {
                outer.Start(milliseconds: 0);
                return guest.Host.Run(mode);
            };
        });

        Assert.Equal("29 19 20 0 6:3 6:2 38:2 4 30", waiting);
        Assert.Equal(waiting, polling);
        Assert.Equal(waiting, nested);
    }

    [Fact]
    public void A_host_that_runs_its_loop_inside_a_callback_of_the_guest_is_told_so_and_loses_nothing()
    {
        HostedLoopHarness guest = Guest();
        Recorder recorder = new();
        TestProtocol protocol = new("test", recorder);
        int depth = 0;
        int deepest = 0;
        protocol.OnReceive((connection, ref _, in data) =>
        {
            deepest = Math.Max(deepest, ++depth);
            guest.Host.Run(HostRun.NoWait);
            depth--;
            return connection.TrySend(data.In, MessageKind.Text) == WriteResult.Accepted ? CallbackResult.Continue : CallbackResult.Close;
        });
        (LoopContext context, RawPeer first) = Serve(guest, protocol);
        RawPeer second = Connect(guest, context);

        first.SendText("one");
        second.SendText("two");
        Assert.Equal(("one", "two"), (first.ReadFrame().Text, second.ReadFrame().Text));

        Assert.Equal(1, deepest);
        Assert.NotEmpty(guest.Unhandled);
        Assert.All(guest.Unhandled, told => Assert.IsType<InvalidOperationException>(told));
        context.Dispose();
    }

    [Fact]
    public void A_context_is_destroyed_while_the_loop_of_its_host_goes_on()
    {
        ForeignTimer own = Host.NewTimer();
        own.Start(milliseconds: 1, repeat: 1);
        Host.RunUntil(() => own.Ticks >= 5);

        HostedLoopHarness guest = Guest();
        Recorder recorder = new();
        (LoopContext context, RawPeer peer) = Serve(guest, new TestProtocol("test", recorder), recorder);
        int before = own.Ticks;
        guest.RunUntil(() => own.Ticks >= before + 5 && recorder.Has(CallbackReason.Established));

        context.Dispose();
        guest.Guest.Detach(null);
        Host.RunUntil(() => guest.Guest.IsDetached);
        Assert.Null(recorder.FindImbalance());

        before = own.Ticks;
        Host.RunUntil(() => own.Ticks >= before + 10);
        own.Stop();
        Assert.False(Host.IsAlive);
        Assert.False(peer.IsOver);
    }

    [Fact]
    public void A_context_is_destroyed_inside_a_callback_of_its_host()
    {
        HostedLoopHarness guest = Guest();
        (LoopContext context, RawPeer peer) = Serve(guest);
        ForeignTimer own = Host.NewTimer(() =>
        {
            context.Dispose();
            guest.Loop.Dispose();
        });
        own.Start(milliseconds: 0);

        Host.RunUntil(() => own.Ticks == 1);

        Assert.True(context.IsDisposed);
        Assert.True(guest.Guest.IsDetached);
        peer.WaitUntil(() => peer.IsOver || peer.Received.Length > 0);
        Assert.Equal(1001, peer.ReadFrame().CloseCode);
    }

    private string TraceOf(Func<HostedLoopHarness, Func<HostRun, bool>> run)
    {
        HostedLoopHarness guest = Guest();
        guest.RunHost = run(guest);
        ForeignTimer limit = Host.NewTimer();
        limit.Start(milliseconds: 1, repeat: 1);
        Recorder recorder = new();
        TestProtocol protocol = new("test", recorder);
        (LoopContext context, RawPeer peer) = Serve(guest, protocol, recorder);
        peer.SendText("one");
        guest.RunUntil(() => recorder.CountOf(CallbackReason.Receive) == 1);
        peer.SendText("zw");
        guest.RunUntil(() => recorder.CountOf(CallbackReason.Receive) == 2);
        peer.SendClose(1000);
        guest.RunUntil(() => recorder.Has(CallbackReason.WsiDestroy));
        context.Dispose();
        guest.Loop.Dispose();
        limit.Stop();
        return recorder.TraceOf(1);
    }

    private HostedLoopHarness Guest() => Own(new HostedLoopHarness(Host, new EventLoopOptions()));

    private (LoopContext Context, RawPeer Peer) Serve(LoopHarness harness) => Serve(harness, new SendingEcho());

    private (LoopContext Context, RawPeer Peer) Serve(LoopHarness harness, Protocol protocol, Recorder? recorder = null)
    {
        LoopContext context = new(new LoopContextOptions { Loop = harness.Loop, Tracer = recorder, VirtualHosts = [LoopBench.HostOf(protocol)] });
        return (context, Connect(harness, context));
    }

    private RawPeer Connect(LoopHarness harness, LoopContext context)
    {
        RawPeer peer = Own(RawPeer.Connect(LoopBench.EndPointOf(context), harness));
        peer.Upgrade();
        return peer;
    }

    private static void AssertEchoes(RawPeer peer)
    {
        peer.SendText("hello");
        Assert.Equal("hello", peer.ReadFrame().Text);
    }

    private T Own<T>(T thing)
        where T : IDisposable
    {
        _owned.Add(thing);
        return thing;
    }
}
