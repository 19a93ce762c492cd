namespace EventLoops.Protocols.Http;

/// <summary>
/// The grammar of a request line (RFC 9112 3) at any cut. Positions are counted from the first byte of the head;
/// the bytes themselves are kept by the head. Each wrong byte is refused when it is seen, not when the line ends.
/// <c>RequestLine.Whole.cs</c> is the short way for lines that are whole and in order.
/// </summary>
internal partial struct RequestLine
{
    /// <summary>No registered method is longer than half of this.</summary>
    internal const int MaxMethodLength = 32;

    private Place _place;
    private bool _skippedLine;
    private int _firstHexDigit;
    private HttpVersion _version;

    private enum Place : byte
    {
        LineStart,
        SkippedLineFeed,
        TlsVersion,
        Method,
        Target,
        HexDigit1,
        HexDigit2,
        Version,
        CarriageReturn,
        LineFeed,
    }

    /// <summary>Where the method begins: 0, or 2 when there was an empty line before.</summary>
    internal int Start { get; private set; }

    internal int MethodEnd { get; private set; }

    internal readonly int TargetStart => MethodEnd + 1;

    internal int TargetEnd { get; private set; }

    /// <summary>Where the path of the target ends, counted as the other positions, or 0 when the line came in pieces and nobody has looked.</summary>
    internal int PathEnd { get; private set; }

    /// <summary>Whether the target was seen to have nothing that a path must be decoded for: no percent sign, and no dot behind a slash.</summary>
    internal bool HasPlainPath { get; private set; }

    internal readonly byte MinorVersion => _version.Minor;

    internal ProtocolFault Fault { get; private set; }

    /// <summary>Goes on from <paramref name="at"/> and stops behind the line's end or its first wrong byte.</summary>
    /// <param name="input">The bytes that have come.</param>
    /// <param name="at">Where to go on; moved behind what was read.</param>
    /// <param name="origin">The position in the head of the first byte of <paramref name="input"/>.</param>
    internal HeadStatus Scan(ReadOnlySpan<byte> input, ref int at, int origin)
    {
        if (_place == Place.LineStart && TryTakeWhole(input, ref at, origin))
            return HeadStatus.Complete;

        while (at < input.Length)
        {
            HeadStatus status = _place switch
            {
                Place.Method => ScanMethod(input, ref at, origin),
                Place.Target => ScanTarget(input, ref at, origin),
                Place.Version => ScanVersion(input, ref at),
                Place.HexDigit1 or Place.HexDigit2 => ScanHexDigit(input[at++]),
                Place.CarriageReturn or Place.LineFeed => ScanLineEnd(input[at++]),
                _ => ScanLineStart(input, ref at, origin),
            };
            if (status != HeadStatus.NeedMore)
                return status;
        }
        return HeadStatus.NeedMore;
    }

    private HeadStatus ScanLineStart(ReadOnlySpan<byte> input, ref int at, int origin)
    {
        byte next = input[at];
        if (_place == Place.SkippedLineFeed)
        {
            at++;
            _place = Place.LineStart;
            _skippedLine = true;
            return next == HttpChars.Lf ? HeadStatus.NeedMore : Refuse(ProtocolFault.BareCarriageReturn);
        }

        // A TLS record of type handshake (22) and version 3.x: a TLS client on a plain port, which could not read an answer in clear text.
        if (_place == Place.TlsVersion)
        {
            at++;
            return Refuse(next == 0x03 ? ProtocolFault.TlsOnPlainPort : ProtocolFault.InvalidMethod);
        }

        // RFC 9112 2.2: one empty line before a request line is forgiven; old clients send it after a body.
        if (!_skippedLine && next is HttpChars.Cr or 0x16)
        {
            at++;
            _place = next == HttpChars.Cr ? Place.SkippedLineFeed : Place.TlsVersion;
            return HeadStatus.NeedMore;
        }

        Start = origin + at;
        _place = Place.Method;
        return HeadStatus.NeedMore;
    }

    private HeadStatus ScanMethod(ReadOnlySpan<byte> input, ref int at, int origin)
    {
        int allowed = MaxMethodLength - (origin + at - Start);
        int length = input[at..].IndexOfAnyExcept(HttpChars.Token);
        if (length > allowed || (length < 0 && input.Length - at > allowed))
        {
            at += allowed + 1;
            return Refuse(ProtocolFault.InvalidMethod);
        }
        if (length < 0)
        {
            at = input.Length;
            return HeadStatus.NeedMore;
        }

        at += length;
        MethodEnd = origin + at;
        if (input[at++] != HttpChars.Space || MethodEnd == Start)
            return Refuse(ProtocolFault.InvalidMethod);
        _place = Place.Target;
        return HeadStatus.NeedMore;
    }

    private HeadStatus ScanTarget(ReadOnlySpan<byte> input, ref int at, int origin)
    {
        int length = input[at..].IndexOfAnyExcept(HttpChars.Target);
        if (length < 0)
        {
            at = input.Length;
            return HeadStatus.NeedMore;
        }

        at += length;
        byte stop = input[at];
        int end = origin + at++;
        if (stop == '%')
        {
            _place = Place.HexDigit1;
            return HeadStatus.NeedMore;
        }
        if (stop == HttpChars.Space && end > TargetStart)
        {
            TargetEnd = end;
            _place = Place.Version;
            return HeadStatus.NeedMore;
        }

        // A line that ends here is a request of HTTP/0.9, which has no version.
        return Refuse(stop is HttpChars.Cr or HttpChars.Lf ? ProtocolFault.InvalidVersion : ProtocolFault.InvalidTarget);
    }

    private HeadStatus ScanHexDigit(byte digit)
    {
        int value = HttpChars.HexValue(digit);
        if (value < 0)
            return Refuse(ProtocolFault.InvalidPercentEncoding);
        if (_place == Place.HexDigit1)
        {
            _firstHexDigit = value;
            _place = Place.HexDigit2;
            return HeadStatus.NeedMore;
        }

        // %00 has no use in a path or query, and cuts a name short in every C library behind us.
        _place = Place.Target;
        return (_firstHexDigit | value) == 0 ? Refuse(ProtocolFault.InvalidPercentEncoding) : HeadStatus.NeedMore;
    }

    private HeadStatus ScanVersion(ReadOnlySpan<byte> input, ref int at)
    {
        HeadStatus status = _version.Scan(input, ref at);
        if (status == HeadStatus.Fault)
            return Refuse(_version.Fault);
        if (status == HeadStatus.Complete)
            _place = Place.CarriageReturn;
        return HeadStatus.NeedMore;
    }

    private HeadStatus ScanLineEnd(byte next)
    {
        if (_place == Place.LineFeed)
            return next == HttpChars.Lf ? HeadStatus.Complete : Refuse(ProtocolFault.BareCarriageReturn);

        // RFC 9112 2.2 lets a recipient take LF alone for a line end. We do not: two readers that disagree about it can be played
        // against each other.
        if (next == HttpChars.Cr)
        {
            _place = Place.LineFeed;
            return HeadStatus.NeedMore;
        }
        return Refuse(next == HttpChars.Lf ? ProtocolFault.BareLineFeed : ProtocolFault.InvalidVersion);
    }

    private HeadStatus Refuse(ProtocolFault fault)
    {
        Fault = fault;
        return HeadStatus.Fault;
    }
}
