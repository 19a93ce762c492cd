namespace EventLoops;

/// <summary>Who or what brought a WebSocket to its end.</summary>
public enum CloseOrigin : byte
{
    /// <summary>This side asked for it.</summary>
    Local,

    /// <summary>The peer sent a close frame or went away.</summary>
    Remote,

    /// <summary>A deadline passed.</summary>
    Timeout,

    /// <summary>The peer broke the protocol, the network failed, or a callback threw.</summary>
    Error,
}

/// <summary>How a WebSocket ended.</summary>
public readonly struct CloseInfo
{
    /// <summary>
    /// The close code: the one received when the peer began, the one sent when this side began, <see cref="WebSocketCloseCode.NoStatus"/>
    /// for a close frame without one, and <see cref="WebSocketCloseCode.Abnormal"/> when the stream ended without a close frame
    /// (RFC 6455 7.1.5).
    /// </summary>
    public WebSocketCloseCode Code { get; init; }

    /// <summary>The text that came with the code. Empty when there was none.</summary>
    public string Reason { get; init; }

    /// <summary>Who or what brought the end.</summary>
    public CloseOrigin Origin { get; init; }

    /// <summary>Whether close frames went both ways.</summary>
    public bool IsClean { get; init; }

    /// <summary>The rule that the peer broke, or <see cref="ProtocolFault.None"/>.</summary>
    public ProtocolFault Fault { get; init; }

    /// <summary>What the system said when the network failed, or no error.</summary>
    public Errno SystemError { get; init; }

    /// <summary>One line for a log: code, origin and what is known beyond.</summary>
    /// <returns>For example <c>1002 by error: the frame is not masked</c>.</returns>
    public override string ToString()
    {
        string detail = Fault != ProtocolFault.None ? ": " + Fault.Describe()
            : SystemError != Errno.None ? ": " + SystemError.Describe()
            : string.IsNullOrEmpty(Reason) ? "" : ": " + Reason;
        return $"{(int)Code} by {Origin.ToString().ToLowerInvariant()}{detail}";
    }
}
