using System.Net;

namespace EventLoops;

/// <summary>
/// Virtual hosts and client connections on one event loop: the library's front door. It starts no thread. Everything, callbacks included, happens on the
/// thread that turns the loop; every member but those of the loop that say otherwise throws on any other.
/// </summary>
public sealed class LoopContext : IDisposable
{
    private readonly bool _ownsLoop;
    private readonly List<VirtualHost> _hosts = [];
    private IFileOperations _fileOperations;
    private long _lastConnectionId;
    private CancellationTokenSource? _leaving;
    private bool _isDisposed;

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
        Limits = options.Limits;
        Timeouts = options.Timeouts;
        KeepAlive = options.WebSocketKeepAlive;
        Tracer = options.Tracer;
        _fileOperations = options.FileOperations;
        ErrorPage = options.ErrorPage;
        Log = new EventLoopsLog(options.Logger);
        ClientPoolSize = options.ClientPoolSize;
        ClientPoolIdle = options.ClientPoolIdle;

        _ownsLoop = options.Loop is null;
        Loop = options.Loop ?? LoopRegistry.Default.Create(options.Flags.LoopKindOf());
        if (_ownsLoop)
            Loop.UnhandledException = Log.LoopWorkThrew;
        Thread = new ServiceThread(this, Loop, index: 0, options.MaxConnections ?? DescriptorBudget.Remaining(), options.MaxRequestHeads);
        if (options.MaxConnectionsPerAddress > 0)
            Addresses = new AddressLimit(options.MaxConnectionsPerAddress);
        Listeners = new ListenerTable(Thread);
        Loop.Join(Thread);
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

    /// <summary>The loop that everything runs on.</summary>
    public EventLoop Loop { get; }

    /// <summary>The service thread.</summary>
    public ServiceThread Thread { get; }

    /// <summary>The virtual hosts, in the order in which they were made.</summary>
    public IReadOnlyList<VirtualHost> VirtualHosts => _hosts;

    /// <summary>What it has met so far, counted.</summary>
    public ContextStatistics Statistics { get; } = new();

    /// <summary>The log that <see cref="LoopContextOptions.Logger"/> names, for programs to write to as well. Any thread.</summary>
    public EventLoopsLog Log { get; }

    /// <summary>Whether the context was disposed. It may still be finishing its turn.</summary>
    public bool IsDisposed => _isDisposed;

    /// <summary>
    /// How the files of mounts are reached: the original's <c>lws_get_fops</c>. Read it to open files of your own in the same way; set it, to one that wraps
    /// the former or to another, and every request from now on goes through that. Files that are open already stay what they are.
    /// </summary>
    /// <exception cref="ArgumentNullException">It was set to null.</exception>
    /// <exception cref="InvalidOperationException">Set on another thread than the loop's.</exception>
    public IFileOperations FileOperations
    {
        get => _fileOperations;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            Loop.VerifyThread();
            _fileOperations = value;
        }
    }

    internal ConnectionLimits Limits { get; }

    internal ConnectionTimeouts Timeouts { get; }

    internal WebSocketKeepAlive KeepAlive { get; }

    internal ClientWebSockets Clients { get; } = new();

    internal ICallbackTracer? Tracer { get; }

    internal Func<int, string, ErrorPage?>? ErrorPage { get; }

    internal ListenerTable Listeners { get; }

    /// <summary>How many connections each address has; null where that is not limited.</summary>
    internal AddressLimit? Addresses { get; }

    /// <summary>What the reverse proxies of this context call themselves (RFC 9110 7.6.3): a name that no other has, by which they know their own requests.</summary>
    internal string ViaName { get; } = $"eventloops-{Guid.NewGuid():N}"[..19];

    internal int ClientPoolSize { get; }

    internal TimeSpan ClientPoolIdle { get; }

    /// <inheritdoc cref="ServiceThread.Service" />
    public bool Service(int maxMilliseconds)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return Thread.Service(maxMilliseconds);
    }

    /// <summary>Serves until <paramref name="stopping"/> is signalled or a callback disposes the context.</summary>
    /// <param name="stopping">Ends the call; the connections stay as they are until <see cref="Dispose"/>.</param>
    /// <exception cref="InvalidOperationException">The loop is run by somebody else, or this is called from inside a callback or from another thread.</exception>
    public void Run(CancellationToken stopping = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        using CancellationTokenSource leaving = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _leaving = leaving;
        try
        {
            Thread.Run(leaving.Token);
        }
        finally
        {
            _leaving = null;
        }
    }

    /// <summary>
    /// Begins a client connection and returns it at once. It is not open yet: exactly one of <c>OnEstablished</c> and <c>OnConnectFailed</c> follows, of
    /// <c>OnHttpReply</c> and <c>OnConnectFailed</c> for an HTTP request, never before this call has returned.
    /// </summary>
    /// <param name="options">Where to, and what to speak.</param>
    /// <returns>The connection, on its way.</returns>
    /// <exception cref="ArgumentException">An option is wrong; the message names it.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public Connection Connect(ClientConnectOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Loop.VerifyThread();
        options.Validate();
        return Connection.BeginConnect(Thread, options);
    }

    /// <summary>
    /// Adds a virtual host, before the loop runs or while it does: takes its protocols into service and listens, or joins those who listen at its endpoints
    /// already. The original's <c>lws_create_vhost</c>. <see cref="VirtualHost.Destroy"/> takes it away again.
    /// </summary>
    /// <param name="options">What it is; read now and not kept.</param>
    /// <returns>The host, in service.</returns>
    /// <exception cref="ArgumentException">An option is wrong, or a host of the same name is served at one of the endpoints; the message says which.</exception>
    /// <exception cref="LoopFaultException">The system refused to listen somewhere; the message names the endpoint, the call and the errno. Nothing is left behind.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public VirtualHost CreateVirtualHost(VirtualHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        Loop.VerifyThread();
        options.Validate();
        return StartHost(options);
    }

    /// <summary>
    /// Asks for a writable callback for every open WebSocket of a protocol: those of each virtual host and then those that this side has connected, the
    /// newest first.
    /// </summary>
    /// <param name="protocol">The protocol.</param>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void RequestWritableAll(Protocol protocol)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        Loop.VerifyThread();
        foreach (VirtualHost host in _hosts)
            host.Find(protocol)?.RequestWritableAll();
        Clients.RequestWritableAll(protocol);
    }

    /// <summary>
    /// Stops listening, ends every connection with its closing callback (open WebSockets are told 1001), lets the protocols go, and leaves the loop.
    /// Inside a callback it takes effect when the turn is over. Twice is once. On another thread than the loop's it is allowed while the loop does not run.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called on another thread while the loop runs. Nothing was done.</exception>
    public void Dispose()
    {
        if (_isDisposed)
            return;

        Loop.BindToCurrentThread();
        _isDisposed = true;
        if (Loop.IsInTurn)
        {
            foreach (VirtualHost host in _hosts)
                host.StopListening();
            Thread.LeaveAfterTurn();
            return;
        }

        Leave();
    }

    internal long NextConnectionId() => ++_lastConnectionId;

    /// <summary>Takes a host out of service; its connections end, and its protocols leave when the last one has.</summary>
    internal void Destroy(VirtualHost host)
    {
        // A context that is leaving does all of this itself when its turn is over.
        if (_isDisposed)
            return;

        _hosts.Remove(host);
        host.StopListening();
        Thread.CloseAllOf(host);
    }

    private VirtualHost StartHost(VirtualHostOptions options)
    {
        VirtualHost host = new(this, options);
        _hosts.Add(host);
        try
        {
            host.Start();
        }
        catch
        {
            host.Stop();
            _hosts.Remove(host);
            throw;
        }

        foreach (EndPoint endPoint in host.LocalEndPoints)
            Log.Listening(host.Name, endPoint, Loop.Name);
        return host;
    }

    /// <summary>The end, outside of every callback.</summary>
    internal void Leave()
    {
        foreach (VirtualHost host in _hosts)
            host.StopListening();
        Thread.CloseAll();
        Thread.KillChildren();
        foreach (VirtualHost host in _hosts)
            host.Stop();

        Loop.Leave(Thread);
        if (_ownsLoop)
            Loop.Dispose();
        _leaving?.Cancel();
    }
}
