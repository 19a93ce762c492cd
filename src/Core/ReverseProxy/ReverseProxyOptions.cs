using System.Net;

namespace EventLoops;

/// <summary>
/// How a reverse proxy mount speaks to its origin: see <see cref="MountOrigin.Http"/>. It is checked with the mount and not changed; one object may serve any
/// number of mounts.
/// </summary>
public sealed class ReverseProxyOptions
{
    private const int MostKeptSockets = 1024;

    /// <summary>
    /// Connect here instead of to the host of the origin, which is then only named in the request: a <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>, or an
    /// <see cref="IPEndPoint"/>. Null, the default, looks the host up for each connection.
    /// </summary>
    public EndPoint? EndPoint { get; init; }

    /// <summary>
    /// Whether the origin is told the host that the client has asked for, in its <c>Host</c> field. Default false: it is told its own, as in the mount; the client's
    /// is in <c>X-Forwarded-Host</c> and <c>Forwarded</c> in either case.
    /// </summary>
    public bool KeepsHost { get; init; }

    /// <summary>
    /// Whether <c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c>, <c>X-Forwarded-Host</c> and <c>Forwarded</c> (RFC 7239) of the client are kept and extended. Default
    /// false: they are replaced, since anybody can send them, and an origin that trusts them would trust anybody. True is right behind another proxy of your own.
    /// </summary>
    public bool ExtendsForwarded { get; init; }

    /// <summary>TLS to the origin, for <see cref="MountOrigin.Https"/>. Null, the default, verifies it against the system's authorities.</summary>
    public ClientTlsOptions? Tls { get; init; }

    /// <summary>How long looking up the origin and connecting to it may take; then the client is told 504. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the origin may be silent, neither taking a part of the request nor giving one of the answer, while the client waits for it. A client that has had
    /// nothing yet is told 504; an answer that has begun is broken off. A WebSocket has no such limit until one side of it has ended. Default 60 s, as nginx;
    /// <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How many sockets to the origin may wait for the next request (RFC 9112 9.3), each for <see cref="LoopContextOptions.ClientPoolIdle"/>. Default 32, as nginx has it
    /// in its examples; 0 makes a connection for each request; at most 1,024.
    /// </summary>
    public int KeptSockets { get; init; } = 32;

    internal void Validate()
    {
        string member = $"{nameof(ReverseProxyOptions)}.{nameof(KeptSockets)}";
        if (KeptSockets is < 0 or > MostKeptSockets)
            throw new ArgumentOutOfRangeException(member, KeptSockets, $"{member} must lie between 0 and {MostKeptSockets}.");

        ConnectionTimeouts.Check(ConnectTimeout, $"{nameof(ReverseProxyOptions)}.{nameof(ConnectTimeout)}");
        ConnectionTimeouts.Check(Timeout, $"{nameof(ReverseProxyOptions)}.{nameof(Timeout)}");
    }
}
