namespace EventLoops.Protocols.Http;

/// <summary>
/// The lines that every answer of a server has, <c>Server</c> and <c>Date</c>, put together once a second. They are a third of the head of a small answer, and
/// copying them costs less than writing them.
/// </summary>
internal sealed class CommonFields
{
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
}
