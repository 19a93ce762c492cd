using Microsoft.Extensions.Logging;

namespace EventLoops;

/// <summary>How a <see cref="LoopContext"/> is made. Read once, at construction.</summary>
public sealed class LoopContextOptions
{
    // The original's LWS_MAX_SMP.
    private const int MostServiceThreads = 32;

    /// <summary>
    /// The loop to run on: your own, an <see cref="ExternalPollLoop"/>, or null, the default, for one that the context makes by <see cref="Flags"/> and disposes.
    /// A loop that is given here stays yours: the context leaves it as it found it.
    /// </summary>
    public EventLoop? Loop { get; init; }

    /// <summary>
    /// Loops of your own for several service threads: as many as <see cref="ServiceThreadCount"/> says, instead of <see cref="Loop"/>. The context is made on the thread of the
    /// first one; the others may be running already, on other threads. All of them stay yours. Default null.
    /// </summary>
    public IReadOnlyList<EventLoop>? Loops { get; init; }

    /// <summary>
    /// How many service threads there are, each with a loop and connections of its own: 1, the default, to 32. A new connection goes to the one with the fewest.
    /// The threads that turn them are those of <see cref="LoopContext.Run"/>, or yours: see <see cref="ServiceThread"/>. The original's <c>count_threads</c>.
    /// </summary>
    public int ServiceThreadCount { get; init; } = 1;

    /// <summary>
    /// The most connections of one service thread. 0, the default, divides <see cref="MaxConnections"/> among them. The original's <c>fd_limit_per_thread</c>.
    /// </summary>
    public int FdLimitPerThread { get; init; }

    /// <summary>
    /// Whether every service thread has a listening socket of its own for each TCP endpoint (SO_REUSEPORT), so that the kernel chooses who gets a connection, by chance,
    /// and it is served where it was accepted. It takes the burden of accepting from one thread where connections come and go by the ten thousand a second; the counts of
    /// the threads differ more, and arrivals of a thread that is full wait although others have room. Default false: one socket, on thread 0, whose connections go to the
    /// thread with the fewest.
    /// </summary>
    public bool ListenerPerThread { get; init; }

    /// <summary>
    /// Which loop the context makes for itself. Default none: <c>poll(2)</c>. The loop must have been registered with <see cref="LoopRegistry.Default"/>, and
    /// two loops at once, or one beside <see cref="Loop"/>, are an error.
    /// </summary>
    public ContextFlags Flags { get; init; }

    /// <summary>
    /// The virtual hosts to begin with. May be empty for a context that only carries clients, or whose hosts are made by <see cref="LoopContext.CreateVirtualHost"/>.
    /// </summary>
    public IReadOnlyList<VirtualHostOptions> VirtualHosts { get; init; } = [];

    /// <summary>How the kernel treats the sockets of this context, accepted and connected: TCP's keep-alive, time-outs, buffers. A virtual host or a client may have its own.</summary>
    public SocketSettings Sockets { get; init; } = new();

    /// <summary>What one connection may ask for.</summary>
    public ConnectionLimits Limits { get; init; } = new();

    /// <summary>
    /// The most connections that there may be at one time, clients included. When so many are there, nothing more is accepted, arrivals wait in the kernel's
    /// queue, and everybody who is connected is served as before; when one ends, accepting goes on. Null, the default, for what the system allows: the soft
    /// limit of RLIMIT_NOFILE, less what is open when the context is made, less 32 for the program's own files.
    /// </summary>
    public int? MaxConnections { get; init; }

    /// <summary>
    /// The most accepted connections of one address: of an IPv4 address, or of an IPv6 network of 64 bits. More are closed as soon as they are accepted. 0, the
    /// default, for no limit: whole companies sit behind one address.
    /// </summary>
    public int MaxConnectionsPerAddress { get; init; }

    /// <summary>
    /// The most requests whose heads may be in memory at one time, from the first byte until the answer is complete: with
    /// <see cref="ConnectionLimits.MaxHeadSize"/> the bound of what heads may cost. Further requests wait, and are answered 503 when
    /// <see cref="ConnectionTimeouts.RequestHead"/> has passed. The original's <c>max_http_header_pool</c>. Default 65,536.
    /// </summary>
    public int MaxRequestHeads { get; init; } = 65_536;

    /// <summary>How long one connection may take.</summary>
    public ConnectionTimeouts Timeouts { get; init; } = new();

    /// <summary>How the files of mounts are reached. Default <see cref="SystemFileOperations.Instance"/>; see <see cref="LoopContext.FileOperations"/>.</summary>
    public IFileOperations FileOperations { get; init; } = SystemFileOperations.Instance;

    /// <summary>How open WebSockets find out that their peer has gone. Off by default. A virtual host or a client may have its own.</summary>
    public WebSocketKeepAlive WebSocketKeepAlive { get; init; } = new();

    /// <summary>
    /// What a client is shown when a request is refused or fails and the virtual host has no page of its own: called with the status and a sentence that says
    /// what is wrong; null for that sentence as plain text. On the loop's thread. Default: plain text.
    /// </summary>
    public Func<int, string, ErrorPage?>? ErrorPage { get; init; }

    /// <summary>
    /// How many sockets HTTP clients may leave open for the next request to the same place, all places together (RFC 9112 9.3); the one that has waited longest makes
    /// room. Default 8; 0 keeps none.
    /// </summary>
    public int ClientPoolSize { get; init; } = 8;

    /// <summary>How long such a socket waits. Default 4 s: less than most servers do, 5 s for Node.js, Apache and us, so that they are seldom met just closing.</summary>
    public TimeSpan ClientPoolIdle { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Where the library writes its log: a <see cref="LevelLogger"/> with an emitter, or the logger of the application around it; null for nowhere. Default
    /// <see cref="LevelLogger.Default"/>: errors, warnings and notices, to standard error.
    /// </summary>
    public ILogger? Logger { get; init; } = LevelLogger.Default;

    /// <summary>
    /// A callback that takes as long is a mistake of its owner, since nobody else is served meanwhile: it is logged as a warning with its protocol and reason, counted, and
    /// told to the event source <c>EventLoops</c>. Default 1 s; <see cref="Timeout.InfiniteTimeSpan"/> does not look.
    /// </summary>
    public TimeSpan StallThreshold { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long the loops that the context makes go on looking before they sleep, when they have nothing to do: <see cref="EventLoopOptions.BusyPoll"/>, which says what it gains and costs.
    /// At most <see cref="EventLoopOptions.LongestBusyPoll"/>, 100 ms. Default: <see cref="TimeSpan.Zero"/>, never. With <see cref="Loop"/> or <see cref="Loops"/> it is refused: a
    /// loop that is given has been told by its own options.
    /// </summary>
    public TimeSpan BusyPoll { get; init; }

    /// <summary>Told of every callback before it is made. Null, the default, costs one comparison a callback.</summary>
    public ICallbackTracer? Tracer { get; init; }

    internal void Validate()
    {
        LoopKind kind = Flags.LoopKindOf();
        if (Loop is not null && kind != LoopKind.Poll)
            throw new ArgumentException($"{nameof(Flags)} asks for a {kind} loop, but {nameof(Loop)} is given already.", nameof(Flags));
        ValidateThreads();
        ValidateBusyPoll();

        ArgumentNullException.ThrowIfNull(VirtualHosts);
        if (Flags.HasFlag(ContextFlags.ExplicitVirtualHosts) && VirtualHosts.Count > 0)
        {
            throw new ArgumentException(
                $"{nameof(Flags)} has {nameof(ContextFlags.ExplicitVirtualHosts)}, so {nameof(VirtualHosts)} must be empty: make them by {nameof(LoopContext)}.{nameof(LoopContext.CreateVirtualHost)}.",
                nameof(VirtualHosts));
        }

        ArgumentNullException.ThrowIfNull(Sockets);
        Sockets.Validate();
        ArgumentNullException.ThrowIfNull(Limits);
        ArgumentNullException.ThrowIfNull(Timeouts);
        ArgumentNullException.ThrowIfNull(FileOperations);
        ArgumentNullException.ThrowIfNull(WebSocketKeepAlive);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnections ?? 1, 1, nameof(MaxConnections));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnectionsPerAddress, 0, nameof(MaxConnectionsPerAddress));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRequestHeads, 1, nameof(MaxRequestHeads));

        ArgumentOutOfRangeException.ThrowIfNegative(ClientPoolSize);
        ConnectionTimeouts.Check(ClientPoolIdle, nameof(ClientPoolIdle));
        Limits.Validate();
        Timeouts.Validate();
        WebSocketKeepAlive.Validate();
        foreach (VirtualHostOptions host in VirtualHosts)
            host.Validate();
    }

    private void ValidateBusyPoll()
    {
        if (BusyPoll < TimeSpan.Zero || BusyPoll > EventLoopOptions.LongestBusyPoll)
        {
            throw new ArgumentOutOfRangeException(
                nameof(BusyPoll), BusyPoll, $"{nameof(BusyPoll)} must lie between zero and {EventLoopOptions.LongestBusyPoll.TotalMilliseconds} ms.");
        }

        if (BusyPoll != TimeSpan.Zero && (Loop is not null || Loops is not null))
            throw new ArgumentException($"{nameof(BusyPoll)} is for loops that the context makes; say it to a loop of yours by {nameof(EventLoopOptions)}.{nameof(EventLoopOptions.BusyPoll)}.", nameof(BusyPoll));
    }

    private void ValidateThreads()
    {
        LoopKind kind = Flags.LoopKindOf();
        if (ServiceThreadCount is < 1 or > MostServiceThreads)
        {
            throw new ArgumentOutOfRangeException(
                nameof(ServiceThreadCount), ServiceThreadCount, $"{nameof(ServiceThreadCount)} must lie between 1 and {MostServiceThreads}.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(FdLimitPerThread);
        if (Loop is not null && (ServiceThreadCount > 1 || Loops is not null))
            throw new ArgumentException($"{nameof(Loop)} is for one service thread; give {nameof(Loops)} alone, one for each.", nameof(Loop));
        if (Loops is null)
            return;
        if (kind != LoopKind.Poll)
            throw new ArgumentException($"{nameof(Flags)} asks for a {kind} loop, but {nameof(Loops)} are given already.", nameof(Flags));
        if (Loops.Count != ServiceThreadCount || Loops.Any(loop => loop is null) || Loops.Distinct().Count() != Loops.Count)
            throw new ArgumentException($"{nameof(Loops)} must be {ServiceThreadCount} different loops, as {nameof(ServiceThreadCount)} says.", nameof(Loops));
    }
}
