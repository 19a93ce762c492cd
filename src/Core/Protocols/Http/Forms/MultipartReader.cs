using System.Buffers;
using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>
/// <c>multipart/form-data</c> (RFC 7578 over RFC 2046 5.1) at any cut. Data is told from where it lies; only a beginning of the delimiter that a cut has left
/// undecided is kept, as a number. A body ends with the closing delimiter, and what follows it is not looked at.
/// </summary>
internal sealed class MultipartReader : FormReader
{
    /// <summary>RFC 2046 5.1.1.</summary>
    internal const int MaxBoundary = 70;

    /// <summary>RFC 2046 5.1.1: what a boundary is made of.</summary>
    internal static readonly SearchValues<byte> BoundaryBytes =
        SearchValues.Create("'()+_,-./:=? 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // A part has two or three fields; more are read and ignored, up to here.
    private const int MaxHeadFields = 16;

    private readonly byte[] _delimiter;
    private readonly HttpHead _head;
    private byte[] _text = new byte[128];
    private int _nameLength;
    private int _fileNameLength;
    private bool _isFile;
    private int _matched;
    private long _size;
    private int _fields;
    private bool _isInField;
    private bool _isNamed;
    private Place _place = Place.Data;

    internal MultipartReader(ReadOnlySpan<byte> boundary, FormLimits limits)
        : base(limits)
    {
        _delimiter = [.. "\r\n--"u8, .. boundary];
        _head = new HttpHead(new HttpHeadLimits(MaxRequestLine: 0, limits.MaxHeadSize, MaxHeadFields));

        // The first delimiter needs no line end before it (RFC 2046 5.1.1), so the reader begins as if it had seen one.
        _matched = 2;
    }

    private enum Place : byte
    {
        Data,
        Delimited,
        Closing,
        Blanks,
        LineFeed,
        Head,
        End,
        Fault,
    }

    public override ReadOnlySpan<byte> Name => _isNamed ? _text.AsSpan(0, _nameLength) : default;

    public override bool IsFile => _isNamed && _isFile;

    public override ReadOnlySpan<byte> FileName => _isNamed ? _text.AsSpan(_nameLength, _fileNameLength) : default;

    public override ReadOnlySpan<byte> ContentType => _isNamed ? _head.FirstValue(KnownHeader.ContentType) : default;

    public override FormEvent Read(scoped ref ReadOnlySpan<byte> input, bool isLast = false)
    {
        _isNamed = _isInField;
        while (_place < Place.End)
        {
            if (input.IsEmpty)
                return isLast ? Stop(ProtocolFault.FormCutShort) : new FormEvent(FormEventKind.NeedMore);

            switch (_place)
            {
                case Place.Data:
                    ReadOnlySpan<byte> data = TakeData(ref input);
                    if (!data.IsEmpty && _isInField)
                        return TellData(data);
                    if (_place == Place.Delimited && _isInField)
                        return EndField();
                    continue;
                case Place.Head:
                    if (TakeHead(ref input))
                        return BeginField();
                    if (_place == Place.Fault)
                        return Stop(Fault);
                    continue;
                default:
                    if (!TakeDelimiterEnd(ref input))
                        return Stop(ProtocolFault.FormBoundaryMalformed);
                    continue;
            }
        }

        // RFC 2046 5.1.1: what follows the closing delimiter is to be ignored.
        input = default;
        return new FormEvent(_place == Place.End ? FormEventKind.End : FormEventKind.Fault);
    }

    /// <summary>
    /// Takes bytes up to the next delimiter, or the delimiter itself, or a part of it. What it returns is data; nothing when a delimiter was found or begun.
    /// </summary>
    private ReadOnlySpan<byte> TakeData(scoped ref ReadOnlySpan<byte> input)
    {
        if (_matched > 0)
            return TakeRestOfDelimiter(ref input);

        int length = 0;
        while (true)
        {
            int next = input[length..].IndexOf(HttpChars.Cr);
            if (next < 0)
            {
                length = input.Length;
                break;
            }

            length += next;
            ReadOnlySpan<byte> rest = input[length..];
            int shared = Math.Min(rest.Length, _delimiter.Length);
            if (rest[..shared].SequenceEqual(_delimiter.AsSpan(0, shared)))
            {
                if (length > 0)
                    break;

                _matched = shared;
                input = input[shared..];
                EndDelimiterIfWhole();
                return default;
            }

            length++;
        }

        ReadOnlySpan<byte> data = input[..length];
        input = input[length..];
        return data;
    }

    /// <summary>Goes on with a delimiter that was cut. When it turns out to be none, its beginning was data: a CR inside cannot begin another one.</summary>
    private ReadOnlySpan<byte> TakeRestOfDelimiter(scoped ref ReadOnlySpan<byte> input)
    {
        int shared = Math.Min(input.Length, _delimiter.Length - _matched);
        int same = input[..shared].CommonPrefixLength(_delimiter.AsSpan(_matched, shared));
        input = input[same..];
        _matched += same;
        if (same == shared)
        {
            EndDelimiterIfWhole();
            return default;
        }

        ReadOnlySpan<byte> held = _delimiter.AsSpan(0, _matched);
        _matched = 0;
        return held;
    }

    private void EndDelimiterIfWhole()
    {
        if (_matched < _delimiter.Length)
            return;

        _matched = 0;
        _place = Place.Delimited;
    }

    /// <summary>What follows the boundary: two dashes for the last one, or blanks and a line end. False when it is something else.</summary>
    private bool TakeDelimiterEnd(scoped ref ReadOnlySpan<byte> input)
    {
        byte next = input[0];
        input = input[1..];
        switch (_place)
        {
            case Place.Delimited when next == '-':
                _place = Place.Closing;
                return true;
            case Place.Closing:
                _place = Place.End;
                return next == '-';
            case Place.Delimited or Place.Blanks when HttpChars.IsBlank(next):
                _place = Place.Blanks;
                return true;
            case Place.Delimited or Place.Blanks:
                _place = Place.LineFeed;
                return next == HttpChars.Cr;
            default:
                _place = Place.Head;
                _head.Reset(HttpHeadKind.Part);
                return next == HttpChars.Lf;
        }
    }

    private bool TakeHead(scoped ref ReadOnlySpan<byte> input)
    {
        HeadStatus status = _head.Feed(input, out int consumed);
        input = input[consumed..];
        if (status == HeadStatus.NeedMore)
            return false;

        if (status == HeadStatus.Fault)
            Fault = _head.Fault is ProtocolFault.HeadTooLarge or ProtocolFault.TooManyFields ? ProtocolFault.FormTooLarge : ProtocolFault.FormPartMalformed;
        else if (ReadDisposition())
            return true;
        else
            Fault = ProtocolFault.FormPartMalformed;
        _place = Place.Fault;
        return false;
    }

    // RFC 7578 4.2: each part says form-data and its name.
    private bool ReadDisposition()
    {
        ParameterList parameters = new(_head.FirstValue(KnownHeader.ContentDisposition));
        if (!Ascii.EqualsIgnoreCase(parameters.First, "form-data"u8))
            return false;
        if (_text.Length < _head.Size)
            _text = new byte[_head.Size];

        bool isNamed = false;
        ReadOnlySpan<byte> fileName = default;
        _isFile = false;
        while (parameters.MoveNext())
        {
            if (parameters.IsNamed("name"u8))
            {
                if (isNamed)
                    return false;
                isNamed = true;
                _nameLength = ParameterList.Unescape(parameters.Value, _text);
            }
            else if (parameters.IsNamed("filename"u8))
            {
                if (_isFile)
                    return false;
                _isFile = true;
                fileName = parameters.Value;
            }
        }

        _fileNameLength = isNamed ? ParameterList.Unescape(fileName, _text.AsSpan(_nameLength)) : 0;
        return isNamed && parameters.IsWellFormed;
    }

    private FormEvent BeginField()
    {
        if (_fields++ == Limits.MaxFields)
            return Stop(ProtocolFault.FormTooLarge);

        _place = Place.Data;
        _size = 0;
        _isInField = _isNamed = true;
        return new FormEvent(FormEventKind.FieldBegin);
    }

    private FormEvent TellData(ReadOnlySpan<byte> data)
    {
        _size += data.Length;
        return _size > (_isFile ? Limits.MaxFileSize : Limits.MaxFieldSize) ? Stop(ProtocolFault.FormTooLarge) : new FormEvent(FormEventKind.Data, data);
    }

    private FormEvent EndField()
    {
        _isInField = false;
        return new FormEvent(FormEventKind.FieldEnd);
    }

    private FormEvent Stop(ProtocolFault fault)
    {
        _place = Place.Fault;
        _isInField = _isNamed = false;
        return Refuse(fault);
    }
}
