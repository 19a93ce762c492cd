namespace EventLoops.Protocols.Http;

/// <summary>
/// <c>application/x-www-form-urlencoded</c> at any cut. Names are collected, since they are looked at as a whole; values pass through a small buffer in
/// which they are decoded.
/// </summary>
internal sealed class UrlEncodedReader(FormLimits limits) : FormReader(limits)
{
    private const int BufferSize = 1024;

    private readonly byte[] _decoded = new byte[BufferSize];
    private byte[] _name = new byte[64];
    private int _nameLength;
    private long _valueLength;
    private int _fields;
    private int _escapeDigits = -1;
    private int _escaped;
    private Place _place = Place.Name;

    private enum Place : byte
    {
        Name,
        Value,
        AfterName,
        AfterValue,
        Between,
        End,
        Fault,
    }

    public override ReadOnlySpan<byte> Name => _name.AsSpan(0, _nameLength);

    public override bool IsFile => false;

    public override ReadOnlySpan<byte> FileName => default;

    public override ReadOnlySpan<byte> ContentType => default;

    public override FormEvent Read(scoped ref ReadOnlySpan<byte> input, bool isLast = false)
    {
        while (true)
        {
            switch (_place)
            {
                case Place.Name when !input.IsEmpty:
                    if (!TakeNameByte(ref input))
                        return Stop(Fault);
                    if (_place != Place.Name)
                        return BeginField();
                    continue;
                case Place.Name when isLast && _escapeDigits < 0 && _nameLength > 0:
                    _place = Place.AfterName;
                    return BeginField();
                case Place.AfterName:
                    // A name without an equals sign has an empty value.
                    _place = Place.AfterValue;
                    continue;
                case Place.Value when !input.IsEmpty:
                    int length = Decode(ref input);
                    if (length < 0 || (_valueLength += length) > Limits.MaxFieldSize)
                        return Stop(length < 0 ? ProtocolFault.FormEncodingInvalid : ProtocolFault.FormTooLarge);
                    if (length > 0)
                        return new FormEvent(FormEventKind.Data, _decoded.AsSpan(0, length));
                    continue;
                case Place.Value when isLast && _escapeDigits < 0:
                    _place = Place.AfterValue;
                    continue;
                case Place.AfterValue:
                    return EndField();
                case Place.Between:
                    _nameLength = 0;
                    _valueLength = 0;
                    _place = Place.Name;
                    continue;
                case Place.Name or Place.Value when isLast && _escapeDigits >= 0:
                    return Stop(ProtocolFault.FormEncodingInvalid);
                case Place.Name when isLast:
                    _place = Place.End;
                    continue;
                case Place.End:
                    return new FormEvent(FormEventKind.End);
                case Place.Fault:
                    return new FormEvent(FormEventKind.Fault);
                default:
                    return new FormEvent(FormEventKind.NeedMore);
            }
        }
    }

    private FormEvent BeginField() =>
        _fields++ == Limits.MaxFields ? Stop(ProtocolFault.FormTooLarge) : new FormEvent(FormEventKind.FieldBegin);

    private FormEvent EndField()
    {
        _place = Place.Between;
        return new FormEvent(FormEventKind.FieldEnd);
    }

    private FormEvent Stop(ProtocolFault fault)
    {
        _place = Place.Fault;
        return Refuse(fault);
    }

    /// <summary>Takes one byte of a name. False when it cannot be there; the fault is set then.</summary>
    private bool TakeNameByte(scoped ref ReadOnlySpan<byte> input)
    {
        byte next = input[0];
        if (_escapeDigits < 0 && next is (byte)'=' or (byte)'&')
        {
            input = input[1..];

            // Nothing between two ampersands is no field.
            if (next == '=')
                _place = Place.Value;
            else if (_nameLength > 0)
                _place = Place.AfterName;
            return true;
        }

        int value = TakeByte(ref input);
        if (value == NotYet)
            return true;
        if (value < 0 || _nameLength == Limits.MaxHeadSize)
        {
            Fault = value < 0 ? ProtocolFault.FormEncodingInvalid : ProtocolFault.FormTooLarge;
            return false;
        }

        if (_nameLength == _name.Length)
            Array.Resize(ref _name, Math.Min(_name.Length * 2, Limits.MaxHeadSize));
        _name[_nameLength++] = (byte)value;
        return true;
    }

    /// <summary>Decodes until the buffer is full or the value ends. How many bytes that were, or -1 when an escape is malformed.</summary>
    private int Decode(scoped ref ReadOnlySpan<byte> input)
    {
        // No further than the byte that is too much: what comes behind it must not decide which fault it is.
        int length = 0;
        while (!input.IsEmpty && length < BufferSize && _valueLength + length <= Limits.MaxFieldSize)
        {
            if (_escapeDigits < 0 && input[0] == '&')
            {
                input = input[1..];
                _place = Place.AfterValue;
                break;
            }

            int value = TakeByte(ref input);
            if (value == NotYet)
                continue;
            if (value < 0)
                return -1;

            _decoded[length++] = (byte)value;
        }

        return length;
    }

    private const int NotYet = -2;

    /// <summary>The next decoded byte; <see cref="NotYet"/> inside of an escape, -1 when it is malformed.</summary>
    private int TakeByte(scoped ref ReadOnlySpan<byte> input)
    {
        byte next = input[0];
        input = input[1..];
        if (_escapeDigits < 0)
        {
            if (next != '%')
                return next == '+' ? ' ' : next;

            _escapeDigits = 0;
            _escaped = 0;
            return NotYet;
        }

        int digit = HttpChars.HexValue(next);
        if (digit < 0)
            return -1;

        _escaped = (_escaped << 4) | digit;
        if (++_escapeDigits < 2)
            return NotYet;

        _escapeDigits = -1;
        return _escaped;
    }
}
