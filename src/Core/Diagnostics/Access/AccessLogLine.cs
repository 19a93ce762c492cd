using System.Buffers.Text;
using System.Globalization;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>A line of an access log, put together without garbage. What a client has sent is bounded and escaped.</summary>
internal ref struct AccessLogLine(Span<byte> destination)
{
    // What is shown of each; a byte that is escaped takes four.
    private const int LongestPeer = 64;
    private const int LongestRequest = 2048;
    private const int LongestField = 512;
    private const int EscapedSize = 4;
    private const int RoomForTheRest = 256;

    /// <summary>No line is longer.</summary>
    public const int MaxLength = (EscapedSize * (LongestPeer + LongestRequest + (2 * LongestField))) + RoomForTheRest;

    private readonly Span<byte> _destination = destination;

    public int Length { get; private set; }

    /// <summary>Writes a whole line.</summary>
    /// <param name="peer">Who asked.</param>
    /// <param name="time">When it was answered.</param>
    /// <param name="head">The request; null when none was read, and one that was refused before its end has no text.</param>
    /// <param name="status">The answer.</param>
    /// <param name="bytes">How many bytes its body had.</param>
    public void Write(ReadOnlySpan<byte> peer, DateTimeOffset time, HttpHead? head, int status, long bytes)
    {
        Escaped(peer, LongestPeer);
        Raw(" - - ["u8);
        Time(time);
        Raw("] \""u8);
        Request(head);
        Raw("\" "u8);
        Number(status);
        Raw(" "u8);
        if (bytes == 0)
            Raw("-"u8);
        else
            Number(bytes);
        Field(head, KnownHeader.Referer);
        Field(head, KnownHeader.UserAgent);
        Raw("\n"u8);
    }

    private void Request(HttpHead? head)
    {
        if (head is null || head.MethodText.IsEmpty)
        {
            Raw("-"u8);
            return;
        }

        int left = LongestRequest;
        left -= Escaped(head.MethodText, left);
        Raw(" "u8);
        Escaped(head.Target, left);
        Raw(head.MinorVersion == 0 ? " HTTP/1.0"u8 : " HTTP/1.1"u8);
    }

    private void Field(HttpHead? head, KnownHeader header)
    {
        ReadOnlySpan<byte> value = head is { IsComplete: true } ? head.FirstValue(header) : default;
        Raw(" \""u8);
        if (value.IsEmpty)
            Raw("-"u8);
        else
            Escaped(value, LongestField);
        Raw("\""u8);
    }

    private void Time(DateTimeOffset time)
    {
        time.ToUniversalTime().TryFormat(_destination[Length..], out int written, "dd/MMM/yyyy:HH:mm:ss +0000", CultureInfo.InvariantCulture);
        Length += written;
    }

    private void Number(long number)
    {
        Utf8Formatter.TryFormat(number, _destination[Length..], out int written);
        Length += written;
    }

    private void Raw(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_destination[Length..]);
        Length += text.Length;
    }

    /// <summary>
    /// Everything but printable ASCII is written as <c>\x0A</c>, and so are the quotation mark and the backslash, as nginx does: what is between two quotation marks
    /// is then one field, whoever reads it. Returns how many bytes were shown.
    /// </summary>
    private int Escaped(ReadOnlySpan<byte> text, int most)
    {
        if (text.Length > most)
            text = text[..most];
        foreach (byte one in text)
        {
            if (one is < 0x20 or > 0x7E or (byte)'"' or (byte)'\\')
            {
                Raw("\\x"u8);
                Utf8Formatter.TryFormat(one, _destination[Length..], out int written, new('X', 2));
                Length += written;
            }
            else
            {
                _destination[Length++] = one;
            }
        }

        return text.Length;
    }
}
