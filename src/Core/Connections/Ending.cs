namespace EventLoops;

/// <summary>What comes when the last bytes have left.</summary>
internal enum AfterFlush : byte
{
    /// <summary>Nothing: the peer knows that it is over and has nothing more to say.</summary>
    End,

    /// <summary>Our half of the stream is ended, and what the peer still sends is read and dropped until it ends its own.</summary>
    ShutdownAndLinger,

    /// <summary>The peer ends the stream first, as a WebSocket server does (RFC 6455 7.1.1).</summary>
    AwaitEndOfStream,
}

/// <summary>What is known of the end of a connection, from the moment at which it begins: one that is open has none of it.</summary>
internal sealed class Ending
{
    /// <summary>Why it ends, as the last callback is told.</summary>
    public CloseInfo Close { get; set; }

    /// <summary>What our close frame has said, for the time until the peer's has come (RFC 6455 7.1.2).</summary>
    public CloseInfo OwnClose { get; set; }

    public AfterFlush AfterFlush { get; set; }
}
