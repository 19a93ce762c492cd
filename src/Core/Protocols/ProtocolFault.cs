namespace EventLoops;

/// <summary>
/// What a peer did wrong, as a value: one member for each rule that is enforced. A fault never travels as an exception.
/// The numbers are part of the contract (they appear in logs and metrics) and never change.
/// </summary>
/// <remarks>
/// 100 to 199 are WebSocket frames (RFC 6455 section 5), 200 to 299 the WebSocket handshake (RFC 6455 section 4), 300 and above HTTP/1.1.
/// What each fault is answered with is in <see cref="ProtocolFaults"/>.
/// </remarks>
public enum ProtocolFault
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>A client sent a frame without a mask (RFC 6455 5.1).</summary>
    UnmaskedFrame = 100,

    /// <summary>A server sent a masked frame (RFC 6455 5.1).</summary>
    MaskedFrame = 101,

    /// <summary>A frame has a reserved bit set that no negotiated extension owns (RFC 6455 5.2).</summary>
    ReservedBitSet = 102,

    /// <summary>RSV1 is set on a control or continuation frame, where no extension defines it (RFC 7692 6.1).</summary>
    Rsv1Misplaced = 103,

    /// <summary>A frame has one of the opcodes 3 to 7 or 11 to 15, which are reserved (RFC 6455 5.2).</summary>
    UnknownOpcode = 104,

    /// <summary>A control frame has no FIN bit: control frames cannot be fragmented (RFC 6455 5.5).</summary>
    FragmentedControlFrame = 105,

    /// <summary>A control frame declares more than 125 bytes of payload (RFC 6455 5.5).</summary>
    ControlFrameTooLong = 106,

    /// <summary>A 64-bit payload length has its most significant bit set (RFC 6455 5.2).</summary>
    LengthNegative = 107,

    /// <summary>A payload length is written in more bytes than it needs (RFC 6455 5.2).</summary>
    LengthNotShortest = 108,

    /// <summary>A continuation frame came while no message was open (RFC 6455 5.4).</summary>
    NothingToContinue = 109,

    /// <summary>A text or binary frame came while a fragmented message was still open (RFC 6455 5.4).</summary>
    MessageInsideMessage = 110,

    /// <summary>A message is longer than the limit (RFC 6455 10.4). It is refused at the header that says so, before any of that payload is read.</summary>
    MessageTooBig = 111,

    /// <summary>A message is cut into more frames than the limit (RFC 6455 10.4).</summary>
    TooManyFragments = 112,

    /// <summary>A text message has a byte that cannot be UTF-8 (RFC 6455 8.1).</summary>
    InvalidText = 113,

    /// <summary>A text message ends inside a character (RFC 6455 8.1).</summary>
    TruncatedText = 114,

    /// <summary>A close frame has a payload of one byte, which is too short for a code (RFC 6455 5.5.1).</summary>
    ClosePayloadTooShort = 115,

    /// <summary>A close frame carries a code that must not be sent (RFC 6455 7.4).</summary>
    CloseCodeInvalid = 116,

    /// <summary>The reason in a close frame is not UTF-8 (RFC 6455 5.5.1).</summary>
    CloseReasonInvalid = 117,

    /// <summary>An upgrade to WebSocket was asked for with a method other than GET (RFC 6455 4.1).</summary>
    UpgradeMethodNotGet = 200,

    /// <summary>An upgrade to WebSocket was asked for in HTTP/1.0 (RFC 6455 4.1).</summary>
    UpgradeHttpVersion = 201,

    /// <summary>The request has no <c>Sec-WebSocket-Key</c> (RFC 6455 4.2.1).</summary>
    KeyMissing = 202,

    /// <summary>The request has more than one <c>Sec-WebSocket-Key</c> (RFC 6455 11.3.1).</summary>
    KeyRepeated = 203,

    /// <summary>The value of <c>Sec-WebSocket-Key</c> is not sixteen bytes in base64 (RFC 6455 4.2.1).</summary>
    KeyMalformed = 204,

    /// <summary>The request has no <c>Sec-WebSocket-Version</c> (RFC 6455 4.2.1).</summary>
    VersionMissing = 205,

    /// <summary>The value of <c>Sec-WebSocket-Version</c> is not exactly 13 (RFC 6455 4.2.2).</summary>
    VersionUnsupported = 206,

    /// <summary>A <c>Sec-WebSocket-Protocol</c> field has an empty or malformed name (RFC 6455 4.1).</summary>
    SubprotocolMalformed = 207,

    /// <summary>The same name is offered twice in <c>Sec-WebSocket-Protocol</c> (RFC 6455 4.1).</summary>
    SubprotocolRepeated = 208,

    /// <summary>None of the names in <c>Sec-WebSocket-Protocol</c> is served here (RFC 6455 4.2.2).</summary>
    SubprotocolUnknown = 209,

    /// <summary>A <c>Sec-WebSocket-Extensions</c> field does not follow the grammar (RFC 6455 9.1).</summary>
    ExtensionsMalformed = 210,

    /// <summary>The request comes from a page of an origin that is not allowed (RFC 6455 10.2).</summary>
    OriginRefused = 211,

    /// <summary>The request has more than one <c>Origin</c> (RFC 6454 7.3).</summary>
    OriginRepeated = 212,

    /// <summary>The server answered an upgrade with a status other than 101 (RFC 6455 4.1).</summary>
    ReplyStatusNot101 = 220,

    /// <summary>The server's 101 has no <c>Upgrade</c> field with the token <c>websocket</c> (RFC 6455 4.1).</summary>
    ReplyWithoutUpgrade = 221,

    /// <summary>The server's 101 has no <c>Connection</c> field with the token <c>Upgrade</c> (RFC 6455 4.1).</summary>
    ReplyWithoutConnection = 222,

    /// <summary>The server's 101 has no <c>Sec-WebSocket-Accept</c>, or more than one (RFC 6455 4.1, 11.3.3).</summary>
    ReplyAcceptMissing = 223,

    /// <summary>The server's <c>Sec-WebSocket-Accept</c> is not the answer to our key (RFC 6455 4.1).</summary>
    ReplyAcceptWrong = 224,

    /// <summary>The server chose a subprotocol that was not offered, or more than one (RFC 6455 4.1).</summary>
    ReplySubprotocolNotOffered = 225,

    /// <summary>The server chose an extension that was not offered (RFC 6455 4.1).</summary>
    ReplyExtensionNotOffered = 226,
}
