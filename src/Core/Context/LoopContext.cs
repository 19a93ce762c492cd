using System.Net;
using System.Runtime.CompilerServices;

namespace EventLoops;

/// <summary>
/// Virtual hosts and client connections on one event loop, or on several: the library's front door. Everything, callbacks included, happens on the threads that
/// turn the loops; every member but those that say otherwise throws on any other. It starts no thread, except where <see cref="Run"/> is to drive more than one
/// <see cref="ServiceThread"/>.
/// </summary>
/// <remarks>
/// This file is what it is made of; <c>LoopContext.Shutdown.cs</c> is its orderly end, <c>LoopContext.Ending.cs</c> the end at once.
/// </remarks>
public sealed partial class LoopContext : IDisposable
{
    private readonly ServiceThread[] _threads;
    private volatile VirtualHost[] _hosts = [];
    private volatile IFileOperations _fileOperations;
    private long _lastConnectionId;

    /// <summary>Makes the context: checks the options, takes the protocols into service, and listens.</summary>
    /// <param name="options">How; read now and not kept.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it.</exception>
    /// <exception cref="LoopFaultException">The system refused to listen somewhere; the message names the endpoint, the call and the errno.</exception>
    /// <exception cref="LoopUnavailableException">The loop that <see cref="LoopContextOptions.Flags"/> names is not registered, or something that it needs is missing.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public LoopContext(LoopContextOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Sockets = options.Sockets;
        Limits = options.Limits;
        Timeouts = options.Timeouts;
        KeepAlive = options.WebSocketKeepAlive;
        Tracer = options.Tracer;
        _fileOperations = options.FileOperations;
        ErrorPage = options.ErrorPage;
        Log = new EventLoopsLog(options.Logger);
        StallThreshold = options.StallThreshold;
        ClientPoolSize = options.ClientPoolSize;
        ClientPoolIdle = options.ClientPoolIdle;

        ListenerPerThread = options.ListenerPerThread && options.ServiceThreadCount > 1;
        _threads = new ServiceThread[options.ServiceThreadCount];
        _threadsThere = _threads.Length;
        MakeThreads(options);
        Statistics = new ContextStatistics(_threads);

        // What the loops have opened is counted.
        int most = options.MaxConnections ?? DescriptorBudget.Remaining();
        int mostPerThread = options.FdLimitPerThread > 0 ? options.FdLimitPerThread : ((most - 1) / _threads.Length) + 1;
        Places = new ConnectionPlaces(this, most, mostPerThread, ListenerPerThread);
        if (options.MaxConnectionsPerAddress > 0)
            Addresses = new AddressLimit(options.MaxConnectionsPerAddress);
        Listeners = new ListenerTable(this);
        foreach (ServiceThread thread in _threads)
            thread.Join();
        try
        {
            foreach (VirtualHostOptions host in options.VirtualHosts)
                StartHost(host);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The loop that everything runs on; of several the one of thread 0, on which the context is made, and its virtual hosts.</summary>
    public EventLoop Loop => Thread.Loop;

    /// <summary>The service thread; of several the first.</summary>
    public ServiceThread Thread => _threads[0];

    /// <summary>The service threads, as many as <see cref="LoopContextOptions.ServiceThreadCount"/> says.</summary>
    public IReadOnlyList<ServiceThread> Threads => _threads;

    /// <summary>The virtual hosts, in the order in which they were made. Any thread may ask.</summary>
    public IReadOnlyList<VirtualHost> VirtualHosts => _hosts;

    /// <summary>What it has met so far, counted.</summary>
    public ContextStatistics Statistics { get; }

    /// <summary>The log that <see cref="LoopContextOptions.Logger"/> names, for programs to write to as well. Any thread.</summary>
    public EventLoopsLog Log { get; }

    /// <summary>
    /// How the files of mounts are reached: the original's <c>lws_get_fops</c>. Read it to open files of your own in the same way; set it, to one that wraps
    /// the former or to another, and every request from now on goes through that. Files that are open already stay what they are.
    /// </summary>
    /// <exception cref="ArgumentNullException">It was set to null.</exception>
    /// <exception cref="InvalidOperationException">Set on a thread that is no service thread's.</exception>
    public IFileOperations FileOperations
    {
        get => _fileOperations;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _ = ThreadHere();
            _fileOperations = value;
        }
    }

    internal SocketSettings Sockets { get; }

    internal ConnectionLimits Limits { get; }

    internal ConnectionTimeouts Timeouts { get; }

    internal WebSocketKeepAlive KeepAlive { get; }

    internal ICallbackTracer? Tracer { get; }

    internal TimeSpan StallThreshold { get; }

    internal Func<int, string, ErrorPage?>? ErrorPage { get; }

    internal ListenerTable Listeners { get; }

    internal ServiceThread[] AllThreads => _threads;

    /// <summary>Whether every thread listens for itself.</summary>
    internal bool ListenerPerThread { get; }

    /// <summary>How many connections there may be, and who gets the next one.</summary>
    internal ConnectionPlaces Places { get; }

    /// <summary>How many connections each address has; null where that is not limited.</summary>
    internal AddressLimit? Addresses { get; }

    /// <summary>What the reverse proxies of this context call themselves (RFC 9110 7.6.3): a name that no other has, by which they know their own requests.</summary>
    internal string ViaName { get; } = $"eventloops-{Guid.NewGuid():N}"[..19];

    internal int ClientPoolSize { get; }

    internal TimeSpan ClientPoolIdle { get; }

    /// <summary>How many service threads there are: the original's <c>lws_get_count_threads</c>. Any thread may ask.</summary>
    public int GetThreadCount() => _threads.Length;

    /// <inheritdoc cref="ServiceThread.Service" />
    /// <remarks>Of several service threads it serves the first.</remarks>
    public bool Service(int maxMilliseconds)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return Thread.Service(maxMilliseconds);
    }

    /// <summary>
    /// Serves until <paramref name="stopping"/> is signalled or the context is disposed. Of several service threads the first is served here and each of the others on
    /// a thread that is started for it and has ended when this returns.
    /// </summary>
    /// <param name="stopping">Ends the call; the connections stay as they are until <see cref="Dispose"/>.</param>
    /// <exception cref="InvalidOperationException">A loop is run by somebody else, or this is called from inside a callback or from another thread.</exception>
    /// <exception cref="LoopFaultException">The system refused to wait, on whichever thread; all of them have stopped.</exception>
    public void Run(CancellationToken stopping = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_threads.Length == 1)
        {
            Thread.Run(stopping);
            return;
        }

        new ServiceThreadRun(this).Run(stopping);
        if (_isDisposed)
            LeaveWhatIsIdle();
    }

    /// <summary>
    /// Begins a client connection and returns it at once. It is not open yet: exactly one of <c>OnEstablished</c> and <c>OnConnectFailed</c> follows, of
    /// <c>OnHttpReply</c> and <c>OnConnectFailed</c> for an HTTP request, never before this call has returned.
    /// </summary>
    /// <param name="options">Where to, and what to speak.</param>
    /// <returns>The connection, on its way.</returns>
    /// <exception cref="ArgumentException">An option is wrong; the message names it.</exception>
    /// <remarks>It belongs to the service thread on which this is called.</remarks>
    /// <exception cref="PlatformNotSupportedException">The address asks for TLS, and there is no OpenSSL on this system.</exception>
    /// <exception cref="InvalidOperationException">Called from a thread that is no service thread's, or while the context shuts down.</exception>
    public Connection Connect(ClientConnectOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ServiceThread here = ThreadHere();
        if (IsShuttingDown)
            throw new InvalidOperationException($"{nameof(Connect)} was called while the context shuts down.");
        options.Validate();

        // What OpenSSL does not take is the caller's to hear of, and not a failure to connect.
        if (options.Tls is not null || options.Uri.Scheme is "wss" or "https")
            _ = here.ClientTlsContexts.For(options.Tls);
        return Connection.BeginConnect(here, options);
    }

    /// <summary>
    /// Adds a virtual host, before the loop runs or while it does: takes its protocols into service and listens, or joins those who listen at its endpoints
    /// already. The original's <c>lws_create_vhost</c>. <see cref="VirtualHost.Destroy"/> takes it away again.
    /// </summary>
    /// <param name="options">What it is; read now and not kept.</param>
    /// <returns>The host, in service.</returns>
    /// <exception cref="ArgumentException">An option is wrong, or a host of the same name is served at one of the endpoints; the message says which.</exception>
    /// <exception cref="LoopFaultException">The system refused to listen somewhere; the message names the endpoint, the call and the errno. Nothing is left behind.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread than that of <see cref="Loop"/>.</exception>
    public VirtualHost CreateVirtualHost(VirtualHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Loop.VerifyThread();
        options.Validate();
        return StartHost(options);
    }

    /// <summary>
    /// Asks for a writable callback for every open WebSocket of a protocol: those of each virtual host and then those that this side has connected, of each service
    /// thread the newest first. On any service thread; the others do so in their next turn.
    /// </summary>
    /// <param name="protocol">The protocol.</param>
    /// <exception cref="InvalidOperationException">Called from a thread that is no service thread's.</exception>
    public void RequestWritableAll(Protocol protocol)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        _ = ThreadHere();
        foreach (VirtualHost host in _hosts)
            host.Find(protocol)?.RequestWritableAll();
        foreach (ServiceThread thread in _threads)
            thread.RequestWritableAllOfClients(protocol);
    }

    internal long NextConnectionId() => Interlocked.Increment(ref _lastConnectionId);

    /// <summary>The service thread on which the caller is: the one whose turn this is, or else the first that belongs to the calling thread.</summary>
    /// <exception cref="InvalidOperationException">The calling thread is none of them.</exception>
    internal ServiceThread ThreadHere([CallerMemberName] string member = "")
    {
        if (_threads.Length > 1)
        {
            ServiceThread? here = Array.Find(_threads, thread => thread.Loop.IsInTurn && thread.Loop.IsOnThread) ?? Array.Find(_threads, thread => thread.Loop.IsOnThread);
            if (here is not null)
                return here;
        }

        Loop.VerifyThread(member);
        return Thread;
    }

    private void MakeThreads(LoopContextOptions options)
    {
        IReadOnlyList<EventLoop>? given = options.Loops ?? (options.Loop is { } one ? [one] : null);
        for (int i = 0; i < _threads.Length; i++)
        {
            try
            {
                EventLoop loop = given?[i] ?? LoopRegistry.Default.Create(options.Flags.LoopKindOf(), new EventLoopOptions { BusyPoll = options.BusyPoll });
                if (given is null)
                    loop.UnhandledException = Log.LoopWorkThrew;
                _threads[i] = new ServiceThread(this, loop, ownsLoop: given is null, i, options.MaxRequestHeads);
            }
            catch when (given is null)
            {
                // The system had no descriptors for so many loops.
                foreach (ServiceThread made in _threads.Take(i))
                    made.Loop.Dispose();
                throw;
            }
        }
    }

    private VirtualHost StartHost(VirtualHostOptions options)
    {
        VirtualHost host = new(this, options);
        _hosts = [.. _hosts, host];
        try
        {
            host.Start();
        }
        catch
        {
            host.Stop();
            _hosts = Array.FindAll(_hosts, other => other != host);
            throw;
        }

        foreach (EndPoint endPoint in host.LocalEndPoints)
            Log.Listening(host.Name, endPoint, Loop.Name);
        return host;
    }
}
