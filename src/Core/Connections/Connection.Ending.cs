namespace EventLoops;

/// <summary>
/// How a connection ends. Whatever the reason, the end is the same: it is queued, and when the turn comes to its closes, the descriptor leaves the loop,
/// the user hears of it once, and the descriptor is closed. So no callback ever finds its own connection gone.
/// </summary>
public sealed partial class Connection
{
    private Ending? _ending;
    private LoopTimer? _userTimer;

    /// <summary>What is known of the end; made when it begins.</summary>
    internal Ending Ending => _ending ??= new Ending();

    /// <summary>
    /// Ends an open WebSocket: a close frame with a code and a text, then at most <see cref="ConnectionTimeouts.Close"/> for the peer's answer
    /// (RFC 6455 7.1.2). A connection that is not an open WebSocket is dropped; one that is closing or closed is left alone.
    /// <c>OnClosed</c> follows, never from inside this call.
    /// </summary>
    /// <param name="code">The code, one of those that may be sent: 1000 to 1003, 1007 to 1014, 3000 to 4999 (RFC 6455 7.4).</param>
    /// <param name="reason">The text, UTF-8, at most 123 bytes (RFC 6455 5.5).</param>
    /// <exception cref="ArgumentException">The code may not be sent, or the text is too long or not UTF-8. Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void Close(WebSocketCloseCode code = WebSocketCloseCode.Normal, ReadOnlySpan<byte> reason = default)
    {
        Thread.Loop.VerifyThread();
        WebSocketRole.CheckClose(code, reason);
        if (_role is WebSocketRole webSocket && State == ConnectionState.Established)
            webSocket.BeginClose(code, reason);
        else if (State is not (ConnectionState.Closing or ConnectionState.Flushing or ConnectionState.Lingering or ConnectionState.Closed))
            _role.OnCloseRequested(CloseOrigin.Local);
    }

    /// <summary>Drops the connection: no close frame, and what is unsent is lost. The closing callback follows, never from inside this call.</summary>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void Abort()
    {
        Thread.Loop.VerifyThread();
        if (_fd >= 0 && !IsClosed)
            Io.SetOption(_fd, SocketTuning.LingerZero, 1);
        if (_tls is not null)
            _tls.MayEndOrderly = false;
        End(SettledOr(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Local }));
    }

    /// <summary>
    /// Gives the connection a time to live of the program's own, beside those of <see cref="ConnectionTimeouts"/>: when it is over, the connection is
    /// closed as by <see cref="CallbackResult.Close"/>, with <see cref="CloseOrigin.Timeout"/>. A new call replaces the old one. The original's <c>lws_set_timeout</c>.
    /// </summary>
    /// <param name="dueIn">How long; <see cref="Timeout.InfiniteTimeSpan"/> takes it back.</param>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void SetTimeout(TimeSpan dueIn)
    {
        Thread.Loop.VerifyThread();
        if (IsClosed)
            return;
        if (dueIn == Timeout.InfiniteTimeSpan)
        {
            if (_userTimer is not null)
                Thread.Loop.Cancel(_userTimer);
            return;
        }

        _userTimer ??= new LoopTimer(_ =>
        {
            if (!IsClosed)
                _role.OnCloseRequested(CloseOrigin.Timeout);
        });
        Thread.Loop.Schedule(_userTimer, dueIn);
    }

    /// <summary>
    /// Ends our half of the stream, while the peer's goes on; over TLS with close_notify before it (RFC 8446 6.1). Everything that was written has left.
    /// </summary>
    /// <returns>False when the kernel did not take close_notify: then this is asked again once it has.</returns>
    internal bool EndOutput()
    {
        if (!SayEndOfTls())
            return false;

        Io.ShutdownWrite(_fd);
        return true;
    }

    /// <summary>The end, now: queued for the turn's closes. Whoever comes first says why.</summary>
    internal void End(in CloseInfo close)
    {
        if (IsClosed)
            return;

        Ending.Close = close;
        NoteHowTlsEnds();
        Move(ConnectionState.Closed);
        Thread.QueueClose(this);
    }

    /// <summary>The end, because the system said so.</summary>
    internal void EndByError(Errno errno)
    {
        // A client that is not open yet may have another attempt, or the end of a request that the server did not want to hear out.
        if (_role is ClientRole client && !IsClosed && client.OnSocketError(errno))
            return;

        // After both close frames, or once the last answer has left, a reset tells nothing new. After a fault it is no news either: the fault is why.
        if (State is ConnectionState.Securing or ConnectionState.AwaitingRequest && _role is HttpServerRole { HasServed: false })
            Thread.Counters.CountResetEarly();
        if (State is not (ConnectionState.Flushing or ConnectionState.Lingering))
            End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Error, SystemError = errno });
        else if (Ending.Close.IsClean || _role is not WebSocketRole)
            End(Ending.Close);
        else
            End(Ending.Close with { SystemError = errno });
    }

    /// <summary>The end, once everything that was written has left.</summary>
    internal void EndAfterFlush(in CloseInfo close, AfterFlush afterFlush)
    {
        if (State is ConnectionState.Closed or ConnectionState.Flushing or ConnectionState.Lingering)
            return;

        Ending.Close = close;
        Ending.AfterFlush = afterFlush;
        _isWritableRequested = false;
        DropHeldInput();
        HasUndelivered = false;
        Move(ConnectionState.Flushing);
        _pause |= ReceivePause.Flushing;
        _writeClock?.Cancel();
        SetDeadline(Deadline.Flush, Context.Timeouts.Flush);
        UpdateInterest();

        // The service of this connection flushes when it is over; outside of it the turn's writes do.
        if (Thread.Cork.Owner != this)
            QueueWrite();
    }

    /// <summary>Step 8 of the turn.</summary>
    internal void Finish()
    {
        Thread.TakeOff(_watch);
        _watch = null;
        ReturnDeadline();
        Thread.TakeOff(_writeClock);
        Thread.TakeOff(_userTimer);
        LeaveTls();
        DropOutput();
        DropHeldInput();
        _identity?.Header.Clear();

        Announce();
        _call?.OnEnded(Ending.Close);
        _role.RaiseEnd(Ending.Close);
        _role.Release();
        if (IsServer)
            _hosted?.Remove(this);
        else
            Thread.Clients.Remove(this);
        Context.Addresses?.Leave(CountedAddress);
        Thread.Counters.Forget(IsServer, State);
        Thread.Remove(this);

        int fd = _fd;
        _fd = -1;
        if (fd >= 0)
            Io.Close(fd);
        _ = Raise(CallbackReason.WsiDestroy);
        Session = null;
    }

    /// <summary>Once the last bytes are leaving, why it ends is settled; that some of them are lost now only means that it was not clean.</summary>
    private CloseInfo SettledOr(in CloseInfo close) => State switch
    {
        ConnectionState.Flushing => Ending.Close with { IsClean = false },
        ConnectionState.Lingering => Ending.Close,
        _ => close,
    };

    /// <summary>Everything has left.</summary>
    private void OnFlushed()
    {
        // A client that waits for the server's end answers it, and does not say the end itself.
        if (Ending.AfterFlush != AfterFlush.AwaitEndOfStream && !SayEndOfTls())
            return;

        if (Ending.AfterFlush == AfterFlush.End)
        {
            End(Ending.Close);
            return;
        }

        if (Ending.AfterFlush == AfterFlush.ShutdownAndLinger)
            Io.ShutdownWrite(_fd);

        // TLS has said already that nothing more comes, perhaps in the packet that was answered.
        if (HasPeerEnded)
        {
            End(Ending.Close);
            return;
        }

        Move(ConnectionState.Lingering);
        _pause = ReceivePause.None;
        UpdateInterest();
        SetDeadline(Deadline.Linger, Context.Timeouts.Linger);
    }
}
