using System.Globalization;

namespace EventLoops.Protocols.Http;

/// <summary>Dates in fields (RFC 9110 5.6.7).</summary>
internal static class HttpDate
{
    private const int LongestLength = 64;

    // The form that is sent today, that of RFC 850, and that of asctime(3), whose day of the month is padded with a blank.
    private static readonly string[] Forms =
        ["ddd, dd MMM yyyy HH:mm:ss 'GMT'", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy"];

    /// <summary>Reads a date in any of the three forms, which a recipient must accept.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out DateTimeOffset date)
    {
        date = default;
        if (text.Length > LongestLength)
            return false;

        Span<char> characters = stackalloc char[LongestLength];
        for (int i = 0; i < text.Length; i++)
            characters[i] = (char)text[i];
        return DateTimeOffset.TryParseExact(
            characters[..text.Length], Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out date);
    }

    /// <summary>Writes a date in the form that is sent today.</summary>
    internal static string Format(DateTimeOffset date) => date.ToUniversalTime().ToString("R", CultureInfo.InvariantCulture);
}
