using System.Net;
using EventLoops.OpenSsl;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>A virtual host in service. Made from <see cref="VirtualHostOptions"/> by the context that it belongs to.</summary>
public sealed class VirtualHost
{
    private readonly HostedProtocol[] _protocols;
    private readonly List<Listener> _listeners = [];
    private bool _isDestroyed;
    private IReadOnlyList<TlsCertificate>? _certificates;
    private readonly Dictionary<Protocol, object> _data = new(ReferenceEqualityComparer.Instance);
    private int _initialised;

    internal VirtualHost(LoopContext context, VirtualHostOptions options)
    {
        Context = context;
        Options = options;
        CommonFields = new CommonFields(options.ServerName);
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

    internal VirtualHostOptions Options { get; }

    /// <summary>The fields that are the same in all answers of a second.</summary>
    internal CommonFields CommonFields { get; }

    internal HostedProtocol ProtocolZero => _protocols[0];

    internal HostedProtocol DefaultProtocol { get; }

    internal MountTable Mounts { get; }

    /// <summary>What its connections speak TLS with; null when it speaks none. Another one counts for connections that come after it was set.</summary>
    internal TlsContext? Tls { get; set; }

    /// <summary>
    /// Data that belongs to a protocol on this virtual host, made at the first call: the original's per-vhost private data. On the loop's thread.
    /// </summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="protocol">The protocol.</param>
    /// <returns>The same object for every call with the same protocol.</returns>
    public T GetData<T>(Protocol protocol)
        where T : class, new()
    {
        ArgumentNullException.ThrowIfNull(protocol);
        if (_data.TryGetValue(protocol, out object? data))
            return (T)data;

        T made = new();
        _data.Add(protocol, made);
        return made;
    }

    /// <summary>
    /// Takes the host out of service while the context goes on: its name is not served any more, its connections end with their closing callbacks (open
    /// WebSockets are told 1001, answers that are under way are cut), and then its protocols leave service. A listening socket stays for as long as another
    /// host shares it. Inside a callback it takes effect with the closes of the turn. Twice is once.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void Destroy()
    {
        Context.Loop.VerifyThread();
        if (_isDestroyed)
            return;

        _isDestroyed = true;
        Context.Destroy(this);
    }

    /// <summary>
    /// Shows other certificates from now on, without dropping anyone: handshakes that begin later see the new ones, connections that are open go on. Sessions of the
    /// former ones are not resumed. Null reads those that the host shows now again, which is what to do after their files were renewed.
    /// </summary>
    /// <param name="certificates">The new ones; null for those that it shows now.</param>
    /// <exception cref="ArgumentException">One of them cannot be used; the message says why. The host goes on with those that it had.</exception>
    /// <exception cref="InvalidOperationException">The host has no TLS, or this is called from another thread than the loop's.</exception>
    public void ReloadCertificates(IReadOnlyList<TlsCertificate>? certificates = null)
    {
        Context.Loop.VerifyThread();
        if (Options.Tls is not { } tls)
            throw new InvalidOperationException($"The virtual host '{Name}' has no certificate to replace: {nameof(VirtualHostOptions)}.{nameof(VirtualHostOptions.Tls)} is null.");
        if (certificates is not null && (certificates.Count == 0 || certificates.Any(certificate => certificate is null)))
            throw new ArgumentException("There has to be at least one certificate, and none that is null.", nameof(certificates));
        if (_isDestroyed)
            return;

        TlsContext next = TlsContextBuilder.Build(tls, certificates ?? _certificates ?? tls.Certificates, Context.Log);
        _certificates = certificates ?? _certificates;
        Tls?.Dispose();
        Tls = next;
        Context.Log.CertificatesReplaced(Name);
    }

    /// <summary>Asks for a writable callback for every open WebSocket of a protocol on this virtual host, the newest first.</summary>
    /// <param name="protocol">The protocol; one that is not served here is ignored.</param>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void RequestWritableAll(Protocol protocol)
    {
        Context.Loop.VerifyThread();
        Find(protocol)?.RequestWritableAll();
    }

    internal HostedProtocol? Find(Protocol protocol) => Array.Find(_protocols, hosted => hosted.Protocol == protocol);

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
                _listeners.Add(Context.Listeners.Join(this, one));
        }
    }

    internal void StopListening()
    {
        foreach (Listener listener in _listeners)
            Context.Listeners.Leave(this, listener);
        _listeners.Clear();
    }

    /// <summary>Lets the protocols go, after the last connection; only those that were taken into service.</summary>
    internal void Stop()
    {
        _isDestroyed = true;
        StopListening();
        for (int i = 0; i < _initialised; i++)
            _ = Raise(_protocols[i], CallbackReason.ProtocolDestroy);
        _initialised = 0;
        Tls?.Dispose();
    }

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
