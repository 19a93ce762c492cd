namespace EventLoops.Protocols.WebSocket;

/// <summary>What a <see cref="FrameReader"/> accepts. One value serves all connections of a protocol.</summary>
internal readonly struct FrameReaderOptions
{
    /// <summary>Whether this side is the server, and so expects every frame to be masked; otherwise none may be (RFC 6455 5.1).</summary>
    internal bool IsServer { get; init; }

    /// <summary>The longest part in bytes: longer ones are cut at it. 0 leaves parts as the input brings them.</summary>
    internal int MaxPartSize { get; init; }

    /// <summary>The longest message in bytes, counted over its fragments as they are on the wire. 0 means no limit.</summary>
    internal long MaxMessageSize { get; init; }

    /// <summary>The largest number of frames in a message; empty ones count. 0 means no limit.</summary>
    internal int MaxFragments { get; init; }

    /// <summary>Whether text is checked to be UTF-8. Messages with a reserved bit are left to the extension that decodes them.</summary>
    internal bool ValidateUtf8 { get; init; }

    /// <summary>The bits that negotiated extensions own; any other is a fault (RFC 6455 5.2).</summary>
    internal ReservedBits AllowedBits { get; init; }
}
