namespace EventLoops.Protocols.Http;

/// <summary>Entity tags in fields (RFC 9110 8.8.3), compared with our own, which is strong.</summary>
internal static class EntityTag
{
    /// <summary>
    /// Whether a list of tags, as in <c>If-Match</c> and <c>If-None-Match</c>, has ours or is <c>*</c>. A quoted tag may hold commas, so the list is read
    /// tag by tag; what is malformed matches nothing.
    /// </summary>
    /// <param name="list">The value of one field line.</param>
    /// <param name="tag">Ours, with its quotes.</param>
    /// <param name="weakly">Whether a weak tag with the same text counts (RFC 9110 8.8.3.2).</param>
    internal static bool IsIn(ReadOnlySpan<byte> list, ReadOnlySpan<byte> tag, bool weakly)
    {
        list = HttpChars.Trim(list);
        if (list.SequenceEqual("*"u8))
            return true;

        while (!list.IsEmpty)
        {
            bool isWeak = list.StartsWith("W/"u8);
            ReadOnlySpan<byte> quoted = isWeak ? list[2..] : list;
            int end = quoted.IsEmpty || quoted[0] != '"' ? -1 : quoted[1..].IndexOf((byte)'"');
            if (end < 0)
                return false;

            if ((weakly || !isWeak) && quoted[..(end + 2)].SequenceEqual(tag))
                return true;
            list = HttpChars.Trim(quoted[(end + 2)..]);
            if (!list.IsEmpty && list[0] != ',')
                return false;
            while (!list.IsEmpty && list[0] == ',')
                list = HttpChars.Trim(list[1..]);
        }

        return false;
    }
}
