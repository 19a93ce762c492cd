namespace EventLoops.Protocols.Http;

/// <summary>
/// The lines that every answer of a server has, <c>Server</c> and <c>Date</c>, put together once a second, and whole beginnings of answers that are like others before.
/// They are most of the head of a small answer, and copying them costs less than writing them.
/// </summary>
internal sealed class CommonFields
{
    // A server has few kinds of answers that come often; two kinds that share a place put each other out.
    private const int KeptBeginnings = 8;

    // Longer types are rare, and not worth the memory.
    private const int LongestKeptType = 128;

    private readonly Beginning[] _beginnings = new Beginning[KeptBeginnings];
    private readonly string? _server;
    private readonly DateField _date = new();
    private readonly byte[] _lines;
    private long _second = -1;
    private int _length;

    /// <summary>Prepares the lines.</summary>
    /// <param name="server">The value of <c>Server</c>; null for none.</param>
    /// <exception cref="ArgumentException">It has a character that a field cannot carry.</exception>
    internal CommonFields(string? server)
    {
        _server = server;
        _lines = new byte[DateField.Length + (server?.Length ?? 0) + 32];
        Write(DateTimeOffset.UnixEpoch);
    }

    /// <summary>The lines at this moment; overwritten when a later second is asked for.</summary>
    internal ReadOnlySpan<byte> At(DateTimeOffset now)
    {
        _ = _date.At(now);
        if (_date.Second != _second)
            Write(now);
        return _lines.AsSpan(0, _length);
    }

    /// <summary>
    /// What the head of an answer begins with: the status line, the common lines, and <c>Content-Type</c>. Overwritten when a later second or another kind of answer is
    /// asked for.
    /// </summary>
    /// <param name="status">The status.</param>
    /// <param name="contentType">The value of <c>Content-Type</c>; null for none.</param>
    /// <param name="now">This moment.</param>
    /// <param name="beginning">The lines.</param>
    /// <returns>False when the type is so long that no beginnings with it are kept.</returns>
    /// <exception cref="ArgumentException">The type has a character that a field cannot carry.</exception>
    internal bool TryBegin(int status, string? contentType, DateTimeOffset now, out ReadOnlySpan<byte> beginning)
    {
        int length = contentType?.Length ?? 0;
        ReadOnlySpan<byte> common = At(now);
        ref Beginning kept = ref _beginnings[(status + length) % KeptBeginnings];
        if (kept.Status == status && kept.Second == _second && string.Equals(kept.ContentType, contentType, StringComparison.Ordinal))
        {
            beginning = kept.Lines.AsSpan(0, kept.Length);
            return true;
        }

        beginning = default;
        if (length > LongestKeptType)
            return false;

        kept.Write(status, contentType, common, _second);
        beginning = kept.Lines.AsSpan(0, kept.Length);
        return true;
    }

    /// <summary>The date alone, for an answer that was made elsewhere and has a <c>Server</c> of its own (RFC 9110 6.6.1 and 10.2.4).</summary>
    internal ReadOnlySpan<byte> DateAt(DateTimeOffset now) => _date.At(now);

    private void Write(DateTimeOffset now)
    {
        HeadWriter writer = new(_lines);
        if (_server is not null)
            writer.Field("Server", _server);
        writer.Date(_date.At(now));
        _length = writer.Written.Length;
        _second = _date.Second;
    }

    private struct Beginning
    {
        // A status line, the name of the field, and what ends the lines.
        private const int Room = 128;

        public int Status;
        public string? ContentType;
        public long Second;
        public byte[]? Lines;
        public int Length;

        public void Write(int status, string? contentType, ReadOnlySpan<byte> common, long second)
        {
            // Nothing is kept of a type that turns out not to be writable.
            Status = 0;
            HeadWriter writer = new(Lines ??= new byte[common.Length + LongestKeptType + Room]);
            writer.StatusLine(status);
            writer.Lines(common);
            if (contentType is not null)
                writer.Field("Content-Type", contentType);
            Length = writer.Written.Length;
            ContentType = contentType;
            Second = second;
            Status = status;
        }
    }
}
