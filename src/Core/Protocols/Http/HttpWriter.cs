using System.Buffers.Text;

namespace EventLoops.Protocols.Http;

/// <summary>
/// Writes the lines of a message head into memory of the caller. Each method returns how many bytes it wrote, or -1 when they do not
/// fit, in which case
/// the destination may have been written to and is to be thrown away or written again. Nothing is allocated.
/// </summary>
internal static class HttpWriter
{
    /// <summary>The empty line that ends a head.</summary>
    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    /// <summary>Writes <c>HTTP/1.1 200 OK</c> with the registered reason phrase.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The status is not a number of three digits, or the minor version is neither 0 nor 1.
    /// </exception>
    internal static int WriteStatusLine(Span<byte> destination, int status, int minorVersion = 1) =>
        WriteStatusLine(destination, status, ReasonPhrases.Of(status), minorVersion);

    /// <summary>Writes a status line with a reason of the caller's own.</summary>
    /// <exception cref="ArgumentException">
    /// The reason holds a control byte such as CR or LF, which would end the line (RFC 9112 4).
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The status is not a number of three digits, or the minor version is neither 0 nor 1.
    /// </exception>
    internal static int WriteStatusLine(Span<byte> destination, int status, ReadOnlySpan<byte> reason, int minorVersion = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 999);
        ThrowIfNotText(reason, nameof(reason));
        int length = 13 + reason.Length + 2;
        if (destination.Length < length)
            return -1;

        Version(minorVersion).CopyTo(destination);
        destination[8] = HttpChars.Space;
        destination[9] = (byte)('0' + (status / 100));
        destination[10] = (byte)('0' + (status / 10 % 10));
        destination[11] = (byte)('0' + (status % 10));
        destination[12] = HttpChars.Space;
        reason.CopyTo(destination[13..]);
        LineEnd.CopyTo(destination[(13 + reason.Length)..]);
        return length;
    }

    /// <summary>Writes a request line.</summary>
    /// <exception cref="ArgumentException">
    /// The method is not a token, or the target is empty or holds a blank, a control byte, a byte above ASCII or a fragment.
    /// </exception>
    internal static int WriteRequestLine(Span<byte> destination, ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, int minorVersion = 1)
    {
        if (!HttpChars.IsToken(method) || method.Length > RequestLine.MaxMethodLength)
            throw new ArgumentException("A method is a token of at most 32 bytes.", nameof(method));
        if (target.IsEmpty || target.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E) || target.Contains((byte)'#'))
            throw new ArgumentException("A request target has visible ASCII only, and no fragment.", nameof(target));
        int length = method.Length + target.Length + 12;
        if (destination.Length < length)
            return -1;

        method.CopyTo(destination);
        destination[method.Length] = HttpChars.Space;
        Span<byte> rest = destination[(method.Length + 1)..];
        target.CopyTo(rest);
        rest[target.Length] = HttpChars.Space;
        rest = rest[(target.Length + 1)..];
        Version(minorVersion).CopyTo(rest);
        LineEnd.CopyTo(rest[8..]);
        return length;
    }

    /// <summary>Writes a field with a known name.</summary>
    /// <exception cref="ArgumentException">
    /// The value holds a control byte such as CR, LF or NUL, or the header is <see cref="KnownHeader.None"/>.
    /// </exception>
    internal static int WriteField(Span<byte> destination, KnownHeader header, ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> name = KnownHeaders.Name(header);
        if (name.IsEmpty)
            throw new ArgumentException("The header has no name.", nameof(header));
        ThrowIfNotText(value, nameof(value));
        return WriteCheckedField(destination, name, value);
    }

    /// <summary>Writes a field with any name.</summary>
    /// <exception cref="ArgumentException">The name is not a token, or the value holds a control byte such as CR, LF or NUL.</exception>
    internal static int WriteField(Span<byte> destination, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!HttpChars.IsToken(name))
            throw new ArgumentException("The name of a field is a token: letters, digits and a few signs.", nameof(name));
        ThrowIfNotText(value, nameof(value));
        return WriteCheckedField(destination, name, value);
    }

    /// <summary>Writes a Content-Length field.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    internal static int WriteContentLength(Span<byte> destination, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ReadOnlySpan<byte> name = "Content-Length: "u8;
        if (!name.TryCopyTo(destination) || !Utf8Formatter.TryFormat(length, destination[name.Length..], out int digits))
            return -1;
        int end = name.Length + digits;
        return LineEnd.TryCopyTo(destination[end..]) ? end + LineEnd.Length : -1;
    }

    /// <summary>Writes a Date field.</summary>
    /// <param name="destination">Where to write.</param>
    /// <param name="date">What <see cref="DateField.At"/> gave.</param>
    internal static int WriteDate(Span<byte> destination, ReadOnlySpan<byte> date) => WriteCheckedField(destination, "Date"u8, date);

    /// <summary>Writes the empty line that ends the head.</summary>
    internal static int EndHead(Span<byte> destination) => LineEnd.TryCopyTo(destination) ? LineEnd.Length : -1;

    private static int WriteCheckedField(Span<byte> destination, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        int length = name.Length + value.Length + 4;
        if (destination.Length < length)
            return -1;
        name.CopyTo(destination);
        ": "u8.CopyTo(destination[name.Length..]);
        value.CopyTo(destination[(name.Length + 2)..]);
        LineEnd.CopyTo(destination[(length - 2)..]);
        return length;
    }

    private static ReadOnlySpan<byte> Version(int minorVersion) => minorVersion switch
    {
        0 => "HTTP/1.0"u8,
        1 => "HTTP/1.1"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(minorVersion), minorVersion, "The minor version is 0 or 1."),
    };

    // RFC 9110 5.5: what a user writes must not end the line and begin another field or message.
    private static void ThrowIfNotText(ReadOnlySpan<byte> text, string argument)
    {
        if (text.ContainsAnyExcept(HttpChars.FieldValue))
            throw new ArgumentException("The text holds a control byte, such as CR, LF or NUL, which would end its line.", argument);
    }
}
