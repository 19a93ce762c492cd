namespace EventLoops;

/// <summary>How far a client came before it failed, in the order in which it goes.</summary>
public enum ConnectStage : byte
{
    /// <summary>The host name was being looked up.</summary>
    Resolve,

    /// <summary>The TCP connection was being made, to the proxy if there is one.</summary>
    Connect,

    /// <summary>The proxy was asked for a tunnel.</summary>
    Proxy,

    /// <summary>TLS was being negotiated.</summary>
    Tls,

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

    /// <summary>The status of the server's reply, or of the proxy's; 0 when there was none.</summary>
    public int HttpStatus { get; init; }

    /// <summary>Whether a deadline passed.</summary>
    public bool IsTimeout { get; init; }

    /// <summary>
    /// Whether the same attempt may end better later: the network or the server was not there, too slow or too busy. False for what will not change by itself: a wrong
    /// answer, a refusal, a name that does not exist.
    /// </summary>
    public bool IsTransient { get; init; }

    /// <summary>One line for a log.</summary>
    /// <returns>For example <c>connect: ECONNREFUSED (Connection refused)</c>.</returns>
    public override string ToString() => $"{Stage.ToString().ToLowerInvariant()}: {Reason}";

    /// <summary>The system has said no.</summary>
    internal static ConnectFailure Of(ConnectStage stage, Errno errno) =>
        new() { Stage = stage, Reason = errno.Describe(), SystemError = errno, IsTransient = true };

    /// <summary>The peer has broken a rule, or answered with a status that is none that was hoped for.</summary>
    internal static ConnectFailure Of(ConnectStage stage, ProtocolFault fault, int status = 0) => new()
    {
        Stage = stage,
        Reason = fault.Describe() + (status == 0 ? "" : $" ({status})"),
        Fault = fault,
        HttpStatus = status,
        IsTransient = IsTransientStatus(status),
    };

    /// <summary>RFC 9110 15.5.9, 15.6.3 to 15.6.5 and RFC 6585 4: statuses that speak of the moment.</summary>
    private static bool IsTransientStatus(int status) => status is 408 or 429 or 502 or 503 or 504;
}
