namespace EventLoops;

/// <summary>
/// Why a WebSocket was closed: the codes of RFC 6455 7.4.1 and of the registry that it opened. Codes of your own are
/// 3000 to 3999 (registered) and 4000 to 4999 (private); cast them.
/// </summary>
public enum WebSocketCloseCode : ushort
{
    /// <summary>No code: nothing has been closed, or nothing was said.</summary>
    None = 0,

    /// <summary>The purpose of the connection is fulfilled.</summary>
    Normal = 1000,

    /// <summary>An endpoint goes away: a server shuts down, a page is left.</summary>
    GoingAway = 1001,

    /// <summary>The other side broke the protocol.</summary>
    ProtocolError = 1002,

    /// <summary>A kind of data came that the endpoint cannot take, such as binary where it knows only text.</summary>
    UnsupportedData = 1003,

    /// <summary>The close frame had no code. Reported only, never sent.</summary>
    NoStatus = 1005,

    /// <summary>The connection ended without a close frame. Reported only, never sent.</summary>
    Abnormal = 1006,

    /// <summary>The data does not fit its type, such as text that is not UTF-8.</summary>
    InvalidPayload = 1007,

    /// <summary>A policy was violated and no other code fits.</summary>
    PolicyViolation = 1008,

    /// <summary>A message was too big to be processed.</summary>
    MessageTooBig = 1009,

    /// <summary>A client needs an extension that the server did not negotiate.</summary>
    MandatoryExtension = 1010,

    /// <summary>An unexpected condition kept the endpoint from going on, such as a callback that threw.</summary>
    InternalError = 1011,

    /// <summary>The service restarts; a client may come back after a random pause.</summary>
    ServiceRestart = 1012,

    /// <summary>The service is overloaded; a client should come back later or elsewhere.</summary>
    TryAgainLater = 1013,

    /// <summary>A gateway got a bad response from the server behind it.</summary>
    BadGateway = 1014,

    /// <summary>The TLS handshake failed. Reported only, never sent.</summary>
    TlsHandshake = 1015,
}
