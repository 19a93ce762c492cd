using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// HTTP/1.1 as a client (RFC 9112): one request and its reply. This file has the course of it; <c>HttpClientRole.Request.cs</c> writes the request and
/// <c>HttpClientRole.Body.cs</c> reads the reply's body, when the program wants it.
/// </summary>
internal sealed partial class HttpClientRole : ClientRole
{
    private readonly ReplyReader _reader;
    private bool _isReplied;
    private bool _isSpoiled;

    public HttpClientRole(Connection connection, ClientCall call)
        : base(connection, call)
    {
        _reader = new ReplyReader(connection.Thread, RequestMethods.Find(System.Text.Encoding.ASCII.GetBytes(call.Method)));
        _credit = Options.BodyTimeout.TotalMilliseconds;
    }

    /// <summary>Whether the reply's head is there.</summary>
    public bool IsReplied => _isReplied;

    protected override ConnectStage Stage => ConnectStage.Handshake;

    private EventLoop Loop => Connection.Thread.Loop;

    public override void Consume(ref Span<byte> bytes)
    {
        // What follows the head waits until the program asks for it.
        if (Connection.State == ConnectionState.ReadingReply)
        {
            Connection.Pause(ReceivePause.Reader);
            return;
        }

        bool isForwarded = Options.Forwarded is not null;
        switch (_reader.Read(ref bytes, expectsUpgrade: Options.Forwarded is { IsUpgrade: true }, stopsAtInterim: isForwarded))
        {
            case HeadStatus.NeedMore:
                return;
            case HeadStatus.Fault:
                Fail(ConnectFailure.Of(ConnectStage.Handshake, _reader.Fault));
                return;
            case HeadStatus.Complete when _reader.IsInterim:
                (Connection.UserData as ReverseProxyResponder)?.OnInterimReply(_reader.Head);
                return;
            default:
                OnReply(_reader.Head, ref bytes);
                return;
        }
    }

    public override void OnEndOfStream()
    {
        if (!_reader.HasStarted && Call.TryRepeatOnNewSocket())
            return;

        Fail(_uploadError == Errno.None ? EndedEarly : ConnectFailure.Of(ConnectStage.Handshake, _uploadError));
    }

    public override void OnDeadline(Deadline deadline)
    {
        if (deadline == Deadline.ReplyBody)
            Connection.End(Ended(CloseOrigin.Timeout) with { Fault = ProtocolFault.BodyTooSlow });
        else if (_isReplied)
            Connection.End(Ended(CloseOrigin.Timeout));
        else
            Fail(NoReply(Options.HandshakeTimeout));
    }

    public override void OnCallTimeout(TimeSpan limit)
    {
        if (_isReplied)
            Connection.End(Ended(CloseOrigin.Timeout));
        else
            base.OnCallTimeout(limit);
    }

    public override bool OnSocketError(Errno errno)
    {
        if (!_isReplied && !_reader.HasStarted && Call.TryRepeatOnNewSocket())
            return true;

        // A server that does not want the rest of a body may have said why before it closed (RFC 9112 9.6), and that can still be read.
        return StopUpload(errno) || (!_isReplied && base.OnSocketError(errno));
    }

    public override void OnTlsFault(ProtocolFault fault, string reason)
    {
        if (_isReplied)
            Connection.End(Ended(CloseOrigin.Error) with { Fault = fault });
        else
            base.OnTlsFault(fault, reason);
    }

    public override void OnCloseRequested(CloseOrigin origin)
    {
        if (_isReplied)
            Connection.End(Ended(origin));
        else
            base.OnCloseRequested(origin);
    }

    public override void RaiseEnd(in CloseInfo close)
    {
        if (!_isReplied)
        {
            base.RaiseEnd(close);
            return;
        }

        Connection.Context.Log.Closed(Connection.Id, close);
        _ = Connection.Raise(CallbackReason.ClosedClientHttp, new CallbackData { Close = close });
    }

    public override void Release()
    {
        Connection.CurrentHead = null;
        _reader.Release();
        if (_trailers is not null)
            Connection.Thread.ReturnHead(_trailers);
        _trailers = null;
    }

    private static CloseInfo Ended(CloseOrigin origin) => new() { Code = WebSocketCloseCode.Abnormal, Origin = origin };

    private void OnReply(HttpHead head, ref Span<byte> bytes)
    {
        // What follows a reply without a body belongs to no request (RFC 9112 9.2).
        bool hasBody = head.Framing != BodyFraming.None;
        _isSpoiled = !hasBody && !bytes.IsEmpty;
        Connection.CurrentHead = head;
        if (head.StatusCode == 101)
        {
            OnSwitched();
            return;
        }

        if (Call.TryRedirect(head, keepsSocket: !hasBody && MayKeepSocket && !Connection.HasPeerEnded, out ConnectFailure failure))
        {
            if (failure.Reason is not null)
                FailFinally(failure);
            return;
        }

        BeginReply(head);
        if (Connection.State != ConnectionState.ReadingReply)
            return;
        if (!hasBody)
        {
            bytes = default;
            Complete();
            return;
        }

        BeginReplyBody(head);
        if (!bytes.IsEmpty)
        {
            Connection.Pause(ReceivePause.Reader);
            Connection.QueueService();
        }
    }

    /// <summary>The origin speaks another protocol from here on: whoever forwards the request takes the connection away from this role.</summary>
    private void OnSwitched()
    {
        _isReplied = true;
        Connection.ClearDeadline();
        Call.OnOpened();
        Goes(CallbackReason.EstablishedClientHttp);
    }

    private void BeginReply(HttpHead head)
    {
        _isReplied = true;
        Connection.ClearDeadline();
        Call.OnOpened();
        Connection.Move(ConnectionState.ReadingReply);

        // A server that has refused does not read on (RFC 9112 9.3); one that has taken the request may want all of it.
        if (head.StatusCode >= 300)
            StopUpload(Errno.None);
        if (Goes(CallbackReason.ClientFilterPreEstablish))
            Goes(CallbackReason.EstablishedClientHttp);
    }

    private bool MayKeepSocket => !_isSpoiled && Call.MayKeepSocket && _reader.Head.KeepAlive && IsRequestSent && Connection.HasNothingUnsent;

    /// <summary>The reply is all there: the program is told, and the socket is left to the next request when both sides want that.</summary>
    private void Complete()
    {
        Connection.ClearDeadline();
        if (!Goes(CallbackReason.CompletedClientHttp))
            return;

        if (MayKeepSocket && !Connection.HasHeldInput && !Connection.HasPeerEnded)
            Call.KeepSocket();
        Connection.End(new CloseInfo { Code = WebSocketCloseCode.Normal, Origin = CloseOrigin.Local, IsClean = true });
    }

    /// <summary>Calls the user. False when the connection does not go on after it.</summary>
    private bool Goes(CallbackReason reason, in CallbackData data = default)
    {
        CallbackOutcome outcome = Connection.Raise(reason, in data);
        if (Connection.IsClosed)
            return false;
        if (outcome == CallbackOutcome.Continue)
            return true;

        Connection.End(Ended(outcome == CallbackOutcome.Failed ? CloseOrigin.Error : CloseOrigin.Local));
        return false;
    }
}
