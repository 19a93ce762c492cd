using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>The request: its head, and a body that leaves as the server takes it.</summary>
internal sealed partial class HttpClientRole
{
    // A piece of a body that lies ready: large enough to cost few calls, small enough for the cork to take it with what is before it.
    private const int BodyPiece = 32 * 1024;

    private RequestHead? _request;
    private Errno _uploadError;
    private int _bodySent;
    private long _bodyLeft;
    private bool _writesBody;
    private bool _sendsChunks;
    private bool _isUploadStopped;

    public override RequestHead? Request => _request;

    /// <summary>Whether the program may write a part of the body.</summary>
    public override bool CanWrite =>
        !_isUploadStopped && (_writesBody || HasBodyLeft) && Connection.State is ConnectionState.AwaitingReply or ConnectionState.ReadingReply;

    private bool HasBodyLeft => _bodySent < Call.Body.Length;

    private bool IsRequestSent => !_isUploadStopped && !_writesBody && !HasBodyLeft;

    /// <summary>Writes the request. It leaves at the end of the connection's service.</summary>
    public void Begin()
    {
        Connection.SetDeadline(Deadline.Handshake, Options.HandshakeTimeout);
        _request = new RequestHead(Call);
        CallbackOutcome outcome = Connection.Raise(CallbackReason.ClientAppendHandshakeHeader);
        if (Connection.IsClosed)
            return;
        if (outcome != CallbackOutcome.Continue)
        {
            FailRefused(outcome, "OnWritingRequest");
            return;
        }

        WriteHead(_request);
        _request = null;
        BeginRequestBody();
    }

    /// <summary>The kernel takes more of the body: ours if it lies ready, otherwise the program is asked for it.</summary>
    public override void OnWritable()
    {
        if (HasBodyLeft)
        {
            SendBody();
            return;
        }

        Connection.ClearDeadlineOf(Deadline.Handshake);
        CallbackOutcome outcome = Connection.Raise(CallbackReason.ClientHttpWriteable);
        if (Connection.IsClosed || outcome == CallbackOutcome.Continue)
            return;
        if (_isReplied)
            Connection.End(Ended(outcome == CallbackOutcome.Failed ? CloseOrigin.Error : CloseOrigin.Local));
        else
            FailRefused(outcome, "OnHttpWritable");
    }

    /// <summary>See <see cref="Connection.WriteBody"/>.</summary>
    public WriteResult WriteBody(ReadOnlySpan<byte> part)
    {
        if (_isUploadStopped)
            return WriteResult.Closed;
        if (!_writesBody)
            throw new InvalidOperationException($"The request has no body that is written, or it has ended: see {nameof(ClientConnectOptions)}.{nameof(ClientConnectOptions.BodyLength)}.");
        if (part.Length > _bodyLeft)
            throw new InvalidOperationException("More than the announced Content-Length.");
        if (Connection.IsChoked)
            return WriteResult.Busy;

        if (_bodyLeft != long.MaxValue)
            _bodyLeft -= part.Length;
        Send(part);

        // The server has to take it in time, and then has its time for the reply.
        if (!_isReplied && Connection.State == ConnectionState.AwaitingReply && Connection.IsChoked)
            Connection.SetDeadline(Deadline.Handshake, Options.HandshakeTimeout);
        return Connection.IsClosed || _isUploadStopped ? WriteResult.Closed : WriteResult.Accepted;
    }

    /// <summary>See <see cref="Connection.EndRequest"/>.</summary>
    /// <param name="trailers">Fields behind a body in chunks; null for none.</param>
    public void EndBody(HttpHead? trailers = null)
    {
        if (_isUploadStopped)
            return;
        if (!_writesBody)
            throw new InvalidOperationException("EndRequest comes once, after a body that was written.");
        if (_bodyLeft is > 0 and < long.MaxValue)
            throw new InvalidOperationException($"{_bodyLeft} bytes of the announced Content-Length are missing.");

        _writesBody = false;
        if (_sendsChunks)
            Connection.SendLastChunk(trailers);
        AwaitReply();
    }

    private void WriteHead(RequestHead request)
    {
        if (Options.Forwarded is { } forwarded)
        {
            forwarded.Send(Connection, Call.MayKeepSocket);
            return;
        }

        long? length = Call.BodyLength ?? (Call.Body.IsEmpty ? null : Call.Body.Length);
        HeadWriter writer = new(Connection.Thread.Scratch);
        writer.RequestLine(System.Text.Encoding.ASCII.GetBytes(Call.Method), Call.IsForwarded ? Call.Target.AbsoluteForm : Call.Target.OriginForm);
        writer.Field("Host", Call.Target.HostField);
        if (!Call.MayKeepSocket)
            writer.Field("Connection"u8, "close"u8);
        if (length == -1)
            writer.Field("Transfer-Encoding"u8, "chunked"u8);
        else if (length is { } known)
            writer.ContentLength(known);
        else if (Call.Method is "POST" or "PUT" or "PATCH")
            writer.ContentLength(0); // RFC 9110 8.6: methods that are about a body say that there is none.

        if (Call is { IsForwarded: true, Proxy.Credentials: { } credentials })
            writer.Field("Proxy-Authorization", credentials);
        foreach (HttpField field in request.Fields)
            writer.Field(field.Name, field.Value);
        writer.End();
        Connection.Send(writer.Written);
    }

    private void BeginRequestBody()
    {
        if (HasBodyLeft)
        {
            SendBody();
            return;
        }

        if (Call.BodyLength is not { } length)
            return;

        _sendsChunks = length == -1;
        _bodyLeft = length == -1 ? long.MaxValue : length;
        _writesBody = length != 0;
        if (_writesBody)
            Connection.RequestWritable();
    }

    private void SendBody()
    {
        while (HasBodyLeft && !Connection.IsChoked && !Connection.IsClosed && !_isUploadStopped)
        {
            ReadOnlySpan<byte> piece = Call.Body.Span[_bodySent..];
            piece = piece[..Math.Min(piece.Length, BodyPiece)];
            _bodySent += piece.Length;
            Connection.Send(piece);
            if (Connection.State is not (ConnectionState.AwaitingReply or ConnectionState.ReadingReply))
                return;
        }

        if (Connection.IsClosed || _isUploadStopped)
            return;

        AwaitReply();
        if (HasBodyLeft)
            Connection.RequestWritable();
    }

    /// <summary>A chunk of length 0 would end the body (RFC 9112 7.1).</summary>
    private void Send(ReadOnlySpan<byte> part)
    {
        if (part.IsEmpty)
            return;
        if (!_sendsChunks)
        {
            Connection.Send(part);
            return;
        }

        Span<byte> header = stackalloc byte[ChunkedEncoder.MaxHeaderSize];
        Connection.Send(header[..ChunkedEncoder.WriteChunkHeader(header, part.Length)], part);
        if (!_isUploadStopped)
            Connection.Send(ChunkedEncoder.ChunkEnd);
    }

    /// <summary>The server's time for its reply, or for taking more of the body, begins again.</summary>
    private void AwaitReply()
    {
        if (!_isReplied && Connection.State == ConnectionState.AwaitingReply)
            Connection.SetDeadline(Deadline.Handshake, Options.HandshakeTimeout);
    }

    /// <summary>Nothing more of the body is sent. False when there was nothing to stop.</summary>
    private bool StopUpload(Errno errno)
    {
        if (_isUploadStopped || (!_writesBody && !HasBodyLeft && Connection.HasNothingUnsent))
            return false;

        _isUploadStopped = true;
        _uploadError = errno;
        if (errno != Errno.None)
            Connection.DropUnsent();
        return true;
    }
}
