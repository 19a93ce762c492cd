namespace EventLoops.Protocols.Http;

/// <summary>The value of Content-Length (RFC 9110 8.6): one or more digits and nothing else.</summary>
internal static class BodyLength
{
    /// <summary>False for an empty value, a sign, a list, a blank, any other byte, and what does not fit in 63 bits.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> value, out long length)
    {
        length = 0;
        foreach (byte digit in value)
        {
            if (!HttpChars.IsDigit(digit) || length > (long.MaxValue - (digit - '0')) / 10)
                return false;
            length = (length * 10) + (digit - '0');
        }
        return !value.IsEmpty;
    }
}
