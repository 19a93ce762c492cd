using System.Collections.Concurrent;
using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>A context on several loops of a kind, each on a thread of its own: who serves what, what crosses threads and how, and the end.</summary>
public abstract class ServiceThreadSuite : IDisposable
{
    private const int ThreadCount = 4;

    private readonly Ledger _ledger = new();
    private readonly LoopCrew _crew;
    private readonly List<LoopContext> _contexts = [];
    private readonly List<RawPeer> _peers = [];

    protected ServiceThreadSuite(LoopFactory factory) => _crew = new LoopCrew(factory, ThreadCount);

    public static TheoryData<int> EveryThread => [.. Enumerable.Range(0, ThreadCount)];

    public void Dispose()
    {
        try
        {
            foreach (LoopContext context in _contexts) Leave(context);
            Assert.Empty(_crew.Unhandled);
        }
        finally
        {
            foreach (RawPeer peer in _peers) peer.Dispose();
            _crew.Dispose();
        }

        _ledger.CheckDescriptors();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Connections_that_are_opened_one_after_the_other_are_spread_evenly()
    {
        LoopContext context = Serve(new TestProtocol());

        for (int i = 1; i <= 3 * ThreadCount + 1; i++)
        {
            Open(context);

            int[] counts = [.. context.Threads.Select(thread => thread.ConnectionCount)];
            Assert.Equal(i, counts.Sum());
            Assert.InRange(counts.Max() - counts.Min(), 0, 1);
        }

        Assert.Equal(ThreadCount, context.GetThreadCount());
        Assert.Equal(Enumerable.Range(0, ThreadCount), context.Threads.Select(thread => thread.Index));
        Assert.Equal(3 * ThreadCount + 1, context.Statistics.Accepted);
    }

    [Fact]
    public void A_thread_that_lost_connections_gets_the_next_ones()
    {
        ConcurrentDictionary<Connection, RawPeer?> open = new();
        LoopContext context = Serve(new TestProtocol().On(CallbackReason.Established, connection => open[connection] = null));
        RawPeer[] peers = [.. Enumerable.Range(0, 2 * ThreadCount).Select(_ => Open(context))];
        foreach (RawPeer peer in new[] { peers[1], peers[1 + ThreadCount] }) peer.Reset();
        LoopCrew.WaitUntil(() => context.Threads[1].ConnectionCount == 0);

        open.Clear();
        Open(context);
        Open(context);

        Assert.All(open.Keys, connection => Assert.Equal(1, connection.Thread.Index));
    }

    [Fact]
    public void Every_callback_of_a_connection_comes_on_the_thread_that_it_was_given_to()
    {
        ConcurrentQueue<string> strays = new();
        TestProtocol protocol = new();
        foreach (CallbackReason reason in new[]
        {
            CallbackReason.ServerNewClientInstantiated, CallbackReason.FilterProtocolConnection, CallbackReason.Established,
            CallbackReason.ServerWriteable, CallbackReason.Closed,
        })
        {
            protocol.On(reason, Check);
        }

        protocol.On(CallbackReason.Receive, connection =>
        {
            Check(connection);
            connection.RequestWritable();
        });
        protocol.On(CallbackReason.ServerWriteable, connection =>
        {
            Check(connection);
            connection.Write("again"u8, MessageKind.Text);
        });
        LoopContext context = Serve(protocol);
        RawPeer[] peers = [.. Enumerable.Range(0, 2 * ThreadCount).Select(_ => Open(context))];

        for (int round = 0; round < 5; round++)
        {
            foreach (RawPeer peer in peers) peer.SendText("once more");
            foreach (RawPeer peer in peers) Assert.Equal("again", peer.ReadFrame().Text);
        }

        foreach (RawPeer peer in peers) peer.SendClose();
        LoopCrew.WaitUntil(() => context.Threads.All(thread => thread.ConnectionCount == 0));
        Assert.Empty(strays);

        void Check(Connection connection)
        {
            int expected = _crew.ThreadIdOf(connection.Thread.Index);
            if (Environment.CurrentManagedThreadId != expected || !connection.Thread.Loop.IsOnThread) strays.Enqueue($"{connection.Id}");
        }
    }

    [Fact]
    public void A_member_that_is_called_on_another_thread_throws_and_does_nothing()
    {
        ConcurrentDictionary<int, Connection> byThread = new();
        LoopContext context = Serve(new TestProtocol().On(CallbackReason.Established, connection => byThread[connection.Thread.Index] = connection));
        RawPeer[] peers = [.. Enumerable.Range(0, ThreadCount).Select(_ => Open(context))];
        LoopCrew.WaitUntil(() => byThread.Count == ThreadCount);

        foreach (int index in Enumerable.Range(0, ThreadCount))
        {
            Assert.Throws<InvalidOperationException>(() => byThread[index].Abort());
            _crew.Do((index + 1) % ThreadCount, () => Assert.Throws<InvalidOperationException>(() => byThread[index].Abort()));
        }

        Assert.Throws<InvalidOperationException>(() => context.RequestWritableAll(byThread[0].Protocol));
        Assert.Throws<InvalidOperationException>(() => context.VirtualHosts[0].Destroy());
        _crew.Do(1, () => Assert.Throws<InvalidOperationException>(() => context.CreateVirtualHost(LoopBench.HostOf(new TestProtocol("other")))));
        foreach (RawPeer peer in peers) peer.SendClose(1000);
        foreach (RawPeer peer in peers) Assert.Equal(1000, peer.ReadFrame().CloseCode);
    }

    [Theory]
    [MemberData(nameof(EveryThread))]
    public void Asking_for_all_to_be_writable_reaches_the_connections_of_every_thread(int asking)
    {
        PreparedMessage message = new("to everybody"u8, MessageKind.Text);
        TestProtocol protocol = new TestProtocol().OnWritable(connection => connection.Write(message));
        LoopContext context = Serve(protocol);
        RawPeer[] peers = [.. Enumerable.Range(0, 3 * ThreadCount).Select(_ => Open(context))];

        _crew.Do(asking, () => context.RequestWritableAll(protocol));
        foreach (RawPeer peer in peers) Assert.Equal("to everybody", peer.ReadFrame().Text);

        _crew.Do(asking, () => context.VirtualHosts[0].RequestWritableAll(protocol));
        foreach (RawPeer peer in peers) Assert.Equal("to everybody", peer.ReadFrame().Text);
    }

    [Fact]
    public void A_client_belongs_to_the_thread_that_began_it_and_is_reached_from_every_other()
    {
        ConcurrentQueue<long> ids = new();
        LoopContext context = Serve(new TestProtocol()
            .On(CallbackReason.Established, connection => ids.Enqueue(connection.Id))
            .On(CallbackReason.Receive, connection => connection.TrySend("hello"u8, MessageKind.Text)));
        ConcurrentQueue<int> answered = new();
        TestProtocol client = new TestProtocol()
            .OnWritable(connection => connection.Write("hello"u8, MessageKind.Text))
            .On(CallbackReason.ClientReceive, connection =>
            {
                Assert.True(connection.Thread.Loop.IsOnThread);
                answered.Enqueue(connection.Thread.Index);
            });
        EndPoint endPoint = LoopBench.EndPointOf(context);
        ClientConnectOptions options = new() { Uri = new Uri("ws://test/"), EndPoint = endPoint, Protocols = [client] };
        Connection[] clients = [.. Enumerable.Range(0, ThreadCount).Select(index => _crew.Ask(index, () => context.Connect(options)))];
        LoopCrew.WaitUntil(() => clients.All(connection => connection.State == ConnectionState.Established));

        _crew.Do(2, () => context.RequestWritableAll(client));

        LoopCrew.WaitUntil(() => answered.Count == ThreadCount);
        Assert.Equal(Enumerable.Range(0, ThreadCount), answered.Order());
        Assert.Equal(2 * ThreadCount, clients.Select(connection => connection.Id).Concat(ids).Distinct().Count());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_virtual_host_comes_and_goes_while_all_threads_run(int destroying)
    {
        int destroyed = 0;
        int ended = 0;
        TestProtocol stays = new("stays");
        TestProtocol goes = new TestProtocol("goes").On(CallbackReason.Closed, _ => Interlocked.Increment(ref ended));
        goes.Destroy = _ =>
        {
            Assert.Equal(2 * ThreadCount, Volatile.Read(ref ended));
            Interlocked.Increment(ref destroyed);
        };
        LoopContext context = Serve(stays);
        RawPeer witness = Open(context);
        VirtualHost host = _crew.Ask(0, () => context.CreateVirtualHost(LoopBench.HostOf(goes)));
        RawPeer[] peers = [.. Enumerable.Range(0, 2 * ThreadCount).Select(_ => Open(host.LocalEndPoints[0]))];

        _crew.Do(destroying, () =>
        {
            host.Destroy();
            host.Destroy();
        });

        foreach (RawPeer peer in peers) Assert.Equal(1001, peer.ReadFrame().CloseCode);
        LoopCrew.WaitUntil(() => Volatile.Read(ref destroyed) == 1);
        LoopCrew.WaitUntil(() => context.Threads.Sum(thread => thread.ConnectionCount) == 1);
        Assert.Single(context.VirtualHosts);
        witness.SendClose(1000);
        Assert.Equal(1000, witness.ReadFrame().CloseCode);
    }

    [Theory]
    [MemberData(nameof(EveryThread))]
    public void Disposing_inside_a_callback_of_any_thread_ends_what_all_of_them_have(int disposing)
    {
        int initialised = 0;
        int destroyed = 0;
        int ended = 0;
        LoopContext? context = null;
        TestProtocol protocol = new TestProtocol()
            .On(CallbackReason.Receive, connection => context!.Dispose())
            .On(CallbackReason.Closed, _ => Interlocked.Increment(ref ended));
        protocol.Init = _ => initialised++;
        protocol.Destroy = _ =>
        {
            Assert.Equal(2 * ThreadCount, Volatile.Read(ref ended));
            Interlocked.Increment(ref destroyed);
        };
        context = Serve(protocol);
        RawPeer[] peers = [.. Enumerable.Range(0, 2 * ThreadCount).Select(_ => Open(context))];

        peers[disposing].SendText("dispose");

        foreach (RawPeer peer in peers)
        {
            Assert.Equal(1001, peer.ReadFrame().CloseCode);
            Assert.Empty(peer.ReadToEnd());
        }

        LoopCrew.WaitUntil(() => Volatile.Read(ref destroyed) == 1);
        LoopCrew.WaitUntil(() => _crew.Loops.All(loop => loop.WatchCount == 0 && loop.TimerCount == 0));
        Assert.Equal(1, initialised);
        Assert.True(context.IsDisposed);
        Assert.All(context.Threads, thread => Assert.Equal(0, thread.ConnectionCount));
        context.Dispose();
        Assert.Equal(1, Volatile.Read(ref destroyed));
    }

    [Theory]
    [MemberData(nameof(EveryThread))]
    public void A_shutdown_that_begins_on_any_thread_ends_in_order_what_all_of_them_have(int beginning)
    {
        int destroyed = 0;
        int completed = 0;
        TestProtocol protocol = new() { Destroy = _ => Interlocked.Increment(ref destroyed) };
        LoopContext context = Serve(protocol);
        RawPeer[] peers = [.. Enumerable.Range(0, 2 * ThreadCount).Select(_ => Open(context))];

        _crew.Do(beginning, () => context.BeginShutdown(Timeout.InfiniteTimeSpan, () => Interlocked.Increment(ref completed)));

        foreach (RawPeer peer in peers) Assert.Equal(1001, peer.ReadFrame().CloseCode);
        Assert.False(context.IsDisposed);
        Assert.Equal(0, Volatile.Read(ref completed));
        foreach (RawPeer peer in peers) peer.SendClose(1001);
        foreach (RawPeer peer in peers) Assert.Empty(peer.ReadToEnd());
        LoopCrew.WaitUntil(() => Volatile.Read(ref completed) == 1);
        Assert.True(context.IsDisposed);
        Assert.Equal(1, Volatile.Read(ref destroyed));
        LoopCrew.WaitUntil(() => _crew.Loops.All(loop => loop.WatchCount == 0 && loop.TimerCount == 0));
    }

    [Fact]
    public void A_shutdown_that_is_begun_again_on_another_thread_ends_at_once()
    {
        int completed = 0;
        LoopContext context = Serve(new TestProtocol());
        RawPeer[] peers = [.. Enumerable.Range(0, 2 * ThreadCount).Select(_ => Open(context))];
        _crew.Do(1, () => context.BeginShutdown(Timeout.InfiniteTimeSpan, () => Interlocked.Increment(ref completed)));
        foreach (RawPeer peer in peers) Assert.Equal(1001, peer.ReadFrame().CloseCode);

        _crew.Do(2, () => context.BeginShutdown(Timeout.InfiniteTimeSpan, () => Interlocked.Increment(ref completed)));

        foreach (RawPeer peer in peers) Assert.Empty(peer.ReadToEnd());
        LoopCrew.WaitUntil(() => Volatile.Read(ref completed) == 2);
    }

    [Fact]
    public void A_callback_that_throws_ends_its_own_connection_whatever_thread_it_is_on()
    {
        TestProtocol protocol = new TestProtocol().On(CallbackReason.Receive, _ => throw new InvalidOperationException("as the test wants it"));
        LoopContext context = Serve(protocol);
        RawPeer[] peers = [.. Enumerable.Range(0, 2 * ThreadCount).Select(_ => Open(context))];

        foreach (RawPeer peer in peers.Take(ThreadCount)) peer.SendText("throw");

        foreach (RawPeer peer in peers.Take(ThreadCount)) Assert.Equal(1011, peer.ReadFrame().CloseCode);
        foreach (RawPeer peer in peers.Skip(ThreadCount)) peer.SendClose(1000);
        foreach (RawPeer peer in peers.Skip(ThreadCount)) Assert.Equal(1000, peer.ReadFrame().CloseCode);
    }

    [Fact]
    public void The_most_connections_are_counted_over_all_threads_and_the_next_is_accepted_when_one_ends()
    {
        LoopContext context = Serve(new LoopContextOptions { MaxConnections = ThreadCount + 1 }, new TestProtocol());
        RawPeer[] peers = [.. Enumerable.Range(0, ThreadCount + 1).Select(_ => Open(context))];
        RawPeer[] late = [Own(RawPeer.Connect(LoopBench.EndPointOf(context))), Own(RawPeer.Connect(LoopBench.EndPointOf(context)))];
        foreach (RawPeer peer in late) peer.RequestUpgrade();

        // Who is on the last thread gives way to the first of them.
        peers[3].Reset();

        Assert.StartsWith("HTTP/1.1 101", late[0].ReadHead(), StringComparison.Ordinal);
        Assert.Equal(ThreadCount + 1, context.Threads.Sum(thread => thread.ConnectionCount));
        peers[0].Reset();
        Assert.StartsWith("HTTP/1.1 101", late[1].ReadHead(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_for_each_thread_bounds_all_of_them()
    {
        LoopContext context = Serve(new LoopContextOptions { FdLimitPerThread = 2 }, new TestProtocol());
        RawPeer[] peers = [.. Enumerable.Range(0, 2 * ThreadCount).Select(_ => Open(context))];
        RawPeer late = Own(RawPeer.Connect(LoopBench.EndPointOf(context)));
        late.RequestUpgrade();
        LoopCrew.WaitUntil(() => context.Threads.All(thread => thread.ConnectionCount == 2));

        peers[^1].Reset();

        Assert.StartsWith("HTTP/1.1 101", late.ReadHead(), StringComparison.Ordinal);
        Assert.All(context.Threads, thread => Assert.Equal(2, thread.ConnectionCount));
    }

    [Fact]
    public void The_connections_of_an_address_are_counted_over_all_threads()
    {
        LoopContext context = Serve(new LoopContextOptions { MaxConnectionsPerAddress = ThreadCount }, new TestProtocol());
        RawPeer[] peers = [.. Enumerable.Range(0, ThreadCount).Select(_ => Open(context))];

        RawPeer refused = Own(RawPeer.Connect(LoopBench.EndPointOf(context)));
        Assert.Empty(refused.ReadToEnd());
        Assert.Equal(1, context.Statistics.TurnedAway);
        foreach (RawPeer peer in peers) peer.Reset();
        LoopCrew.WaitUntil(() => context.Threads.All(thread => thread.ConnectionCount == 0));

        foreach (int _ in Enumerable.Range(0, ThreadCount)) Open(context);
    }

    [Fact]
    public void Threads_that_listen_for_themselves_serve_what_they_accept()
    {
        ConcurrentQueue<int> strays = new();
        TestProtocol protocol = new TestProtocol().On(CallbackReason.Established, connection =>
        {
            if (Environment.CurrentManagedThreadId != _crew.ThreadIdOf(connection.Thread.Index)) strays.Enqueue(connection.Thread.Index);
        });
        protocol.FilterNetwork = (_, _) => CallbackResult.Continue;
        LoopContext context = Serve(new LoopContextOptions { ListenerPerThread = true }, protocol);

        foreach (int _ in Enumerable.Range(0, 8 * ThreadCount)) Open(context);

        Assert.Empty(strays);
        Assert.Single(context.VirtualHosts[0].LocalEndPoints);
        Assert.Equal(8 * ThreadCount, context.Threads.Sum(thread => thread.ConnectionCount));

        // The kernel spreads by a hash of the ports, so all 32 on one thread would be a wonder.
        Assert.True(context.Threads.Count(thread => thread.ConnectionCount > 0) > 1);
    }

    private LoopContext Serve(params IReadOnlyList<Protocol> protocols) => Serve(new LoopContextOptions(), protocols);

    private LoopContext Serve(LoopContextOptions wishes, params IReadOnlyList<Protocol> protocols)
    {
        LoopContext context = _crew.Ask(0, () => new LoopContext(new LoopContextOptions
        {
            Loops = _crew.Loops,
            ServiceThreadCount = ThreadCount,
            MaxConnections = wishes.MaxConnections,
            MaxConnectionsPerAddress = wishes.MaxConnectionsPerAddress,
            FdLimitPerThread = wishes.FdLimitPerThread,
            ListenerPerThread = wishes.ListenerPerThread,
            VirtualHosts = [LoopBench.HostOf(protocols)],
        }));
        _contexts.Add(context);
        return context;
    }

    private RawPeer Open(LoopContext context) => Open(LoopBench.EndPointOf(context));

    private RawPeer Open(EndPoint endPoint)
    {
        RawPeer peer = Own(RawPeer.Connect(endPoint));
        peer.Upgrade();
        return peer;
    }

    private RawPeer Own(RawPeer peer)
    {
        _peers.Add(peer);
        return peer;
    }

    private void Leave(LoopContext context)
    {
        if (!context.IsDisposed) _crew.Do(0, context.Dispose);
        LoopCrew.WaitUntil(() => _crew.Loops.All(loop => loop.WatchCount == 0) && context.Threads.All(thread => thread.ConnectionCount == 0));
    }
}
