using EventLoops.Protocols.Http;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>
/// One loop with its connections and everything that they share: the receive buffer, the cork, the pooled heads, and the queues of the turn. An idle
/// connection owns none of it.
/// </summary>
public sealed class ServiceThread : ITurnParticipant
{
    /// <summary>What one read takes at most. A page fault costs more than a small read, so the buffer is made once and kept.</summary>
    internal const int ReceiveBufferSize = 256 * 1024;

    private const int MaxPooledHeads = 256;

    private readonly TurnQueue _inputs = new();
    private readonly TurnQueue _writes = new();
    private readonly TurnQueue _interests = new();
    private readonly TurnQueue _closes = new();
    private readonly Stack<HttpHead> _heads = new();
    private readonly HttpHeadLimits _headLimits;
    private readonly List<Connection> _connections = [];
    private readonly byte[] _receiveBuffer = GC.AllocateUninitializedArray<byte>(ReceiveBufferSize, pinned: true);
    private readonly List<VirtualHost> _leavingHosts = [];
    private readonly HeadQueue _requestHeads;
    private readonly Dictionary<ReverseProxyOrigin, ClientPool> _originPools = [];
    private DateTimeOffset _utcNow;
    private long _askedAt = -1;
    private bool _isAcceptingPaused;
    private bool _fullWasLogged;
    private bool _isLeaving;

    internal ServiceThread(LoopContext context, EventLoop loop, int index, int maxConnections, int maxRequestHeads)
    {
        MaxConnections = maxConnections;
        _requestHeads = new HeadQueue(this, maxRequestHeads);
        Context = context;
        Loop = loop;
        Index = index;
        ConnectionLimits limits = context.Limits;
        _headLimits = new HttpHeadLimits(limits.MaxRequestLine, limits.MaxHeadSize, limits.MaxHeaderFields);
        DecodedPath = new byte[limits.MaxRequestLine];

        ClientPool = new ClientPool(this, context.ClientPoolSize, context.ClientPoolIdle);
        ClientTlsContexts = new ClientTlsContexts(context.Log);
    }

    /// <summary>The context that it belongs to.</summary>
    public LoopContext Context { get; }

    /// <summary>The loop that it runs on.</summary>
    public EventLoop Loop { get; }

    /// <summary>Its number: the original's <c>tsi</c>.</summary>
    public int Index { get; }

    /// <summary>How many connections it has, without listeners. Any thread may read it.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>How many connections it may have.</summary>
    internal int MaxConnections { get; }

    /// <summary>Whether it has as many connections as it may have.</summary>
    internal bool IsFull => _connections.Count >= MaxConnections;

    /// <summary>The heads of requests, of which there may be so many.</summary>
    internal HeadQueue RequestHeads => _requestHeads;

    bool ITurnParticipant.HasPendingWork => !_inputs.IsEmpty || !_writes.IsEmpty || !_interests.IsEmpty || !_closes.IsEmpty || _leavingHosts.Count > 0 || _isLeaving;

    internal Cork Cork { get; } = new();

    internal MaskKeySource MaskKeys { get; } = new();

    /// <summary>The programs that run for requests of this thread, or have not quite ended yet.</summary>
    internal HashSet<ChildProcess> Children { get; } = [];

    internal ClientPool ClientPool { get; }

    /// <summary>What its clients speak TLS with.</summary>
    internal ClientTlsContexts ClientTlsContexts { get; }

    /// <summary>Where the sockets to the origin of a reverse proxy wait for the next request.</summary>
    internal ClientPool PoolFor(ReverseProxyOrigin origin)
    {
        if (!_originPools.TryGetValue(origin, out ClientPool? pool))
            _originPools.Add(origin, pool = new ClientPool(this, origin.Options.KeptSockets, Context.ClientPoolIdle));
        return pool;
    }

    internal Span<byte> ReceiveBuffer => _receiveBuffer;

    /// <summary>Where messages go through extensions; made when the first connection has one.</summary>
    internal ExtensionBuffers ExtensionBuffers => field ??= new ExtensionBuffers();

    /// <summary>Where heads are put together; valid until the next use on this thread.</summary>
    internal byte[] Scratch { get; } = new byte[64 * 1024];

    /// <summary>Where the path of the request that is being served is decoded; the callbacks see it there, while they put heads together.</summary>
    internal byte[] DecodedPath { get; }

    /// <summary>What the calendar says, asked once for all that happens in the same millisecond of a turn.</summary>
    internal DateTimeOffset UtcNow()
    {
        if (Loop.IsInTurn && Loop.NowMilliseconds == _askedAt)
            return _utcNow;

        _askedAt = Loop.NowMilliseconds;
        return _utcNow = Loop.TimeProvider.GetUtcNow();
    }

    /// <summary>Serves what is ready, waiting at most <paramref name="maxMilliseconds"/> for it: one turn of the loop.</summary>
    /// <param name="maxMilliseconds">0 to look without waiting, -1 to wait for as long as it takes.</param>
    /// <returns>Whether anything was served.</returns>
    /// <exception cref="InvalidOperationException">The loop is run by somebody else, or this is called from inside a callback or from another thread.</exception>
    public bool Service(int maxMilliseconds) => OwnedLoop(nameof(Service)).RunOnce(maxMilliseconds);

    /// <summary>Serves until <paramref name="stopping"/> is signalled.</summary>
    /// <param name="stopping">Ends the call; the connections stay as they are.</param>
    /// <exception cref="InvalidOperationException">The loop is run by somebody else, or this is called from inside a callback or from another thread.</exception>
    public void Run(CancellationToken stopping) => OwnedLoop(nameof(Run)).Run(stopping);

    void ITurnParticipant.ServicePendingInput()
    {
        if (_inputs.IsEmpty)
            return;

        foreach (Connection connection in _inputs.Take())
            connection.ServicePendingInput();
        _inputs.Done();
    }

    void ITurnParticipant.ServiceWrites()
    {
        if (!_writes.IsEmpty)
        {
            foreach (Connection connection in _writes.Take())
                connection.ServiceWrites();
            _writes.Done();
        }

        ApplyInterests();
    }

    void ITurnParticipant.ServiceCloses()
    {
        // What a closing callback ends in its turn goes at once too: a connection that is over must not wait for a loop to wake up.
        while (!_closes.IsEmpty)
        {
            foreach (Connection connection in _closes.Take())
                connection.Finish();
            _closes.Done();
        }

        StopLeavingHosts();
        if (!_isLeaving)
            return;

        _isLeaving = false;
        Context.Leave();
    }

    /// <summary>The context was disposed inside a callback: it leaves with the closes of this turn, when no callback is under way any more.</summary>
    internal void LeaveAfterTurn() => _isLeaving = true;

    internal void QueueInput(Connection connection) => Queue(_inputs, connection);

    internal void QueueWrite(Connection connection) => Queue(_writes, connection);

    internal void QueueInterest(Connection connection) => Queue(_interests, connection);

    internal void QueueClose(Connection connection) => Queue(_closes, connection);

    internal void Add(Connection connection)
    {
        connection.PlaceInThread = _connections.Count;
        _connections.Add(connection);
    }

    internal void Remove(Connection connection)
    {
        // The last one moves into the gap, so that leaving costs the same however many there are.
        Connection last = _connections[^1];
        _connections[connection.PlaceInThread] = last;
        last.PlaceInThread = connection.PlaceInThread;
        _connections.RemoveAt(_connections.Count - 1);

        // A limit that is reached and left again all the time is said once, until a tenth of the places has become free.
        if (_connections.Count < MaxConnections - Math.Max(1, MaxConnections / 10))
            _fullWasLogged = false;
        if (!_isAcceptingPaused || IsFull)
            return;

        _isAcceptingPaused = false;
        Context.Listeners.Resume();
    }

    /// <summary>There are as many connections as there may be; nothing is accepted until one ends.</summary>
    internal void PauseAccepting()
    {
        if (!_fullWasLogged)
            Context.Log.ConnectionLimitReached(MaxConnections);
        _fullWasLogged = true;
        _isAcceptingPaused = true;
        Context.Listeners.Pause();
    }

    /// <summary>The context goes, and nobody will hear of the ends of its programs any more: they end now.</summary>
    internal void KillChildren()
    {
        foreach (ChildProcess child in Children.ToArray())
            child.Kill();
    }

    /// <summary>Ends a watch of something that is over. A user's poll set may throw; what ends must end all the same, and its descriptor be closed.</summary>
    internal void TakeOff(Watch? watch)
    {
        try
        {
            if (watch is not null)
                Loop.Unwatch(watch);
        }
        catch (Exception exception)
        {
            Context.Log.LoopWorkThrew(exception);
        }
    }

    /// <inheritdoc cref="TakeOff(Watch)" />
    internal void TakeOff(LoopTimer? timer)
    {
        try
        {
            if (timer is not null)
                Loop.Cancel(timer);
        }
        catch (Exception exception)
        {
            Context.Log.LoopWorkThrew(exception);
        }
    }

    internal HttpHead RentHead(HttpHeadKind kind, RequestMethod requestMethod = RequestMethod.Get)
    {
        HttpHead head = _heads.TryPop(out HttpHead? pooled) ? pooled : new HttpHead(_headLimits);
        head.Reset(kind, requestMethod);
        return head;
    }

    internal void ReturnHead(HttpHead head)
    {
        if (_heads.Count < MaxPooledHeads)
            _heads.Push(head);
    }

    /// <summary>Ends every connection, as when the context is disposed: open WebSockets are told 1001, everybody gets its closing callback.</summary>
    internal void CloseAll()
    {
        // A closing callback may begin a new connection; those are ended as well, and the list shrinks with each of them.
        while (_connections.Count > 0 || _leavingHosts.Count > 0)
        {
            if (_connections.Count > 0)
                _connections[^1].EndForShutdown();
            ((ITurnParticipant)this).ServiceCloses();
        }

        ClientPool.CloseAll();
        foreach (ClientPool pool in _originPools.Values)
            pool.CloseAll();
        _originPools.Clear();
        ClientTlsContexts.Dispose();
    }

    /// <summary>Ends every connection of a host, as when the context is disposed; the host stops when the last one has had its closing callback.</summary>
    internal void CloseAllOf(VirtualHost host)
    {
        _leavingHosts.Add(host);
        foreach (Connection connection in _connections)
        {
            if (connection.VirtualHost == host)
                connection.EndForShutdown();
        }

        // Inside a turn the closes are still to come.
        if (!Loop.IsInTurn)
            ((ITurnParticipant)this).ServiceCloses();
    }

    private void StopLeavingHosts()
    {
        // A protocol that leaves service may destroy another host: those wait for the next round of closes.
        while (_leavingHosts.Count > 0 && _closes.IsEmpty)
        {
            VirtualHost host = _leavingHosts[^1];
            _leavingHosts.RemoveAt(_leavingHosts.Count - 1);
            host.Stop();
            ClosePoolsOf(host);
        }
    }

    private void ClosePoolsOf(VirtualHost host)
    {
        foreach (ReverseProxyOrigin origin in host.Mounts.ReverseProxies)
        {
            if (_originPools.Remove(origin, out ClientPool? pool))
                pool.CloseAll();
        }
    }

    /// <summary>
    /// Tells the loop what the connections are watched for, once for all that has happened in the turn: one that paused and resumed costs no system call.
    /// </summary>
    private void ApplyInterests()
    {
        if (_interests.IsEmpty)
            return;

        foreach (Connection connection in _interests.Take())
        {
            try
            {
                connection.ApplyInterest();
            }
            catch (Exception exception) when (exception is not LoopFaultException)
            {
                // A user's poll set threw; the connections behind this one must not suffer from it.
                Context.Log.LoopWorkThrew(exception);
            }
            catch (LoopFaultException fault)
            {
                connection.EndByError(fault.Errno);
            }
        }

        _interests.Done();
    }

    private void Queue(TurnQueue queue, Connection connection)
    {
        queue.Add(connection);

        // Outside of a turn nobody would look into the queues until the loop wakes up by itself.
        if (!Loop.IsInTurn)
            Loop.Wake();
    }

    private OwnedEventLoop OwnedLoop(string member) =>
        Loop as OwnedEventLoop
        ?? throw new InvalidOperationException($"{nameof(LoopContext)}.{member}: the '{Loop.Name}' loop is run by its owner, not by the context.");
}
