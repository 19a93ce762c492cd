using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>
/// Answers a request by asking another server: a gateway (RFC 9110 3.7). The way there is a client connection of our own on the same loop. This file begins and ends
/// it; <c>ReverseProxyResponder.Request.cs</c> gives the origin the body and <c>ReverseProxyResponder.Reply.cs</c> passes on what it answers, neither faster
/// than the other side takes it.
/// </summary>
internal sealed partial class ReverseProxyResponder(HttpServerRole role) : Responder(role)
{
    private HostedMount _mount = null!;
    private ReverseProxyOrigin _proxied = null!;
    private ForwardedHead? _head;
    private Connection? _origin;
    private LoopTimer? _silence;
    private bool _isOver;

    private ServiceThread Thread => Connection.Thread;

    private IReadOnlyList<HttpField> MountFields => _mount.Mount.Fields;

    public override void Begin(in MountRequest request)
    {
        _mount = request.Mount;
        _proxied = request.Mount.ReverseProxy!;

        // What a client still sends is not for the origin when a program has redirected its request inside of the server.
        _isBodyComplete = _isUploadOver = !request.HasBody;
        _isOver = IsAnsweredHere(request);
        if (_isOver)
            return;

        _head = ForwardedHead.Of(Connection, request, _proxied);
        _silence = new LoopTimer(_ => Guard(static self => self.OnSilence()));
        string method = System.Text.Encoding.ASCII.GetString(RequestMethods.Name(request.Method));
        _origin = Connection.BeginConnect(Thread, _proxied.OptionsFor(method, _head, Thread.PoolFor(_proxied), this));

        // RFC 9110 10.1.1: a client that waits for 100 hears it when there is somebody who takes the body.
        if (request.HasBody)
            Role.PauseBody();
    }

    public override void Release() => Stop();

    /// <summary>The origin cannot be reached, or has not answered as HTTP has it.</summary>
    public void OnOriginFailed(in ConnectFailure failure)
    {
        _origin = null;
        string reason = failure.ToString();
        (int status, string sentence) = failure switch
        {
            { IsTimeout: true } => (504, "The server behind this page did not answer in time."),
            { Stage: < ConnectStage.Handshake } => (502, "The server behind this page cannot be reached."),
            _ => (502, "The server behind this page gave no valid answer."),
        };
        Guard(self => self.Fail(status, sentence, reason));
    }

    /// <summary>The connection to the origin is over, and the answer is not: what the client has had of it must not look whole.</summary>
    public void OnOriginClosed(in CloseInfo close)
    {
        _origin = null;
        string reason = $"its answer broke off: {close}";
        Guard(self => self.Fail(502, "The server behind this page broke off its answer.", reason));
    }

    /// <summary>Requests that go no further.</summary>
    private bool IsAnsweredHere(in MountRequest request)
    {
        HttpHead head = request.Head;
        if (ForwardedHead.IsLoop(head, Connection.Context.ViaName))
        {
            Connection.Context.Log.OriginFailed(Connection.Id, _proxied.Name, "the request has come by here before");
            Role.Answer(508, "The request goes in circles: the server behind this page is this server.", MountFields);
            return true;
        }

        // What the origin might take for a way out of its place is not there, as above a mount there is nothing.
        if (UriPath.HasDotsForSome(request.Rest))
        {
            Role.Answer(404, "There is nothing here.", MountFields);
            return true;
        }

        // RFC 9110 9.3.8: a trace shows what intermediaries have added, which is nobody's business out there.
        if (request.Method == RequestMethod.Trace)
        {
            Role.Answer(405, "This method is not served here.", [new HttpField("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"), .. MountFields]);
            return true;
        }

        // RFC 9110 7.6.2: who gets the last hop answers itself.
        if (request.Method != RequestMethod.Options || !head.HasField(KnownHeader.MaxForwards)
            || !ForwardedHead.TryCount(head.FirstValue(KnownHeader.MaxForwards), out int hops) || hops > 0)
        {
            return false;
        }

        Role.StartResponse(204, null, 0, [.. MountFields]);
        Role.EndResponse();
        return true;
    }

    /// <summary>Whatever the origin or a timer causes goes through here: what it writes to the client leaves in one send, and what throws ends this request and nothing else.</summary>
    private void Guard(Action<ReverseProxyResponder> work)
    {
        if (_isOver || Connection.IsClosed)
            return;

        bool entered = Connection.EnterService();
        try
        {
            work(this);
        }
        catch (Exception exception)
        {
            Stop();
            Role.Fail(exception);
        }

        Connection.LeaveService(entered);
    }

    /// <summary>
    /// The origin's silence counts while it is its turn: not while it is being connected to, which has a time of its own, not while the client has yet to send the body,
    /// and not while the client has yet to read.
    /// </summary>
    private void CountSilence()
    {
        if (_isOver)
            return;

        bool isItsTurn = _isRequestSent && (_isBodyComplete || !_toOrigin.IsEmpty || _isUploadOver) && !_hasUnread;
        if (isItsTurn && _proxied.Options.Timeout != Timeout.InfiniteTimeSpan)
            Thread.Loop.Schedule(_silence!, _proxied.Options.Timeout);
        else
            Thread.Loop.Cancel(_silence!);
    }

    private void OnSilence() =>
        Fail(504, "The server behind this page did not answer in time.", $"it was silent for {_proxied.Options.Timeout.TotalSeconds} s");

    /// <summary>The client is told, as far as it still can be, and the origin is left.</summary>
    private void Fail(int status, string sentence, string reason)
    {
        Connection.Context.Log.OriginFailed(Connection.Id, _proxied.Name, reason);
        Stop();
        if (Role.HasStarted)
            Role.BreakOff("the origin failed");
        else
            Role.Answer(status, sentence, MountFields);
        ReadPastBody();
    }

    /// <summary>
    /// Nobody takes the rest of the body here any more; what is left of it is read past. Not before there is an answer: a client that waits for 100 would be told to send
    /// it (RFC 9110 10.1.1).
    /// </summary>
    private void ReadPastBody() => Role.ResumeBody();

    /// <summary>Lets go of the origin. A request that is still under way there ends with its connection.</summary>
    private void Stop()
    {
        if (_isOver)
            return;

        _isOver = true;
        if (_silence is not null)
            Thread.TakeOff(_silence);
        if (_origin is { } origin)
        {
            origin.UserData = null;
            origin.Abort();
        }

        _origin = null;
        _toOrigin.Clear();
        _head?.Release();
    }
}
