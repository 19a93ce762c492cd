namespace EventLoops;

/// <summary>
/// Why user code is called. The numbers are those of the <c>LWS_CALLBACK_</c> constants of libwebsockets 2.0, so that traces of a program
/// and of its port compare line by line. <see cref="ReasonProtocol{TSession}"/> receives them; everyone else overrides the typed methods of
/// <see cref="Protocol{TSession}"/>, which name the reason that each of them stands for.
/// </summary>
public enum CallbackReason
{
    /// <summary>A WebSocket server connection is open; the 101 reply has left.</summary>
    Established = 0,

    /// <summary>A client connection could not be made.</summary>
    ClientConnectionError = 1,

    /// <summary>A client has a valid reply and its headers can still be read.</summary>
    ClientFilterPreEstablish = 2,

    /// <summary>A WebSocket client connection is open.</summary>
    ClientEstablished = 3,

    /// <summary>A WebSocket connection, of either side, has ended.</summary>
    Closed = 4,

    /// <summary>An accepted connection has ended without ever being a WebSocket.</summary>
    ClosedHttp = 5,

    /// <summary>A server received a part of a message.</summary>
    Receive = 6,

    /// <summary>A server received a pong.</summary>
    ReceivePong = 7,

    /// <summary>A client received a part of a message.</summary>
    ClientReceive = 8,

    /// <summary>A client received a pong.</summary>
    ClientReceivePong = 9,

    /// <summary>A client connection may be written to.</summary>
    ClientWriteable = 10,

    /// <summary>A server connection may be written to.</summary>
    ServerWriteable = 11,

    /// <summary>An HTTP request wants an answer.</summary>
    Http = 12,

    /// <summary>A part of a request's body.</summary>
    HttpBody = 13,

    /// <summary>A request's body is complete.</summary>
    HttpBodyCompletion = 14,

    /// <summary>The body of an answer may be continued.</summary>
    HttpWriteable = 16,

    /// <summary>A connection was accepted and may be refused before anything is read from it.</summary>
    FilterNetworkConnection = 17,

    /// <summary>A request head was read and may be refused before it is served.</summary>
    FilterHttpConnection = 18,

    /// <summary>An accepted connection has its object.</summary>
    ServerNewClientInstantiated = 19,

    /// <summary>A request to become a WebSocket may be inspected and refused.</summary>
    FilterProtocolConnection = 20,

    /// <summary>A client writes its request and header fields may be added.</summary>
    ClientAppendHandshakeHeader = 24,

    /// <summary>A server may decline an extension that a client offers.</summary>
    ConfirmExtensionOkay = 25,

    /// <summary>A client may leave an extension out of its offer.</summary>
    ClientConfirmExtensionSupported = 26,

    /// <summary>A protocol is taken into service on a virtual host.</summary>
    ProtocolInit = 27,

    /// <summary>A protocol leaves service on a virtual host.</summary>
    ProtocolDestroy = 28,

    /// <summary>A connection object was made.</summary>
    WsiCreate = 29,

    /// <summary>A connection object is about to be forgotten.</summary>
    WsiDestroy = 30,

    /// <summary>A descriptor joins the user's poll array.</summary>
    AddPollFd = 32,

    /// <summary>A descriptor leaves the user's poll array.</summary>
    DelPollFd = 33,

    /// <summary>
    /// The number under which the original reports every change of a mask. Here a change is reported as <see cref="SetModePollFd"/> and
    /// <see cref="ClearModePollFd"/>, so this one is never raised.
    /// </summary>
    ChangeModePollFd = 34,

    /// <summary>The user's poll array is about to be changed.</summary>
    LockPoll = 35,

    /// <summary>The change of the user's poll array is done.</summary>
    UnlockPoll = 36,

    /// <summary>The peer has sent a close frame. Its length is that of the frame's payload: the two bytes of the code, and the text.</summary>
    WsPeerInitiatedClose = 38,

    /// <summary>The head of a reply to a client's HTTP request is there, whatever its status.</summary>
    EstablishedClientHttp = 44,

    /// <summary>An HTTP client that had a reply has ended.</summary>
    ClosedClientHttp = 45,

    /// <summary>The body of a reply can be read; nothing more is received until it is.</summary>
    ReceiveClientHttp = 46,

    /// <summary>The reply to a client's HTTP request is complete.</summary>
    CompletedClientHttp = 47,

    /// <summary>A part of a reply's body, for a program that lets the library read.</summary>
    ReceiveClientHttpRead = 48,

    /// <summary>
    /// A request that a callback mount gave to a protocol is over, answered or cut: the protocol's last call for it, and the end of its session.
    /// The number is that of libwebsockets since 2.1.
    /// </summary>
    HttpDropProtocol = 50,

    /// <summary>The body of a client's HTTP request may be continued. The number is that of libwebsockets 2.1.</summary>
    ClientHttpWriteable = 57,

    /// <summary>Bits were added to an entry of the user's poll array. The original has no number of its own for it.</summary>
    SetModePollFd = 900,

    /// <summary>Bits were taken from an entry of the user's poll array. The original has no number of its own for it.</summary>
    ClearModePollFd = 901,

    /// <summary>A server received a ping, which has been answered. The original has no number of its own for it: it answers without telling.</summary>
    ReceivePing = 902,

    /// <summary>A client received a ping, which has been answered. The original has no number of its own for it.</summary>
    ClientReceivePing = 903,

    /// <summary>The first number that is free for a program's own use.</summary>
    User = 1000,
}
