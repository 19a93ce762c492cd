namespace EventLoops;

/// <summary>Why a connection is not read from.</summary>
[Flags]
internal enum ReceivePause : byte
{
    None = 0,

    /// <summary>The user asked for it: <see cref="Connection.PauseReceive"/>.</summary>
    User = 1,

    /// <summary>A request is being answered; the next one waits, so that answers leave in the order of the requests.</summary>
    Answer = 2,

    /// <summary>The last bytes are leaving and nothing that comes is wanted any more.</summary>
    Flushing = 4,

    /// <summary>Whoever answers for a mount has not yet taken what it was given of the body.</summary>
    Mount = 8,

    /// <summary>All heads are in use, and there is nothing to read a request into.</summary>
    Head = 16,

    /// <summary>The user was told that a reply's body can be read, and has not read yet.</summary>
    Reader = 32,
}

/// <summary>How bytes come in: from readiness to the role, with receive flow control in between.</summary>
public sealed partial class Connection
{
    private ReceivePause _pause;
    private Backlog? _backlog;
    private bool _isInputQueued;
    private bool _isDelivering;
    private bool _isInterestQueued;
    private bool _hasPaused;

    /// <summary>
    /// When the peer was last heard, or reading began again, by the loop's clock: a peer that nobody listens to is not silent, so what it has said
    /// meanwhile counts from the moment at which it can be read.
    /// </summary>
    internal long HeardAt { get; private set; }

    /// <summary>Whether the loop is to watch the descriptor as this connection wishes; one that is being connected has a wish of its own.</summary>
    private bool HasInterest => _fd >= 0 && State is not (ConnectionState.Closed or ConnectionState.Connecting or ConnectionState.Resolving);

    private PollEvents WantedInterest =>
        (_pause == ReceivePause.None && !HoldsInput ? PollEvents.In : PollEvents.None) | (WantsOut ? PollEvents.Out : PollEvents.None);

    /// <summary>Whether the role has taken bytes that it has not delivered, such as what an extension has still to unpack. Nothing is read until it has.</summary>
    internal bool HasUndelivered { get; set; }

    private bool HoldsInput => HasUndelivered || HasHeldInput || IsEndDue;

    /// <summary>Whether received bytes may be given to the role now.</summary>
    internal bool IsReceiving => _pause == ReceivePause.None && !IsClosed;

    /// <summary>
    /// Stops receiving: no <c>OnReceive</c>, <c>OnHttpBody</c> or <c>OnPong</c> until <see cref="ResumeReceive"/>. Nothing is lost: what was read already is
    /// held back, the rest waits in the kernel until the peer notices. Pings and close frames wait as well, as they are part of the same stream.
    /// The original's <c>lws_rx_flow_control</c>, in force at once.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void PauseReceive()
    {
        Thread.Loop.VerifyThread();

        // Once the end has begun, what the peer still sends must be seen: it may be the end of the stream.
        if (State < ConnectionState.Closing)
            Pause(ReceivePause.User);
    }

    /// <summary>Receives again, beginning with what was held back; never from inside this call.</summary>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void ResumeReceive()
    {
        Thread.Loop.VerifyThread();
        Resume(ReceivePause.User);
    }

    void IReadyHandler.OnReady(Watch watch, PollEvents ready)
    {
        bool ownsCork = Thread.Cork.TryEnter(this);
        Serve(ready);
        LeaveCork(ownsCork);
    }

    /// <summary>Whether receiving is paused or was since the last call: a peer is not slow when it is we who do not read.</summary>
    internal bool TakeHasPaused()
    {
        bool hasPaused = _hasPaused || _pause != ReceivePause.None;
        _hasPaused = false;
        return hasPaused;
    }

    internal void Pause(ReceivePause reason)
    {
        _hasPaused = true;
        _pause |= reason;
        UpdateInterest();
    }

    internal void Resume(ReceivePause reason)
    {
        if (IsClosed || (_pause & reason) == 0)
            return;

        _pause &= ~reason;
        if (_pause != ReceivePause.None)
            return;

        HeardAt = Thread.Loop.NowMilliseconds;
        _role.OnResumed();

        // What was held back comes before anything new: the kernel is asked again only when it is used up.
        if (HoldsInput)
            QueueHeldInput();
        else
            UpdateInterest();
    }

    /// <summary>Step 6 of the turn: bytes that were read earlier, which the kernel cannot report.</summary>
    internal void ServicePendingInput()
    {
        _isInputQueued = false;
        if (State == ConnectionState.ReadingReply)
        {
            ServiceReader();
            return;
        }

        if (!IsReceiving || !HoldsInput)
            return;

        bool ownsCork = Thread.Cork.TryEnter(this);
        if (HasUndelivered)
            DeliverPending();
        if (!HasUndelivered && _backlog is { HasInput: true } backlog)
        {
            ByteQueue input = backlog.Input;
            backlog.Input = default;
            ReturnBacklogIfEmpty();
            Deliver(input.Span);
            input.Clear();
        }

        ReportEnd();
        UpdateInterest();
        LeaveCork(ownsCork);
    }

    internal void StartWatching(int fd, PollEvents interest)
    {
        _fd = fd;
        _watch = Thread.Loop.Watch(fd, interest, this);
    }

    private void Serve(PollEvents ready)
    {
        if ((ready & PollEvents.Invalid) != 0)
        {
            EndByError(Errno.EBADF);
            return;
        }

        if ((ready & PollEvents.Out) != 0)
            OnOutputReady();
        if (IsClosed || (ready & (PollEvents.In | PollEvents.HangUp | PollEvents.Error)) == 0)
            return;
        if (State < ConnectionState.AwaitingRequest && !ReceivesByItself(ready))
            return;

        // A hang-up is not the end of the data: what the peer sent before it went is read first, and read tells when it is over.
        // What is held back comes first, in this turn's step 6: a hang-up, which is reported without being asked for, must not overtake it.
        if (_pause == ReceivePause.None && !HoldsInput)
            ReceiveOnce();
        else if (_pause != ReceivePause.None && (ready & (PollEvents.HangUp | PollEvents.Error)) != 0)
            OnHangUpWhilePaused(ready);
    }

    /// <summary>
    /// One read a turn: a connection that always has more must not keep the others waiting, and a level-triggered loop reports it again. Data that is
    /// shorter than the buffer also saves the second read that would only say that there is no more.
    /// </summary>
    private void ReceiveOnce()
    {
        Span<byte> buffer = Thread.ReceiveBuffer;
        IoResult received = Io.Receive(_fd, buffer);
        if (received.WouldBlock)
            return;
        if (received.IsError)
        {
            EndByError(received.Errno);
            return;
        }

        if (received.Value > 0)
        {
            HeardAt = Thread.Loop.NowMilliseconds;
            Thread.Counters.CountBytes(ThreadCounters.Received, received.Value);
            Span<byte> bytes = buffer[..received.Value];
            if (_identity is { AwaitsHeader: true } identity && !TakeProxyHeader(identity, ref bytes))
                return;
            if (_tls is null)
                Deliver(bytes);
            else if (!bytes.IsEmpty)
                DeliverEncrypted(bytes);
            return;
        }

        NoteEndOfStream();
        OnEndOfStream();
    }

    /// <summary>The peer has said all that it had to say.</summary>
    private void OnEndOfStream()
    {
        if (State == ConnectionState.Lingering)
            End(Ending.Close);
        else
            _role.OnEndOfStream();
    }

    /// <summary>Gives bytes to whatever role the connection has by the time each of them is reached, until receiving is paused.</summary>
    private void Deliver(Span<byte> bytes)
    {
        _isDelivering = true;
        while (!bytes.IsEmpty && IsReceiving && !HasUndelivered && State is not (ConnectionState.Flushing or ConnectionState.Lingering))
            _role.Consume(ref bytes);
        _isDelivering = false;

        // A client that begins anew has no socket any more, and what came on the last one is gone with it.
        if (IsClosed || _fd < 0 || State is ConnectionState.Flushing or ConnectionState.Lingering)
            return;
        if (!bytes.IsEmpty)
            Hold(bytes);

        // The user may have paused and resumed inside one callback.
        if (HoldsInput && _pause == ReceivePause.None)
            QueueHeldInput();
    }

    /// <summary>Keeps received bytes, behind those that are kept already, until they can be delivered.</summary>
    private void Hold(ReadOnlySpan<byte> bytes)
    {
        _backlog ??= Thread.RentBacklog();
        _backlog.Input.Append(bytes);
    }

    private void DropHeldInput()
    {
        _backlog?.Input.Clear();
        ReturnBacklogIfEmpty();
    }

    private void ReturnBacklogIfEmpty()
    {
        if (_backlog is not { HasInput: false, HasOutput: false } backlog)
            return;

        _backlog = null;
        Thread.ReturnBacklog(backlog);
    }

    private void DeliverPending()
    {
        _isDelivering = true;
        _role.DeliverPending();
        _isDelivering = false;
        if (HasUndelivered && IsReceiving)
            QueueHeldInput();
    }

    private void QueueHeldInput()
    {
        if (_isInputQueued || _isDelivering)
            return;

        _isInputQueued = true;
        Thread.QueueInput(this);
    }

    /// <summary>
    /// The peer has gone while nobody reads. The kernel goes on saying so, so the descriptor leaves the loop; what the peer sent before is read when
    /// receiving is resumed, and a write finds out at once.
    /// </summary>
    private void OnHangUpWhilePaused(PollEvents ready)
    {
        if (State == ConnectionState.Flushing || (ready & PollEvents.Error) != 0)
        {
            IoResult error = Io.GetPendingError(_fd);
            EndByError(error.IsError ? error.Errno : Errno.ECONNRESET);
            return;
        }

        StopWatching();
    }

    private void StopWatching()
    {
        if (_watch is null)
            return;

        Thread.Loop.Unwatch(_watch);
        _watch = null;
    }

    /// <summary>
    /// What is wanted may have changed. Inside a turn the loop is told when the turn's writes are done: many a callback takes back what the one before
    /// has asked for.
    /// </summary>
    private void UpdateInterest()
    {
        if (_isInterestQueued || !HasInterest || WantedInterest == (_watch?.Interest ?? PollEvents.None))
            return;

        if (!Thread.Loop.IsInTurn)
        {
            ApplyInterest();
            return;
        }

        _isInterestQueued = true;
        Thread.QueueInterest(this);
    }

    /// <summary>Tells the loop what is wanted now; it makes no system call when nothing has changed.</summary>
    internal void ApplyInterest()
    {
        _isInterestQueued = false;
        if (!HasInterest)
            return;

        PollEvents wanted = WantedInterest;
        if (_watch is not null)
            Thread.Loop.Change(_watch, wanted);
        else if (wanted != PollEvents.None)
            _watch = Thread.Loop.Watch(_fd, wanted, this);
    }
}
