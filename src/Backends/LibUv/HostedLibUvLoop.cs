namespace EventLoops.LibUv;

/// <summary>
/// A guest on a libuv loop that somebody else owns and runs: a native host, another binding, or code of your own. The guest's descriptors are watched, its timers
/// fire and its posted work runs while the host runs its loop, on the host's thread, in whichever mode the host likes. It never stops, closes or marks the
/// host's loop, and <see cref="HostedEventLoop.Detach"/> leaves it as it was found.
/// <para>
/// libuv forgets a handle only while its loop turns. Detach, let the loop turn until the callback says so, and only then close the loop. A host that closes or
/// frees its loop before that is at fault, as it would be with handles of its own.
/// </para>
/// <para>
/// <c>uv_run</c> must not be called inside a callback of this loop: libuv does not allow it. Nothing is dispatched there; the attempt is reported to
/// <see cref="EventLoop.UnhandledException"/>.
/// </para>
/// </summary>
public sealed unsafe class HostedLibUvLoop : HostedEventLoop, IUvTurns
{
    private readonly UvLibrary _library;
    private readonly UvHandles _handles;
    private readonly nint _wake;
    private readonly nint _timer;
    private readonly nint _check;
    private readonly nint _idle;

    private int _threadId = Environment.CurrentManagedThreadId;
    private bool _hasTurned;
    private bool _isInCallback;

    // What the base class has told last, and what was made of it.
    private long _due = long.MaxValue;
    private long _armed = long.MaxValue;
    private bool _isWorkPending;
    private bool _mustTurnAgain;
    private bool _isIdleActive;

    private HostedLibUvLoop(UvLibrary library, nint uvLoop, EventLoopOptions? options, bool keepsLoopAlive)
        : base("hosted libuv", options)
    {
        _library = library;
        _handles = new UvHandles(library, uvLoop, this, keepsLoopAlive);

        // First the only one that can be refused, so that nothing has to be taken back.
        _wake = _handles.Async(isReferenced: false);
        _timer = _handles.Timer();
        _check = _handles.Check();
        _idle = _handles.Idle();
    }

    /// <summary>Makes a guest on a loop. To be called on the thread that runs it, at any time: before it runs, in its callbacks, or between runs.</summary>
    /// <param name="uvLoop">The initialised <c>uv_loop_t</c>, which must outlive the guest.</param>
    /// <param name="libuvHandle">
    /// The copy of libuv that made the loop, as <see cref="System.Runtime.InteropServices.NativeLibrary"/> or <c>dlopen</c> returns it; it must stay loaded.
    /// 0, the default, for the one that the system's loader finds under the usual names, which is the right one unless the host has brought its own.
    /// </param>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    /// <param name="keepsLoopAlive">
    /// True, the default: descriptors that are watched, timers that are scheduled and work that is pending keep <c>uv_run</c> from returning, as the host's own
    /// handles do. False: nothing of the guest does. The guest alone, with nothing to wait for, never does.
    /// </param>
    /// <exception cref="ArgumentException"><paramref name="uvLoop"/> is null.</exception>
    /// <exception cref="LoopUnavailableException">libuv is not installed, is older than 1.14, or the given library is none.</exception>
    /// <exception cref="LoopFaultException">The system refused what libuv asked it for; nothing was left on the loop.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public static HostedLibUvLoop Attach(nint uvLoop, nint libuvHandle = 0, EventLoopOptions? options = null, bool keepsLoopAlive = true)
    {
        if (uvLoop == 0)
            throw new ArgumentException("A guest needs a uv_loop_t to be on, not a null pointer.", nameof(uvLoop));

        UvLibrary library = libuvHandle == 0 ? UvLibrary.Find() : new UvLibrary(libuvHandle);
        return new HostedLibUvLoop(library, uvLoop, options, keepsLoopAlive);
    }

    /// <inheritdoc />
    protected override void AddCore(Watch watch)
    {
        ArgumentNullException.ThrowIfNull(watch);
        watch.BackendHandle = _handles.Poll(watch);
    }

    /// <inheritdoc />
    protected override void ChangeCore(Watch watch, PollEvents previous)
    {
        ArgumentNullException.ThrowIfNull(watch);
        _handles.Start(watch.BackendHandle, watch.Interest);
    }

    /// <inheritdoc />
    protected override void RemoveCore(Watch watch)
    {
        ArgumentNullException.ThrowIfNull(watch);
        _handles.Close(watch.BackendHandle);
    }

    /// <inheritdoc />
    protected override void WakeCore()
    {
        if (Environment.CurrentManagedThreadId != _threadId)
        {
            _ = _library.AsyncSend(_wake);
            return;
        }

        // The host's own thread needs no descriptor to be woken, and what it asks for keeps the loop alive like any other work.
        _mustTurnAgain = true;
        if (!IsInTurn)
            Arrange();
    }

    /// <inheritdoc />
    protected override void DeadlineChangedCore(long nextDueMilliseconds)
    {
        _due = nextDueMilliseconds;
        _isWorkPending = nextDueMilliseconds <= NowMilliseconds;
        Arrange();
    }

    /// <inheritdoc />
    protected override void DetachCore(Action detached)
    {
        _handles.Close(_wake);
        _handles.Close(_timer);
        _handles.Close(_check);
        _handles.Close(_idle);
        _handles.WhenEmpty(detached);
    }

    Watch? IUvTurns.FindWatch(int fd) => TryFindWatch(fd, out Watch? watch) ? watch : null;

    void IUvTurns.OnReady(Watch watch, PollEvents ready)
    {
        // Readiness is a level: what is not served in a run that is not allowed is told again in the next that is.
        if (_isInCallback)
            return;

        BeginTurn();
        _isInCallback = true;
        Dispatch(watch, ready);
        _isInCallback = false;
    }

    void IUvTurns.OnWake()
    {
        if (_isInCallback)
            _mustTurnAgain = true;
        else
            BeginTurn();
    }

    void IUvTurns.OnTimer()
    {
        _armed = long.MaxValue;
        if (!_isInCallback)
            TakeTurn();
    }

    void IUvTurns.OnCheck()
    {
        if (_isInCallback)
            throw new InvalidOperationException("uv_run was called inside a callback of the loop that it runs.");

        // An iteration in which nothing was ours costs next to nothing, but for the first, which binds the loop to the host's thread.
        if (IsInTurn || _isIdleActive || !_hasTurned)
            TakeTurn();
    }

    void IUvTurns.OnException(Exception exception) => ReportUnhandled(exception);

    private void TakeTurn()
    {
        _hasTurned = true;
        _threadId = Environment.CurrentManagedThreadId;
        _mustTurnAgain = false;
        _isInCallback = true;
        try
        {
            EndTurn();
        }
        finally
        {
            _isInCallback = false;
        }

        if (!IsDisposed)
            Arrange();
    }

    /// <summary>Makes the host wake up when it must: at once while there is work, otherwise when the earliest timer is due.</summary>
    private void Arrange()
    {
        bool mustNotSleep = _isWorkPending || _mustTurnAgain;
        if (mustNotSleep != _isIdleActive)
        {
            _isIdleActive = mustNotSleep;
            _handles.SetActive(_idle, mustNotSleep);
        }

        long wanted = mustNotSleep ? long.MaxValue : _due;
        if (wanted == _armed)
            return;

        _armed = wanted;
        if (wanted == long.MaxValue)
            _ = _library.TimerStop(_timer);
        else
            _handles.Start(_timer, Math.Max(wanted - UpdateNow(), 0));
    }
}
