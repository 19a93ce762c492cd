using System.Text;

namespace EventLoops;

/// <summary>One argument of a query, as it was sent. <see cref="UrlEncoding.TryDecode"/> decodes its parts.</summary>
public readonly ref struct QueryArgument
{
    internal QueryArgument(ReadOnlySpan<byte> text)
    {
        int equals = text.IndexOf((byte)'=');
        EncodedName = equals < 0 ? text : text[..equals];
        EncodedValue = equals < 0 ? default : text[(equals + 1)..];
    }

    /// <summary>The name, not decoded.</summary>
    public ReadOnlySpan<byte> EncodedName { get; }

    /// <summary>The value, not decoded; empty when there is no equals sign.</summary>
    public ReadOnlySpan<byte> EncodedValue { get; }
}

/// <summary>
/// The arguments of a query, such as <see cref="Connection.Query"/>, in order and read in place: text between ampersands, each a name with or without a value.
/// Empty stretches are left out. Valid for as long as the query is.
/// </summary>
public ref struct QueryArguments
{
    private const int StackSize = 512;

    private ReadOnlySpan<byte> _rest;
    private QueryArgument _current;

    /// <summary>Begins before the first argument.</summary>
    /// <param name="query">The query, without its question mark.</param>
    public QueryArguments(ReadOnlySpan<byte> query)
    {
        _rest = query;
        _current = default;
    }

    /// <summary>The argument that <see cref="MoveNext"/> came to.</summary>
    public readonly QueryArgument Current => _current;

    /// <summary>For <c>foreach</c>.</summary>
    /// <returns>This.</returns>
    public readonly QueryArguments GetEnumerator() => this;

    /// <summary>Goes to the next argument.</summary>
    /// <returns>False when there is none.</returns>
    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            int ampersand = _rest.IndexOf((byte)'&');
            ReadOnlySpan<byte> text = ampersand < 0 ? _rest : _rest[..ampersand];
            _rest = ampersand < 0 ? default : _rest[(ampersand + 1)..];
            if (text.IsEmpty)
                continue;

            _current = new QueryArgument(text);
            return true;
        }

        return false;
    }

    /// <summary>Finds the first argument of a name among those that are still to come, and decodes its value. Allocates nothing.</summary>
    /// <param name="name">The name, decoded; letters are compared as they are.</param>
    /// <param name="destination">Where the decoded value is written; as long as the query is long enough.</param>
    /// <param name="length">How many bytes were written.</param>
    /// <returns>False when there is no such argument, when it is not well encoded, or when the destination is too short.</returns>
    public bool TryGet(scoped ReadOnlySpan<byte> name, scoped Span<byte> destination, out int length)
    {
        length = 0;
        while (MoveNext())
        {
            if (IsNamed(_current.EncodedName, name))
                return UrlEncoding.TryDecode(_current.EncodedValue, destination, out length);
        }

        return false;
    }

    /// <summary>Finds the first argument of a name among those that are still to come, as text.</summary>
    /// <param name="name">The name, decoded; letters are compared as they are.</param>
    /// <returns>The value, or null when there is no such argument or it is not well encoded. What is not UTF-8 shows as U+FFFD. Allocates.</returns>
    public string? GetString(scoped ReadOnlySpan<byte> name)
    {
        while (MoveNext())
        {
            if (!IsNamed(_current.EncodedName, name))
                continue;

            ReadOnlySpan<byte> encoded = _current.EncodedValue;
            Span<byte> decoded = encoded.Length <= StackSize ? stackalloc byte[StackSize] : new byte[encoded.Length];
            return UrlEncoding.TryDecode(encoded, decoded, out int length) ? Encoding.UTF8.GetString(decoded[..length]) : null;
        }

        return null;
    }

    private static bool IsNamed(scoped ReadOnlySpan<byte> encoded, scoped ReadOnlySpan<byte> name)
    {
        if (encoded.SequenceEqual(name) && !encoded.ContainsAny((byte)'%', (byte)'+'))
            return true;
        if (encoded.Length <= name.Length && !encoded.Contains((byte)'+'))
            return false;

        // Only a name that holds an encoded byte is longer than what it stands for; one that is three times as long cannot be it.
        if (encoded.Length > name.Length * 3)
            return false;

        Span<byte> decoded = encoded.Length <= StackSize ? stackalloc byte[StackSize] : new byte[encoded.Length];
        return UrlEncoding.TryDecode(encoded, decoded, out int length) && decoded[..length].SequenceEqual(name);
    }
}
