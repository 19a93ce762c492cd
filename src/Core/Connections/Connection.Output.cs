namespace EventLoops;

/// <summary>
/// How bytes go out. While the connection is served they collect in the thread's cork and leave in one send; what the kernel does not take is kept
/// here, in front of everything later, and the loop is asked to tell when it takes more.
/// </summary>
public sealed partial class Connection
{
    // Output that is written outside of the connection's own service is sent at the latest when this much has come together.
    private const int FlushThreshold = 256 * 1024;

    private bool _isChoked;
    private bool _isWriteQueued;
    private bool _isWritableRequested;
    private WriteClock? _writeClock;

    /// <summary>Whether the kernel refused to take more, and has not yet said that it would.</summary>
    internal bool IsChoked => _isChoked;

    /// <summary>Whether everything that was written has left.</summary>
    internal bool HasNothingUnsent => HasNothingKept && (Thread.Cork.Owner != this || Thread.Cork.Length == 0);

    private bool WantsOut => _isChoked || (_isWritableRequested && _role.CanWrite && !Thread.Loop.ServicesWritesInTurn);

    /// <summary>
    /// Asks for one writable callback: this turn or the next when the kernel takes bytes, otherwise as soon as it does. Asking twice before it
    /// comes is asking once.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public void RequestWritable()
    {
        Thread.Loop.VerifyThread();
        if (_isWritableRequested || State is ConnectionState.Closed or ConnectionState.Flushing or ConnectionState.Lingering)
            return;

        _isWritableRequested = true;
        ServeWritableRequest();
    }

    /// <summary>Step 7 of the turn: what was written outside of the connection's own service leaves, and the user writes what it asked to write.</summary>
    internal void ServiceWrites()
    {
        _isWriteQueued = false;
        if (IsClosed)
            return;

        bool ownsCork = Thread.Cork.TryEnter(this);
        if (_isWritableRequested && _role.CanWrite && !_isChoked && Thread.Loop.ServicesWritesInTurn)
            RaiseWritable();
        LeaveCork(ownsCork);
    }

    /// <summary>
    /// A wish to write is granted in this turn's writes, unless the kernel has to be asked first, or the connection has not come so far that its
    /// user could write: then the wish is kept.
    /// </summary>
    private void ServeWritableRequest()
    {
        if (!_isWritableRequested || _isChoked || !_role.CanWrite)
            return;
        if (Thread.Loop.ServicesWritesInTurn)
            QueueWrite();
        else
            UpdateInterest();
    }

    /// <summary>Writes bytes behind everything that was written before.</summary>
    internal void Send(ReadOnlySpan<byte> bytes) => Send(bytes, default);

    /// <summary>Writes two pieces, such as a header and its payload; the second is sent from where it lies when it is too large to collect.</summary>
    internal void Send(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (IsClosed)
            return;

        Cork cork = Thread.Cork;
        if (cork.Owner != this || !HasNothingKept)
        {
            Keep(first);
            Keep(second);
            return;
        }

        if (first.Length + second.Length <= cork.Free)
        {
            first.CopyTo(cork.Extend(first.Length));
            second.CopyTo(cork.Extend(second.Length));
            return;
        }

        SendPastCork(cork, first, second);
    }

    /// <summary>Hands out room for <paramref name="count"/> bytes that are counted as written, to be filled at once.</summary>
    internal Span<byte> Reserve(int count)
    {
        Cork cork = Thread.Cork;
        if (cork.Owner == this && HasNothingKept)
        {
            if (count > cork.Free)
                FlushCork();
            if (HasNothingKept && count <= cork.Free)
                return cork.Extend(count);
        }

        return MakeRoomToKeep().Output.Extend(count);
    }

    /// <summary>Hands out room in the cork, counted as written and to be filled at once, if the bytes may go there and fit.</summary>
    internal bool TryReserveInCork(int count, out Span<byte> room)
    {
        Cork cork = Thread.Cork;
        bool fits = cork.Owner == this && count <= cork.Free && HasNothingKept && !IsClosed;
        room = fits ? cork.Extend(count) : default;
        return fits;
    }

    /// <summary>Sends what was written so far, ahead of the end of the connection's service.</summary>
    internal void FlushNow()
    {
        FlushUnsent();
        if (Thread.Cork.Owner == this && !IsClosed)
            FlushCork();
    }

    /// <summary>
    /// Sends a piece of a file behind everything that was written before, in the kernel where it can (<c>sendfile(2)</c>), which is where nothing encrypts it.
    /// </summary>
    /// <returns>How many bytes were taken; 0 when there is no room; -1 when the file has none left there, or the connection has ended.</returns>
    internal int SendFile(int fileFd, long offset, int count)
    {
        FlushNow();
        if (IsClosed)
            return -1;
        if (_isChoked)
            return 0;

        if (_tls is not null)
            return SendFileEncrypted(fileFd, offset, count);

        IoResult sent = Io.SendFile(_fd, fileFd, offset, count);
        if (sent.WouldBlock)
        {
            Choke();
            return 0;
        }

        if (sent.IsError)
            EndByError(sent.Errno);
        else
            Count(sent.Value);
        return sent.Value > 0 ? sent.Value : -1;
    }

    /// <summary>
    /// Begins work on this connection that something else than its own descriptor has caused, such as a pipe: what it writes until
    /// <see cref="LeaveService"/> leaves in one send.
    /// </summary>
    internal bool EnterService() => Thread.Cork.TryEnter(this);

    internal void LeaveService(bool entered) => LeaveCork(entered);

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;

        MakeRoomToKeep().Output.Append(bytes);
    }

    /// <summary>
    /// What is kept leaves in this turn's writes; a lot of it leaves now, so that the kernel can say when it is enough and the writer hears of it.
    /// </summary>
    /// <returns>Where the next bytes are to be kept.</returns>
    private Backlog MakeRoomToKeep()
    {
        CopyShared();
        if (!_isChoked)
        {
            if (_backlog?.Output.Length >= FlushThreshold)
                FlushUnsent();
            if (Thread.Cork.Owner != this)
                QueueWrite();
        }

        return _backlog ??= Thread.RentBacklog();
    }

    /// <summary>Keeps what the kernel has not taken of the cork, and of what was to follow it.</summary>
    private void KeepRest(Cork cork, int sent, ReadOnlySpan<byte> second)
    {
        if (sent >= cork.Length + second.Length)
            return;

        _backlog ??= Thread.RentBacklog();
        if (sent < cork.Length)
            _backlog.Output.Append(cork.Bytes[sent..]);
        _backlog.Output.Append(second[Math.Max(0, sent - cork.Length)..]);
    }

    private void DropOutput()
    {
        _backlog?.DropOutput();
        ReturnBacklogIfEmpty();
    }

    private void SendPastCork(Cork cork, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (first.Length > cork.Free)
        {
            FlushCork();
            if (!HasNothingKept || first.Length > cork.Free)
            {
                Keep(first);
                Keep(second);
                return;
            }
        }

        first.CopyTo(cork.Extend(first.Length));
        int corked = cork.Length;
        int sent = Taken(Transmit(cork.Bytes, second));
        if (sent >= 0 && (sent < corked + second.Length || HasCiphertextKept))
        {
            KeepRest(cork, sent, second);
            Choke();
        }

        cork.Clear();
    }

    private void FlushCork()
    {
        Cork cork = Thread.Cork;
        if (cork.Length == 0)
            return;

        int sent = Taken(Transmit(cork.Bytes));
        if (sent >= 0 && (sent < cork.Length || HasCiphertextKept))
        {
            KeepRest(cork, sent, default);
            Choke();
        }

        cork.Clear();
    }

    private void FlushUnsent()
    {
        if (HasNothingKept || _isChoked)
            return;

        int sent = Taken(SendKept());
        if (sent < 0)
            return;

        _backlog?.ConsumeOutput(sent);
        ReturnBacklogIfEmpty();
        if (!HasNothingKept)
            Choke();
    }

    private IoResult SendKept()
    {
        // Without a backlog it is ciphertext that is kept, which leaves in front of nothing.
        if (_backlog is not { } backlog || backlog.Shared.IsEmpty)
            return Transmit(_backlog is null ? default : _backlog.Output.Span);

        return backlog.Output.IsEmpty ? Transmit(backlog.Shared.Span) : Transmit(backlog.Output.Span, backlog.Shared.Span);
    }

    /// <summary>Gives bytes to the kernel, encrypted if that was agreed on. Says how many of them need not be kept.</summary>
    private IoResult Transmit(ReadOnlySpan<byte> bytes) => _tls is null ? Io.Send(_fd, bytes) : SendEncrypted(bytes, default);

    /// <inheritdoc cref="Transmit(ReadOnlySpan{byte})" />
    private IoResult Transmit(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) =>
        _tls is null ? Io.Send(_fd, first, second) : SendEncrypted(first, second);

    /// <summary>How many bytes the kernel took; none when it would block, and -1 when the connection has ended by an error.</summary>
    private int Taken(IoResult sent)
    {
        if (!sent.IsError)
        {
            // What TLS has taken is counted when the kernel takes it.
            if (_tls is null)
                Count(sent.Value);
            return sent.Value;
        }

        if (sent.WouldBlock)
            return 0;

        EndByError(sent.Errno);
        return -1;
    }

    private void Count(int sent)
    {
        _writeClock?.Count(sent);
        Thread.Counters.CountBytes(ThreadCounters.Sent, sent);
    }

    private void Choke()
    {
        _isChoked = true;
        if (State != ConnectionState.Flushing && Context.Timeouts.Write != Timeout.InfiniteTimeSpan)
            (_writeClock ??= new WriteClock(this)).Start();
        UpdateInterest();
    }

    private void QueueWrite()
    {
        if (_isWriteQueued || IsClosed)
            return;

        _isWriteQueued = true;
        Thread.QueueWrite(this);
    }

    /// <summary>The end of the connection's service: all that it wrote leaves, in one send.</summary>
    private void LeaveCork(bool ownsCork)
    {
        if (!ownsCork)
            return;

        FlushOutput();
        if (_isDeadlineStale && !IsClosed)
            MoveDeadline();
        Thread.Cork.Leave();
        Thread.Callbacks.Leave();
    }

    /// <summary>Sends what can be sent now, and takes the next step of an ending that waits for it.</summary>
    private void FlushOutput()
    {
        if (IsClosed)
            return;

        FlushNow();
        if (State == ConnectionState.Flushing && HasNothingKept)
            OnFlushed();
    }

    /// <summary>The kernel takes bytes again.</summary>
    private void OnOutputReady()
    {
        bool wasChoked = _isChoked;
        int before = KeptLength;
        _isChoked = false;
        _writeClock?.Stop();
        FlushUnsent();
        if (IsClosed)
            return;
        if (_isChoked)
        {
            if (State == ConnectionState.Flushing && KeptLength < before)
                SetDeadline(Deadline.Flush, Context.Timeouts.Flush);
            return;
        }

        if (State == ConnectionState.Flushing)
        {
            OnFlushed();
            return;
        }

        // Out is one-shot for the user: it is taken back before the callback, which asks again when it wants more.
        if (_role.CanWrite && (wasChoked || _isWritableRequested))
            RaiseWritable();
        UpdateInterest();
    }

    /// <summary>The peer does not read. The kernel holds bytes for it as well, and would go on trying: a reset frees them.</summary>
    internal void OnWriteDeadline()
    {
        Context.Log.WriteTimedOut(Id, KeptLength);
        if (_fd >= 0)
            Io.SetOption(_fd, SocketTuning.LingerZero, 1);
        End(SettledOr(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Timeout }));
    }

    private void RaiseWritable()
    {
        _isWritableRequested = false;
        _role.OnWritable();
        UpdateInterest();
    }
}
