namespace EventLoops;

/// <summary>
/// The socket options that <see cref="SocketIo.SetOption"/> knows, with the option of <c>socket(7)</c> or <c>tcp(7)</c> that each one
/// sets.
/// </summary>
public enum SocketTuning
{
    /// <summary>TCP_NODELAY: 1 sends small segments at once.</summary>
    NoDelay,

    /// <summary>SO_REUSEADDR: 1 lets a listener bind while old connections of the port linger.</summary>
    ReuseAddress,

    /// <summary>SO_REUSEPORT: 1 lets several listeners share a port, among which the kernel spreads the connections.</summary>
    ReusePort,

    /// <summary>SO_KEEPALIVE: 1 has the kernel probe an idle connection.</summary>
    KeepAlive,

    /// <summary>TCP_KEEPIDLE: seconds of silence before the first probe.</summary>
    KeepAliveTime,

    /// <summary>TCP_KEEPINTVL: seconds between two probes.</summary>
    KeepAliveInterval,

    /// <summary>TCP_KEEPCNT: how many probes go unanswered before the connection is given up.</summary>
    KeepAliveProbes,

    /// <summary>IPV6_V6ONLY: 1 keeps IPv4 away from an IPv6 listener.</summary>
    IPv6Only,

    /// <summary>SO_SNDBUF: bytes of the kernel's send buffer. The kernel doubles the number and bounds it.</summary>
    SendBuffer,

    /// <summary>SO_RCVBUF: bytes of the kernel's receive buffer. The kernel doubles the number and bounds it.</summary>
    ReceiveBuffer,

    /// <summary>TCP_USER_TIMEOUT: milliseconds that sent bytes may stay unacknowledged before the connection is given up.</summary>
    UserTimeout,

    /// <summary>SO_LINGER with zero seconds: 1 makes closing abortive (the peer sees a reset), 0 makes it orderly again.</summary>
    LingerZero,
}
