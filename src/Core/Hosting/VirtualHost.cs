using System.Collections.Concurrent;
using System.Net;
using EventLoops.OpenSsl;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>A virtual host in service. Made from <see cref="VirtualHostOptions"/> by the context that it belongs to.</summary>
public sealed class VirtualHost
{
    private readonly HostedProtocol[] _protocols;
    private readonly CommonFields[] _commonFields;
    private readonly ConcurrentDictionary<(Protocol Protocol, ServiceThread? Thread), object> _data = new();
    private volatile Listener[] _listeners = [];
    private IReadOnlyList<TlsCertificate>? _certificates;
    private int _isDestroyed;
    private int _threadsToLeave;
    private int _initialised;
    private int _isLogging;

    internal VirtualHost(LoopContext context, VirtualHostOptions options)
    {
        Context = context;
        Options = options;
        _commonFields = [.. context.Threads.Select(_ => new CommonFields(options.ServerName))];
        _threadsToLeave = context.Threads.Count;
        _protocols = [.. options.Protocols.Select(protocol => new HostedProtocol(this, protocol))];
        Mounts = new MountTable(this, options.Mounts);
        Tls = options.Tls is { } tls ? TlsContextBuilder.Build(tls, tls.Certificates, context.Log) : null;
        DefaultProtocol = _protocols.FirstOrDefault(hosted => hosted.Protocol.Name == options.DefaultProtocol) ?? _protocols[0];
    }

    /// <summary>The context that it belongs to.</summary>
    public LoopContext Context { get; }

    /// <summary>Its name, by which it is found among the hosts that share its endpoints; see <see cref="VirtualHostOptions.Name"/>.</summary>
    public string Name => Options.Name;

    /// <summary>Where it really listens: port 0 of an option is the port that the kernel chose.</summary>
    public IReadOnlyList<EndPoint> LocalEndPoints => [.. _listeners.Select(listener => listener.LocalEndPoint)];

    /// <summary>Whether TLS is spoken with it.</summary>
    public bool IsTls => Options.Tls is not null;

    internal VirtualHostOptions Options { get; }

    internal HostedProtocol ProtocolZero => _protocols[0];

    internal HostedProtocol DefaultProtocol { get; }

    internal MountTable Mounts { get; }

    /// <summary>What its connections speak TLS with; null when it speaks none. Another one counts for connections that come after it was set.</summary>
    internal TlsContext? Tls { get; set; }

    /// <summary>
    /// Data that belongs to a protocol on this virtual host, made at the first call: the original's per-vhost private data. Any thread; where there are several
    /// service threads, all of them are given the same object, so what they change in it must bear that: see <see cref="GetData{T}(Protocol, ServiceThread)"/>.
    /// </summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="protocol">The protocol.</param>
    /// <returns>The same object for every call with the same protocol.</returns>
    public T GetData<T>(Protocol protocol)
        where T : class, new()
    {
        ArgumentNullException.ThrowIfNull(protocol);
        return DataOf<T>(protocol, thread: null);
    }

    /// <summary>
    /// Data that belongs to a protocol on this virtual host and to one service thread, made at the first call: for what only the callbacks of that thread's
    /// connections touch, which needs no care then. Any thread.
    /// </summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="protocol">The protocol.</param>
    /// <param name="thread">The thread, such as <see cref="Connection.Thread"/>.</param>
    /// <returns>The same object for every call with the same protocol and thread; never that of the method without a thread.</returns>
    public T GetData<T>(Protocol protocol, ServiceThread thread)
        where T : class, new()
    {
        ArgumentNullException.ThrowIfNull(protocol);
        ArgumentNullException.ThrowIfNull(thread);
        return DataOf<T>(protocol, thread);
    }

    /// <summary>
    /// Takes the host out of service while the context goes on: its name is not served any more, its connections end with their closing callbacks (open
    /// WebSockets are told 1001, answers that are under way are cut), and then its protocols leave service. A listening socket stays for as long as another
    /// host shares it. Inside a callback it takes effect with the closes of the turn; connections of other service threads end with the next turn of theirs.
    /// On any service thread. Twice is once.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called from a thread that is no service thread's.</exception>
    public void Destroy()
    {
        _ = Context.ThreadHere();
        if (Interlocked.Exchange(ref _isDestroyed, 1) == 0)
            Context.Destroy(this);
    }

    /// <summary>
    /// Shows other certificates from now on, without dropping anyone: handshakes that begin later see the new ones, connections that are open go on. Sessions of the
    /// former ones are not resumed. Null reads those that the host shows now again, which is what to do after their files were renewed.
    /// </summary>
    /// <param name="certificates">The new ones; null for those that it shows now.</param>
    /// <exception cref="ArgumentException">One of them cannot be used; the message says why. The host goes on with those that it had.</exception>
    /// <exception cref="InvalidOperationException">The host has no TLS, or this is called from another thread than that of the context's loop.</exception>
    public void ReloadCertificates(IReadOnlyList<TlsCertificate>? certificates = null)
    {
        Context.Loop.VerifyThread();
        if (Options.Tls is not { } tls)
            throw new InvalidOperationException($"The virtual host '{Name}' has no certificate to replace: {nameof(VirtualHostOptions)}.{nameof(VirtualHostOptions.Tls)} is null.");
        if (certificates is not null && (certificates.Count == 0 || certificates.Any(certificate => certificate is null)))
            throw new ArgumentException("There has to be at least one certificate, and none that is null.", nameof(certificates));
        if (Volatile.Read(ref _isDestroyed) != 0)
            return;

        TlsContext next = TlsContextBuilder.Build(tls, certificates ?? _certificates ?? tls.Certificates, Context.Log);
        _certificates = certificates ?? _certificates;
        TlsContext? former = Tls;
        Tls = next;

        // Another thread may be beginning a handshake with it right now.
        Context.AfterEveryThread(() => former?.Dispose());
        Context.Log.CertificatesReplaced(Name);
    }

    /// <summary>
    /// Asks for a writable callback for every open WebSocket of a protocol on this virtual host, of each service thread the newest first. On any service thread;
    /// the others do so in their next turn.
    /// </summary>
    /// <param name="protocol">The protocol; one that is not served here is ignored.</param>
    /// <exception cref="InvalidOperationException">Called from a thread that is no service thread's.</exception>
    public void RequestWritableAll(Protocol protocol)
    {
        _ = Context.ThreadHere();
        Find(protocol)?.RequestWritableAll();
    }

    /// <summary>The fields that are the same in all answers of a second. Each thread has its own, since it writes them anew.</summary>
    internal CommonFields CommonFieldsOn(ServiceThread thread) => _commonFields[thread.Index];

    internal HostedProtocol? Find(Protocol protocol)
    {
        // Asked for each message that goes to everybody, which is why it is a loop and not a search that allocates its condition.
        foreach (HostedProtocol hosted in _protocols)
        {
            if (hosted.Protocol == protocol)
                return hosted;
        }

        return null;
    }

    internal HostedProtocol? FindByName(string name) => Array.Find(_protocols, hosted => hosted.Protocol.Name == name);

    internal HostedProtocol? Find(ReadOnlySpan<byte> name)
    {
        foreach (HostedProtocol hosted in _protocols)
        {
            // Subprotocol names are compared as they are (RFC 6455 4.1), and the empty name is never asked for.
            if (hosted.NameBytes.Length > 0 && name.SequenceEqual(hosted.NameBytes))
                return hosted;
        }

        return null;
    }

    /// <summary>Takes the protocols into service, then listens.</summary>
    internal void Start()
    {
        Options.AccessLog?.Enter();
        _isLogging = 1;
        foreach (HostedProtocol hosted in _protocols)
        {
            // A protocol that cannot start fails the creation of the context, so its exception is the caller's.
            Context.Tracer?.OnCallback(CallbackReason.ProtocolInit, null, 0);
            _ = hosted.Protocol.DispatchHost(this, CallbackReason.ProtocolInit, new CallbackData { VirtualHost = this });
            _initialised++;
        }

        foreach (EndPoint endPoint in Options.Endpoints)
        {
            IEnumerable<EndPoint> all = endPoint is InterfaceEndPoint byName ? byName.Resolve() : [endPoint];
            foreach (EndPoint one in all)
                _listeners = [.. _listeners, Context.Listeners.Join(this, one)];
        }
    }

    /// <summary>Is not served anywhere any more. On thread 0, or behind the last thread.</summary>
    internal void StopListening()
    {
        foreach (Listener listener in _listeners)
            Context.Listeners.Leave(this, listener);
        _listeners = [];
    }

    /// <summary>A service thread has no connection of this host left; behind the last one the protocols leave service, on thread 0.</summary>
    internal void OnThreadLeft()
    {
        if (Interlocked.Decrement(ref _threadsToLeave) == 0)
            Context.Thread.Do(static host => ((VirtualHost)host!).StopDestroyed(), this);
    }

    /// <summary>Lets the protocols go, after the last connection; only those that were taken into service, and once.</summary>
    internal void Stop()
    {
        Volatile.Write(ref _isDestroyed, 1);
        StopListening();
        int initialised = Interlocked.Exchange(ref _initialised, 0);
        for (int i = 0; i < initialised; i++)
            _ = Raise(_protocols[i], CallbackReason.ProtocolDestroy);
        if (Interlocked.Exchange(ref _isLogging, 0) != 0)
            Options.AccessLog?.Leave();
        Tls?.Dispose();
    }

    private void StopDestroyed()
    {
        Stop();
        Context.Forget(this);
    }

    private T DataOf<T>(Protocol protocol, ServiceThread? thread)
        where T : class, new() =>
        (T)(_data.TryGetValue((protocol, thread), out object? data) ? data : _data.GetOrAdd((protocol, thread), new T()));

    /// <summary>Calls protocol 0 about a descriptor that has no connection yet. A callback that throws counts as a refusal.</summary>
    internal CallbackResult RaiseFilterNetworkConnection(int fd) => Raise(ProtocolZero, CallbackReason.FilterNetworkConnection, fd);

    private CallbackResult Raise(HostedProtocol hosted, CallbackReason reason, int fd = -1)
    {
        Context.Tracer?.OnCallback(reason, null, 0);
        try
        {
            return hosted.Protocol.DispatchHost(this, reason, new CallbackData { VirtualHost = this, Fd = fd });
        }
        catch (Exception exception)
        {
            Context.Log.CallbackThrew(reason, hosted.Protocol.Name, exception);
            return CallbackResult.Close;
        }
    }
}
