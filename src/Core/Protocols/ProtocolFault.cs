namespace EventLoops;

/// <summary>
/// What a peer did wrong, as a value: one member for each rule that is enforced. A fault never travels as an exception.
/// The numbers are part of the contract (they appear in logs and metrics) and never change.
/// </summary>
/// <remarks>
/// 100 to 199 are WebSocket frames (RFC 6455 section 5), 200 to 299 the WebSocket handshake (RFC 6455 section 4), 300 to 399 HTTP/1.1, 400 to 499 forms,
/// 600 to 699 the PROXY protocol.
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

    /// <summary>A reserved bit is set on a control or continuation frame, where no extension defines it (RFC 7692 6.1).</summary>
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

    /// <summary>
    /// A message is longer than the limit (RFC 6455 10.4). It is refused at the header that says so, before any of that payload is
    /// read.
    /// </summary>
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

    /// <summary>A negotiated extension cannot decode what the peer sent: for permessage-deflate, no DEFLATE data (RFC 7692 7.2.2).</summary>
    ExtensionDataInvalid = 118,

    /// <summary>Pings, and pongs that nobody asked for, come faster than the limit (RFC 6455 10.4).</summary>
    TooManyControlFrames = 120,

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

    /// <summary>
    /// More names are offered in <c>Sec-WebSocket-Protocol</c> than any client has use for (RFC 6455 4.1 sets no number).
    /// </summary>
    TooManySubprotocols = 213,

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

    /// <summary>The server agreed to an extension with parameters that do not fit the offer (RFC 6455 9.1, RFC 7692 5.1).</summary>
    ReplyExtensionRefused = 227,

    /// <summary>
    /// The first bytes are a TLS ClientHello, on a port that speaks plain HTTP. Nothing is answered, since the peer could not read it.
    /// </summary>
    TlsOnPlainPort = 300,

    /// <summary>The method is empty, longer than 32 bytes, or not a token (RFC 9112 3.1).</summary>
    InvalidMethod = 301,

    /// <summary>The request target is empty or holds a blank, a control byte, a byte above ASCII, or a fragment (RFC 9112 3.2).</summary>
    InvalidTarget = 302,

    /// <summary>A <c>%</c> is not followed by two hexadecimal digits (RFC 3986 2.1), or stands for NUL.</summary>
    InvalidPercentEncoding = 303,

    /// <summary>The form of the request target does not fit the method (RFC 9112 3.2).</summary>
    InvalidTargetForm = 304,

    /// <summary>The first line has no version of the form <c>HTTP/1.1</c> (RFC 9112 2.3).</summary>
    InvalidVersion = 305,

    /// <summary>The major version of HTTP is not 1 (RFC 9110 15.6.6).</summary>
    VersionNotSupported = 306,

    /// <summary>The request line is longer than the limit (RFC 9112 3).</summary>
    RequestLineTooLong = 307,

    /// <summary>CONNECT was asked for, and nothing here is a tunnel (RFC 9110 9.3.6).</summary>
    ConnectRefused = 308,

    /// <summary>The method is well formed, but none that is served here (RFC 9110 9.1).</summary>
    MethodNotImplemented = 309,

    /// <summary>The first line of a response is not a version, a status of three digits, and a reason (RFC 9112 4).</summary>
    InvalidStatusLine = 310,

    /// <summary>A line ends in LF alone (RFC 9112 2.2).</summary>
    BareLineFeed = 311,

    /// <summary>A CR is not followed by LF (RFC 9112 2.2).</summary>
    BareCarriageReturn = 312,

    /// <summary>The server answered a plain request in TLS (RFC 8446 5.1): the port speaks TLS only.</summary>
    ReplyIsTls = 313,

    /// <summary>The name of a field is empty or not a token (RFC 9112 5).</summary>
    InvalidFieldName = 320,

    /// <summary>A blank stands between the name of a field and its colon (RFC 9112 5.1).</summary>
    BlankBeforeColon = 321,

    /// <summary>A field line ends before its colon (RFC 9112 5).</summary>
    MissingColon = 322,

    /// <summary>A field line begins with a blank: a folded value, which is obsolete (RFC 9112 5.2).</summary>
    FoldedField = 323,

    /// <summary>The value of a field holds a control byte (RFC 9110 5.5).</summary>
    InvalidFieldValue = 324,

    /// <summary>There are more field lines than the limit (RFC 6585 5).</summary>
    TooManyFields = 325,

    /// <summary>The head is longer than the limit (RFC 6585 5).</summary>
    HeadTooLarge = 326,

    /// <summary>A request of HTTP/1.1 has no Host field (RFC 9112 3.2).</summary>
    MissingHost = 327,

    /// <summary>A request has more than one Host field (RFC 9112 3.2).</summary>
    DuplicateHost = 328,

    /// <summary>The Host field is not a host with an optional port (RFC 9110 7.2).</summary>
    InvalidHost = 329,

    /// <summary>
    /// The Connection field names Host, Content-Length or Transfer-Encoding, which would take it from the message at the next hop (RFC
    /// 9110 7.6.1).
    /// </summary>
    ConnectionNamesNeededField = 330,

    /// <summary>The Expect field asks for something other than <c>100-continue</c> (RFC 9110 10.1.1).</summary>
    UnknownExpectation = 331,

    /// <summary>The Content-Length is not a number of digits only that fits in 63 bits (RFC 9110 8.6).</summary>
    InvalidContentLength = 340,

    /// <summary>There is more than one Content-Length field, even if they agree (RFC 9112 6.3).</summary>
    DuplicateContentLength = 341,

    /// <summary>A message has both Content-Length and Transfer-Encoding (RFC 9112 6.1).</summary>
    LengthAndTransferEncoding = 342,

    /// <summary>The Transfer-Encoding is empty, unknown, or goes on after chunked (RFC 9112 6.1).</summary>
    InvalidTransferEncoding = 343,

    /// <summary>There is more than one Transfer-Encoding field (RFC 9112 6.1 would join them; no client sends two).</summary>
    DuplicateTransferEncoding = 344,

    /// <summary>The Transfer-Encoding names a compression, which is not undone here (RFC 9112 6.1).</summary>
    UnsupportedTransferCoding = 345,

    /// <summary>A message of HTTP/1.0 has a Transfer-Encoding (RFC 9112 6.1).</summary>
    TransferEncodingOnHttp10 = 346,

    /// <summary>A response that has no body by its status announces one (RFC 9110 8.6, RFC 9112 6.1).</summary>
    UnexpectedBody = 347,

    /// <summary>A body is longer than the limit (RFC 9110 15.5.14).</summary>
    BodyTooLarge = 348,

    /// <summary>The peer closed before the end of a body (RFC 9112 8).</summary>
    BodyCutShort = 349,

    /// <summary>The server sent more interim answers (1xx) than the limit (RFC 9110 15.2).</summary>
    TooManyInterimResponses = 350,

    /// <summary>The server redirected more often than the limit (RFC 9110 15.4).</summary>
    TooManyRedirects = 351,

    /// <summary>The server redirected to something that is no address, or none that can be asked the same way (RFC 9110 10.2.2).</summary>
    InvalidRedirect = 352,

    /// <summary>The server redirected from TLS to none.</summary>
    RedirectToPlain = 353,

    /// <summary>The server answered 101 to a request that asked for no upgrade (RFC 9110 15.2.2).</summary>
    UnexpectedUpgrade = 354,

    /// <summary>The proxy answered a request for a tunnel with a status other than 2xx (RFC 9110 9.3.6).</summary>
    ProxyRefused = 355,

    /// <summary>The size of a chunk is not one to sixteen hexadecimal digits of at most 63 bits (RFC 9112 7.1).</summary>
    InvalidChunkSize = 360,

    /// <summary>A chunk extension holds a control byte or does not begin with a semicolon (RFC 9112 7.1.1).</summary>
    InvalidChunkExtension = 361,

    /// <summary>The chunk extensions are longer than the limit, in one line or in all (RFC 9112 7.1.1).</summary>
    ChunkExtensionsTooLong = 362,

    /// <summary>The bytes of a chunk are not followed by CRLF (RFC 9112 7.1).</summary>
    ChunkNotTerminated = 363,

    /// <summary>A trailer has a field that frames, routes or authenticates the message (RFC 9110 6.5.1).</summary>
    ForbiddenTrailer = 364,

    /// <summary>The trailers are longer, or more, than the limit (RFC 9112 7.1.2).</summary>
    TrailersTooLarge = 365,

    /// <summary>The head of a request did not arrive in time (RFC 9110 15.5.9).</summary>
    RequestTimeout = 380,

    /// <summary>The body arrives more slowly than the minimum rate.</summary>
    BodyTooSlow = 381,

    /// <summary>The dot segments of a path lead above the root (RFC 3986 5.2.4).</summary>
    PathAboveRoot = 390,

    /// <summary>A decoded path is not UTF-8 (RFC 3629 3).</summary>
    InvalidPathText = 391,

    /// <summary>A CGI program named neither the type of its document nor a location nor a status (RFC 3875 6.2.1).</summary>
    MissingCgiField = 395,

    /// <summary>A boundary between the parts of a form is followed by something else than a line end (RFC 2046 5.1.1).</summary>
    FormBoundaryMalformed = 400,

    /// <summary>A part of a form has a malformed head, or one without a Content-Disposition that names it (RFC 7578 4.2).</summary>
    FormPartMalformed = 401,

    /// <summary>A form has more fields, a longer head or a larger value than the limits of its reader.</summary>
    FormTooLarge = 402,

    /// <summary>A percent sign in a form is not followed by two hexadecimal digits.</summary>
    FormEncodingInvalid = 403,

    /// <summary>A form ends before its closing boundary (RFC 2046 5.1.1).</summary>
    FormCutShort = 404,

    /// <summary>The TLS handshake came to nothing: bytes that are none, or nothing that both sides can agree on (RFC 8446 4).</summary>
    TlsHandshakeFailed = 500,

    /// <summary>The peer's certificate was refused (RFC 8446 4.4.2).</summary>
    TlsCertificateRefused = 501,

    /// <summary>The peer has ended TLS by a fatal alert (RFC 8446 6.2).</summary>
    TlsAlert = 502,

    /// <summary>A TLS record is malformed, out of order, or was changed on its way (RFC 8446 5.2).</summary>
    TlsRecordInvalid = 503,

    /// <summary>The stream has ended without close_notify: whoever is between the peers may have cut it (RFC 8446 6.1).</summary>
    TlsCutShort = 504,

    /// <summary>More key updates and other TLS messages without data came in a second than the limit (RFC 8446 4.6.3).</summary>
    TlsMessageFlood = 505,

    /// <summary>A request came without TLS on a port that speaks TLS.</summary>
    PlainHttpOnTlsPort = 506,

    /// <summary>The request is for another host than TLS was agreed with (RFC 9110 7.4).</summary>
    MisdirectedRequest = 507,

    /// <summary>A connection from a proxy does not begin with a header of the PROXY protocol.</summary>
    ProxyHeaderMissing = 600,

    /// <summary>A header of the PROXY protocol has no line end within 107 bytes, or announces a block of more than 2 KiB.</summary>
    ProxyHeaderTooLong = 601,

    /// <summary>A header of the PROXY protocol has another version than 1 or 2.</summary>
    ProxyVersionUnknown = 602,

    /// <summary>A header of the PROXY protocol has another command than LOCAL or PROXY.</summary>
    ProxyCommandUnknown = 603,

    /// <summary>A header of the PROXY protocol names a family or a transport that is none, or that a connection cannot have.</summary>
    ProxyFamilyInvalid = 604,

    /// <summary>An address or a port in a header of the PROXY protocol is malformed, or is missing.</summary>
    ProxyAddressInvalid = 605,

    /// <summary>The extensions in a header of the PROXY protocol do not add up to its length.</summary>
    ProxyExtensionMalformed = 606,
}
