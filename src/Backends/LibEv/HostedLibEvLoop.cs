namespace EventLoops.LibEv;

/// <summary>
/// A guest on an <c>ev_loop</c> that somebody else runs. What is watched and scheduled here is served in the host's iterations, on the host's thread, beside the
/// host's own watchers; the steps of a turn after the events come at the end of each iteration. The host is never stopped or destroyed from here, and
/// <see cref="HostedEventLoop.Detach"/> takes everything off it at once: the callback it is given is called before it returns, or at the end of the turn.
/// <para>
/// The host must outlive the guest: detach before <c>ev_loop_destroy</c>. A host that forgets to is told so by <see cref="EventLoop.UnhandledException"/>, and the guest
/// leaves in the middle of it; its contexts are still to be disposed. The host must not run its loop inside one of the guest's callbacks; if it does, that
/// run serves the host alone, and <see cref="EventLoop.UnhandledException"/> is told.
/// </para>
/// </summary>
public sealed class HostedLibEvLoop : HostedEventLoop, IEvOwner, IEvGuest
{
    private readonly EvDescriptors _descriptors;
    private readonly EvAlarm _alarm;
    private readonly EvTurnHooks _hooks;
    private bool _isServing;
    private long _due = long.MaxValue;
    private long _armedDue = long.MaxValue;

    private HostedLibEvLoop(LibEvLibrary ev, nint evLoop, EventLoopOptions? options, bool keepsLoopAlive)
        : base("hosted libev", options)
    {
        EvLoop loop = new(ev, evLoop, keepsLoopAlive);

        // First the only one that can be refused, so that nothing has to be taken back.
        _alarm = new EvAlarm(loop);
        _descriptors = new EvDescriptors(loop, this);
        _hooks = new EvTurnHooks(loop, this);
    }

    /// <summary>Becomes a guest on a loop. On the thread that runs it, or before it runs.</summary>
    /// <param name="evLoop">The <c>struct ev_loop *</c>: what <c>ev_loop_new</c> or <c>ev_default_loop</c> gave.</param>
    /// <param name="libevHandle">
    /// The handle of the libev that made the loop, when the host has loaded a copy of its own; 0 for the system's. A loop must never meet another copy's functions.
    /// </param>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    /// <param name="keepsLoopAlive">
    /// True, the default: descriptors that are watched, timers that are scheduled and work that is pending keep <c>ev_run</c> from returning, as the host's own
    /// watchers do. False: nothing of the guest does. The guest alone, with nothing to wait for, never does.
    /// </param>
    /// <returns>The guest, which belongs to this thread until the host first runs its loop.</returns>
    /// <exception cref="ArgumentException"><paramref name="evLoop"/> is null.</exception>
    /// <exception cref="LoopUnavailableException">
    /// libev is not installed, or is built in a way that this library does not know; the message says what is different. The host's loop has not been touched then.
    /// </exception>
    /// <exception cref="LoopFaultException">The process has no descriptor left. The host's loop has not been touched then.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public static HostedLibEvLoop Attach(nint evLoop, nint libevHandle = 0, EventLoopOptions? options = null, bool keepsLoopAlive = true)
    {
        if (evLoop == 0)
            throw new ArgumentException("The pointer to the ev_loop is null.", nameof(evLoop));

        return new HostedLibEvLoop(LibEvLibrary.Load(libevHandle), evLoop, options, keepsLoopAlive);
    }

    void IEvOwner.OnReady(int fd, uint generation, PollEvents ready)
    {
        if (!TryEnter())
            return;

        try
        {
            BeginTurn();
            Dispatch(fd, generation, ready);
        }
        catch (Exception exception)
        {
            ReportUnhandled(exception);
        }

        Exit();
    }

    void IEvGuest.OnBeforeWait()
    {
        if (!TryEnter())
        {
            // Nothing can be thrown through libev. What is pending here is served when the callback around this run has returned.
            _hooks.SetIdle(false);
            ReportUnhandled(new InvalidOperationException("The host ran its loop inside a callback of its guest; no iteration of that run serves the guest."));
            return;
        }

        Guard(static loop => loop.SetWait());
        Exit();
    }

    void IEvGuest.OnAfterEvents()
    {
        if (!TryEnter())
            return;

        _descriptors.Turn++;
        Guard(static loop => loop.EndTurn());
        Exit();
    }

    void IEvGuest.OnLoopDestroyed()
    {
        ReportUnhandled(new InvalidOperationException("The host destroys its loop, on which there is still a guest; detach the guest before the host's loop ends."));
        Guard(static loop => loop.Dispose());
    }

    /// <inheritdoc />
    protected override void AddCore(Watch watch) => _descriptors.Add(watch);

    /// <inheritdoc />
    protected override void ChangeCore(Watch watch, PollEvents previous) => _descriptors.Change(watch, previous);

    /// <inheritdoc />
    protected override void RemoveCore(Watch watch) => _descriptors.Remove(watch);

    /// <inheritdoc />
    protected override void WakeCore() => _alarm.Wake();

    /// <inheritdoc />
    protected override void DeadlineChangedCore(long nextDueMilliseconds)
    {
        _due = nextDueMilliseconds;
        SetWait();
    }

    /// <inheritdoc />
    protected override void DetachCore(Action detached)
    {
        ArgumentNullException.ThrowIfNull(detached);
        _hooks.Dispose();
        _alarm.Dispose();
        _descriptors.Dispose();
        detached();
    }

    /// <summary>Arranges for the host's wait to end when the next turn is due: at once while work is pending, otherwise by the timer.</summary>
    private void SetWait()
    {
        int wait = GetTimeout(-1);
        _hooks.SetIdle(wait == 0);
        if (wait < 0)
        {
            _alarm.Clear();
            return;
        }

        // A timer that has gone off too early, by libev's clock or by its rounding, is set again for the rest.
        if (wait == 0 || (_alarm.IsSet && _armedDue == _due))
            return;

        _armedDue = _due;
        _alarm.Set(wait);
    }

    private bool TryEnter()
    {
        if (_isServing) return false;

        _isServing = true;
        return true;
    }

    private void Exit() => _isServing = false;

    private void Guard(Action<HostedLibEvLoop> step)
    {
        try
        {
            step(this);
        }
        catch (Exception exception)
        {
            ReportUnhandled(exception);
        }
    }
}
