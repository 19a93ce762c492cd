using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// HTTP/1.1 as a server (RFC 9112): one request after the other, each read, given to protocol 0 and answered; or the step to a WebSocket.
/// This file reads requests; <c>HttpServerRole.Response.cs</c> answers them and <c>HttpServerRole.Upgrade.cs</c> makes WebSockets of them,
/// as <c>HttpServerRole.Upgrading.cs</c> lets the user decide.
/// </summary>
internal sealed partial class HttpServerRole(Connection connection) : Role(connection)
{
    private HttpHead? _head;
    private ChunkedDecoder _chunks;
    private long _bodyLeft;
    private long _bodyRead;
    private bool _bodyIsChunked;
    private bool _bodyIsUnwanted;
    private bool _isCalling;

    /// <summary>What <see cref="Connection.RequestContentLength"/> tells.</summary>
    public long RequestContentLength => _head is { IsComplete: true } head ? head.Framing switch
    {
        BodyFraming.Length => head.ContentLength,
        BodyFraming.Chunked => -1,
        _ => 0,
    }
    : 0;

    public override bool CanWrite => Connection.State is ConnectionState.ReadingBody or ConnectionState.Responding;

    private ServiceThread Thread => Connection.Thread;

    private ConnectionTimeouts Timeouts => Connection.Context.Timeouts;

    public override void Consume(ref Span<byte> bytes)
    {
        switch (Connection.State)
        {
            case ConnectionState.AwaitingRequest:
                ReadHead(ref bytes);
                return;
            case ConnectionState.ReadingBody:
                ReadBody(ref bytes);
                return;
            default:
                // The answer is not complete; the next request waits, so that answers leave in the order of the requests (RFC 9112 9.3.2).
                Connection.Pause(ReceivePause.Answer);
                return;
        }
    }

    public override void OnWritable() => Finish(Call(CallbackReason.HttpWriteable));

    public override void OnEndOfStream()
    {
        // A peer that ends its half after a request may still wait for the answer (RFC 9112 9.6); there is nothing more to read from it.
        if (Connection.State == ConnectionState.Responding)
        {
            _keepAlive = false;
            Connection.Pause(ReceivePause.Answer);
            return;
        }

        // The answers to earlier requests may still be on their way out.
        if (Connection.State == ConnectionState.AwaitingRequest)
            Connection.EndAfterFlush(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Remote }, AfterFlush.End);
        else
            Drop(CloseOrigin.Remote);
    }

    public override void OnDeadline(Deadline deadline)
    {
        if (deadline == Deadline.RequestHead)
            Refuse(ProtocolFault.RequestTimeout);
        else if (deadline == Deadline.KeepAlive && !Connection.HasNothingUnsent)
            Connection.SetDeadline(Deadline.KeepAlive, Timeouts.KeepAlive); // The peer is not idle, it is still reading the last answer.
        else
            Drop(CloseOrigin.Timeout);
    }

    public override void OnCloseRequested(CloseOrigin origin) => Drop(origin);

    public override void RaiseEnd(in CloseInfo close)
    {
        ReleaseHead();
        RestoreProtocolZero();
        _ = Connection.Raise(CallbackReason.ClosedHttp);
    }

    public override void Release() => ReleaseHead();

    private void ReadHead(ref Span<byte> bytes)
    {
        HttpHead head = _head ??= Thread.RentHead(HttpHeadKind.Request);
        HeadStatus status = head.Feed(bytes, out int consumed);
        bytes = bytes[consumed..];
        switch (status)
        {
            case HeadStatus.NeedMore:
                AwaitRestOfHead(head);
                return;
            case HeadStatus.Fault:
                Refuse(head.Fault);
                return;
            default:
                Connection.ClearDeadline();
                Connection.CurrentHead = head;
                OnHead(head);
                return;
        }
    }

    private void AwaitRestOfHead(HttpHead head)
    {
        if (!head.HasStarted || _isHeadDeadlineSet)
            return;

        // Counted from the first byte and not from the last, or a peer could keep the connection with a byte now and then.
        _isHeadDeadlineSet = true;
        Connection.SetDeadline(Deadline.RequestHead, Timeouts.RequestHead);
    }

    private void OnHead(HttpHead head)
    {
        _isHeadDeadlineSet = false;
        ChooseHost(head);
        if (head.WantsWebSocket)
        {
            Upgrade(head);
            return;
        }

        // RFC 9110 9.1: a method that is not known here cannot be served, whatever the target; what it means, its body included, is anybody's guess.
        if (head.Method == RequestMethod.Other)
        {
            Refuse(ProtocolFault.MethodNotImplemented);
            return;
        }

        if (!UriPath.TryDecode(head.RawPath, Thread.Scratch, out int length, out ProtocolFault fault))
        {
            Refuse(fault);
            return;
        }

        if (head.ContentLength > Connection.Context.Limits.MaxRequestBody)
        {
            Refuse(ProtocolFault.BodyTooLarge);
            return;
        }

        BeginRequest(head);

        // The path leaves the scratch buffer before the callback, which may need that buffer to answer.
        byte[] path = BufferPool.Rent(length);
        Thread.Scratch.AsSpan(0, length).CopyTo(path);
        Serve(head, path.AsSpan(0, length));
        BufferPool.Return(path);
    }

    /// <summary>A request goes to the virtual host that it names (RFC 9110 7.2), each request anew.</summary>
    private void ChooseHost(HttpHead head)
    {
        // The hosts may all have gone in an earlier callback of this turn; then the connection is on its way out as well.
        VirtualHost? host = Connection.Listener!.Hosts.Choose(head.Authority);
        if (host is not null && host != Connection.VirtualHost)
            Connection.Bind(host.ProtocolZero);
    }

    private void BeginRequest(HttpHead head)
    {
        BeginResponse(head);
        _bodyIsUnwanted = false;
        _bodyRead = 0;
        _bodyIsChunked = head.Framing == BodyFraming.Chunked;
        _bodyLeft = head.Framing == BodyFraming.Length ? head.ContentLength : 0;
        _chunks = default;

        bool hasBody = _bodyIsChunked || _bodyLeft > 0;
        Connection.Move(hasBody ? ConnectionState.ReadingBody : ConnectionState.Responding);
        if (hasBody)
            Connection.SetDeadline(Deadline.RequestBody, Timeouts.RequestBody);
    }

    private void Serve(HttpHead head, ReadOnlySpan<byte> path)
    {
        CallbackData data = new() { In = path };
        CallbackOutcome filtered = Call(CallbackReason.FilterHttpConnection, in data);
        if (Connection.State is not (ConnectionState.ReadingBody or ConnectionState.Responding))
            return;
        if (filtered != CallbackOutcome.Continue)
        {
            RefuseAfter(filtered);
            return;
        }

        CallbackOutcome outcome = AskMount(head, path) ?? Call(CallbackReason.Http, in data);
        if (Connection.State == ConnectionState.ReadingBody && outcome == CallbackOutcome.Continue)
        {
            // An answer that is complete before the body has come does not want it; it is read past to reach the next request (RFC 9112 9.3).
            _bodyIsUnwanted = _hasEnded;
            if (head.ExpectsContinue && !_hasStarted)
                Connection.Send("HTTP/1.1 100 Continue\r\n\r\n"u8);
            else if (head.ExpectsContinue)
                _keepAlive = false;
        }

        Finish(outcome);
    }

    private void ReadBody(ref Span<byte> bytes)
    {
        if (_bodyIsChunked)
        {
            ReadChunk(ref bytes);
            return;
        }

        ReadOnlySpan<byte> part = bytes[..(int)Math.Min(_bodyLeft, bytes.Length)];
        bytes = bytes[part.Length..];
        _bodyLeft -= part.Length;
        OnBodyPart(part);
    }

    private void ReadChunk(ref Span<byte> bytes)
    {
        ReadOnlySpan<byte> input = bytes;
        ChunkEvent chunk = _chunks.Read(ref input);
        bytes = bytes[^input.Length..];
        switch (chunk.Kind)
        {
            case ChunkEventKind.NeedMore:
                return;
            case ChunkEventKind.Data:
                OnBodyPart(chunk.Data);
                return;
            case ChunkEventKind.End:
                OnBodyEnd();
                return;
            default:
                Refuse(chunk.Fault);
                return;
        }
    }

    private void OnBodyPart(ReadOnlySpan<byte> part)
    {
        _bodyRead += part.Length;
        if (_bodyRead > Connection.Context.Limits.MaxRequestBody)
        {
            Refuse(ProtocolFault.BodyTooLarge);
            return;
        }

        if (!_bodyIsUnwanted)
        {
            CallbackData data = new() { In = part };
            CallbackOutcome outcome = Call(CallbackReason.HttpBody, in data);
            if (outcome != CallbackOutcome.Continue)
            {
                Finish(outcome);
                return;
            }
        }

        if (!_bodyIsChunked && _bodyLeft == 0 && Connection.State == ConnectionState.ReadingBody)
            OnBodyEnd();
    }

    private void OnBodyEnd()
    {
        if (Connection.State != ConnectionState.ReadingBody)
            return;

        Connection.ClearDeadline();
        Connection.Move(ConnectionState.Responding);
        Finish(_bodyIsUnwanted ? CallbackOutcome.Continue : Call(CallbackReason.HttpBodyCompletion));
    }

    private CallbackOutcome Call(CallbackReason reason, in CallbackData data = default)
    {
        _isCalling = true;
        CallbackOutcome outcome = _responder is null ? Connection.Raise(reason, in data) : AskResponder(_responder, reason, data.In);
        _isCalling = false;
        return outcome;
    }

    /// <summary>After a callback: its wish is done, or the request is completed when it has been read and answered.</summary>
    private void Finish(CallbackOutcome outcome)
    {
        if (Connection.State is not (ConnectionState.ReadingBody or ConnectionState.Responding))
            return;

        // Answered and then closed: the answer still leaves, and is the last.
        if (outcome == CallbackOutcome.Close && _hasEnded)
        {
            _keepAlive = false;
            outcome = CallbackOutcome.Continue;
        }

        if (outcome == CallbackOutcome.Failed && !_hasStarted)
            RefuseAfter(outcome);
        else if (outcome != CallbackOutcome.Continue)
            Drop(outcome == CallbackOutcome.Failed ? CloseOrigin.Error : CloseOrigin.Local);
        else
            CompleteIfDone();
    }

    private void CompleteIfDone()
    {
        // Sending the answer may have found out that the peer is gone.
        if (!_hasEnded || _isCalling || Connection.IsClosed)
            return;

        if (Connection.State == ConnectionState.ReadingBody)
        {
            // What is left of the body is read past, unless the connection ends here anyway.
            _bodyIsUnwanted = true;
            if (_keepAlive)
                return;
        }

        ReleaseHead();
        if (!_keepAlive)
        {
            Connection.EndAfterFlush(new CloseInfo { Code = WebSocketCloseCode.Normal, Origin = CloseOrigin.Local }, AfterFlush.ShutdownAndLinger);
            return;
        }

        // What was answered belongs to the past: a next request that is refused, or does not arrive in time, gets an answer of its own.
        _hasStarted = _hasEnded = false;
        Connection.Move(ConnectionState.AwaitingRequest);
        Connection.SetDeadline(Deadline.KeepAlive, Timeouts.KeepAlive);
        Connection.Resume(ReceivePause.Answer);
    }

    private void Drop(CloseOrigin origin) => Connection.End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = origin });

    private void ReleaseHead()
    {
        LeaveMount();
        Connection.CurrentHead = null;
        if (_head is null)
            return;

        Thread.ReturnHead(_head);
        _head = null;
    }
}
