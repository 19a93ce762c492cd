namespace EventLoops.IoUring;

/// <summary>
/// The loop on <c>io_uring(7)</c>: each descriptor is polled once, and asked for again in the call that waits next. Whatever is watched, changed and heard in a turn
/// costs no system call of its own, which shows where connections come and go. Linux 6.1 or newer; never what <see cref="LoopKind.Auto"/> picks.
/// With <see cref="IoUringMode.Completion"/> the kernel also receives, accepts and sends for sockets by itself.
/// </summary>
public sealed partial class IoUringLoop : OwnedEventLoop
{
    // What one submission takes, and what the kernel has room for before it keeps completions in memory of its own. A busier turn makes another call.
    private const uint UsualEntries = 512;
    private const uint UsualCompletions = 4096;

    // How long the kernel may take to let go of a descriptor, which it does at once. Only a completion that was lost takes so long.
    private const int ReleaseMilliseconds = 1000;

    private const PollEvents AlwaysReported = PollEvents.Error | PollEvents.HangUp | PollEvents.Invalid;

    // errno(3), as io_uring_enter(2) uses them: the time is over (ETIME), completions have no room (EBUSY), completions were lost (EBADR).
    private const Errno TimeIsOver = (Errno)62;
    private const Errno NoRoom = (Errno)16;
    private const Errno LostCompletions = (Errno)53;

    // Watch.BackendHandle: the number of the request that the kernel has for the watch in the lower half, zero for none, and this bit while it is in _toArm.
    private static nint IsQueued => nint.MinValue;

    private readonly WakeEvent _wake;
    private readonly Completions? _completions;
    private readonly uint _entries;
    private readonly uint _completionEntries;
    private Ring _ring;
    private uint _requests;
    private uint _wakeRequest;

    private Watch[] _toArm = new Watch[64];
    private int _toArmCount;
    private (Watch Watch, PollEvents Events)[] _ready = new (Watch, PollEvents)[64];
    private int _readyCount;
    private int _toldCount;

    // The request whose end RemoveCore is waiting for.
    private ulong _awaited;

    /// <summary>Makes a loop, which belongs to this thread until it first runs.</summary>
    /// <param name="options">
    /// The clock and the system calls; null for the defaults. With <see cref="IoUringMode.Completion"/> the system calls, unless others are given, are
    /// <see cref="CompletionIo"/>; others must pass on to that, as a fault injector would, for otherwise everything keeps to readiness.
    /// </param>
    /// <param name="mode">What the kernel does for sockets.</param>
    /// <exception cref="LoopUnavailableException">
    /// The kernel is too old for the loop or for the mode, or does not let this process use io_uring. The message says which, and who can change it.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is none of <see cref="IoUringMode"/>.</exception>
    /// <exception cref="LoopFaultException">The system gave no ring or no eventfd, as when the process has no descriptor left.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public IoUringLoop(EventLoopOptions? options = null, IoUringMode mode = IoUringMode.Readiness)
        : this(options, UsualEntries, UsualCompletions, mode)
    {
    }

    /// <summary>Makes one with queues of other lengths.</summary>
    internal IoUringLoop(EventLoopOptions? options, uint entries, uint completions, IoUringMode mode = IoUringMode.Readiness, (int Count, int Size)? buffers = null)
        : base("io_uring", WithCompletion(options, mode))
    {
        _entries = entries;
        _completionEntries = completions;
        _ring = UringSupport.Open(entries, completions);
        try
        {
            if (mode == IoUringMode.Completion) _completions = BeginCompletion(buffers);
            _wake = new WakeEvent();
        }
        catch
        {
            _ring.Dispose();
            _completions?.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    protected override void WaitCore(int milliseconds)
    {
        if (_ring.IsClosed) Reopen();
        bool isAllArmed = ArmQueued() & IsCompletionArmed();
        Enter(isAllArmed && _readyCount == 0 ? milliseconds : 0);

        if (++TurnNumber == 0) TurnNumber = 1;
        _completions?.Input.AddReady();
        BeginTurn();
        for (int i = 0; i < _readyCount; i++)
        {
            _toldCount = i + 1;
            if (i + 1 < _readyCount) ExpectNext(_ready[i + 1].Watch.Fd, afterNext: -1);
            Dispatch(_ready[i].Watch, _ready[i].Events);
        }

        Array.Clear(_ready, 0, _readyCount);
        _readyCount = _toldCount = 0;
    }

    /// <inheritdoc />
    protected override void AddCore(Watch watch)
    {
        _completions?.OnWatched(watch.Fd);
        Queue(watch);
    }

    /// <inheritdoc />
    protected override void ChangeCore(Watch watch, PollEvents previous) => Queue(watch);

    /// <inheritdoc />
    protected override void RemoveCore(Watch watch)
    {
        // A request holds the open file: a socket that is closed meanwhile would stay open to its peer. So what the kernel still has is taken out of its hands here.
        // A watch that was told in this turn has nothing there, and most are removed because of what they were told.
        uint request = RequestOf(watch);
        if (request != 0) Cancel(KeyOf(watch.Fd, request), waits: true);
        _completions?.OnUnwatched(watch.Fd);
    }

    /// <inheritdoc />
    protected override void WakeCore() => _wake.Signal();

    /// <inheritdoc />
    protected override void DisposeCore()
    {
        _wake.Dispose();
        EndCompletion();
        _ring.Dispose();
        _completions?.Dispose();
    }

    private static uint RequestOf(Watch watch) => (uint)watch.BackendHandle;

    private static bool IsInQueue(Watch watch) => (watch.BackendHandle & IsQueued) != 0;

    private static ulong KeyOf(int fd, uint request) => new RequestKey(RequestKind.Poll, fd, request).ToBits();

    /// <summary>Has the kernel asked for what the watch wants now, in the next submission.</summary>
    private void Queue(Watch watch)
    {
        if (IsInQueue(watch)) return;

        if (_toArmCount == _toArm.Length) Array.Resize(ref _toArm, _toArmCount * 2);
        watch.BackendHandle |= IsQueued;
        _toArm[_toArmCount++] = watch;
    }

    /// <summary>Writes the requests of all watches that are queued now. False when some are queued afterwards, so that the loop must not sleep yet.</summary>
    private bool ArmQueued()
    {
        if (_wakeRequest == 0 && HasRoom(1))
        {
            _wakeRequest = NextRequest();
            Poll(_wake.Fd, _wakeRequest, PollEvents.In);
        }

        // Making room brings answers, and those who got one are queued behind these: they are asked again in the next turn.
        int done = 0;
        int count = _toArmCount;
        while (done < count && HasRoom(2)) Arm(_toArm[done++]);

        _toArmCount -= done;
        Array.Copy(_toArm, done, _toArm, 0, _toArmCount);
        Array.Clear(_toArm, _toArmCount, done);
        return _toArmCount == 0 && _wakeRequest != 0;
    }

    /// <summary>Whether so many entries can be written now. Making room submits those that are there, and brings answers.</summary>
    internal bool HasRoom(uint entries)
    {
        if (_ring.Room < entries) Enter(milliseconds: 0);
        return _ring.Room >= entries;
    }

    private void Arm(Watch watch)
    {
        uint former = RequestOf(watch);
        watch.BackendHandle = 0;
        if (!watch.IsActive) return;

        // The kernel can update a poll in place, but refuses when an event of it is just on its way (EALREADY).
        if (former != 0) Cancel(KeyOf(watch.Fd, former));

        PollEvents? polled = _completions is null ? watch.Interest : _completions.PollsFor(watch);
        if (polled is not { } interest) return;

        uint request = NextRequest();
        watch.BackendHandle = (nint)request;
        Poll(watch.Fd, request, interest);
    }

    private void Poll(int fd, uint request, PollEvents interest)
    {
        ref Submission entry = ref _ring.Next();
        entry.Operation = Submission.PollAdd;
        entry.Fd = fd;
        entry.Events = (uint)interest;
        entry.Key = KeyOf(fd, request);

        // The kernel always reports POLLRDHUP, too, and goes on to. Who does not read cannot be freed of it, so it is told at each change here and not for as long as it is so.
        if ((interest & PollEvents.In) == PollEvents.None) entry.Length = Submission.PollMultishot;
    }

    /// <summary>Takes a request out of the kernel's hands: with the next submission, or before this returns.</summary>
    internal void Cancel(ulong key, bool waits)
    {
        if (waits) _awaited = key;
        if (!HasRoom(1))
        {
            Abandon();
            return;
        }

        Cancel(key);
        while (_awaited != 0) Enter(ReleaseMilliseconds);
    }

    private void Cancel(ulong key)
    {
        ref Submission entry = ref _ring.Next();
        entry.Operation = Submission.AsyncCancel;
        entry.Flags = Submission.SkipSuccess;
        entry.Fd = -1;
        entry.Target = key;
    }

    private uint NextRequest()
    {
        if (++_requests == 0) _requests = 1;
        return _requests;
    }

    /// <summary>Submits, waits, and takes out what has come.</summary>
    private void Enter(int milliseconds)
    {
        if (_ring.IsClosed) return;

        Errno refused = _ring.Enter(milliseconds);
        bool isUsable = refused switch
        {
            Errno.None or Errno.EINTR => true,

            // The entries stay in the queue for the next call, which finds more room when the completions have been taken out, or more memory.
            Errno.EAGAIN or NoRoom => true,
            TimeIsOver => _awaited == 0,
            Errno.EEXIST or LostCompletions => false,
            _ => throw new LoopFaultException("io_uring_enter", refused),
        };

        Collect();
        while (_ring.HasOverflow && _ring.Enter(0) == Errno.None) Collect();
        if (!isUsable || _ring.HasLost) Abandon();
        else if (!_ring.HasUnsubmitted && !_ring.HasOverflow) _completions?.Output.Finish();
    }

    private void Collect()
    {
        while (_ring.TryTake(out Completion completion))
        {
            RequestKey key = RequestKey.Of(completion.Key);
            (RequestKind kind, int fd, uint request) = key;
            bool isAwaited = completion.Key == _awaited;
            if (isAwaited && completion.IsLast) _awaited = 0;
            if (kind != RequestKind.Poll)
            {
                _completions?.On(key, completion);
            }
            else if (isAwaited)
            {
                continue;
            }
            else if (request == _wakeRequest && fd == _wake.Fd)
            {
                _wakeRequest = 0;
                _wake.Clear();
            }
            else if (request != 0 && TryFindWatch(fd, out Watch? watch) && RequestOf(watch) == request)
            {
                PollEvents ready = EventsOf(completion.Result);
                if (_completions is not null) ready = _completions.Refine(watch, ready);
                Note(watch, ready & (watch.Interest | AlwaysReported), completion.IsLast);
            }
        }
    }

    /// <summary>Keeps what the kernel has told of a watch for the turn, and has it asked again where it would not tell again by itself.</summary>
    private void Note(Watch watch, PollEvents ready, bool isLast)
    {
        if (isLast) watch.BackendHandle &= IsQueued;

        // What waits to be asked again has been told in this turn, or wants something else now. The answer to the next request says what is so then.
        if (IsInQueue(watch)) return;
        if (isLast || ready != PollEvents.None) Queue(watch);
        if (ready == PollEvents.None) return;

        AddReady(watch, ready, _completions?.SlotOf(watch));
    }

    private static PollEvents EventsOf(int result)
    {
        if (result >= 0)
            return (PollEvents)(short)result;

        return (Errno)(-result) switch
        {
            Errno.EBADF => PollEvents.Invalid,

            // The kernel cancels what a thread has asked for when that thread ends, and may lack memory for a moment: it is asked again.
            Errno.ECANCELED or Errno.ENOMEM or Errno.EAGAIN => PollEvents.None,
            _ => PollEvents.Error,
        };
    }

    /// <summary>
    /// Gives the ring up, when the loop has come to another thread, since a ring stays with its first one, or when completions were lost. The next wait begins with a
    /// new one, and has it asked for everything that is watched.
    /// </summary>
    private void Abandon()
    {
        bool hasLost = !_ring.IsClosed && (_ring.HasLost || _ring.HasOverflow);
        if (!_ring.IsClosed) _completions?.Output.OnRingLost();

        // What the ring still polls would keep a socket that is closed next from being closed for its peer.
        _ = _ring.Close(ReleaseMilliseconds);
        _awaited = 0;
        _wakeRequest = 0;
        _completions?.Output.OnRingClosed();
        _completions?.Input.OnRingClosed(hasLost);
        for (int fd = 0, left = WatchCount; left > 0; fd++)
        {
            if (!TryFindWatch(fd, out Watch? watch)) continue;

            left--;
            watch.BackendHandle &= IsQueued;
            Queue(watch);
        }
    }
}
