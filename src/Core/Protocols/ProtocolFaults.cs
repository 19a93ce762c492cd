namespace EventLoops;

/// <summary>What is answered to each <see cref="ProtocolFault"/>, and how it is said in a log: one table.</summary>
public static class ProtocolFaults
{
    /// <summary>Says in one English sentence what the peer did. The sentence is constant: it holds nothing that the peer sent.</summary>
    /// <param name="fault">The fault to describe. A value that is not a member gives a sentence that says so.</param>
    /// <returns>A constant string; nothing is allocated. Any thread.</returns>
    public static string Describe(this ProtocolFault fault) => Answer(fault).Sentence;

    /// <summary>
    /// The code of the close frame that answers the fault on an open WebSocket; <see cref="WebSocketCloseCode.None"/> before one is
    /// open.
    /// </summary>
    internal static WebSocketCloseCode CloseCode(this ProtocolFault fault) => Answer(fault).Close;

    /// <summary>The status of the HTTP response that answers the fault; 0 when none can be sent and the connection is dropped.</summary>
    /// <param name="fault">The fault to answer.</param>
    /// <returns>A status from 400 to 599, or 0. Any thread.</returns>
    public static int HttpStatus(this ProtocolFault fault) => Answer(fault).Status;

    private static Row Answer(ProtocolFault fault) => fault switch
    {
        ProtocolFault.None => default(Row) with { Sentence = "Nothing is wrong." },

        ProtocolFault.UnmaskedFrame => Frame(WebSocketCloseCode.ProtocolError, "The client sent a frame without a mask."),
        ProtocolFault.MaskedFrame => Frame(WebSocketCloseCode.ProtocolError, "The server sent a masked frame."),
        ProtocolFault.ReservedBitSet => Frame(WebSocketCloseCode.ProtocolError, "A frame has a reserved bit set that no extension owns."),
        ProtocolFault.Rsv1Misplaced => Frame(WebSocketCloseCode.ProtocolError, "A reserved bit is set on a control or continuation frame."),
        ProtocolFault.UnknownOpcode => Frame(WebSocketCloseCode.ProtocolError, "A frame has a reserved opcode."),
        ProtocolFault.FragmentedControlFrame => Frame(WebSocketCloseCode.ProtocolError, "A control frame is fragmented."),
        ProtocolFault.ControlFrameTooLong => Frame(WebSocketCloseCode.ProtocolError, "A control frame is longer than 125 bytes."),
        ProtocolFault.LengthNegative => Frame(WebSocketCloseCode.ProtocolError, "A 64-bit frame length has its top bit set."),
        ProtocolFault.LengthNotShortest => Frame(WebSocketCloseCode.ProtocolError, "A frame length is not written in its shortest form."),
        ProtocolFault.NothingToContinue => Frame(WebSocketCloseCode.ProtocolError, "A continuation frame came outside a message."),
        ProtocolFault.MessageInsideMessage => Frame(WebSocketCloseCode.ProtocolError, "A new message began inside a fragmented one."),
        ProtocolFault.MessageTooBig => Frame(WebSocketCloseCode.MessageTooBig, "A message is longer than the limit."),
        ProtocolFault.TooManyFragments => Frame(WebSocketCloseCode.PolicyViolation, "A message has more fragments than the limit."),
        ProtocolFault.InvalidText => Frame(WebSocketCloseCode.InvalidPayload, "A text message is not UTF-8."),
        ProtocolFault.TruncatedText => Frame(WebSocketCloseCode.InvalidPayload, "A text message ends inside a character."),
        ProtocolFault.ClosePayloadTooShort => Frame(WebSocketCloseCode.ProtocolError, "A close frame has a payload of one byte."),
        ProtocolFault.CloseCodeInvalid => Frame(WebSocketCloseCode.ProtocolError, "A close frame carries a code that must not be sent."),
        ProtocolFault.CloseReasonInvalid => Frame(WebSocketCloseCode.InvalidPayload, "The reason in a close frame is not UTF-8."),
        ProtocolFault.ExtensionDataInvalid => Frame(WebSocketCloseCode.InvalidPayload, "An extension cannot decode a message."),
        ProtocolFault.TooManyControlFrames => Frame(WebSocketCloseCode.PolicyViolation, "Control frames come faster than the limit."),

        ProtocolFault.UpgradeMethodNotGet => Request(400, "A WebSocket upgrade was asked for with a method other than GET."),
        ProtocolFault.UpgradeHttpVersion => Request(400, "A WebSocket upgrade was asked for in HTTP/1.0."),
        ProtocolFault.KeyMissing => Request(400, "The upgrade has no Sec-WebSocket-Key."),
        ProtocolFault.KeyRepeated => Request(400, "The upgrade has more than one Sec-WebSocket-Key."),
        ProtocolFault.KeyMalformed => Request(400, "The Sec-WebSocket-Key is not sixteen bytes in base64."),
        ProtocolFault.VersionMissing => Request(426, "The upgrade has no Sec-WebSocket-Version."),
        ProtocolFault.VersionUnsupported => Request(426, "The Sec-WebSocket-Version is not 13."),
        ProtocolFault.SubprotocolMalformed => Request(400, "A Sec-WebSocket-Protocol field is malformed."),
        ProtocolFault.SubprotocolRepeated => Request(400, "The same subprotocol is offered twice."),
        ProtocolFault.SubprotocolUnknown => Request(400, "None of the offered subprotocols is served here."),
        ProtocolFault.ExtensionsMalformed => Request(400, "A Sec-WebSocket-Extensions field is malformed."),
        ProtocolFault.OriginRefused => Request(403, "The origin of the request is not allowed."),
        ProtocolFault.OriginRepeated => Request(400, "The request has more than one Origin."),
        ProtocolFault.TooManySubprotocols => Request(400, "The upgrade offers too many subprotocols."),

        ProtocolFault.ReplyStatusNot101 => Reply("The server answered the upgrade with a status other than 101."),
        ProtocolFault.ReplyWithoutUpgrade => Reply("The server's 101 has no Upgrade field with the token websocket."),
        ProtocolFault.ReplyWithoutConnection => Reply("The server's 101 has no Connection field with the token Upgrade."),
        ProtocolFault.ReplyAcceptMissing => Reply("The server's 101 does not have exactly one Sec-WebSocket-Accept."),
        ProtocolFault.ReplyAcceptWrong => Reply("The server's Sec-WebSocket-Accept does not answer the key."),
        ProtocolFault.ReplySubprotocolNotOffered => Reply("The server chose a subprotocol that was not offered."),
        ProtocolFault.ReplyExtensionNotOffered => Reply("The server chose an extension that was not offered."),
        ProtocolFault.ReplyExtensionRefused => Reply("The server agreed to an extension in a way that was not offered."),

        ProtocolFault.TlsOnPlainPort => Reply("A TLS handshake was begun on a plain HTTP port."),
        ProtocolFault.InvalidMethod => Request(400, "The method of the request is malformed."),
        ProtocolFault.InvalidTarget => Request(400, "The request target holds a byte that cannot be there."),
        ProtocolFault.InvalidPercentEncoding => Request(400, "A percent sign has no two hexadecimal digits, or stands for NUL."),
        ProtocolFault.InvalidTargetForm => Request(400, "The form of the request target does not fit the method."),
        ProtocolFault.InvalidVersion => Request(400, "The HTTP version is missing or malformed."),
        ProtocolFault.VersionNotSupported => Request(505, "The major version of HTTP is not 1."),
        ProtocolFault.RequestLineTooLong => Request(414, "The request line is longer than the limit."),
        ProtocolFault.ConnectRefused => Request(405, "CONNECT was asked for, and this is no proxy."),
        ProtocolFault.MethodNotImplemented => Request(501, "The method of the request is not served here."),
        ProtocolFault.InvalidStatusLine => Reply("The status line of the response is malformed."),
        ProtocolFault.ReplyIsTls => Reply("The server speaks TLS on this port, and was asked without."),
        ProtocolFault.BareLineFeed => Request(400, "A line ends in LF without CR."),
        ProtocolFault.BareCarriageReturn => Request(400, "A CR is not followed by LF."),
        ProtocolFault.InvalidFieldName => Request(400, "The name of a field is malformed."),
        ProtocolFault.BlankBeforeColon => Request(400, "A blank stands before the colon of a field."),
        ProtocolFault.MissingColon => Request(400, "A field line has no colon."),
        ProtocolFault.FoldedField => Request(400, "A field line begins with a blank."),
        ProtocolFault.InvalidFieldValue => Request(400, "The value of a field holds a control byte."),
        ProtocolFault.TooManyFields => Request(431, "There are more header fields than the limit."),
        ProtocolFault.HeadTooLarge => Request(431, "The head is longer than the limit."),
        ProtocolFault.MissingHost => Request(400, "The request has no Host."),
        ProtocolFault.DuplicateHost => Request(400, "The request has more than one Host."),
        ProtocolFault.InvalidHost => Request(400, "The Host of the request is malformed."),
        ProtocolFault.ConnectionNamesNeededField => Request(400, "The Connection field names a field that the message cannot do without."),
        ProtocolFault.UnknownExpectation => Request(417, "The expectation of the request is unknown."),
        ProtocolFault.InvalidContentLength => Request(400, "The Content-Length is malformed."),
        ProtocolFault.DuplicateContentLength => Request(400, "There is more than one Content-Length."),
        ProtocolFault.LengthAndTransferEncoding => Request(400, "A message has both Content-Length and Transfer-Encoding."),
        ProtocolFault.InvalidTransferEncoding => Request(400, "The Transfer-Encoding is malformed."),
        ProtocolFault.DuplicateTransferEncoding => Request(400, "There is more than one Transfer-Encoding."),
        ProtocolFault.UnsupportedTransferCoding => Request(501, "The Transfer-Encoding names a coding that is not supported."),
        ProtocolFault.TransferEncodingOnHttp10 => Request(400, "A message of HTTP/1.0 has a Transfer-Encoding."),
        ProtocolFault.UnexpectedBody => Reply("A response that cannot have a body announces one."),
        ProtocolFault.BodyTooLarge => Request(413, "The body is longer than the limit."),
        ProtocolFault.BodyCutShort => Reply("The connection ended inside a body."),
        ProtocolFault.TooManyInterimResponses => Reply("The server sent too many interim answers."),
        ProtocolFault.TooManyRedirects => Reply("The server redirects more often than is followed."),
        ProtocolFault.InvalidRedirect => Reply("The server redirects to something that cannot be asked."),
        ProtocolFault.RedirectToPlain => Reply("The server redirects from TLS to none."),
        ProtocolFault.UnexpectedUpgrade => Reply("The server upgrades a request that did not ask for it."),
        ProtocolFault.ProxyRefused => Reply("The proxy gives no way to the server."),
        ProtocolFault.InvalidChunkSize => Request(400, "The size of a chunk is malformed."),
        ProtocolFault.InvalidChunkExtension => Request(400, "A chunk extension is malformed."),
        ProtocolFault.ChunkExtensionsTooLong => Request(400, "The chunk extensions are longer than the limit."),
        ProtocolFault.ChunkNotTerminated => Request(400, "A chunk is not followed by a line end."),
        ProtocolFault.ForbiddenTrailer => Request(400, "A trailer has a field that is not allowed there."),
        ProtocolFault.TrailersTooLarge => Request(400, "The trailers are longer than the limit."),
        ProtocolFault.RequestTimeout => Request(408, "The request did not arrive in time."),
        ProtocolFault.BodyTooSlow => Request(408, "The body arrives too slowly."),
        ProtocolFault.PathAboveRoot => Request(404, "The path leads above the root."),
        ProtocolFault.MissingCgiField => Reply("The program's answer has no Content-Type, Location or Status."),
        ProtocolFault.InvalidPathText => Request(400, "The decoded path is not UTF-8."),

        ProtocolFault.FormBoundaryMalformed => Request(400, "A boundary of the form is malformed."),
        ProtocolFault.FormPartMalformed => Request(400, "The head of a part of the form is malformed."),
        ProtocolFault.FormTooLarge => Request(413, "The form holds more than the limit."),
        ProtocolFault.FormEncodingInvalid => Request(400, "A percent sign in the form has no two hexadecimal digits."),
        ProtocolFault.FormCutShort => Request(400, "The form ends before its closing boundary."),

        ProtocolFault.TlsHandshakeFailed => Reply("The TLS handshake failed."),
        ProtocolFault.TlsCertificateRefused => Reply("The certificate of the peer was refused."),
        ProtocolFault.TlsAlert => Reply("The peer ended TLS by an alert."),
        ProtocolFault.TlsRecordInvalid => Reply("A TLS record is malformed, or was changed on its way."),
        ProtocolFault.TlsCutShort => Reply("The connection ended without the end of TLS."),
        ProtocolFault.TlsMessageFlood => Reply("There are more TLS messages without data than the limit."),
        ProtocolFault.MisdirectedRequest => Request(421, "The request is for another host than TLS was agreed with."),
        ProtocolFault.PlainHttpOnTlsPort => Request(400, "The request came without TLS on a port that speaks TLS."),

        ProtocolFault.ProxyHeaderMissing => Reply("A connection from a proxy does not begin with a PROXY header."),
        ProtocolFault.ProxyHeaderTooLong => Reply("A PROXY header is longer than the limit."),
        ProtocolFault.ProxyVersionUnknown => Reply("The version of a PROXY header is neither 1 nor 2."),
        ProtocolFault.ProxyCommandUnknown => Reply("The command of a PROXY header is neither LOCAL nor PROXY."),
        ProtocolFault.ProxyFamilyInvalid => Reply("A PROXY header names a family that a connection cannot have."),
        ProtocolFault.ProxyAddressInvalid => Reply("An address in a PROXY header is malformed."),
        ProtocolFault.ProxyExtensionMalformed => Reply("The extensions in a PROXY header do not add up."),

        _ => default(Row) with { Sentence = "An unknown fault." },
    };

    private static Row Frame(WebSocketCloseCode close, string sentence) => new(close, 0, sentence);

    private static Row Request(int status, string sentence) => new(WebSocketCloseCode.None, status, sentence);

    private static Row Reply(string sentence) => new(WebSocketCloseCode.None, 0, sentence);

    private readonly record struct Row(WebSocketCloseCode Close, int Status, string Sentence);
}
