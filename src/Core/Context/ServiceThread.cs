using EventLoops.Protocols.Http;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>
/// One loop with its connections and everything that they share: the receive buffer, the cork, the pooled heads, and the queues of the turn. An idle
/// connection owns none of it. A context has as many as <see cref="LoopContextOptions.ServiceThreadCount"/> says; a connection never changes from one to another.
/// </summary>
/// <remarks>
/// It is the loop and not the thread that turns it: that one is <see cref="LoopContext.Run"/>'s or the program's, which calls <see cref="Run"/> or
/// <see cref="Service"/>. <c>ServiceThread.Arrivals.cs</c> is how connections come to it, <c>ServiceThread.Lending.cs</c> what it lends them, <c>ServiceThread.Leaving.cs</c> how it ends.
/// </remarks>
public sealed partial class ServiceThread : ITurnParticipant
{
    /// <summary>What one read takes at most. A page fault costs more than a small read, so the buffer is made once and kept.</summary>
    internal const int ReceiveBufferSize = 256 * 1024;

    private readonly TurnQueue _inputs = new();
    private readonly TurnQueue _writes = new();
    private readonly TurnQueue _interests = new();
    private readonly TurnQueue _closes = new();
    private readonly HttpHeadLimits _headLimits;
    private readonly List<Connection> _connections = [];
    private readonly byte[] _receiveBuffer = GC.AllocateUninitializedArray<byte>(ReceiveBufferSize, pinned: true);
    private readonly HeadQueue _requestHeads;
    private readonly Dictionary<ReverseProxyOrigin, ClientPool> _originPools = [];
    private readonly bool _ownsLoop;
    private readonly Action<object?> _requestWritableAllOfClients;
    private AccessLogs? _accessLogs;
    private DateTimeOffset _utcNow;
    private long _askedAt = -1;

    internal ServiceThread(LoopContext context, EventLoop loop, bool ownsLoop, int index, int maxRequestHeads)
    {
        _ownsLoop = ownsLoop;
        _requestHeads = new HeadQueue(this, maxRequestHeads);
        _requestWritableAllOfClients = protocol => Clients.RequestWritableAll((Protocol)protocol!);
        Context = context;
        Loop = loop;
        Index = index;
        ConnectionLimits limits = context.Limits;
        _headLimits = new HttpHeadLimits(limits.MaxRequestLine, limits.MaxHeadSize, limits.MaxHeaderFields);
        DecodedPath = new byte[limits.MaxRequestLine];

        Callbacks = new CallbackClock(this, context.StallThreshold);
        LoopMetrics.Join(Counters);
        ClientPool = new ClientPool(this, context.ClientPoolSize, context.ClientPoolIdle);
        ClientTlsContexts = new ClientTlsContexts(context.Log);
    }

    /// <summary>The context that it belongs to.</summary>
    public LoopContext Context { get; }

    /// <summary>The loop that it runs on.</summary>
    public EventLoop Loop { get; }

    /// <summary>Its number, from 0: the original's <c>tsi</c>. Number 0 listens, unless <see cref="LoopContextOptions.ListenerPerThread"/> is set.</summary>
    public int Index { get; }

    /// <summary>Its open client connections.</summary>
    internal ClientWebSockets Clients { get; } = new();

    /// <summary>The heads of requests, of which there may be so many.</summary>
    internal HeadQueue RequestHeads => _requestHeads;

    bool ITurnParticipant.HasPendingWork => !_inputs.IsEmpty || !_writes.IsEmpty || !_interests.IsEmpty || !_closes.IsEmpty || _leavingHosts.Count > 0 || _isLeaving;

    /// <summary>What happens here, as numbers.</summary>
    internal ThreadCounters Counters { get; } = new();

    /// <summary>Who looks at how long callbacks take.</summary>
    internal CallbackClock Callbacks { get; }

    /// <summary>The access logs of the hosts that have been served here; made with the first line.</summary>
    internal AccessLogs AccessLogs => _accessLogs ??= new AccessLogs(Context);

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

    /// <summary>Where TLS decrypts and encrypts; made when the first connection speaks it.</summary>
    internal TlsBuffers TlsBuffers => field ??= new TlsBuffers();

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

    /// <summary>
    /// Serves what is ready, waiting at most <paramref name="maxMilliseconds"/> for it: one turn of the loop. The first call binds the loop to the calling thread.
    /// The original's <c>lws_service_tsi</c>.
    /// </summary>
    /// <param name="maxMilliseconds">0 to look without waiting, -1 to wait for as long as it takes.</param>
    /// <returns>Whether anything was served.</returns>
    /// <exception cref="InvalidOperationException">The loop is run by somebody else, or this is called from inside a callback or from another thread.</exception>
    public bool Service(int maxMilliseconds) => OwnedLoop(nameof(Service)).RunOnce(maxMilliseconds);

    /// <summary>
    /// Serves until <paramref name="stopping"/> is signalled or the context is disposed. With several threads each of them needs a call, on a thread of its own;
    /// <see cref="LoopContext.Run"/> makes them all.
    /// </summary>
    /// <param name="stopping">Ends the call; the connections stay as they are.</param>
    /// <exception cref="InvalidOperationException">The loop is run by somebody else, or this is called from inside a callback or from another thread.</exception>
    public void Run(CancellationToken stopping)
    {
        OwnedEventLoop loop = OwnedLoop(nameof(Run));
        using CancellationTokenSource running = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _running = running;
        try
        {
            loop.Run(running.Token);
        }
        finally
        {
            _running = null;
        }
    }

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
        _accessLogs?.Flush();
        if (LoopMetrics.IsTimingTurns)
            Counters.CountTurn(Loop.MillisecondsInTurn);
        ReportDrained();
        if (!_isLeaving)
            return;

        _isLeaving = false;
        LeaveNow();
    }

    /// <summary>
    /// Has something done on this thread: at once when it is being served right here, otherwise by a post. Thread 0 is also taken to be here between its turns,
    /// on the thread that it belongs to; of the others that cannot be told before they have turned for the first time.
    /// </summary>
    internal void Do(Action<object?> work, object? state)
    {
        if ((Index == 0 || Loop.IsInTurn) && Loop.IsOnThread)
            work(state);
        else
            Loop.Post(work, state);
    }

    /// <summary>Asks for a writable callback for every open client connection of a protocol.</summary>
    internal void RequestWritableAllOfClients(Protocol protocol) => Do(_requestWritableAllOfClients, protocol);

    /// <summary>Joins the loop: at once where that is the calling thread's, otherwise with its first turn.</summary>
    internal void Join()
    {
        if (Loop.IsOnThread)
            Loop.Join(this);
        else
            Loop.Post(static thread => ((ServiceThread)thread!).JoinLate(), this);
    }

    private void JoinLate()
    {
        if (!_hasLeft)
            Loop.Join(this);
    }

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

        Context.Places.GiveBack(this);
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

    internal OwnedEventLoop OwnedLoop(string member) =>
        Loop as OwnedEventLoop
        ?? throw new InvalidOperationException($"{nameof(LoopContext)}.{member}: the '{Loop.Name}' loop is run by its owner, not by the context.");
}
