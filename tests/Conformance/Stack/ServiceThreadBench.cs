using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>A context on several loops of a kind, each on a thread of its own.</summary>
public abstract class ServiceThreadBench : IDisposable
{
    /// <summary>How many threads there are.</summary>
    protected const int ThreadCount = 4;

    private readonly Ledger _ledger = new();
    private readonly List<LoopContext> _contexts = [];
    private readonly List<RawPeer> _peers = [];

    protected ServiceThreadBench(LoopFactory factory) => Crew = new LoopCrew(factory, ThreadCount);

    /// <summary>Their places.</summary>
    public static TheoryData<int> EveryThread => [.. Enumerable.Range(0, ThreadCount)];

    /// <summary>The threads and their loops.</summary>
    protected LoopCrew Crew { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            foreach (LoopContext context in _contexts) Leave(context);
            Assert.Empty(Crew.Unhandled);
        }
        finally
        {
            foreach (RawPeer peer in _peers) peer.Dispose();
            Crew.Dispose();
        }

        _ledger.CheckDescriptors();
        GC.SuppressFinalize(this);
    }

    /// <summary>A context on all the threads, with one virtual host.</summary>
    protected LoopContext Serve(params IReadOnlyList<Protocol> protocols) => Serve(new LoopContextOptions(), protocols);

    /// <summary>The same with wishes about how many connections there may be.</summary>
    protected LoopContext Serve(LoopContextOptions wishes, params IReadOnlyList<Protocol> protocols)
    {
        LoopContext context = Crew.Ask(0, () => new LoopContext(new LoopContextOptions
        {
            Loops = Crew.Loops,
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

    /// <summary>A WebSocket to a context.</summary>
    protected RawPeer Open(LoopContext context) => Open(LoopBench.EndPointOf(context));

    /// <summary>A WebSocket to an address.</summary>
    protected RawPeer Open(EndPoint endPoint)
    {
        RawPeer peer = Own(RawPeer.Connect(endPoint));
        peer.Upgrade();
        return peer;
    }

    /// <summary>Ends a peer when the test does.</summary>
    protected RawPeer Own(RawPeer peer)
    {
        _peers.Add(peer);
        return peer;
    }

    private void Leave(LoopContext context)
    {
        if (!context.IsDisposed) Crew.Do(0, context.Dispose);
        LoopCrew.WaitUntil(() => Crew.Loops.All(loop => loop.WatchCount == 0) && context.Threads.All(thread => thread.ConnectionCount == 0));
    }
}
