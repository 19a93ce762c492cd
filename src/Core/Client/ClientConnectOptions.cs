using System.Net;

namespace EventLoops;

/// <summary>
/// Where a client connects to, and what it speaks. <see cref="LoopContext.Connect"/> checks it and does not change it, so one object may serve any number of
/// calls; lists that it holds are read while the client is on its way and must not be changed then.
/// </summary>
public sealed partial class ClientConnectOptions
{
    /// <summary>
    /// Where to: <c>ws://host[:port]/path[?query]</c> for a WebSocket, <c>http://…</c> for a request, and <c>wss</c> and <c>https</c> for the same over TLS. A
    /// name and password before the host are sent as Basic credentials (RFC 7617), unless <see cref="Fields"/> has an <c>Authorization</c> of its own. The
    /// address of a WebSocket has no fragment (RFC 6455 3); that of a request may have one, which is not sent.
    /// </summary>
    public required Uri Uri { get; init; }

    /// <summary>
    /// The protocols that this side speaks, the preferred first; at least one. Their names are offered to a WebSocket server; the one it chooses is called
    /// from then on. The first is protocol 0: it is called until the server has chosen, when it chooses none, for a failure, and for all of HTTP.
    /// </summary>
    public required IReadOnlyList<Protocol> Protocols { get; init; }

    /// <summary>Whether the names of <see cref="Protocols"/> are offered. Default true; false asks for no subprotocol. WebSocket only.</summary>
    public bool OfferProtocols { get; init; } = true;

    /// <summary>
    /// The method of an HTTP request: any token of at most 32 characters but <c>CONNECT</c> (RFC 9110 9.1). Null, the default, is <c>GET</c>. A WebSocket is always
    /// asked for with GET (RFC 6455 4.1), so with <c>ws</c> it must be null.
    /// </summary>
    public string? Method { get; init; }

    /// <summary>
    /// The body of an HTTP request, known from the beginning; empty, the default, for none. It is sent from where it lies as the server takes it, and sent again
    /// when the request is: after a redirect that keeps the method, or on another connection. For one that is made on the way see <see cref="BodyLength"/>.
    /// </summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>
    /// The length in bytes of a request body that is written in <c>OnHttpWritable</c> with <see cref="Connection.WriteBody"/>; -1 when it is not known, which
    /// sends it in chunks and ends with <see cref="Connection.EndRequest"/>. Null, the default, for no such body.
    /// </summary>
    public long? BodyLength { get; init; }

    /// <summary>Further header fields of the request. Those that the library writes itself, such as <c>Host</c>, are refused.</summary>
    public IReadOnlyList<HttpField> Fields { get; init; } = [];

    /// <summary>The value of the <c>Origin</c> field, as browsers send it; null, the default, for none.</summary>
    public string? Origin { get; init; }

    /// <summary>The extensions that are offered (RFC 6455 9), the preferred first, such as <see cref="PermessageDeflate"/>. Default none.</summary>
    public IReadOnlyList<WebSocketExtension> Extensions { get; init; } = [];

    /// <summary>How the kernel treats the socket; null, the default, as the context says.</summary>
    public SocketSettings? Sockets { get; init; }

    /// <summary>
    /// Connect here instead of to the host of <see cref="Uri"/>, which is then only named in the request: an <see cref="IPEndPoint"/> or a
    /// <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>. Null, the default, looks the host up. A redirect to another host does not go here.
    /// </summary>
    public EndPoint? EndPoint { get; init; }

    /// <summary>The address that the socket is bound to before it connects, port 0 for a free one (bind(2)); null, the default, leaves it to the kernel.
    /// Addresses of the other family are not tried then.</summary>
    public EndPoint? LocalEndPoint { get; init; }

    /// <summary>The network interface, such as <c>eth0</c>, that the socket is bound to (SO_BINDTODEVICE, socket(7)); null, the default, for any.</summary>
    public string? Interface { get; init; }

    /// <summary>
    /// Looks a host name up. Null, the default, asks the system's resolver on the thread pool. It is called on the loop's thread and must return at once, with a task
    /// that any thread may complete; the token is cancelled when nobody wants the answer any more. The addresses are tried in the order that it gives, the two
    /// families in turn (RFC 8305 4), the first 32 of them.
    /// </summary>
    public Func<string, CancellationToken, Task<IPAddress[]>>? Resolver { get; init; }

    /// <summary>How long one address has before the next one is tried beside it. Default 250 ms; between 10 ms and 2 s (RFC 8305 5 and 8).</summary>
    public TimeSpan AddressDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>TLS for <c>wss</c> and <c>https</c>, also when a redirect leads there. Null, the default, verifies the server against the system's authorities.</summary>
    public ClientTlsOptions? Tls { get; init; }

    /// <summary>
    /// The HTTP proxy to go through, <c>http://[name:password@]host:port</c>; null, the default, for none. A WebSocket goes through a tunnel (CONNECT,
    /// RFC 9110 9.3.6), an <c>http</c> request is given to the proxy to be forwarded (RFC 9112 3.2.2). Not together with <see cref="EndPoint"/>.
    /// </summary>
    public Uri? Proxy { get; init; }

    /// <summary>
    /// Whether the environment names the proxy when <see cref="Proxy"/> does not: <c>http_proxy</c>, and <c>https_proxy</c> for TLS, unless <c>no_proxy</c> lists the
    /// host. Default false: what a library connects to should not be decided by whoever set the environment of its process.
    /// </summary>
    public bool UseProxyEnvironment { get; init; }

    /// <summary>
    /// Whether 301, 302, 303, 307 and 308 are followed (RFC 9110 15.4). Default false: then they are a reply as any other, or a failure for a WebSocket. Never
    /// from TLS to none, and never between WebSocket and HTTP. A body that was written in <c>OnHttpWritable</c> is gone: a redirect that wants it again is a reply.
    /// </summary>
    public bool FollowRedirects { get; init; }

    /// <summary>How many redirects are followed; one more is a failure. Default 5; from 1 to 20.</summary>
    public int MaxRedirects { get; init; } = 5;

    /// <summary>
    /// Whether an HTTP request may use a connection that an earlier one has left open, and leave its own behind: see <see cref="LoopContextOptions.ClientPoolSize"/>.
    /// Default true; false asks the server to close.
    /// </summary>
    public bool ReuseConnection { get; init; } = true;

    /// <summary>How long looking up the host and making the TCP connection may take, all addresses together. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the server may take from the end of the request to the end of its reply's head, a proxy likewise for its own, and how long it may refuse to take more
    /// of a request's body. Default 5 s.
    /// </summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How the open WebSocket finds out that the server has gone; null, the default, as the context says.</summary>
    public WebSocketKeepAlive? WebSocketKeepAlive { get; init; }

    /// <summary>
    /// How long an HTTP server may keep a reader waiting within a body, all waits together; each 240 bytes that come buy a second back, up to this time. Time in which
    /// nobody wants to read does not count. Default 20 s.
    /// </summary>
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long everything may take, from the call of <see cref="LoopContext.Connect"/>, over all attempts and redirects, until the WebSocket is open or the HTTP reply
    /// is complete. Default <see cref="Timeout.InfiniteTimeSpan"/>: the other three bound each step.
    /// </summary>
    public TimeSpan OverallTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Whether and when a failed attempt is repeated before <c>OnConnectFailed</c> is called; null, the default, never.</summary>
    public RetryPolicy? Retry { get; init; }

    /// <summary>What <see cref="Connection.UserData"/> is to hold from the beginning.</summary>
    public object? UserData { get; init; }

    /// <summary>The request of somebody else, which a reverse proxy mount forwards: it takes the place of the head that the client would write. Null for none.</summary>
    internal ForwardedHead? Forwarded { get; init; }

    /// <summary>Where sockets are kept for the next request; null for the one place of all clients.</summary>
    internal ClientPool? Pool { get; init; }
}
