using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>Mounts: who answers when it is not protocol 0.</summary>
internal sealed partial class HttpServerRole
{
    /// <summary>How often one request may be redirected inside of the server; as often as Apache allows.</summary>
    private const int MaxLocalRedirects = 10;

    private Responder? _responder;
    private bool _isWithMountedProtocol;
    private int _localRedirects;

    /// <summary>The connection, for the responder.</summary>
    public Connection Owner => Connection;

    /// <summary>Whether bytes of a body are sent: not to HEAD, and not with a status that has none.</summary>
    public bool SendsBody => _sendsBody;

    /// <summary>Whom the request is for, as the client has said it.</summary>
    public ReadOnlySpan<byte> Authority => _head is null ? default : _head.Authority;

    /// <summary>Whether the head of the answer was written.</summary>
    public bool HasStarted => _hasStarted;

    /// <summary>Stops the request's body on its way to the responder.</summary>
    public void PauseBody() => Connection.Pause(ReceivePause.Mount);

    /// <summary>Lets the rest of the body come.</summary>
    public void ResumeBody() => Connection.Resume(ReceivePause.Mount);

    /// <summary>Answers with a status and a sentence.</summary>
    public void Answer(int status, string sentence, IReadOnlyList<HttpField> fields) => RespondError(status, sentence, [.. fields]);

    /// <summary>Sends the client somewhere else.</summary>
    public void Redirect(int status, string location, IReadOnlyList<HttpField> fields)
    {
        StartResponse(status, null, 0, [new HttpField("Location", location), .. fields]);
        EndResponse();
    }

    /// <summary>Sends a piece of a body of known length out of a file. Returns what <see cref="Connection.SendFile"/> does.</summary>
    public int WriteBodyFrom(int fileFd, long offset, int count)
    {
        if (!_sendsBody)
            return count;

        int sent = Connection.SendFile(fileFd, offset, count);
        if (sent > 0)
        {
            _responseLeft -= sent;
            _bodyBytes += sent;
        }

        return sent;
    }

    /// <summary>
    /// The answer cannot be completed as it was begun: only a connection that ends tells the client so. Where the end of the connection is the end of the body, it takes
    /// a reset to tell one from the other (RFC 9112 8).
    /// </summary>
    public void BreakOff(string reason)
    {
        Connection.Context.Log.AnswerBrokenOff(Connection.Id, reason);
        if (_sendsBody && !_sendsChunks && _responseLeft == long.MaxValue)
            Connection.Abort();
        else
            Drop(CloseOrigin.Error);
    }

    /// <summary>What a responder did outside of its calls has thrown: the request ends as after a callback that throws.</summary>
    public void Fail(Exception exception) => Finish(ResponderThrew(exception));

    /// <summary>
    /// The answer of a program is the answer to another path here (RFC 3875 6.2.2): asked for by GET, and without the body, which belonged to the program.
    /// </summary>
    public void RedirectInside(ReadOnlySpan<byte> target)
    {
        int queryAt = target.IndexOf((byte)'?');
        ReadOnlySpan<byte> rawPath = queryAt < 0 ? target : target[..queryAt];
        byte[] path = BufferPool.Rent(rawPath.Length);
        try
        {
            if (++_localRedirects > MaxLocalRedirects)
                Answer(502, "The programs of this server redirect to each other for ever.", []);
            else if (!UriPath.TryDecode(rawPath, path, out int length, out ProtocolFault fault))
                Answer(502, $"A program of this server redirects to a wrong path: {fault.Describe()}", []);
            else
                AnswerInside(path.AsSpan(0, length), queryAt < 0 ? default : target[(queryAt + 1)..]);
        }
        finally
        {
            BufferPool.Return(path);
        }
    }

    private void AnswerInside(ReadOnlySpan<byte> path, ReadOnlySpan<byte> query)
    {
        HostedMount? mount = Connection.VirtualHost!.Mounts.Find(path);
        RequestMethod method = _head!.Method == RequestMethod.Head ? RequestMethod.Head : RequestMethod.Get;
        MountRequest request = new() { Mount = mount!, Head = _head, Method = method, Path = path, Query = query, HasBody = false };

        // A protocol would be asked with the program's path and the client's query and method, and could not tell.
        if (mount is null || NewResponder(request) is not { } next)
        {
            Answer(404, "There is nothing here.", []);
            return;
        }

        // What the client may not ask for it does not get by way of a program either.
        if (!IsAllowedBy(mount))
            return;

        Responder? former = _responder;
        _responder = next;
        former?.Release();
        next.Begin(request);
    }

    /// <summary>
    /// Gives the request to the mount that its path belongs to, if there is one that answers this method.
    /// </summary>
    /// <returns>What came of it; null when protocol 0 is to be asked.</returns>
    private CallbackOutcome? AskMount(HttpHead head, ReadOnlySpan<byte> path)
    {
        _localRedirects = 0;
        if (Connection.VirtualHost!.Mounts.Find(path) is not { } mount)
            return null;
        if (!IsAllowedBy(mount))
            return CallbackOutcome.Continue;
        if (mount.Protocol is null)
            return AskNewResponder(mount, head, path);

        // Protocol 0 has the connection already, with the session that it has had from the beginning.
        return mount.Protocol == Connection.Hosted ? null : AskMountedProtocol(mount.Protocol, path);
    }

    private CallbackOutcome? AskNewResponder(HostedMount mount, HttpHead head, ReadOnlySpan<byte> path)
    {
        bool hasBody = Connection.State == ConnectionState.ReadingBody;
        MountRequest request = new() { Mount = mount, Head = head, Method = head.Method, Path = path, Query = head.Query, HasBody = hasBody };
        _responder = NewResponder(request);
        if (_responder is null)
            return null;

        Thread.Callbacks.Leave();
        _isCalling = true;
        try
        {
            _responder.Begin(request);
            return CallbackOutcome.Continue;
        }
        catch (Exception exception)
        {
            return ResponderThrew(exception);
        }
        finally
        {
            _isCalling = false;
        }
    }

    /// <summary>Whether the client may come in. One that may not is asked who it is.</summary>
    private bool IsAllowedBy(HostedMount mount) => mount.Mount.Authentication is not { } authentication || IsAllowedBy(authentication);

    private bool IsAllowedBy(BasicAuthentication authentication)
    {
        Thread.Callbacks.Leave();
        if (authentication.IsAllowed(Connection))
            return true;

        bool wasCalling = _isCalling;
        _isCalling = true;
        authentication.Challenge(Connection);
        _isCalling = wasCalling;
        if (!wasCalling && _responder is not null)
            CompleteIfDone();
        return false;
    }

    /// <summary>
    /// Files answer GET and HEAD; any other method goes on to protocol 0, as in the original, so that a form or an interface can live among the files.
    /// </summary>
    private Responder? NewResponder(in MountRequest request) => request.Mount.Origin.Kind switch
    {
        MountKind.Files => request.IsGetOrHead ? new FilesResponder(this) : null,
        MountKind.Cgi => new CgiResponder(this),
        MountKind.Http or MountKind.Https => new ReverseProxyResponder(this),
        _ => new RedirectResponder(this),
    };

    private CallbackOutcome AskMountedProtocol(HostedProtocol protocol, ReadOnlySpan<byte> path)
    {
        _zeroSession = Connection.Session;
        _isWithMountedProtocol = true;
        Connection.Bind(protocol);
        return Call(CallbackReason.Http, new CallbackData { In = path });
    }

    private CallbackOutcome AskResponder(Responder responder, CallbackReason reason, ReadOnlySpan<byte> bytes)
    {
        try
        {
            switch (reason)
            {
                case CallbackReason.HttpBody:
                    responder.OnBody(bytes);
                    break;
                case CallbackReason.HttpBodyCompletion:
                    responder.OnBodyEnd();
                    break;
                default:
                    responder.OnWritable();
                    break;
            }

            return CallbackOutcome.Continue;
        }
        catch (Exception exception)
        {
            return ResponderThrew(exception);
        }
    }

    private CallbackOutcome ResponderThrew(Exception exception)
    {
        Connection.Context.Log.MountThrew(Connection.Id, exception);
        return CallbackOutcome.Failed;
    }

    /// <summary>The request is over: whoever answered it for a mount lets it go.</summary>
    private void LeaveMount()
    {
        if (_responder is { } responder)
        {
            _responder = null;
            responder.Release();
            ResumeBody();
        }

        if (!_isWithMountedProtocol)
            return;

        _isWithMountedProtocol = false;
        _ = Connection.Raise(CallbackReason.HttpDropProtocol);
        RestoreProtocolZero();
    }
}
