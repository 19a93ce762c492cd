namespace EventLoops;

/// <summary>How far a client came before it failed.</summary>
public enum ConnectStage : byte
{
    /// <summary>The host name was being looked up.</summary>
    Resolve,

    /// <summary>The TCP connection was being made.</summary>
    Connect,

    /// <summary>The request was sent and its reply awaited or checked.</summary>
    Handshake,
}

/// <summary>Why a client connection could not be made.</summary>
public readonly struct ConnectFailure
{
    /// <summary>How far it came.</summary>
    public ConnectStage Stage { get; init; }

    /// <summary>What happened, in words a person understands.</summary>
    public string Reason { get; init; }

    /// <summary>What the system said, or no error.</summary>
    public Errno SystemError { get; init; }

    /// <summary>The rule that the server's reply broke, or <see cref="ProtocolFault.None"/>.</summary>
    public ProtocolFault Fault { get; init; }

    /// <summary>The status of the server's reply, or 0 when there was none.</summary>
    public int HttpStatus { get; init; }

    /// <summary>Whether a deadline passed.</summary>
    public bool IsTimeout { get; init; }

    /// <summary>One line for a log.</summary>
    /// <returns>For example <c>connect: ECONNREFUSED (Connection refused)</c>.</returns>
    public override string ToString() => $"{Stage.ToString().ToLowerInvariant()}: {Reason}";
}
