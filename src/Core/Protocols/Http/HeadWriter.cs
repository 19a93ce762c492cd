using System.Text;

namespace EventLoops.Protocols.Http;

/// <summary>
/// Puts a message head together, line after line, in memory of the caller: <see cref="HttpWriter"/> with a place that moves. A head that does not fit is
/// the caller's mistake: nobody but a user's own fields could make it that long.
/// </summary>
internal ref struct HeadWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;
    private int _length;

    public readonly ReadOnlySpan<byte> Written => _destination[.._length];

    private readonly Span<byte> Rest => _destination[_length..];

    public void StatusLine(int status) => Take(HttpWriter.WriteStatusLine(Rest, status));

    public void RequestLine(scoped ReadOnlySpan<byte> method, string target)
    {
        Span<byte> ascii = target.Length <= 512 ? stackalloc byte[512] : new byte[target.Length];
        Take(HttpWriter.WriteRequestLine(Rest, method, ascii[..Narrow(target, ascii)]));
    }

    public void RequestLine(scoped ReadOnlySpan<byte> method, scoped ReadOnlySpan<byte> target) => Take(HttpWriter.WriteRequestLine(Rest, method, target));

    public void Field(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value) => Take(HttpWriter.WriteField(Rest, name, value));

    public void Field(string name, string value)
    {
        int needed = name.Length + value.Length;
        Span<byte> narrow = needed <= 512 ? stackalloc byte[512] : new byte[needed];
        int nameLength = Narrow(name, narrow);
        int valueLength = Narrow(value, narrow[nameLength..]);
        Field(narrow[..nameLength], narrow.Slice(nameLength, valueLength));
    }

    /// <summary>Whole lines that were written before.</summary>
    public void Lines(scoped ReadOnlySpan<byte> lines) => Take(lines.TryCopyTo(Rest) ? lines.Length : -1);

    public void ContentLength(long length) => Take(HttpWriter.WriteContentLength(Rest, length));

    public void Date(scoped ReadOnlySpan<byte> date) => Take(HttpWriter.WriteDate(Rest, date));

    public void End() => Take(HttpWriter.EndHead(Rest));

    /// <summary>Writes characters as single bytes (RFC 9110 5.5); one that has none is the caller's mistake.</summary>
    private static int Narrow(string text, Span<byte> bytes)
    {
        if (text.AsSpan().ContainsAnyExceptInRange('\0', '\xFF'))
            throw new ArgumentException($"'{text}' has a character that no header field can carry (RFC 9110 5.5).", nameof(text));

        return Encoding.Latin1.GetBytes(text, bytes);
    }

    private void Take(int written)
    {
        if (written < 0)
            throw new ArgumentException($"The head is longer than {_destination.Length} bytes.");

        _length += written;
    }
}
