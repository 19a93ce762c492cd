using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace EventLoops.Protocols.Http;

/// <summary>Makes a path of a request comparable with names of mounts and files: decoded once, and without dot segments.</summary>
internal static class UriPath
{
    /// <summary>
    /// Decodes <c>%xx</c> once and then removes <c>.</c> and <c>..</c> (RFC 3986 5.2.4), so that an encoded dot or slash is seen for
    /// what it is.
    /// A backslash, a doubled slash and what was encoded twice stay as they are: names, of which there is usually no file.
    /// </summary>
    /// <param name="rawPath">
    /// The path as it was sent, beginning with a slash, without the query; or <c>*</c>, which names the server as a whole (RFC 9112 3.2.4)
    /// and stays what it is.
    /// </param>
    /// <param name="destination">Where to write, at least as long as <paramref name="rawPath"/>.</param>
    /// <param name="length">How many bytes were written.</param>
    /// <param name="fault">Why the path is refused.</param>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    internal static bool TryDecode(ReadOnlySpan<byte> rawPath, Span<byte> destination, out int length, out ProtocolFault fault)
    {
        if (destination.Length < rawPath.Length)
            throw new ArgumentException("A decoded path may be as long as the raw one.", nameof(destination));

        length = 0;
        fault = ProtocolFault.None;
        if (rawPath.SequenceEqual("*"u8))
        {
            destination[length++] = (byte)'*';
            return true;
        }

        fault = rawPath.IsEmpty || rawPath[0] != '/' ? ProtocolFault.InvalidTargetForm : Decode(rawPath, destination, out length);
        if (fault == ProtocolFault.None)
            fault = RemoveDots(destination[..length], out length);

        // RFC 3629 3: an overlong form is not UTF-8. A name that is not would be another name to the next decoder.
        if (fault == ProtocolFault.None && !Utf8.IsValid(destination[..length]))
            fault = ProtocolFault.InvalidPathText;
        if (fault != ProtocolFault.None)
            length = 0;
        return fault == ProtocolFault.None;
    }

    /// <summary>
    /// Writes a decoded path so that it can stand in a field such as Location: everything but unreserved characters, sub-delimiters, <c>:</c>, <c>@</c> and
    /// slashes is percent-encoded (RFC 3986 3.3). Allocates.
    /// </summary>
    internal static string Encode(ReadOnlySpan<byte> path)
    {
        StringBuilder text = new(path.Length + 16);
        foreach (byte value in path)
        {
            if (HttpChars.PathText.Contains(value))
                text.Append((char)value);
            else
                text.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    /// <summary>
    /// Finds where in a raw path its decoded form has come to a place, for those who pass the rest on as it was sent. False when the decoded path is another one, since
    /// dot segments were removed from it.
    /// </summary>
    /// <param name="rawPath">The path as it was sent.</param>
    /// <param name="path">What <see cref="TryDecode"/> has made of it.</param>
    /// <param name="place">A place in <paramref name="path"/>.</param>
    /// <param name="rawPlace">The same place in <paramref name="rawPath"/>.</param>
    internal static bool TryLocate(ReadOnlySpan<byte> rawPath, ReadOnlySpan<byte> path, int place, out int rawPlace)
    {
        rawPlace = -1;
        int raw = 0;
        for (int i = 0; i <= path.Length; i++)
        {
            if (i == place)
                rawPlace = raw;
            if (i == path.Length)
                break;
            if (raw >= rawPath.Length)
                return false;

            bool isEncoded = rawPath[raw] == '%';
            if (isEncoded && raw + 2 >= rawPath.Length)
                return false;

            int value = isEncoded ? (HttpChars.HexValue(rawPath[raw + 1]) << 4) | HttpChars.HexValue(rawPath[raw + 2]) : rawPath[raw];
            if (value != path[i])
                return false;
            raw += isEncoded ? 3 : 1;
        }

        return raw == rawPath.Length;
    }

    /// <summary>
    /// Whether a decoded path has a segment that some readers take for a dot segment, though it is a name by RFC 3986: behind a backslash, before the parameters that begin
    /// with a semicolon, or encoded once more. Whoever gets it might leave the place that it was meant for.
    /// </summary>
    internal static bool HasDotsForSome(ReadOnlySpan<byte> path)
    {
        while (!path.IsEmpty)
        {
            int end = path.IndexOfAny((byte)'/', (byte)'\\');
            ReadOnlySpan<byte> segment = end < 0 ? path : path[..end];
            path = end < 0 ? default : path[(end + 1)..];
            int parameters = segment.IndexOf((byte)';');
            if (IsParentForSome(parameters < 0 ? segment : segment[..parameters]))
                return true;
        }

        return false;
    }

    private static bool IsParentForSome(ReadOnlySpan<byte> segment)
    {
        int dots = 0;
        while (!segment.IsEmpty)
        {
            int length = segment[0] == '.' ? 1 : segment.Length >= 3 && Ascii.EqualsIgnoreCase(segment[..3], "%2e"u8) ? 3 : 0;
            if (length == 0)
                return false;

            dots++;
            segment = segment[length..];
        }

        return dots == 2;
    }

    private static ProtocolFault Decode(ReadOnlySpan<byte> rawPath, Span<byte> destination, out int length)
    {
        length = 0;
        while (true)
        {
            int percent = rawPath.IndexOf((byte)'%');
            int plain = percent < 0 ? rawPath.Length : percent;
            rawPath[..plain].CopyTo(destination[length..]);
            length += plain;
            if (percent < 0)
                return destination[..length].Contains((byte)0) ? ProtocolFault.InvalidPercentEncoding : ProtocolFault.None;

            if (rawPath.Length < percent + 3)
                return ProtocolFault.InvalidPercentEncoding;
            int high = HttpChars.HexValue(rawPath[percent + 1]);
            int low = HttpChars.HexValue(rawPath[percent + 2]);
            if ((high | low) < 0)
                return ProtocolFault.InvalidPercentEncoding;
            destination[length++] = (byte)((high << 4) | low);
            rawPath = rawPath[(percent + 3)..];
        }
    }

    // In place: what is kept never comes to lie behind where it was. Each segment is looked at with the slash before it.
    private static ProtocolFault RemoveDots(Span<byte> path, out int length)
    {
        length = 0;
        int start = 0;
        while (start < path.Length)
        {
            int next = path[(start + 1)..].IndexOf((byte)'/');
            int end = next < 0 ? path.Length : start + 1 + next;
            ReadOnlySpan<byte> segment = path[(start + 1)..end];
            bool isParent = segment.SequenceEqual(".."u8);
            if (isParent)
            {
                // The path leads out of the root here, even if it came back later.
                if (length == 0)
                    return ProtocolFault.PathAboveRoot;
                length = path[..length].LastIndexOf((byte)'/');
            }
            else if (!segment.SequenceEqual("."u8))
            {
                path[start..end].CopyTo(path[length..]);
                length += end - start;
            }

            // A dot segment at the end leaves the slash that was before it.
            bool isDots = isParent || segment.SequenceEqual("."u8);
            if (isDots && end == path.Length)
                path[length++] = (byte)'/';
            start = end;
        }
        return ProtocolFault.None;
    }
}
