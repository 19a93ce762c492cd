using System.Runtime.CompilerServices;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// HTTP/1.1 as a server (RFC 9112): one request after the other, each read, given to protocol 0 and answered; or the step to a WebSocket.
/// This file reads heads; <c>HttpServerRole.Body.cs</c> reads bodies, <c>HttpServerRole.Response.cs</c> answers, <c>HttpServerRole.Refusal.cs</c> refuses,
/// <c>HttpServerRole.Upgrade.cs</c> makes WebSockets, as <c>HttpServerRole.Upgrading.cs</c> lets the user decide, <c>HttpServerRole.Lending.cs</c> has the next
/// connection use the role after that, and <c>HttpServerRole.Tunnel.cs</c> leaves WebSockets to the origin of a mount.
/// </summary>
internal sealed partial class HttpServerRole(Connection connection, Listener listener) : Role(connection)
{
    private HttpHead? _head;
    private LinkedListNode<HttpServerRole>? _placeInLine;
    private int _requests;
    private bool _isCalling;

    /// <summary>Where the connection was accepted.</summary>
    public Listener Listener { get; private set; } = listener;

    /// <summary>What <see cref="Connection.RequestContentLength"/> tells.</summary>
    public long RequestContentLength => _head is { IsComplete: true } head ? head.Framing switch
    {
        BodyFraming.Length => head.ContentLength,
        BodyFraming.Chunked => -1,
        _ => 0,
    }
    : 0;

    /// <summary>Whether a request was ever read from the connection.</summary>
    public bool HasServed => _requests > 0;

    public override bool CanWrite => Connection.State is (ConnectionState.ReadingBody or ConnectionState.Responding) && !_upgradesAfterBody;

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
        if (deadline == Deadline.RequestHead && _placeInLine is not null)
            Refuse(503, "the server is busy", new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Timeout });
        else if (deadline == Deadline.RequestHead)
            Refuse(ProtocolFault.RequestTimeout);
        else if (deadline == Deadline.RequestBody)
            OnBodyWindowEnd();
        else if (deadline == Deadline.KeepAlive && !Connection.HasNothingUnsent)
            Connection.SetKeepAliveDeadline(); // The peer is not idle, it is still reading the last answer.
        else
            Drop(CloseOrigin.Timeout);
    }

    public override void OnCloseRequested(CloseOrigin origin) => Drop(origin);

    public override void OnShutdown()
    {
        // Whoever is being answered, or has begun to ask, is answered; then it is over.
        _keepAlive = false;
        if (Connection.State != ConnectionState.AwaitingRequest)
            CompleteIfDone();
        else if (_head is not { HasStarted: true } && _placeInLine is null)
            Connection.EndAfterFlush(new CloseInfo { Code = WebSocketCloseCode.Normal, Origin = CloseOrigin.Local }, AfterFlush.ShutdownAndLinger);
    }

    public override void RaiseEnd(in CloseInfo close)
    {
        ReleaseHead();
        RestoreProtocolZero();
        _ = Connection.Raise(CallbackReason.ClosedHttp, new CallbackData { Close = close });
    }

    public override void Release()
    {
        ReleaseHead();
        _extensions?.Release();
    }

    private void ReadHead(ref Span<byte> bytes)
    {
        HttpHead? head = _head ??= Thread.RequestHeads.TryRent();
        if (head is null)
        {
            AwaitHead();
            return;
        }

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

    /// <summary>All heads are in use: the bytes wait here, and the connection waits in line, for no longer than a head may take.</summary>
    private void AwaitHead()
    {
        _placeInLine = Thread.RequestHeads.Enter(this);
        Connection.Pause(ReceivePause.Head);
        if (_isHeadDeadlineSet)
            return;

        _isHeadDeadlineSet = true;
        Connection.SetDeadline(Deadline.RequestHead, Timeouts.RequestHead);
    }

    /// <summary>It is this connection's turn to read a head.</summary>
    public void TakeHead(HttpHead head)
    {
        _placeInLine = null;
        _head = head;
        Connection.Resume(ReceivePause.Head);
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
        if (!TryChooseHost(head))
        {
            Refuse(ProtocolFault.MisdirectedRequest);
            return;
        }

        if (Connection.IsPlainOnTlsPort && Connection.VirtualHost?.Tls is { PlainHttp: not PlainHttpPolicy.Serve } tls)
        {
            AnswerPlainHttp(head, tls.PlainHttp);
            return;
        }

        if (head.WantsWebSocket && TryLeadToWebSocket(head))
            return;

        // RFC 9110 9.1: a method that is not known here cannot be served, whatever the target; what it means, its body included, is anybody's guess.
        if (head.Method == RequestMethod.Other)
        {
            Refuse(ProtocolFault.MethodNotImplemented);
            return;
        }

        byte[] path = Thread.DecodedPath;
        if (!head.TryDecodePath(path, out int length, out ProtocolFault fault))
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
        Serve(head, path.AsSpan(0, length));
    }

    /// <summary>A request to become a WebSocket is refused, or upgraded here. False when it is to be served as any other, since somebody else answers for its path.</summary>
    private bool TryLeadToWebSocket(HttpHead head)
    {
        if (Thread.IsDraining)
        {
            BeginResponse(head);
            Refuse(503, "the server is going away", new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Local });
            return true;
        }

        if (!IsForwarded(head))
        {
            BeginUpgrade(head);
            return true;
        }

        ProtocolFault refused = CheckOrigin(head, Connection.VirtualHost!.Options);
        if (refused == ProtocolFault.None)
            return false;

        BeginResponse(head);
        Refuse(refused);
        return true;
    }

    /// <summary>A request goes to the virtual host that it names (RFC 9110 7.2), each request anew. False when TLS was agreed with another one.</summary>
    private bool TryChooseHost(HttpHead head)
    {
        // RFC 9110 7.4 and 15.5.20: what a host demands of its clients is demanded in the handshake, so a request that came by another name must not get in here.
        if (Connection.TlsHost is { } agreed)
            return Listener.Hosts.IsFor(head.Authority, agreed);

        // The hosts may all have gone in an earlier callback of this turn; then the connection is on its way out as well.
        VirtualHost? host = Listener.Hosts.Choose(head.Authority);
        if (host is not null && host != Connection.VirtualHost)
            Connection.Bind(host.ProtocolZero);
        return true;
    }

    private void BeginRequest(HttpHead head)
    {
        BeginResponse(head);
        Thread.Counters.CountRequest();
        if (++_requests >= Connection.Context.Limits.MaxRequestsPerConnection)
            _keepAlive = false;

        bool hasBody = head.Framing != BodyFraming.None;
        Connection.Move(hasBody ? ConnectionState.ReadingBody : ConnectionState.Responding);
        if (hasBody)
            BeginBody(head);
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

        // RFC 9110 9.3.7: the asterisk asks about the server and not about anything that it serves.
        if (path.SequenceEqual("*"u8) && !_hasStarted)
        {
            StartResponse(204, contentType: null, contentLength: 0, AllowedMethods);
            EndResponse();
            return;
        }

        CallbackOutcome outcome = AskMount(head, path) ?? Call(CallbackReason.Http, in data);
        if (Connection.State == ConnectionState.ReadingBody && outcome == CallbackOutcome.Continue)
            AwaitBody();

        Finish(outcome);
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
            // What is left of the body is read past, to reach the next request (RFC 9112 9.3), unless the connection ends here anyway.
            _bodyIsUnwanted = true;
            if (_keepAlive)
                return;
        }

        ReleaseHead();
        if (!_keepAlive)
        {
            EndAfterAnswer();
            return;
        }

        // What was answered belongs to the past: a next request that is refused, or does not arrive in time, gets an answer of its own.
        _hasStarted = _hasEnded = false;
        Connection.Move(ConnectionState.AwaitingRequest);
        Connection.SetKeepAliveDeadline();
        Connection.Resume(ReceivePause.Answer);
    }

    // What is rare makes a large value, and is kept out of what every request runs through.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EndAfterAnswer() =>
        Connection.EndAfterFlush(new CloseInfo { Code = WebSocketCloseCode.Normal, Origin = CloseOrigin.Local }, AfterFlush.ShutdownAndLinger);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Drop(CloseOrigin origin) => Connection.End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = origin });

    private void ReleaseHead()
    {
        LeaveMount();
        WriteAccess(_head);
        Connection.CurrentHead = null;
        ReleaseTrailers();
        if (_placeInLine is not null)
            Thread.RequestHeads.Leave(_placeInLine);
        _placeInLine = null;
        if (_head is not { } head)
            return;

        // Whoever is given it goes on at once.
        _head = null;
        Thread.RequestHeads.Return(head);
    }
}
