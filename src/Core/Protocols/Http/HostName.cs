namespace EventLoops.Protocols.Http;

/// <summary>The grammar of a Host field and of an authority: <c>uri-host [ ":" port ]</c> (RFC 9110 7.2, RFC 3986 3.2.2).</summary>
internal static class HostName
{
    /// <summary>
    /// Whether a value is a host with an optional port of at most 65535. Empty is valid: RFC 9112 3.2 has it sent where a target has no
    /// authority.
    /// User information, commas, blanks and paths are not: each has been used to make two servers see two hosts.
    /// </summary>
    internal static bool IsValid(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
            return true;
        if (value[0] == '[')
            return IsValidIpLiteral(value);
        int end = value.IndexOfAnyExcept(HttpChars.HostName);
        return end < 0 || (end > 0 && value[end] == ':' && IsValidPort(value[(end + 1)..]));
    }

    /// <summary>
    /// What a valid value names, without its port. RFC 1034 3.1: the dot of the root at the end makes no other name of it, so it is taken off as well.
    /// </summary>
    internal static ReadOnlySpan<byte> WithoutPort(ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty && value[0] == '[')
            return value[..(value.IndexOf((byte)']') + 1)];

        int colon = value.IndexOf((byte)':');
        ReadOnlySpan<byte> name = colon < 0 ? value : value[..colon];
        return name.Length > 1 && name[^1] == '.' ? name[..^1] : name;
    }

    private static bool IsValidIpLiteral(ReadOnlySpan<byte> value)
    {
        int bracket = value.IndexOf((byte)']');
        if (bracket < 3 || value[1..bracket].ContainsAnyExcept(HttpChars.IpLiteral) || !value[1..bracket].Contains((byte)':'))
            return false;
        ReadOnlySpan<byte> rest = value[(bracket + 1)..];
        return rest.IsEmpty || (rest[0] == ':' && IsValidPort(rest[1..]));
    }

    // RFC 3986 3.2.3 allows a colon without a port behind it.
    private static bool IsValidPort(ReadOnlySpan<byte> port)
    {
        if (port.Length > 5)
            return false;

        int number = 0;
        foreach (byte digit in port)
        {
            if (!HttpChars.IsDigit(digit))
                return false;
            number = (number * 10) + digit - '0';
        }

        return number <= ushort.MaxValue;
    }
}
