using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>What a complete head says about the connection and the body, and whether it contradicts itself.</summary>
internal sealed partial class HttpHead
{
    // The fields that ReadField looks into.
    private static readonly KnownHeaderSet Decides = KnownHeaderSet.Of(
        KnownHeader.Host, KnownHeader.ContentLength, KnownHeader.TransferEncoding, KnownHeader.Connection, KnownHeader.Upgrade, KnownHeader.Expect);

    private RequestMethod _requestMethod;
    private bool _closeAsked;
    private bool _keepAliveAsked;
    private bool _upgradeNamed;
    private bool _webSocketNamed;
    private bool _continueExpected;

    /// <summary>How the body is delimited.</summary>
    internal BodyFraming Framing { get; private set; }

    /// <summary>The value of Content-Length, or -1 when there is none.</summary>
    internal long ContentLength { get; private set; }

    /// <summary>Whether the connection may carry another message after this one and its answer (RFC 9112 9.3).</summary>
    internal bool KeepAlive { get; private set; }

    /// <summary>Whether the client waits for <c>100 Continue</c> before it sends the body (RFC 9110 10.1.1).</summary>
    internal bool ExpectsContinue { get; private set; }

    /// <summary>
    /// Whether <c>Upgrade</c> has the token <c>websocket</c> and <c>Connection</c> the token <c>upgrade</c>; see
    /// <see cref="WebSocketUpgrade"/>.
    /// </summary>
    internal bool WantsWebSocket => NamesUpgrade && NamesWebSocket;

    /// <summary>Whether <c>Connection</c> has the token <c>upgrade</c>.</summary>
    internal bool NamesUpgrade => IsComplete && _upgradeNamed;

    /// <summary>Whether <c>Upgrade</c> has the token <c>websocket</c>.</summary>
    internal bool NamesWebSocket => IsComplete && _webSocketNamed;

    private void ResetMeaning(RequestMethod requestMethod)
    {
        _requestMethod = requestMethod;
        _closeAsked = false;
        _keepAliveAsked = false;
        _upgradeNamed = false;
        _webSocketNamed = false;
        _continueExpected = false;
        Method = RequestMethod.Other;
        Framing = BodyFraming.None;
        ContentLength = -1;
        KeepAlive = false;
        ExpectsContinue = false;
    }

    private HeadStatus Conclude()
    {
        ProtocolFault fault = Kind switch
        {
            HttpHeadKind.Request => ConcludeRequest(),
            HttpHeadKind.Response => ConcludeResponse(),
            _ => ReadFields(),
        };
        return fault == ProtocolFault.None ? HeadStatus.Complete : Refuse(fault);
    }

    private ProtocolFault ConcludeRequest()
    {
        Method = RequestMethods.Find(Text(_requestLine.Start, _requestLine.MethodEnd));
        int pathEnd = _requestLine.PathEnd - _requestLine.TargetStart;
        ProtocolFault fault = RequestTarget.Parse(Text(_requestLine.TargetStart, _requestLine.TargetEnd), Method, pathEnd, out _target);
        if (fault != ProtocolFault.None)
            return fault;
        fault = ReadFields();
        if (fault != ProtocolFault.None)
            return fault;

        // RFC 9112 3.2: a request of HTTP/1.1 without Host is refused.
        if (MinorVersion > 0 && !HasField(KnownHeader.Host))
            return ProtocolFault.MissingHost;
        fault = ReadFraming();
        ExpectsContinue = _continueExpected && MinorVersion > 0 && Framing != BodyFraming.None;
        KeepAlive = !_closeAsked && (MinorVersion > 0 || _keepAliveAsked);
        return fault;
    }

    private ProtocolFault ConcludeResponse()
    {
        ProtocolFault fault = ReadFields();
        if (fault != ProtocolFault.None)
            return fault;
        fault = ReadFraming();
        if (fault != ProtocolFault.None)
            return fault;

        // RFC 9112 6.3: these have no body, whatever their fields say. RFC 9110 8.6 and RFC 9112 6.1: for 1xx and 204 the fields must
        // not even be there; a length of zero is harmless, and common.
        bool never = StatusLineCode is < 200 or 204;
        if (never && Framing != BodyFraming.None)
            return ProtocolFault.UnexpectedBody;
        if (never || StatusLineCode == 304 || _requestMethod == RequestMethod.Head)
            Framing = BodyFraming.None;
        else if (Framing == BodyFraming.None && ContentLength < 0)
            Framing = BodyFraming.UntilClose;
        KeepAlive = !_closeAsked && (MinorVersion > 0 || _keepAliveAsked) && Framing != BodyFraming.UntilClose;
        return ProtocolFault.None;
    }

    private int StatusLineCode => _statusLine.StatusCode;

    // Names are recognised, values trimmed, and the fields that decide about the connection are read, in the order of arrival.
    private ProtocolFault ReadFields()
    {
        for (int i = 0; i < _lines; i++)
        {
            ref FieldSlot slot = ref _fields[i];
            if (slot.Known == NotLookedUp)
                LookUp(ref slot);
            FieldCount = i + 1;
            if (slot.Known == KnownHeader.None)
                continue;

            if (Kind == HttpHeadKind.Trailers ? TrailerFields.IsForbidden(slot.Known) : Decides.Contains(slot.Known))
            {
                ProtocolFault fault = ReadField(slot.Known, Text(slot.ValueStart, slot.ValueEnd));
                if (fault != ProtocolFault.None)
                    return fault;
            }

            _known.Add(slot.Known);
        }
        return ProtocolFault.None;
    }

    // A line that came in pieces could not be looked at as a whole before.
    private void LookUp(ref FieldSlot slot)
    {
        slot.Known = KnownHeaders.Find(Text(slot.NameStart, slot.NameEnd));
        byte[] text = _text;
        while (slot.ValueStart < slot.ValueEnd && HttpChars.IsBlank(text[slot.ValueStart]))
            slot.ValueStart++;
        while (slot.ValueEnd > slot.ValueStart && HttpChars.IsBlank(text[slot.ValueEnd - 1]))
            slot.ValueEnd--;
    }

    private ProtocolFault ReadField(KnownHeader known, ReadOnlySpan<byte> value)
    {
        if (Kind == HttpHeadKind.Part)
            return ProtocolFault.None;
        if (Kind == HttpHeadKind.Trailers)
            return ProtocolFault.ForbiddenTrailer;

        bool repeated = HasField(known);
        switch (known)
        {
            case KnownHeader.Host when Kind == HttpHeadKind.Request:
                if (repeated)
                    return ProtocolFault.DuplicateHost;
                return HostName.IsValid(value) ? ProtocolFault.None : ProtocolFault.InvalidHost;
            case KnownHeader.ContentLength when repeated:
                return ProtocolFault.DuplicateContentLength;
            case KnownHeader.TransferEncoding when repeated:
                return ProtocolFault.DuplicateTransferEncoding;
            case KnownHeader.Connection:
                return ReadConnection(value);
            case KnownHeader.Upgrade:
                _webSocketNamed |= TokenList.Contains(value, "websocket"u8);
                return ProtocolFault.None;
            case KnownHeader.Expect when Kind == HttpHeadKind.Request:
                return ReadExpect(value);
            default:
                return ProtocolFault.None;
        }
    }

    private ProtocolFault ReadConnection(ReadOnlySpan<byte> value)
    {
        foreach (ReadOnlySpan<byte> option in TokenList.Elements(value))
        {
            switch (KnownHeaders.Find(option))
            {
                case KnownHeader.Upgrade:
                    _upgradeNamed = true;
                    break;
                case KnownHeader.KeepAlive:
                    _keepAliveAsked = true;
                    break;

                // RFC 9110 7.6.1: a named field is removed at the next hop. A request without these three would be another request.
                case KnownHeader.Host or KnownHeader.ContentLength or KnownHeader.TransferEncoding:
                    return ProtocolFault.ConnectionNamesNeededField;
                case KnownHeader.None:
                    _closeAsked |= Ascii.EqualsIgnoreCase(option, "close"u8);
                    break;
            }
        }
        return ProtocolFault.None;
    }

    private ProtocolFault ReadExpect(ReadOnlySpan<byte> value)
    {
        foreach (ReadOnlySpan<byte> expectation in TokenList.Elements(value))
        {
            // RFC 9110 10.1.1: no other expectation was ever defined.
            if (!Ascii.EqualsIgnoreCase(expectation, "100-continue"u8))
                return ProtocolFault.UnknownExpectation;
            _continueExpected = true;
        }
        return ProtocolFault.None;
    }

    private ProtocolFault ReadFraming()
    {
        bool hasLength = HasField(KnownHeader.ContentLength);
        bool hasCoding = HasField(KnownHeader.TransferEncoding);
        if (!hasLength && !hasCoding)
            return ProtocolFault.None;

        // RFC 9112 6.1 allows to go on with the coding. It is how requests are smuggled, so we do not.
        if (hasLength && hasCoding)
            return ProtocolFault.LengthAndTransferEncoding;
        if (hasLength)
        {
            if (!BodyLength.TryParse(FirstValue(KnownHeader.ContentLength), out long length))
                return ProtocolFault.InvalidContentLength;
            ContentLength = length;
            Framing = length == 0 ? BodyFraming.None : BodyFraming.Length;
            return ProtocolFault.None;
        }

        // RFC 9112 6.1: HTTP/1.0 does not know transfer codings, so the framing of such a message is faulty.
        if (MinorVersion == 0)
            return ProtocolFault.TransferEncodingOnHttp10;
        Framing = BodyFraming.Chunked;
        return TransferCoding.Check(FirstValue(KnownHeader.TransferEncoding));
    }
}
