namespace EventLoops;

/// <summary>
/// How the kernel treats sockets: whether it finds out that a silent peer has gone, how long it waits for acknowledgements, and how much it buffers. In
/// <see cref="LoopContextOptions.Sockets"/> for all sockets of a context, accepted and connected; a virtual host and a client may have their own, which replace those of the
/// context as a whole. Read when a socket is opened. The settings of TCP do nothing to Unix sockets.
/// </summary>
/// <remarks>
/// TCP's keep-alive (RFC 9293 3.8.4) costs the program nothing, not even a turn of the loop, and works for every protocol; but it asks the peer's kernel and not the peer, and a proxy
/// in between answers for itself. <see cref="WebSocketKeepAlive"/> asks the peer. While bytes are on their way the kernel does not probe: then <see cref="UserTimeout"/> is what ends
/// a connection to a peer that has gone, or otherwise the retransmissions, which take a quarter of an hour (tcp(7), tcp_retries2).
/// </remarks>
public sealed class SocketSettings
{
    // The kernel's MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL, in seconds, and MAX_TCP_KEEPCNT.
    private const int LongestKeepAlive = 32_767;
    private const int MostProbes = 127;

    /// <summary>
    /// After how long a silence of the peer the kernel begins to probe it (TCP_KEEPIDLE): the original's <c>ka_time</c>. Whole seconds, 1 to 32,767. Zero, the default, does not probe.
    /// </summary>
    public TimeSpan KeepAliveTime { get; set; }

    /// <summary>
    /// How many probes may go unanswered before the connection is given up (TCP_KEEPCNT): the original's <c>ka_probes</c>. 1 to 127; default 9, as Linux.
    /// </summary>
    public int KeepAliveProbes { get; set; } = 9;

    /// <summary>The time between two probes (TCP_KEEPINTVL): the original's <c>ka_interval</c>. Whole seconds, 1 to 32,767; default 75 s, as Linux.</summary>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(75);

    /// <summary>
    /// How long what was sent may stay unacknowledged before the connection is given up (TCP_USER_TIMEOUT, RFC 5482). With keep-alive on, it also bounds the probing. Between 1 ms and
    /// 24 days; zero, the default, leaves it to the system's retransmissions.
    /// </summary>
    public TimeSpan UserTimeout { get; set; }

    /// <summary>
    /// Whether small segments leave at once (TCP_NODELAY). Default true: output is collected by the turn already, and Nagle's algorithm would only hold back its end.
    /// </summary>
    public bool NoDelay { get; set; } = true;

    /// <summary>Bytes of the kernel's send buffer (SO_SNDBUF), which the kernel doubles and bounds by net.core.wmem_max. 0, the default, lets the kernel adapt it.</summary>
    public int SendBufferSize { get; set; }

    /// <summary>Bytes of the kernel's receive buffer (SO_RCVBUF), which the kernel doubles and bounds by net.core.rmem_max. 0, the default, lets the kernel adapt it.</summary>
    public int ReceiveBufferSize { get; set; }

    internal void Validate()
    {
        CheckSeconds(KeepAliveTime, nameof(KeepAliveTime), isOptional: true);
        CheckSeconds(KeepAliveInterval, nameof(KeepAliveInterval), isOptional: false);
        if (KeepAliveProbes is < 1 or > MostProbes)
            throw Wrong(nameof(KeepAliveProbes), KeepAliveProbes, $"must lie between 1 and {MostProbes}");
        if (UserTimeout != TimeSpan.Zero && (UserTimeout < TimeSpan.FromMilliseconds(1) || UserTimeout.TotalMilliseconds > int.MaxValue))
            throw Wrong(nameof(UserTimeout), UserTimeout, "must lie between 1 ms and 24 days, or be zero");
        if (SendBufferSize < 0)
            throw Wrong(nameof(SendBufferSize), SendBufferSize, "must not be negative");
        if (ReceiveBufferSize < 0)
            throw Wrong(nameof(ReceiveBufferSize), ReceiveBufferSize, "must not be negative");
    }

    /// <summary>
    /// Sets what differs from what the kernel does by itself. Accepted sockets inherit all of it from their listener, which saves the system calls for each of them; the
    /// buffers must be set before the handshake, which settles the window's scale (tcp(7)).
    /// </summary>
    /// <returns>The first refusal, with the name of its option; <see cref="Errno.None"/> and null when there was none.</returns>
    internal (Errno Errno, string? Option) Apply(SocketIo io, int fd)
    {
        bool isProbed = KeepAliveTime > TimeSpan.Zero;
        ReadOnlySpan<(bool IsWanted, SocketTuning Option, int Value, string Name)> options =
        [
            (NoDelay, SocketTuning.NoDelay, 1, "TCP_NODELAY"),
            (isProbed, SocketTuning.KeepAliveTime, (int)KeepAliveTime.TotalSeconds, "TCP_KEEPIDLE"),
            (isProbed, SocketTuning.KeepAliveInterval, (int)KeepAliveInterval.TotalSeconds, "TCP_KEEPINTVL"),
            (isProbed, SocketTuning.KeepAliveProbes, KeepAliveProbes, "TCP_KEEPCNT"),
            (isProbed, SocketTuning.KeepAlive, 1, "SO_KEEPALIVE"),
            (UserTimeout > TimeSpan.Zero, SocketTuning.UserTimeout, (int)Math.Ceiling(UserTimeout.TotalMilliseconds), "TCP_USER_TIMEOUT"),
            (SendBufferSize > 0, SocketTuning.SendBuffer, SendBufferSize, "SO_SNDBUF"),
            (ReceiveBufferSize > 0, SocketTuning.ReceiveBuffer, ReceiveBufferSize, "SO_RCVBUF"),
        ];
        foreach ((bool isWanted, SocketTuning option, int value, string name) in options)
        {
            if (isWanted && io.SetOption(fd, option, value) is { IsError: true } refused)
                return (refused.Errno, name);
        }

        return (Errno.None, null);
    }

    private static void CheckSeconds(TimeSpan value, string member, bool isOptional)
    {
        if (isOptional && value == TimeSpan.Zero)
            return;
        if (value.Ticks % TimeSpan.TicksPerSecond != 0 || value < TimeSpan.FromSeconds(1) || value > TimeSpan.FromSeconds(LongestKeepAlive))
            throw Wrong(member, value, $"must be whole seconds, 1 to {LongestKeepAlive}{(isOptional ? ", or zero" : "")}");
    }

    private static ArgumentOutOfRangeException Wrong(string member, object value, string rule) =>
        new(member, value, $"{nameof(SocketSettings)}.{member} {rule}.");
}
