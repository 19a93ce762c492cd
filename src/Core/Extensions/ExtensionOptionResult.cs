namespace EventLoops;

/// <summary>
/// What became of <see cref="Connection.SetExtensionOption"/>. Negative values are failures, as the original's -1; nothing has changed then.
/// </summary>
public enum ExtensionOptionResult
{
    /// <summary>The option has the value that was asked for.</summary>
    Applied = 0,

    /// <summary>The extension took another value than the one that was asked for, because something else limits it.</summary>
    Altered = 1,

    /// <summary>The extension is not active on this connection: it was not configured, not negotiated, or the WebSocket is not open.</summary>
    NotActive = -1,

    /// <summary>The extension has no such option.</summary>
    UnknownOption = -2,

    /// <summary>The value makes no sense, or would break what was agreed with the peer.</summary>
    Refused = -3,
}
