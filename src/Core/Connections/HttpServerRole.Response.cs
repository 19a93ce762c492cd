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
        ReplyPlan plan = Plan(status, contentLength);
        HeadWriter writer = new(Thread.Scratch);
        WriteBeginning(ref writer, plan, contentType);
        plan.WriteFraming(ref writer);
        foreach (HttpField field in fields)
            writer.Field(field.Name, field.Value);
        writer.End();
        Start(plan, writer.Written);
    }

    /// <summary>Begins an answer that was made elsewhere, with the fields that it has from there (RFC 9110 7.6).</summary>
    public void StartForwarded(in ForwardedReply reply)
    {
        ReplyPlan plan = Plan(reply.Status, reply.Length);
        HeadWriter writer = new(Thread.Scratch);
        writer.StatusLine(reply.Status);
        if (!reply.HasDate)
            writer.Date(Connection.VirtualHost!.CommonFieldsOn(Thread).DateAt(Thread.UtcNow()));
        WriteConnection(ref writer, plan.KeepsAlive);
        plan.WriteFraming(ref writer);
        reply.WriteFields(ref writer);
        writer.End();
        Start(plan, writer.Written);
    }

    /// <summary>
    /// An interim answer that was made elsewhere. It has no body and no fields of ours, and is not sent to HTTP/1.0, which knows none (RFC 9110 15.2).
    /// </summary>
    public void SendInterim(in ForwardedReply reply)
    {
        if (_hasStarted || _head is not { MinorVersion: > 0 })
            return;

        HeadWriter writer = new(Thread.Scratch);
        writer.StatusLine(reply.Status);
        reply.WriteFields(ref writer);
        writer.End();
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

        _bodyBytes += part.Length;
        if (!_sendsChunks)
        {
            Connection.Send(part);
            return;
        }

        Span<byte> header = stackalloc byte[ChunkedEncoder.MaxHeaderSize];
        Connection.Send(header[..ChunkedEncoder.WriteChunkHeader(header, part.Length)], part);
        Connection.Send(ChunkedEncoder.ChunkEnd);
    }

    /// <summary>The answer is complete.</summary>
    /// <param name="trailers">Fields behind a body in chunks; null for none.</param>
    public void EndResponse(HttpHead? trailers = null)
    {
        if (!_hasStarted || _hasEnded)
            throw new InvalidOperationException("EndResponse comes once, after StartResponse.");
        if (_responseLeft is > 0 and < long.MaxValue && _sendsBody)
            throw new InvalidOperationException($"{_responseLeft} bytes of the announced Content-Length are missing.");

        _hasEnded = true;
        if (_sendsChunks)
            Connection.SendLastChunk(trailers);
        CompleteIfDone();
    }

    private void BeginResponse(HttpHead head)
    {
        _keepAlive = head.KeepAlive && !Thread.IsDraining;
        _hasStarted = _hasEnded = _sendsBody = _sendsChunks = false;
        _responseLeft = 0;
        _continueIsDue = false;
    }

    /// <summary>How an answer is framed, and what becomes of the connection behind it.</summary>
    private ReplyPlan Plan(int status, long contentLength)
    {
        if (status is < 200 or > 599)
            throw new ArgumentOutOfRangeException(nameof(status), status, "A status lies between 200 and 599.");
        if (_hasStarted)
            throw new InvalidOperationException("The request has been answered already.");

        // RFC 9112 6.3: these answers end with their head, whatever length they name. RFC 9110 8.6: 204 names none.
        bool forbidsBody = status is 204 or 304;
        bool isUnknown = contentLength < 0 && !forbidsBody;
        int minorVersion = _head!.MinorVersion;
        return new ReplyPlan
        {
            Status = status,
            ContentLength = contentLength,
            IsUnknown = isUnknown,
            ForbidsBody = forbidsBody,
            SendsChunks = isUnknown && minorVersion > 0,

            // RFC 9110 10.1.1: a client that still waits for 100 may send the body or not, so what comes next cannot be told.
            KeepsAlive = _keepAlive && !_continueIsDue && !(isUnknown && minorVersion == 0),
        };
    }

    /// <summary>The head is put together and leaves. Nothing was changed until here, so that a field that cannot be sent leaves the request unanswered.</summary>
    private void Start(in ReplyPlan plan, ReadOnlySpan<byte> head)
    {
        _hasStarted = true;
        _keepAlive = plan.KeepsAlive;
        _sendsBody = !plan.ForbidsBody && _head!.Method != RequestMethod.Head;
        _sendsChunks = plan.SendsChunks && _sendsBody;
        _responseLeft = plan.IsUnknown ? long.MaxValue : plan.ContentLength;
        NoteAnswer(plan.Status);
        Connection.Send(head);
    }

    /// <summary>The lines before those that say how the body is framed: nearly always the same as before, and then copied as a whole.</summary>
    private void WriteBeginning(ref HeadWriter writer, in ReplyPlan plan, string? contentType)
    {
        CommonFields common = Connection.VirtualHost!.CommonFieldsOn(Thread);
        if (plan.KeepsAlive && _head!.MinorVersion > 0 && common.TryBegin(plan.Status, contentType, Thread.UtcNow(), out ReadOnlySpan<byte> beginning))
        {
            writer.Lines(beginning);
            return;
        }

        writer.StatusLine(plan.Status);
        writer.Lines(common.At(Thread.UtcNow()));
        WriteConnection(ref writer, plan.KeepsAlive);
        if (contentType is not null)
            writer.Field("Content-Type", contentType);
    }

    /// <summary>HTTP/1.1 keeps connections unless it says otherwise, HTTP/1.0 the other way round (RFC 9112 9.3).</summary>
    private void WriteConnection(ref HeadWriter writer, bool keepsAlive)
    {
        if (!keepsAlive)
            writer.Field("Connection"u8, "close"u8);
        else if (_head!.MinorVersion == 0)
            writer.Field("Connection"u8, "keep-alive"u8);
    }

    private readonly struct ReplyPlan
    {
        public int Status { get; init; }

        public long ContentLength { get; init; }

        public bool IsUnknown { get; init; }

        public bool ForbidsBody { get; init; }

        public bool SendsChunks { get; init; }

        public bool KeepsAlive { get; init; }

        public void WriteFraming(ref HeadWriter writer)
        {
            if (SendsChunks)
                writer.Field("Transfer-Encoding"u8, "chunked"u8);
            else if (!IsUnknown && Status != 204 && ContentLength >= 0)
                writer.ContentLength(ContentLength);
        }
    }
}
