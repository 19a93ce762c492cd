using System.Runtime.CompilerServices;

namespace EventLoops.Protocols.Http;

/// <summary>What <see cref="ChunkedDecoder.Read"/> found.</summary>
internal enum ChunkEventKind : byte
{
    /// <summary>The input was used up and the body goes on.</summary>
    NeedMore,

    /// <summary>Bytes of the body, never none.</summary>
    Data,

    /// <summary>The body and its trailers ended; what follows was not touched.</summary>
    End,

    /// <summary>The body is refused, see <see cref="ChunkEvent.Fault"/>.</summary>
    Fault,
}

/// <summary>One step through a chunked body. <see cref="Data"/> points into the input.</summary>
internal readonly ref struct ChunkEvent(ChunkEventKind kind, ReadOnlySpan<byte> data, ProtocolFault fault)
{
    internal ChunkEventKind Kind { get; } = kind;

    internal ReadOnlySpan<byte> Data { get; } = data;

    internal ProtocolFault Fault { get; } = fault;
}

/// <summary>
/// Takes a chunked body apart (RFC 9112 7.1) at any cut. It is a value that lives inside the connection, and <c>default</c> is
/// its beginning. Only CRLF ends a line. Extensions are skipped; trailers are checked by the grammar of fields, and dropped.
/// After the end or a fault it stays there.
/// </summary>
internal struct ChunkedDecoder
{
    /// <summary>More digits than a 64-bit size has are only sent to overflow somebody.</summary>
    internal const int MaxSizeDigits = 16;

    /// <summary>Bytes of extension on one line; none is in use on the web, and AWS signatures, the longest known, take 81.</summary>
    internal const int MaxExtensionLine = 256;

    /// <summary>
    /// Bytes of extensions in one body: a million chunks with a few bytes each are a way to keep a server busy for nothing.
    /// </summary>
    internal const int MaxExtensionTotal = 16 * 1024;

    /// <summary>Bytes of trailers, as many as of a whole body's extensions.</summary>
    internal const int MaxTrailerSize = 16 * 1024;

    /// <summary>Trailer lines; the same number as for a head.</summary>
    internal const int MaxTrailerFields = 100;

    private Place _place;
    private byte _digits;
    private byte _nameLength;
    private bool _inValue;
    private int _extensionLine;
    private int _extensionTotal;
    private int _trailerSize;
    private int _trailerFields;
    private long _remaining;
    private ProtocolFault _fault;
    private FieldLine _fieldLine;
    private NameBuffer _name;

    private enum Place : byte
    {
        Size,
        BlankBeforeExtension,
        Extension,
        SizeLineFeed,
        Data,
        DataCarriageReturn,
        DataLineFeed,
        Trailers,
        End,
        Fault,
    }

    /// <summary>Whether the body ends, for this decoder, with the last chunk, so that somebody else can read the trailers behind it.</summary>
    internal bool LeavesTrailers { get; init; }

    /// <summary>
    /// Bytes of the chunk at hand that have not come yet; 0 between chunks. Known before any of them is taken, so that a limit can be
    /// kept in time.
    /// </summary>
    internal readonly long ChunkRemaining => _place == Place.Data ? _remaining : 0;

    /// <summary>Bytes of trailers that were taken so far, with the empty line that ends them. Those that one call took are the last that it took.</summary>
    internal readonly int TrailerSize => _trailerSize;

    /// <summary>Reads up to the next event and moves <paramref name="input"/> behind it.</summary>
    internal ChunkEvent Read(scoped ref ReadOnlySpan<byte> input)
    {
        while (_place < Place.End)
        {
            if (input.IsEmpty)
                return new ChunkEvent(ChunkEventKind.NeedMore, default, ProtocolFault.None);
            if (_place == Place.Data)
                return TakeData(ref input);
            if (_place == Place.Trailers)
                TakeTrailerByte(ref input);
            else if (_place == Place.Extension)
                TakeExtension(ref input);
            else
                TakeLineByte(ref input);
        }
        return _place == Place.End
            ? new ChunkEvent(ChunkEventKind.End, default, ProtocolFault.None)
            : new ChunkEvent(ChunkEventKind.Fault, default, _fault);
    }

    private ChunkEvent TakeData(scoped ref ReadOnlySpan<byte> input)
    {
        int length = (int)Math.Min(_remaining, input.Length);
        ReadOnlySpan<byte> data = input[..length];
        input = input[length..];
        _remaining -= length;
        if (_remaining == 0)
            _place = Place.DataCarriageReturn;
        return new ChunkEvent(ChunkEventKind.Data, data, ProtocolFault.None);
    }

    private void TakeLineByte(scoped ref ReadOnlySpan<byte> input)
    {
        byte next = input[0];
        input = input[1..];
        switch (_place)
        {
            case Place.Size:
                TakeSizeByte(next);
                break;

            case Place.BlankBeforeExtension:
                TakeBlank(next);
                break;
            case Place.SizeLineFeed:
                EndSizeLine(next);
                break;

            // RFC 9112 7.1: exactly CRLF. Readers that skip two bytes here without a look, or take LF, disagree about where the next
            // chunk begins.
            case Place.DataCarriageReturn:
                Expect(next, HttpChars.Cr, Place.DataLineFeed, ProtocolFault.ChunkNotTerminated);
                break;
            default:
                Expect(next, HttpChars.Lf, Place.Size, ProtocolFault.ChunkNotTerminated);
                break;
        }
    }

    private void TakeSizeByte(byte next)
    {
        int digit = HttpChars.HexValue(next);
        if (digit >= 0)
        {
            if (++_digits > MaxSizeDigits || _remaining > long.MaxValue >> 4)
                Refuse(ProtocolFault.InvalidChunkSize);
            _remaining = (_remaining << 4) | (uint)digit;
            return;
        }

        if (_digits == 0)
        {
            Refuse(ProtocolFault.InvalidChunkSize);
            return;
        }
        switch (next)
        {
            case HttpChars.Cr:
                _place = Place.SizeLineFeed;
                break;
            case HttpChars.Lf:
                Refuse(ProtocolFault.BareLineFeed);
                break;
            case (byte)';' or HttpChars.Space or HttpChars.Tab:
                _place = next == ';' ? Place.Extension : Place.BlankBeforeExtension;
                CountExtension(1);
                break;
            default:
                Refuse(ProtocolFault.InvalidChunkSize);
                break;
        }
    }

    // RFC 9112 7.1.1 has blanks before a semicolon read and forgotten. A blank before the line's end belongs to no extension.
    private void TakeBlank(byte next)
    {
        if (next == ';')
            _place = Place.Extension;
        else if (!HttpChars.IsBlank(next))
            Refuse(ProtocolFault.InvalidChunkExtension);
        if (_place != Place.Fault)
            CountExtension(1);
    }

    // RFC 9112 7.1.1: an extension may be quoted, but a quoted text holds no line end either, so there is no need to look for quotes.
    private void TakeExtension(scoped ref ReadOnlySpan<byte> input)
    {
        int allowed = Math.Min(MaxExtensionLine - _extensionLine, MaxExtensionTotal - _extensionTotal);
        int length = input.IndexOfAnyExcept(HttpChars.FieldValue);
        int taken = length < 0 ? input.Length : length;
        if (taken > allowed)
        {
            input = input[(allowed + 1)..];
            Refuse(ProtocolFault.ChunkExtensionsTooLong);
            return;
        }

        CountExtension(taken);
        input = input[taken..];
        if (length < 0)
            return;
        byte stop = input[0];
        input = input[1..];
        if (stop == HttpChars.Cr)
            _place = Place.SizeLineFeed;
        else
            Refuse(stop == HttpChars.Lf ? ProtocolFault.BareLineFeed : ProtocolFault.InvalidChunkExtension);
    }

    private void CountExtension(int length)
    {
        _extensionLine += length;
        _extensionTotal += length;
        if (_extensionLine > MaxExtensionLine || _extensionTotal > MaxExtensionTotal)
            Refuse(ProtocolFault.ChunkExtensionsTooLong);
    }

    private void EndSizeLine(byte next)
    {
        Place after = _remaining > 0 ? Place.Data : LeavesTrailers ? Place.End : Place.Trailers;
        _digits = 0;
        _extensionLine = 0;
        Expect(next, HttpChars.Lf, after, ProtocolFault.BareCarriageReturn);
    }

    // Trailers are rare and short, so one byte at a time is fast enough, and the name is at hand when its colon comes.
    private void TakeTrailerByte(scoped ref ReadOnlySpan<byte> input)
    {
        if (_trailerSize++ == MaxTrailerSize)
        {
            Refuse(ProtocolFault.TrailersTooLarge);
            return;
        }

        int at = 0;
        FieldStop stop = _fieldLine.Scan(input[..1], ref at);
        byte next = input[0];
        input = input[1..];
        switch (stop)
        {
            case FieldStop.NeedMore when !_inValue && _nameLength < TrailerFields.LongestForbidden:
                _name[_nameLength++] = next;
                break;
            case FieldStop.Colon:
                _inValue = true;
                CheckTrailerName();
                break;
            case FieldStop.End:
                _inValue = false;
                _nameLength = 0;
                break;
            case FieldStop.LastLine:
                _place = Place.End;
                break;
            case FieldStop.Fault:
                Refuse(_fieldLine.Fault);
                break;
        }
    }

    private void CheckTrailerName()
    {
        ReadOnlySpan<byte> name = _name;
        if (_trailerFields++ == MaxTrailerFields)
            Refuse(ProtocolFault.TrailersTooLarge);
        else if (TrailerFields.IsForbidden(KnownHeaders.Find(name[.._nameLength])))
            Refuse(ProtocolFault.ForbiddenTrailer);
    }

    private void Expect(byte next, byte wanted, Place after, ProtocolFault otherwise)
    {
        if (next == wanted)
            _place = after;
        else
            Refuse(otherwise);
    }

    private void Refuse(ProtocolFault fault)
    {
        _fault = fault;
        _place = Place.Fault;
    }

    [InlineArray(TrailerFields.LongestForbidden)]
    private struct NameBuffer
    {
        private byte _first;
    }
}
