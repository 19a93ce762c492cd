namespace EventLoops;

/// <summary>
/// How long a connection may stay in a phase without finishing it. Each is counted from the phase's first moment, not from its last byte,
/// so a peer that trickles gains nothing. Between 1 ms and 24 days; <see cref="Timeout.InfiniteTimeSpan"/> switches one off.
/// </summary>
public sealed class ConnectionTimeouts
{
    /// <summary>From accepting to the end of the TLS handshake, on ports that speak TLS; then the connection is dropped. Default 10 s, as Kestrel.</summary>
    public TimeSpan TlsHandshake { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>From accepting, or from the end of the TLS handshake, to the first byte of a request; then the connection is dropped. Default 20 s, as libwebsockets 2.0.</summary>
    public TimeSpan FirstByte { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>From the first byte of a request head to its end; then the answer is 408. Default 30 s, as Kestrel.</summary>
    public TimeSpan RequestHead { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// From the end of a request's head to the end of its body; then the connection is dropped. Time in which receiving is paused does not count.
    /// Default 120 s.
    /// </summary>
    public TimeSpan RequestBody { get; set; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// How often a request's body is held to <see cref="ConnectionLimits.MinDataRate"/>: in each stretch of this length so much must come as that rate asks for, or
    /// the connection is dropped. A stretch in which receiving was paused does not count. Default 5 s, as Kestrel and IIS.
    /// </summary>
    public TimeSpan DataRateGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the kernel may refuse to take what was written, because the peer does not read; then the connection is dropped, with a reset. Bytes that it
    /// does take buy time by <see cref="ConnectionLimits.MinDataRate"/>, never more than this. HTTP and WebSocket, servers and clients. Default 60 s, as
    /// nginx (<c>send_timeout</c>).
    /// </summary>
    public TimeSpan Write { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>From one answer to the next request on the same connection. Default 5 s, as libwebsockets since 2.1 and Apache.</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>From our close frame to the peer's; then the connection is dropped. Default 5 s.</summary>
    public TimeSpan Close { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>For the last bytes to leave before a connection ends, each time the peer takes some. Default 5 s, as libwebsockets 2.0.</summary>
    public TimeSpan Flush { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// From our end of the stream to the peer's, while what it still sends is read and dropped: a socket that is closed with unread
    /// bytes resets the connection, and the peer would lose our last answer. Default 2 s.
    /// </summary>
    public TimeSpan Linger { get; set; } = TimeSpan.FromSeconds(2);

    internal void Validate()
    {
        Check(TlsHandshake, nameof(TlsHandshake));
        Check(FirstByte, nameof(FirstByte));
        Check(RequestHead, nameof(RequestHead));
        Check(RequestBody, nameof(RequestBody));
        Check(DataRateGrace, nameof(DataRateGrace));
        Check(Write, nameof(Write));
        Check(KeepAlive, nameof(KeepAlive));
        Check(Close, nameof(Close));
        Check(Flush, nameof(Flush));
        Check(Linger, nameof(Linger));
    }

    internal static void Check(TimeSpan value, string member)
    {
        if (value != Timeout.InfiniteTimeSpan && (value < TimeSpan.FromMilliseconds(1) || value.TotalMilliseconds > int.MaxValue))
            throw new ArgumentOutOfRangeException(member, value, $"{member} must lie between 1 ms and 24 days, or be Timeout.InfiniteTimeSpan.");
    }
}
