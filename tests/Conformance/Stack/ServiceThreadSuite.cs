using System.Collections.Concurrent;
using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Several service threads: on which of them callbacks come, what crosses threads and how, and the end.</summary>
public abstract class ServiceThreadSuite(LoopFactory factory) : ServiceThreadBench(factory)
{
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
            int expected = Crew.ThreadIdOf(connection.Thread.Index);
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
            Crew.Do((index + 1) % ThreadCount, () => Assert.Throws<InvalidOperationException>(() => byThread[index].Abort()));
        }

        Assert.Throws<InvalidOperationException>(() => context.RequestWritableAll(byThread[0].Protocol));
        Assert.Throws<InvalidOperationException>(() => context.VirtualHosts[0].Destroy());
        Crew.Do(1, () => Assert.Throws<InvalidOperationException>(() => context.CreateVirtualHost(LoopBench.HostOf(new TestProtocol("other")))));
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

        Crew.Do(asking, () => context.RequestWritableAll(protocol));
        foreach (RawPeer peer in peers) Assert.Equal("to everybody", peer.ReadFrame().Text);

        Crew.Do(asking, () => context.VirtualHosts[0].RequestWritableAll(protocol));
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
        Connection[] clients = [.. Enumerable.Range(0, ThreadCount).Select(index => Crew.Ask(index, () => context.Connect(options)))];
        LoopCrew.WaitUntil(() => clients.All(connection => connection.State == ConnectionState.Established));

        Crew.Do(2, () => context.RequestWritableAll(client));

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
        VirtualHost host = Crew.Ask(0, () => context.CreateVirtualHost(LoopBench.HostOf(goes)));
        RawPeer[] peers = [.. Enumerable.Range(0, 2 * ThreadCount).Select(_ => Open(host.LocalEndPoints[0]))];

        Crew.Do(destroying, () =>
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
        LoopCrew.WaitUntil(() => Crew.Loops.All(loop => loop.WatchCount == 0 && loop.TimerCount == 0));
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

        Crew.Do(beginning, () => context.BeginShutdown(Timeout.InfiniteTimeSpan, () => Interlocked.Increment(ref completed)));

        foreach (RawPeer peer in peers) Assert.Equal(1001, peer.ReadFrame().CloseCode);
        Assert.False(context.IsDisposed);
        Assert.Equal(0, Volatile.Read(ref completed));
        foreach (RawPeer peer in peers) peer.SendClose(1001);
        foreach (RawPeer peer in peers) Assert.Empty(peer.ReadToEnd());
        LoopCrew.WaitUntil(() => Volatile.Read(ref completed) == 1);
        Assert.True(context.IsDisposed);
        Assert.Equal(1, Volatile.Read(ref destroyed));
        LoopCrew.WaitUntil(() => Crew.Loops.All(loop => loop.WatchCount == 0 && loop.TimerCount == 0));
    }

    [Fact]
    public void A_shutdown_that_is_begun_again_on_another_thread_ends_at_once()
    {
        int completed = 0;
        LoopContext context = Serve(new TestProtocol());
        RawPeer[] peers = [.. Enumerable.Range(0, 2 * ThreadCount).Select(_ => Open(context))];
        Crew.Do(1, () => context.BeginShutdown(Timeout.InfiniteTimeSpan, () => Interlocked.Increment(ref completed)));
        foreach (RawPeer peer in peers) Assert.Equal(1001, peer.ReadFrame().CloseCode);

        Crew.Do(2, () => context.BeginShutdown(Timeout.InfiniteTimeSpan, () => Interlocked.Increment(ref completed)));

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
}
