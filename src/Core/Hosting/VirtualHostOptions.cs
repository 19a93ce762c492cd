using System.Net;

namespace EventLoops;

/// <summary>Which sites' pages may open a WebSocket, judged by the <c>Origin</c> field that browsers send (RFC 6455 10.2).</summary>
public enum OriginPolicy
{
    /// <summary>
    /// A request that carries an Origin must come from the host that it asks for; others are answered 403. Programs that are no browsers
    /// send none and are let in. Over TLS only <c>https</c> is the same host, since a page that came without it may be anybody's who is on the way. The default,
    /// against cross-site WebSocket hijacking.
    /// </summary>
    SameHost,

    /// <summary>Anyone.</summary>
    Any,

    /// <summary>Only the origins in <see cref="VirtualHostOptions.AllowedOrigins"/>, and programs that send none.</summary>
    Listed,
}

/// <summary>What happens to a client that asks for subprotocols none of which is served.</summary>
public enum UnknownSubprotocolPolicy
{
    /// <summary>It is answered 400. The default: a client that named what it speaks should not be talked to in something else.</summary>
    Refuse,

    /// <summary>It gets the default protocol, and the reply names none (RFC 6455 4.2.2).</summary>
    UseDefault,
}

/// <summary>A virtual host: where it listens and what it speaks.</summary>
public sealed class VirtualHostOptions
{
    /// <summary>
    /// The host's name, as clients write it into the Host field, without a port. Default <c>default</c>. It matters where several hosts share an endpoint:
    /// a request goes to the host of exactly its name, letters compared without regard to case; else to the nearest parent domain, so that
    /// <c>cats.abc.com</c> finds <c>abc.com</c>; else to the host that listened there first.
    /// </summary>
    public string Name { get; init; } = "default";

    /// <summary>
    /// Where to listen: <see cref="IPEndPoint"/>s, <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>s and <see cref="InterfaceEndPoint"/>s. Hosts that
    /// name the same endpoint share one listening socket, whose settings are those of the first. Port 0 takes a free port, another one each time, which
    /// <see cref="VirtualHost.LocalEndPoints"/> tells. Empty, the default, for a host that nobody connects to.
    /// </summary>
    public IReadOnlyList<EndPoint> Endpoints { get; init; } = [];

    /// <summary>Whether an IPv6 endpoint leaves IPv4 alone. Default false: <c>[::]</c> takes both, and IPv4 peers have addresses such as <c>::ffff:192.0.2.1</c>.</summary>
    public bool IPv6Only { get; init; }

    /// <summary>
    /// TLS on all endpoints; null, the default, for none. Hosts that share an endpoint all have it, or none has: the name that a client asks for in its handshake
    /// (SNI) chooses among them by the same rules as a request's Host field. Only where <see cref="TlsOptions.AllowNonTlsOnTlsPort"/> lets plain requests in, a host
    /// without TLS may be beside it.
    /// </summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>
    /// The proxies in front of the endpoints, which begin each connection by saying whom they speak for; null, the default, where clients connect themselves.
    /// </summary>
    public ProxyProtocolOptions? ProxyProtocol { get; init; }

    /// <summary>Whom the files of Unix sockets let in.</summary>
    public UnixSocketOptions UnixSocket { get; init; } = new();

    /// <summary>What is spoken; at least one. The first, protocol 0, also answers HTTP requests.</summary>
    public required IReadOnlyList<Protocol> Protocols { get; init; }

    /// <summary>
    /// What is answered from files, programs and elsewhere, by path, before protocol 0 is asked. A request that no mount covers goes to protocol 0. Default none.
    /// </summary>
    public IReadOnlyList<Mount> Mounts { get; init; } = [];

    /// <summary>The name of the protocol for clients that ask for none. Default: the first.</summary>
    public string? DefaultProtocol { get; init; }

    /// <summary>What happens to a client that asks only for protocols that are not served.</summary>
    public UnknownSubprotocolPolicy UnknownSubprotocol { get; init; }

    /// <summary>Which sites' pages may open a WebSocket.</summary>
    public OriginPolicy Origin { get; init; }

    /// <summary>
    /// Origins that may open a WebSocket, as browsers write them: <c>https://example.org</c> or <c>http://localhost:8080</c>, without a path and without the
    /// port that the scheme has anyway (RFC 6454 6.2); <c>null</c> is what a page without an origin of its own sends. They are let in beside the same host
    /// by <see cref="OriginPolicy.SameHost"/>, and alone by <see cref="OriginPolicy.Listed"/>. Default none.
    /// </summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>How this host's open WebSockets find out that their peer has gone; null, the default, as the context says.</summary>
    public WebSocketKeepAlive? WebSocketKeepAlive { get; init; }

    /// <summary>
    /// What a client is shown when a request is refused or fails: called with the status and a sentence that says what is wrong; null for the page of the
    /// context, <see cref="LoopContextOptions.ErrorPage"/>. On the loop's thread. Default: none of its own.
    /// </summary>
    public Func<int, string, ErrorPage?>? ErrorPage { get; init; }

    /// <summary>
    /// The extensions that clients may use (RFC 6455 9), such as <see cref="PermessageDeflate"/>. None, the default, declines every offer.
    /// </summary>
    public IReadOnlyList<WebSocketExtension> Extensions { get; init; } = [];

    /// <summary>Where a line is written for each answered request; null, the default, for nowhere.</summary>
    public AccessLog? AccessLog { get; init; }

    /// <summary>The value of the <c>Server</c> field of answers; null for none. Default <c>EventLoops</c>.</summary>
    public string? ServerName { get; init; } = "EventLoops";

    /// <summary>How the kernel treats this host's sockets; null, the default, as the context says. Of hosts that share an endpoint the first one's.</summary>
    public SocketSettings? Sockets { get; init; }

    /// <summary>How many connections the kernel keeps until they are accepted, cut down by the kernel to its own limit. Default 4096.</summary>
    public int Backlog { get; init; } = 4096;

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Name);
        ArgumentNullException.ThrowIfNull(Endpoints);
        ArgumentNullException.ThrowIfNull(Protocols);
        ArgumentNullException.ThrowIfNull(UnixSocket);
        UnixSocket.Validate();
        ProxyProtocol?.Validate();
        ArgumentNullException.ThrowIfNull(AllowedOrigins);
        ArgumentOutOfRangeException.ThrowIfLessThan(Backlog, 1);
        WebSocketKeepAlive?.Validate();
        Sockets?.Validate();
        ExtensionAgreement.Validate(Extensions, nameof(Extensions));
        Tls?.Validate();

        if (Protocols.Count == 0)
            throw new ArgumentException("A virtual host needs at least one protocol.", nameof(Protocols));
        if (Protocols.Any(protocol => protocol is null))
            throw new ArgumentException("A protocol is null.", nameof(Protocols));

        string? twice = Protocols.Where(protocol => protocol.Name.Length > 0).GroupBy(protocol => protocol.Name, StringComparer.Ordinal)
            .FirstOrDefault(group => group.Count() > 1)?.Key;
        if (twice is not null)
            throw new ArgumentException($"The name '{twice}' stands for two protocols.", nameof(Protocols));
        if (DefaultProtocol is not null && Protocols.All(protocol => protocol.Name != DefaultProtocol))
            throw new ArgumentException($"'{DefaultProtocol}' is none of the protocols.", nameof(DefaultProtocol));
        MountTable.Validate(Mounts, Protocols);

        string? noOrigin = AllowedOrigins.FirstOrDefault(origin => !IsOrigin(origin));
        if (noOrigin is not null)
            throw new ArgumentException($"'{noOrigin}' is no origin as browsers write it: scheme://host, with a port if it is not the scheme's own.", nameof(AllowedOrigins));
    }

    private static bool IsOrigin(string? origin) => origin is "null"
        || (Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
            && uri.Host.Length > 0
            && string.Equals(uri.GetLeftPart(UriPartial.Authority), origin, StringComparison.OrdinalIgnoreCase));
}
