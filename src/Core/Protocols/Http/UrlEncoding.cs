namespace EventLoops;

/// <summary>
/// The encoding of queries and simple forms, <c>application/x-www-form-urlencoded</c>: a plus is a space, <c>%xx</c> is a byte. Decode a name or a value
/// once, after it was cut out of the text around it: what was encoded twice is meant to stay encoded once.
/// </summary>
public static class UrlEncoding
{
    /// <summary>Decodes one name or value.</summary>
    /// <param name="encoded">As it was sent.</param>
    /// <param name="destination">Where to write. As long as <paramref name="encoded"/> is long enough.</param>
    /// <param name="length">How many bytes were written; 0 when the result is false.</param>
    /// <returns>False when a percent sign is not followed by two hexadecimal digits, or the destination is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, Span<byte> destination, out int length)
    {
        length = 0;
        int written = 0;
        while (!encoded.IsEmpty)
        {
            int special = encoded.IndexOfAny((byte)'%', (byte)'+');
            int plain = special < 0 ? encoded.Length : special;
            if (!encoded[..plain].TryCopyTo(destination[written..]))
                return false;

            written += plain;
            encoded = encoded[plain..];
            if (encoded.IsEmpty)
                break;
            if (written == destination.Length || !TryTakeByte(ref encoded, out destination[written]))
                return false;

            written++;
        }

        length = written;
        return true;
    }

    private static bool TryTakeByte(ref ReadOnlySpan<byte> encoded, out byte value)
    {
        value = (byte)' ';
        if (encoded[0] == '+')
        {
            encoded = encoded[1..];
            return true;
        }

        if (encoded.Length < 3)
            return false;

        int high = Protocols.Http.HttpChars.HexValue(encoded[1]);
        int low = Protocols.Http.HttpChars.HexValue(encoded[2]);
        value = (byte)((high << 4) | low);
        encoded = encoded[3..];
        return (high | low) >= 0;
    }
}
