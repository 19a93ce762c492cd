using System.Collections.Concurrent;
using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Several service threads: which of them gets a connection, and how many there may be.</summary>
public abstract class ServiceThreadPlaceSuite(LoopFactory factory) : ServiceThreadBench(factory)
{
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
        // A peer has its 101 before the callback that tells of it, so what is recorded is waited for.
        ConcurrentQueue<int> threads = new();
        LoopContext context = Serve(new TestProtocol().On(CallbackReason.Established, connection => threads.Enqueue(connection.Thread.Index)));
        RawPeer[] peers = [.. Enumerable.Range(0, 2 * ThreadCount).Select(_ => Open(context))];
        LoopCrew.WaitUntil(() => threads.Count == 2 * ThreadCount);
        foreach (RawPeer peer in new[] { peers[1], peers[1 + ThreadCount] }) peer.Reset();
        LoopCrew.WaitUntil(() => context.Threads[1].ConnectionCount == 0);

        threads.Clear();
        Open(context);
        Open(context);
        LoopCrew.WaitUntil(() => threads.Count == 2);

        Assert.All(threads, index => Assert.Equal(1, index));
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
        int established = 0;
        TestProtocol protocol = new TestProtocol().On(CallbackReason.Established, connection =>
        {
            if (Environment.CurrentManagedThreadId != Crew.ThreadIdOf(connection.Thread.Index)) strays.Enqueue(connection.Thread.Index);
            Interlocked.Increment(ref established);
        });
        protocol.FilterNetwork = (_, _) => CallbackResult.Continue;
        LoopContext context = Serve(new LoopContextOptions { ListenerPerThread = true }, protocol);

        foreach (int _ in Enumerable.Range(0, 8 * ThreadCount)) Open(context);
        LoopCrew.WaitUntil(() => Volatile.Read(ref established) == 8 * ThreadCount);

        Assert.Empty(strays);
        Assert.Single(context.VirtualHosts[0].LocalEndPoints);
        Assert.Equal(8 * ThreadCount, context.Threads.Sum(thread => thread.ConnectionCount));

        // The kernel spreads by a hash of the ports, so all 32 on one thread would be a wonder.
        Assert.True(context.Threads.Count(thread => thread.ConnectionCount > 0) > 1);
    }
}
