namespace EventLoops.Protocols.Http;

/// <summary>The grammar of a status line (RFC 9112 4) at any cut. Positions are counted from the first byte of the head.</summary>
internal struct StatusLine
{
    private Place _place;
    private int _digits;
    private HttpVersion _version;

    private enum Place : byte
    {
        Version,
        Space,
        Code,
        CodeEnd,
        Reason,
        LineFeed,
    }

    internal int StatusCode { get; private set; }

    internal int ReasonStart { get; private set; }

    internal int ReasonEnd { get; private set; }

    internal readonly byte MinorVersion => _version.Minor;

    internal ProtocolFault Fault { get; private set; }

    /// <summary>
    /// Goes on from <paramref name="at"/> and stops behind the line's end or its first wrong byte; see <see cref="RequestLine.Scan"/>.
    /// </summary>
    internal HeadStatus Scan(ReadOnlySpan<byte> input, ref int at, int origin)
    {
        while (at < input.Length)
        {
            HeadStatus status = _place switch
            {
                Place.Version => ScanVersion(input, ref at),
                Place.Reason => ScanReason(input, ref at, origin),
                Place.CodeEnd => ScanCodeEnd(input[at++], origin + at),
                Place.LineFeed => input[at++] == HttpChars.Lf ? HeadStatus.Complete : Refuse(ProtocolFault.BareCarriageReturn),
                _ => ScanCode(input[at++]),
            };
            if (status != HeadStatus.NeedMore)
                return status;
        }
        return HeadStatus.NeedMore;
    }

    private HeadStatus ScanVersion(ReadOnlySpan<byte> input, ref int at)
    {
        HeadStatus status = _version.Scan(input, ref at);
        if (status == HeadStatus.Fault)
            return Refuse(_version.Fault);
        if (status == HeadStatus.Complete)
            _place = Place.Space;
        return HeadStatus.NeedMore;
    }

    private HeadStatus ScanCode(byte next)
    {
        if (_place == Place.Space)
        {
            _place = Place.Code;
            return next == HttpChars.Space ? HeadStatus.NeedMore : Refuse(ProtocolFault.InvalidStatusLine);
        }

        // RFC 9110 15: three digits, of which the first names the class and is never 0.
        if (!HttpChars.IsDigit(next) || (_digits == 0 && next == '0'))
            return Refuse(ProtocolFault.InvalidStatusLine);
        StatusCode = (StatusCode * 10) + (next - '0');
        if (++_digits == 3)
            _place = Place.CodeEnd;
        return HeadStatus.NeedMore;
    }

    // RFC 9112 4 wants the space even when no reason follows; servers in wide use leave it out, and nothing can be hidden by that.
    private HeadStatus ScanCodeEnd(byte next, int position)
    {
        ReasonStart = position;
        ReasonEnd = position;
        _place = next == HttpChars.Cr ? Place.LineFeed : Place.Reason;
        return next is HttpChars.Cr or HttpChars.Space ? HeadStatus.NeedMore : Refuse(ProtocolFault.InvalidStatusLine);
    }

    private HeadStatus ScanReason(ReadOnlySpan<byte> input, ref int at, int origin)
    {
        int length = input[at..].IndexOfAnyExcept(HttpChars.FieldValue);
        if (length < 0)
        {
            at = input.Length;
            return HeadStatus.NeedMore;
        }

        at += length;
        ReasonEnd = origin + at;
        _place = Place.LineFeed;
        return input[at++] switch
        {
            HttpChars.Cr => HeadStatus.NeedMore,
            HttpChars.Lf => Refuse(ProtocolFault.BareLineFeed),
            _ => Refuse(ProtocolFault.InvalidStatusLine),
        };
    }

    private HeadStatus Refuse(ProtocolFault fault)
    {
        Fault = fault;
        return HeadStatus.Fault;
    }
}
