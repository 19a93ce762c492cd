namespace EventLoops;

/// <summary>
/// What one connection may ask of this process. Every limit is checked before memory is taken for what exceeds it.
/// </summary>
public sealed class ConnectionLimits
{
    /// <summary>
    /// The longest request line, in bytes; beyond it the answer is 414. Default 8 KiB, as nginx (<c>large_client_header_buffers</c>) and Kestrel.
    /// </summary>
    public int MaxRequestLine { get; set; } = 8 * 1024;

    /// <summary>The largest message head, in bytes; beyond it the answer is 431. Default 32 KiB, as Kestrel.</summary>
    public int MaxHeadSize { get; set; } = 32 * 1024;

    /// <summary>The most header fields in a head; beyond it the answer is 431. Default 100, as Kestrel and Apache.</summary>
    public int MaxHeaderFields { get; set; } = 100;

    /// <summary>The largest request body, in bytes, declared or counted; beyond it the answer is 413. Default 30,000,000, as Kestrel and IIS.</summary>
    public long MaxRequestBody { get; set; } = 30_000_000;

    /// <summary>
    /// The most requests that one connection may make; the answer to the last says that it is (<c>Connection: close</c>). Default
    /// <see cref="int.MaxValue"/>, which is none, as Kestrel.
    /// </summary>
    public int MaxRequestsPerConnection { get; set; } = int.MaxValue;

    /// <summary>
    /// The slowest that a peer may be, in bytes a second: while it sends a request's body, and while it takes what it was sent and the kernel is full. Below it
    /// the connection is dropped; see <see cref="ConnectionTimeouts.DataRateGrace"/> and <see cref="ConnectionTimeouts.Write"/>. 0 lets peers be as slow
    /// as they like. Default 240, as Kestrel and IIS.
    /// </summary>
    public int MinDataRate { get; set; } = 240;

    /// <summary>
    /// The largest message, in bytes of payload over all its frames; beyond it the connection is closed with 1009 as soon as a frame header
    /// says so. Default 16 MiB, twice what a page usually moves in one message and a sixteenth of today's libwebsockets' limit.
    /// </summary>
    public long MaxMessageSize { get; set; } = 16 * 1024 * 1024;

    /// <summary>
    /// The most frames in one message, empty ones included; beyond it the connection is closed with 1008. Default 65,536: a 16 MiB message in
    /// pieces of 256 bytes.
    /// </summary>
    public int MaxFragments { get; set; } = 65_536;

    /// <summary>
    /// The most pings, and pongs that answer no ping of ours, that a peer may send within one second; beyond it the connection is closed with 1008.
    /// Default 1,000: each costs a callback and an answer, and a thousand unanswered control frames is where nghttp2 and Envoy end an HTTP/2 connection.
    /// </summary>
    public int MaxControlRate { get; set; } = 1000;

    /// <summary>
    /// The most bytes one write may carry, and with it the most that can be kept for a peer that does not read. Default 16 MiB, so that
    /// whatever may be received may be sent back.
    /// </summary>
    public int MaxWriteSize { get; set; } = 16 * 1024 * 1024;

    /// <summary>
    /// Pongs that wait for a peer that does not read, in order; of later ones only the newest is kept, which answers for all
    /// (RFC 6455 5.5.3). Default 16.
    /// </summary>
    public int MaxWaitingPongs { get; set; } = 16;

    internal void Validate()
    {
        ThrowIfBelow(MaxRequestLine, 64, nameof(MaxRequestLine));
        ThrowIfBelow(MaxHeadSize, MaxRequestLine, nameof(MaxHeadSize));
        ThrowIfBelow(MaxHeaderFields, 1, nameof(MaxHeaderFields));
        ThrowIfBelow(MaxRequestBody, 0, nameof(MaxRequestBody));
        ThrowIfBelow(MaxRequestsPerConnection, 1, nameof(MaxRequestsPerConnection));
        ThrowIfBelow(MinDataRate, 0, nameof(MinDataRate));
        ThrowIfBelow(MaxMessageSize, 125, nameof(MaxMessageSize));
        ThrowIfBelow(MaxFragments, 1, nameof(MaxFragments));
        ThrowIfBelow(MaxControlRate, 1, nameof(MaxControlRate));
        ThrowIfBelow(MaxWriteSize, 125, nameof(MaxWriteSize));
        ThrowIfBelow(MaxWaitingPongs, 1, nameof(MaxWaitingPongs));
    }

    private static void ThrowIfBelow(long value, long least, string member)
    {
        if (value < least)
            throw new ArgumentOutOfRangeException(member, value, $"{nameof(ConnectionLimits)}.{member} must be at least {least}.");
    }
}
