using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>What users do with an HTTP request of theirs, and how they read its reply.</summary>
public sealed partial class Connection
{
    /// <summary>Where a client's request goes: after redirects, where those have led. Null for an accepted connection.</summary>
    public Uri? RequestUri => _call?.Target.Uri;

    /// <summary>
    /// The status of the reply, 0 when there is none. On an HTTP client from <c>OnHttpReply</c> to the end, on a WebSocket client in <c>OnUpgraded</c> and, when the server
    /// has answered with another one, in <c>OnConnectFailed</c>.
    /// </summary>
    public int Status => ReadableHead is { Kind: HttpHeadKind.Response } head ? head.StatusCode : 0;

    /// <summary>
    /// How many bytes of body the reply announced: 0 for none, -1 when it comes in chunks or until the end of the stream. On an HTTP client from <c>OnHttpReply</c> to the end.
    /// </summary>
    public long ReplyContentLength => ReadableHead is { Kind: HttpHeadKind.Response } head ? LengthOf(head) : 0;

    internal bool IsPausedByUser => (_pause & ReceivePause.User) != 0;

    internal bool HasHeldInput => _backlog is { HasInput: true };

    /// <summary>Whether bytes that have been read are just now being given to the role.</summary>
    internal bool IsDelivering => _isDelivering;

    /// <summary>
    /// Takes bytes of a reply's body, after <c>OnHttpReceive</c> has said that there are some: in that callback, or later from anywhere on the loop's thread, such as a
    /// writable callback of where they go. Until then nothing more is received, and a server that sends faster than its bytes are taken is slowed down. A read
    /// receives again: <c>OnHttpReceive</c> follows when there is more, <c>OnHttpCompleted</c> after the last byte, never from inside this call.
    /// </summary>
    /// <param name="buffer">Where to; at least one byte. It is read into directly, and may be written to beyond what is returned.</param>
    /// <returns>
    /// How many bytes of body there are in <paramref name="buffer"/>. 0 says that there are none at the moment, or no more: the callbacks tell. There are none in
    /// <c>OnHttpReply</c> yet.
    /// </returns>
    /// <exception cref="ArgumentException">The buffer is empty.</exception>
    /// <exception cref="InvalidOperationException">This is no HTTP client with a reply, or another thread than the loop's.</exception>
    public int ReadHttpBody(Span<byte> buffer)
    {
        Thread.Loop.VerifyThread();
        if (buffer.IsEmpty)
            throw new ArgumentException("A buffer without room takes no bytes.", nameof(buffer));
        if (IsClosed)
            return 0;
        if (State != ConnectionState.ReadingReply)
            throw new InvalidOperationException($"{nameof(Connection)}.{nameof(ReadHttpBody)}: there is no reply to read.");

        return ((HttpClientRole)_role).Read(buffer);
    }

    /// <summary>The body that a client writes is complete (<see cref="ClientConnectOptions.BodyLength"/>). The reply is awaited from now on.</summary>
    /// <exception cref="InvalidOperationException">There is no such body, less than was announced was sent, or another thread than the loop's.</exception>
    public void EndRequest()
    {
        if (TryGetClientRequest(nameof(EndRequest), out HttpClientRole? request))
            request!.EndBody();
    }

    /// <summary>The same with the trailers of a request that is forwarded.</summary>
    internal void EndForwardedRequest(HttpHead? trailers)
    {
        if (TryGetClientRequest(nameof(EndRequest), out HttpClientRole? request))
            request!.EndBody(trailers);
    }

    /// <summary>The trailers of the reply, once it is all there; null for none.</summary>
    internal HttpHead? ReplyTrailers => (_role as HttpClientRole)?.Trailers;

    /// <summary>Reads from the socket into the user's memory: the one place beside <c>ReceiveOnce</c> where bytes come in.</summary>
    internal IoResult ReceiveInto(Span<byte> buffer) => _tls is null ? Io.Receive(_fd, buffer) : ReceiveDecrypted(buffer);

    /// <summary>Takes bytes that were read earlier.</summary>
    internal int TakeHeldInput(Span<byte> buffer)
    {
        if (_backlog is not { } backlog)
            return 0;

        int count = Math.Min(buffer.Length, backlog.Input.Length);
        backlog.Input.Span[..count].CopyTo(buffer);
        backlog.Input.Consume(count);
        ReturnBacklogIfEmpty();
        return count;
    }

    /// <summary>Has the role look after what the kernel cannot report, in this turn or the next.</summary>
    internal void QueueService()
    {
        if (_isInputQueued || IsClosed)
            return;

        _isInputQueued = true;
        Thread.QueueInput(this);
    }

    /// <summary>What <c>OnHttpReceive</c> does by default.</summary>
    internal void DeliverHttpBody()
    {
        if (State == ConnectionState.ReadingReply)
            ((HttpClientRole)_role).ReadToCallback();
    }

    private static long LengthOf(HttpHead head) => head.Framing switch
    {
        BodyFraming.None => 0,
        BodyFraming.Length => head.ContentLength,
        _ => -1,
    };

    private WriteResult WriteRequestBody(ReadOnlySpan<byte> part)
    {
        if (!TryGetClientRequest(nameof(WriteBody), out HttpClientRole? request))
            return WriteResult.Closed;
        if (part.Length > Context.Limits.MaxWriteSize)
            throw new ArgumentException($"One write carries at most {Context.Limits.MaxWriteSize} bytes.", nameof(part));

        return request!.WriteBody(part);
    }

    private bool TryGetClientRequest(string member, out HttpClientRole? request)
    {
        Thread.Loop.VerifyThread();
        request = _role as HttpClientRole;
        if (IsClosed)
            return false;
        if (request is null || State is not (ConnectionState.AwaitingReply or ConnectionState.ReadingReply))
            throw new InvalidOperationException($"{nameof(Connection)}.{member}: there is no request to write.");

        return true;
    }

    /// <summary>
    /// Whether the bytes that are there are read by the connection as they come. Those of a reply's body are read by the user; and a client that has just begun anew
    /// has no socket to read from.
    /// </summary>
    private bool ReceivesByItself(PollEvents ready)
    {
        if (State != ConnectionState.ReadingReply)
            return _fd >= 0;

        if (_pause == ReceivePause.None && !HoldsInput)
            ((HttpClientRole)_role).OnReadable();
        else if ((ready & (PollEvents.HangUp | PollEvents.Error)) != 0)
            StopWatching(); // The kernel would go on saying so; what has come before is read all the same, and a read tells how it ended.
        return false;
    }

    /// <summary>Step 6 of the turn for a reply that is being read.</summary>
    private void ServiceReader()
    {
        bool ownsCork = Thread.Cork.TryEnter(this);
        ((HttpClientRole)_role).ServicePending();
        UpdateInterest();
        LeaveCork(ownsCork);
    }
}
