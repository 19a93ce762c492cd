namespace EventLoops;

/// <summary>
/// Finds out whether the peers of open WebSockets are still there, by pings (RFC 6455 5.5.2). Off by default. Anything that a peer sends is a sign of
/// life, not only pongs, and while receiving is paused nobody is asked. Read when the WebSocket opens.
/// </summary>
/// <remarks>
/// A virtual host and a client may have one of their own, which replaces that of the context as a whole. The pongs come as <c>OnPong</c> like any other. A
/// connection whose peer talks costs nothing but one timer that looks on, once for each <see cref="PingAfter"/>.
/// </remarks>
public sealed class WebSocketKeepAlive
{
    /// <summary>
    /// After how long without a byte from the peer it is sent a ping. Between 1 ms and 24 days; default
    /// <see cref="Timeout.InfiniteTimeSpan"/>: no pings, and nobody is given up.
    /// </summary>
    public TimeSpan PingAfter { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How long after that ping the peer may still be silent; then the connection is dropped, and <c>OnClosed</c> says 1006 and
    /// <see cref="CloseOrigin.Timeout"/>. A peer that takes no bytes, so that not even the ping can leave, has this long as well. Default 10 s. Between
    /// 1 ms and 24 days; <see cref="Timeout.InfiniteTimeSpan"/> pings without giving up, which keeps what lies in between from forgetting the connection.
    /// </summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromSeconds(10);

    internal bool IsOn => PingAfter != Timeout.InfiniteTimeSpan;

    internal void Validate()
    {
        ConnectionTimeouts.Check(PingAfter, nameof(PingAfter));
        ConnectionTimeouts.Check(GiveUpAfter, nameof(GiveUpAfter));
    }
}
