namespace EventLoops.Protocols.Http;

/// <summary>A part of a representation: where it begins, and how long it is.</summary>
internal readonly record struct ByteRange(long Start, long Length);

/// <summary>What a Range field comes to.</summary>
internal enum RangeResult : byte
{
    /// <summary>The field is not for us: the whole is sent.</summary>
    Whole,

    /// <summary>206 with the ranges.</summary>
    Partial,

    /// <summary>416: none of the ranges lies inside.</summary>
    NotSatisfiable,
}

/// <summary>
/// The Range field (RFC 9110 14.2), which a server may ignore, and does here for whatever no honest client sends: what is malformed, more than
/// <see cref="MostRanges"/> ranges, and ranges that overlap, with which a small request could have a large answer (RFC 9110 14.2, 17.15).
/// </summary>
internal static class ByteRanges
{
    /// <summary>The most ranges of one request. Readers of documents ask for a few; nobody asks for more, but for attackers.</summary>
    internal const int MostRanges = 8;

    /// <summary>Reads the field.</summary>
    /// <param name="value">Its value.</param>
    /// <param name="length">How long the whole is.</param>
    /// <param name="ranges">Where the ranges go, in the order of the request; <see cref="MostRanges"/> have to fit.</param>
    /// <param name="count">How many there are.</param>
    internal static RangeResult Parse(ReadOnlySpan<byte> value, long length, Span<ByteRange> ranges, out int count)
    {
        count = 0;
        int equals = value.IndexOf((byte)'=');
        if (equals < 0 || !System.Text.Ascii.EqualsIgnoreCase(value[..equals], "bytes"u8))
            return RangeResult.Whole;

        int asked = 0;
        foreach (ReadOnlySpan<byte> element in TokenList.Elements(value[(equals + 1)..]))
        {
            if (++asked > MostRanges || !TryParseOne(element, length, out ByteRange range))
                return RangeResult.Whole;
            if (range.Length == 0)
                continue;
            if (Overlaps(ranges[..count], range))
                return RangeResult.Whole;
            ranges[count++] = range;
        }

        if (asked == 0)
            return RangeResult.Whole;
        return count > 0 ? RangeResult.Partial : RangeResult.NotSatisfiable;
    }

    /// <summary>One of <c>0-499</c>, <c>500-</c> and <c>-500</c>; a range that lies outside has no length.</summary>
    private static bool TryParseOne(ReadOnlySpan<byte> text, long length, out ByteRange range)
    {
        range = default;
        int dash = text.IndexOf((byte)'-');
        if (dash < 0)
            return false;

        ReadOnlySpan<byte> before = text[..dash];
        ReadOnlySpan<byte> after = text[(dash + 1)..];
        if (before.IsEmpty)
        {
            if (!TryParseNumber(after, out long suffix))
                return false;
            long taken = Math.Min(suffix, length);
            range = new ByteRange(length - taken, taken);
            return true;
        }

        long last = long.MaxValue;
        if (!TryParseNumber(before, out long first) || (!after.IsEmpty && !TryParseNumber(after, out last)))
            return false;

        // RFC 9110 14.1.1: a last position before the first one makes the range invalid, and with it the field.
        if (last < first)
            return false;
        if (first < length)
            range = new ByteRange(first, Math.Min(last, length - 1) - first + 1);
        return true;
    }

    /// <summary>Digits only; what is too large to be counted lies behind every end.</summary>
    private static bool TryParseNumber(ReadOnlySpan<byte> digits, out long number)
    {
        number = 0;
        if (digits.IsEmpty)
            return false;
        foreach (byte digit in digits)
        {
            if (!HttpChars.IsDigit(digit))
                return false;
            number = number > (long.MaxValue - 9) / 10 ? long.MaxValue - 9 : (number * 10) + (digit - '0');
        }

        return true;
    }

    private static bool Overlaps(ReadOnlySpan<ByteRange> others, ByteRange range)
    {
        foreach (ByteRange other in others)
        {
            if (range.Start < other.Start + other.Length && other.Start < range.Start + range.Length)
                return true;
        }

        return false;
    }
}
