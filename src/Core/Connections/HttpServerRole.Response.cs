using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>Answering.</summary>
internal sealed partial class HttpServerRole
{
    private bool _isHeadDeadlineSet;
    private bool _keepAlive;
    private bool _hasStarted;
    private bool _hasEnded;
    private bool _sendsBody;
    private bool _sendsChunks;
    private long _responseLeft;

    public void StartResponse(int status, string? contentType, long contentLength, ReadOnlySpan<HttpField> fields)
    {
        if (status is < 200 or > 599)
            throw new ArgumentOutOfRangeException(nameof(status), status, "A status lies between 200 and 599.");
        if (_hasStarted)
            throw new InvalidOperationException("The request has been answered already.");

        HttpHead head = _head!;

        // RFC 9112 6.3: these answers end with their head, whatever length they name. RFC 9110 8.6: 204 names none.
        bool forbidsBody = status is 204 or 304;
        bool isUnknown = contentLength < 0 && !forbidsBody;

        // RFC 9110 10.1.1: a client that still waits for 100 may send the body or not, so what comes next cannot be told.
        bool keepsAlive = _keepAlive && !_continueIsDue && !(isUnknown && head.MinorVersion == 0);
        bool sendsChunks = isUnknown && head.MinorVersion > 0;

        HeadWriter writer = new(Thread.Scratch);
        writer.StatusLine(status);
        WriteCommonFields(ref writer, keepsAlive, head.MinorVersion);
        if (contentType is not null)
            writer.Field("Content-Type", contentType);
        if (sendsChunks)
            writer.Field("Transfer-Encoding"u8, "chunked"u8);
        else if (!isUnknown && status != 204 && contentLength >= 0)
            writer.ContentLength(contentLength);
        foreach (HttpField field in fields)
            writer.Field(field.Name, field.Value);
        writer.End();

        // Nothing was changed until here, so that a field that cannot be sent leaves the request unanswered.
        _hasStarted = true;
        _keepAlive = keepsAlive;
        _sendsBody = !forbidsBody && head.Method != RequestMethod.Head;
        _sendsChunks = sendsChunks && _sendsBody;
        _responseLeft = isUnknown ? long.MaxValue : contentLength;
        Connection.Send(writer.Written);
    }

    public void WriteBody(ReadOnlySpan<byte> part)
    {
        if (!_hasStarted || _hasEnded)
            throw new InvalidOperationException("A body comes after StartResponse and before EndResponse.");
        if (part.Length > _responseLeft)
            throw new InvalidOperationException("More than the announced Content-Length.");

        if (_responseLeft != long.MaxValue)
            _responseLeft -= part.Length;

        // A chunk of length 0 would end the body (RFC 9112 7.1).
        if (!_sendsBody || part.IsEmpty)
            return;
        if (!_sendsChunks)
        {
            Connection.Send(part);
            return;
        }

        Span<byte> header = stackalloc byte[ChunkedEncoder.MaxHeaderSize];
        Connection.Send(header[..ChunkedEncoder.WriteChunkHeader(header, part.Length)], part);
        Connection.Send(ChunkedEncoder.ChunkEnd);
    }

    public void EndResponse()
    {
        if (!_hasStarted || _hasEnded)
            throw new InvalidOperationException("EndResponse comes once, after StartResponse.");
        if (_responseLeft is > 0 and < long.MaxValue && _sendsBody)
            throw new InvalidOperationException($"{_responseLeft} bytes of the announced Content-Length are missing.");

        _hasEnded = true;
        if (_sendsChunks)
            Connection.Send(ChunkedEncoder.LastChunk);
        CompleteIfDone();
    }

    private void BeginResponse(HttpHead head)
    {
        _keepAlive = head.KeepAlive;
        _hasStarted = _hasEnded = _sendsBody = _sendsChunks = false;
        _responseLeft = 0;
        _continueIsDue = false;
    }

    private void WriteCommonFields(ref HeadWriter writer, bool keepsAlive, int minorVersion)
    {
        writer.Lines(Connection.VirtualHost!.CommonFields.At(Thread.UtcNow()));

        // HTTP/1.1 keeps connections unless it says otherwise, HTTP/1.0 the other way round (RFC 9112 9.3).
        if (!keepsAlive)
            writer.Field("Connection"u8, "close"u8);
        else if (minorVersion == 0)
            writer.Field("Connection"u8, "keep-alive"u8);
    }
}
