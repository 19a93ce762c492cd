using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>
/// The value of a field with parameters, such as Content-Type and Content-Disposition: a first word and <c>; name=value</c> (RFC 9110 5.6.6). Read in place;
/// a quoted value still has its escapes, see <see cref="Unescape"/>.
/// </summary>
internal ref struct ParameterList
{
    private ReadOnlySpan<byte> _rest;

    internal ParameterList(ReadOnlySpan<byte> value)
    {
        int semicolon = value.IndexOf((byte)';');
        First = HttpChars.Trim(semicolon < 0 ? value : value[..semicolon]);
        _rest = semicolon < 0 ? default : value[semicolon..];
    }

    /// <summary>What stands before the first semicolon.</summary>
    public ReadOnlySpan<byte> First { get; }

    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The value between its quotation marks, or the token.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Whether what was read so far follows the grammar; a list that does not ends there.</summary>
    public bool IsWellFormed { get; private set; } = true;

    public readonly ParameterList GetEnumerator() => this;

    public readonly ParameterList Current => this;

    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            // RFC 9110 5.6.6: empty parameters are allowed, a list may end with a semicolon.
            _rest = HttpChars.Trim(_rest[1..]);
            if (_rest.IsEmpty)
                return false;
            if (_rest[0] == ';')
                continue;

            IsWellFormed = TakeName() && TakeValue() && (_rest.IsEmpty || _rest[0] == ';');
            if (!IsWellFormed)
                _rest = default;
            return IsWellFormed;
        }

        return false;
    }

    /// <summary>Whether the parameter at hand has this name; names are compared without regard to case.</summary>
    public readonly bool IsNamed(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(Name, name);

    /// <summary>Writes a value without its escapes: a backslash stands for the byte that follows it (RFC 9110 5.6.4).</summary>
    public static int Unescape(ReadOnlySpan<byte> value, Span<byte> destination)
    {
        int length = 0;
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\' && i + 1 < value.Length)
                i++;
            destination[length++] = value[i];
        }

        return length;
    }

    private bool TakeName()
    {
        int length = _rest.IndexOfAnyExcept(HttpChars.Token);
        if (length <= 0 || _rest[length] != '=')
            return false;

        Name = _rest[..length];
        _rest = _rest[(length + 1)..];
        return true;
    }

    private bool TakeValue()
    {
        if (_rest.IsEmpty)
            return false;
        if (_rest[0] == '"')
            return TakeQuoted();

        int length = _rest.IndexOfAnyExcept(HttpChars.Token);
        if (length < 0)
            length = _rest.Length;
        Value = _rest[..length];
        _rest = HttpChars.Trim(_rest[length..]);
        return length > 0;
    }

    private bool TakeQuoted()
    {
        for (int i = 1; i < _rest.Length; i++)
        {
            if (_rest[i] == '\\')
            {
                i++;
                continue;
            }

            if (_rest[i] != '"')
                continue;

            Value = _rest[1..i];
            _rest = HttpChars.Trim(_rest[(i + 1)..]);
            return true;
        }

        return false;
    }
}
