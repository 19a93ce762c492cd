using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>The cookies of a request (RFC 6265 4.2), read in place from its Cookie fields. Valid for as long as the header fields are.</summary>
public readonly ref struct CookieList
{
    private readonly HeaderCollection _fields;

    internal CookieList(HeaderCollection fields) => _fields = fields;

    /// <summary>Finds the first cookie of a name: browsers send the one of the longest path first (RFC 6265 5.4).</summary>
    /// <param name="name">The name; letters are compared as they are.</param>
    /// <param name="value">The value as it was sent, with its quotation marks if it has any; empty when there is no such cookie.</param>
    /// <returns>Whether there is such a cookie.</returns>
    public bool TryGet(scoped ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (HeaderField field in _fields)
        {
            if (field.Known == KnownHeader.Cookie && TryGet(field.Value, name, out value))
                return true;
        }

        value = default;
        return false;
    }

    private static bool TryGet(ReadOnlySpan<byte> text, scoped ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        while (!text.IsEmpty)
        {
            int semicolon = text.IndexOf((byte)';');
            ReadOnlySpan<byte> pair = HttpChars.Trim(semicolon < 0 ? text : text[..semicolon]);
            text = semicolon < 0 ? default : text[(semicolon + 1)..];
            int equals = pair.IndexOf((byte)'=');
            if (equals <= 0 || !pair[..equals].SequenceEqual(name))
                continue;

            value = pair[(equals + 1)..];
            return true;
        }

        value = default;
        return false;
    }
}
