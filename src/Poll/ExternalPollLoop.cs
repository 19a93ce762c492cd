namespace EventLoops;

/// <summary>
/// The loop inside somebody else's poll array. It announces each of its descriptors to an <see cref="IPollSet"/>, its wake descriptor
/// included; whoever owns the array polls it and offers each entry to <see cref="ServiceFd"/>, whether it is one of this loop's or not.
/// After a round comes <see cref="EndFrame"/>.
/// </summary>
public sealed class ExternalPollLoop : EventLoop
{
    // A host that ends no frames still has its timers run this often.
    private const long LongestFrameMilliseconds = 1000;

    private const long LongestDueInMilliseconds = long.MaxValue / TimeSpan.TicksPerMillisecond;

    private readonly IPollSet _pollSet;
    private readonly WakeTimer _wake;
    private bool _hasFrames;
    private bool _isWakeReported;

    // When the first entry was served whose turn still lacks its end; -1: none was.
    private long _openSince = -1;

    /// <summary>Makes a loop and announces its wake descriptor. The loop belongs to this thread until it is first served.</summary>
    /// <param name="pollSet">The owner of the array, for instance a <see cref="PollFdArray"/>.</param>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    /// <exception cref="LoopFaultException">The system gave no <c>timerfd</c>.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public ExternalPollLoop(IPollSet pollSet, EventLoopOptions? options = null)
        : base("external", options)
    {
        ArgumentNullException.ThrowIfNull(pollSet);
        _pollSet = pollSet;
        _wake = new WakeTimer();
        try
        {
            Announce(Announcement.Add, new PollArgs(_wake.Fd, PollEvents.In, PollEvents.None));
        }
        catch
        {
            _wake.Dispose();
            throw;
        }
    }

    private enum Announcement
    {
        Add,
        Delete,
        SetMode,
        ClearMode,
    }

    /// <summary>
    /// False: what the user's array says is the truth, so that waiting to write always shows there as <see cref="PollEvents.Out"/>.
    /// </summary>
    public override bool ServicesWritesInTurn => false;

    /// <summary>
    /// Serves one entry of the user's array, if it is this loop's. Any entry may be offered. What the handlers wrote is sent, and what
    /// they closed is closed, before this returns; timers and posted work wait for <see cref="EndFrame"/>, or are done here when no frame
    /// was ended although its first entry was served more than a second ago, or although the wake descriptor was reported.
    /// </summary>
    /// <param name="entry">
    /// The entry, in place or a copy. Its <see cref="PollFd.Revents"/> is zero before anything is called, since the array may change
    /// meanwhile.
    /// </param>
    /// <returns>True: it was ours and is handled. False: it is not ours (or no longer), and it is untouched.</returns>
    /// <exception cref="InvalidOperationException">
    /// Called inside a callback, or on another thread than the one of the first turn.
    /// </exception>
    public bool ServiceFd(ref PollFd entry)
    {
        if (IsDisposed) return false;
        VerifyOutsideTurn();

        bool isWake = entry.Fd == _wake.Fd;
        Watch? watch = null;
        if (!isWake && !TryFindWatch(entry.Fd, out watch)) return false;

        PollEvents ready = entry.Revents;
        entry.Revents = PollEvents.None;
        if (ready == PollEvents.None) return true;

        BeginTurn();
        try
        {
            if (watch is not null) Dispatch(watch, Confirm(watch, ready));
            if (IsTheEndDue(isWake)) EndWholeTurn();
            else FinishTurn();
        }
        finally
        {
            // Only an exception from the user's poll set gets here with the turn still open.
            if (IsInTurn) LeaveTurn();
        }

        return true;
    }

    /// <summary>
    /// Ends a round over the array: due timers, posted work, pending input, writes and closes. Once for each frame, also when nothing
    /// was reported. Does nothing on a disposed loop.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Called inside a callback, or on another thread than the one of the first turn.
    /// </exception>
    public void EndFrame()
    {
        if (IsDisposed) return;
        VerifyOutsideTurn();

        if (!_hasFrames)
        {
            _hasFrames = true;
            _wake.SetTicking(false);
        }

        EndWholeTurn();
    }

    /// <inheritdoc/>
    protected override void AddCore(Watch watch)
    {
        ArgumentNullException.ThrowIfNull(watch);
        Announce(Announcement.Add, new PollArgs(watch.Fd, watch.Interest, PollEvents.None));
    }

    /// <inheritdoc/>
    protected override void ChangeCore(Watch watch, PollEvents previous)
    {
        ArgumentNullException.ThrowIfNull(watch);
        PollEvents wanted = watch.Interest;
        PollEvents both = previous | wanted;

        // The interest follows the user's array step by step, so that it is right wherever a callback throws.
        watch.Interest = previous;
        if (both != previous)
        {
            Announce(Announcement.SetMode, new PollArgs(watch.Fd, both, previous));
            watch.Interest = both;
        }

        if (wanted == both) return;

        Announce(Announcement.ClearMode, new PollArgs(watch.Fd, wanted, both));
        watch.Interest = wanted;
    }

    /// <inheritdoc/>
    protected override void RemoveCore(Watch watch)
    {
        ArgumentNullException.ThrowIfNull(watch);
        Announce(Announcement.Delete, new PollArgs(watch.Fd, PollEvents.None, watch.Interest));
    }

    /// <inheritdoc/>
    protected override void WakeCore() => _wake.Signal();

    /// <inheritdoc/>
    protected override void DeadlineChangedCore(long nextDueMilliseconds)
    {
        if (!_hasFrames && nextDueMilliseconds <= NowMilliseconds) _wake.Signal();
        _wake.SetTicking(!_hasFrames && nextDueMilliseconds != long.MaxValue);
        if (nextDueMilliseconds == long.MaxValue)
        {
            _pollSet.DeadlineChanged(Timeout.InfiniteTimeSpan);
            return;
        }

        long dueIn = Math.Max(nextDueMilliseconds - ElapsedMilliseconds(), 0);
        _pollSet.DeadlineChanged(TimeSpan.FromMilliseconds(Math.Min(dueIn, LongestDueInMilliseconds)));
    }

    /// <inheritdoc/>
    protected override void DisposeCore()
    {
        try
        {
            Announce(Announcement.Delete, new PollArgs(_wake.Fd, PollEvents.None, PollEvents.In));
        }
        finally
        {
            _wake.Dispose();
        }
    }

    /// <summary>
    /// A user's array may hold an entry from before its descriptor was closed and its number used again by a new watch of ours. A read
    /// or a write too many is harmless, a hang-up that was another's is not; such bits are rare, so the kernel is asked whether they
    /// are true.
    /// </summary>
    private static unsafe PollEvents Confirm(Watch watch, PollEvents ready)
    {
        const PollEvents Grave = PollEvents.Error | PollEvents.HangUp | PollEvents.Invalid;
        if ((ready & Grave) == PollEvents.None) return ready;

        PollFd now = new(watch.Fd, watch.Interest);
        if (Libc.Poll(&now, 1, milliseconds: 0) < 0 || (now.Revents & PollEvents.Invalid) != PollEvents.None) return ready;

        return ready & (now.Revents | ~Grave);
    }

    /// <summary>
    /// Whether serving an entry has to do what a frame's end would. A host that ends its frames does it there, after its last event, so that timers and posted
    /// work come behind the events as on every other loop. One that does not is known by a turn that has lacked its end for too long, or by a
    /// wake that is reported again.
    /// </summary>
    private bool IsTheEndDue(bool isWake)
    {
        if (_openSince < 0) _openSince = NowMilliseconds;
        bool isReportedAgain = isWake && _isWakeReported;
        _isWakeReported |= isWake;
        return (isWake && !_hasFrames) || isReportedAgain || NowMilliseconds - _openSince > LongestFrameMilliseconds;
    }

    private void EndWholeTurn()
    {
        // The wake is taken back before what it was for is done: whoever wakes the loop from then on is heard again.
        if (_isWakeReported) _wake.Clear();
        _isWakeReported = false;
        _openSince = -1;
        EndTurn();
    }

    private void Announce(Announcement announcement, in PollArgs args)
    {
        _pollSet.LockPoll(args);
        try
        {
            switch (announcement)
            {
                case Announcement.Add: _pollSet.AddPollFd(args); break;
                case Announcement.Delete: _pollSet.DeletePollFd(args); break;
                case Announcement.SetMode: _pollSet.SetModePollFd(args); break;
                default: _pollSet.ClearModePollFd(args); break;
            }
        }
        finally
        {
            _pollSet.UnlockPoll(args);
        }
    }
}
