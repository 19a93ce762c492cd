namespace EventLoops.Protocols.Http;

/// <summary>What <see cref="FieldLine.Scan"/> stopped at.</summary>
internal enum FieldStop : byte
{
    /// <summary>The input ended inside the line.</summary>
    NeedMore,

    /// <summary>Just behind the colon: the name is complete.</summary>
    Colon,

    /// <summary>Just behind the line end: the value, with the blanks around it, ended two bytes before.</summary>
    End,

    /// <summary>Just behind the empty line that ends all fields.</summary>
    LastLine,

    /// <summary>Just behind a byte that cannot be there, see <see cref="FieldLine.Fault"/>.</summary>
    Fault,
}

/// <summary>
/// The grammar of field lines (RFC 9112 5), one automaton for heads and trailers. It keeps its place between inputs, so that every cut
/// of the bytes gives the same result, and it keeps no bytes.
/// </summary>
internal struct FieldLine
{
    private Place _place;

    private enum Place : byte
    {
        LineStart,
        Name,
        Value,
        LineFeed,
        LastLineFeed,
    }

    /// <summary>Whether nothing of a line was read yet.</summary>
    internal readonly bool IsAtLineStart => _place == Place.LineStart;

    /// <summary>Why the last scan stopped with <see cref="FieldStop.Fault"/>.</summary>
    internal ProtocolFault Fault { get; private set; }

    /// <summary>Goes on from <paramref name="at"/> to the next stop, and leaves <paramref name="at"/> behind what it read.</summary>
    internal FieldStop Scan(ReadOnlySpan<byte> input, ref int at)
    {
        if (at >= input.Length)
            return FieldStop.NeedMore;
        return _place switch
        {
            Place.LineStart => ScanLineStart(input, ref at),
            Place.Name => ScanName(input, ref at),
            Place.Value => ScanValue(input, ref at),
            Place.LineFeed => ScanLineFeed(input, ref at, FieldStop.End),
            _ => ScanLineFeed(input, ref at, FieldStop.LastLine),
        };
    }

    private FieldStop ScanLineStart(ReadOnlySpan<byte> input, ref int at)
    {
        byte first = input[at];
        if (first == HttpChars.Cr)
        {
            at++;
            _place = Place.LastLineFeed;
            return at < input.Length ? ScanLineFeed(input, ref at, FieldStop.LastLine) : FieldStop.NeedMore;
        }

        // RFC 9112 5.2: a line that goes on with the value of the one before is obsolete, and a server refuses it.
        if (HttpChars.IsBlank(first))
            return Refuse(ProtocolFault.FoldedField, ref at);
        if (first == ':')
            return Refuse(ProtocolFault.InvalidFieldName, ref at);
        if (first == HttpChars.Lf)
            return Refuse(ProtocolFault.BareLineFeed, ref at);
        _place = Place.Name;
        return ScanName(input, ref at);
    }

    private FieldStop ScanName(ReadOnlySpan<byte> input, ref int at)
    {
        int length = input[at..].IndexOfAnyExcept(HttpChars.Token);
        if (length < 0)
        {
            at = input.Length;
            return FieldStop.NeedMore;
        }

        at += length;
        byte stop = input[at];
        if (stop == ':')
        {
            at++;
            _place = Place.Value;
            return FieldStop.Colon;
        }

        // RFC 9112 5.1: no blank may stand between name and colon; proxies that disagreed about it were used to smuggle requests.
        return Refuse(
            stop switch
            {
                HttpChars.Space or HttpChars.Tab => ProtocolFault.BlankBeforeColon,
                HttpChars.Cr or HttpChars.Lf => ProtocolFault.MissingColon,
                _ => ProtocolFault.InvalidFieldName,
            },
            ref at);
    }

    private FieldStop ScanValue(ReadOnlySpan<byte> input, ref int at)
    {
        int length = input[at..].IndexOfAnyExcept(HttpChars.FieldValue);
        if (length < 0)
        {
            at = input.Length;
            return FieldStop.NeedMore;
        }

        at += length;
        if (input[at] == HttpChars.Cr)
        {
            at++;
            _place = Place.LineFeed;
            return at < input.Length ? ScanLineFeed(input, ref at, FieldStop.End) : FieldStop.NeedMore;
        }
        return Refuse(input[at] == HttpChars.Lf ? ProtocolFault.BareLineFeed : ProtocolFault.InvalidFieldValue, ref at);
    }

    private FieldStop ScanLineFeed(ReadOnlySpan<byte> input, ref int at, FieldStop stop)
    {
        // RFC 9112 2.2: a CR that is not followed by LF makes the message invalid.
        if (input[at] != HttpChars.Lf)
            return Refuse(ProtocolFault.BareCarriageReturn, ref at);
        at++;
        _place = Place.LineStart;
        return stop;
    }

    private FieldStop Refuse(ProtocolFault fault, ref int at)
    {
        at++;
        Fault = fault;
        return FieldStop.Fault;
    }
}
