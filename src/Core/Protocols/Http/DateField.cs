using System.Diagnostics;
using System.Globalization;

namespace EventLoops.Protocols.Http;

/// <summary>
/// The value of the Date field (RFC 9110 6.6.1), formatted once a second and shared by all responses of a thread. It has no clock: the
/// caller says what time it is.
/// </summary>
internal sealed class DateField
{
    /// <summary>The length of an IMF-fixdate such as <c>Sun, 06 Nov 1994 08:49:37 GMT</c> (RFC 9110 5.6.7).</summary>
    internal const int Length = 29;

    private readonly byte[] _text = new byte[Length];
    private long _second = -1;

    /// <summary>Of which second the text is: a number that changes when it does.</summary>
    internal long Second => _second;

    /// <summary>The date of this moment; the span is overwritten when a later second is asked for.</summary>
    internal ReadOnlySpan<byte> At(DateTimeOffset now)
    {
        long second = now.UtcTicks / TimeSpan.TicksPerSecond;
        if (second == _second)
            return _text;
        _second = second;
        bool formatted = now.ToUniversalTime().TryFormat(_text, out int written, "R", CultureInfo.InvariantCulture);
        Debug.Assert(formatted && written == Length, "The format R always has 29 bytes.");
        return _text;
    }
}
