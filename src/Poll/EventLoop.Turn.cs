namespace EventLoops;

// The turn: what a backend calls, and what happens in which order.
public abstract partial class EventLoop
{
    private static readonly Action<ITurnParticipant> PendingInput = static participant => participant.ServicePendingInput();
    private static readonly Action<ITurnParticipant> Writes = static participant => participant.ServiceWrites();
    private static readonly Action<ITurnParticipant> Closes = static participant => participant.ServiceCloses();

    // A watch, and as much of its handler as an event is likely to touch. A connection of EventLoops.Core is 200 bytes long; what lies beyond a smaller handler is
    // the memory of its neighbour, which a hint may name as well.
    private const int SizeOfWatch = 56;
    private const int SizeOfHandler = 200;

    private ITurnParticipant[] _participants = [];
    private bool _isEnding;

    /// <summary>Whether a turn is being made, which is so in every callback.</summary>
    public bool IsInTurn { get; private set; }

    /// <summary>Whether this turn has dispatched, fired or run anything.</summary>
    private protected bool HasWorked { get; set; }

    /// <summary>Whether <see cref="Wake"/> was answered in this turn.</summary>
    private protected bool WasWoken { get; private set; }

    /// <summary>
    /// Gives a participant its place in the steps 6 to 8 of every turn, from this turn on. One that has joined already is not added
    /// twice.
    /// </summary>
    /// <exception cref="InvalidOperationException">The thread is not the loop's.</exception>
    public void Join(ITurnParticipant participant)
    {
        VerifyUsable();
        ArgumentNullException.ThrowIfNull(participant);
        if (HasJoined(participant)) return;

        // A new array each time: a step that walks through the former one is not disturbed.
        _participants = [.. _participants, participant];
    }

    /// <summary>Takes a participant out; it is not called again. Does nothing when it has not joined.</summary>
    /// <exception cref="InvalidOperationException">The thread is not the loop's.</exception>
    public void Leave(ITurnParticipant participant)
    {
        VerifyThread();
        ArgumentNullException.ThrowIfNull(participant);
        if (!HasJoined(participant)) return;

        _participants = Array.FindAll(_participants, other => other != participant);
    }

    /// <summary>
    /// How long the loop may sleep: zero while work is pending, otherwise the milliseconds until the earliest timer, rounded up so that no
    /// timer makes the loop spin, and at most <paramref name="maxMilliseconds"/>. This is what to give to <c>poll(2)</c>.
    /// </summary>
    /// <param name="maxMilliseconds">The longest answer that is wanted; negative for no limit.</param>
    /// <returns>Milliseconds; -1 when there is no limit and nothing to wait for but events.</returns>
    /// <exception cref="InvalidOperationException">
    /// The thread is not the loop's. Before the first turn any thread may ask, since a first frame begins with this.
    /// </exception>
    public int GetTimeout(int maxMilliseconds)
    {
        if (IsDisposed) return maxMilliseconds;
        if (_isBound) VerifyThread();
        if (HasPendingWork()) return 0;

        int limit = maxMilliseconds < 0 ? -1 : maxMilliseconds;
        long due = _timers.EarliestDue;
        if (due == long.MaxValue) return limit;

        // The clock is read again: this turn may have taken a while, and the sleep begins now.
        long wait = Math.Clamp(due - ElapsedMilliseconds(), 0, int.MaxValue);
        return limit < 0 ? (int)wait : (int)Math.Min(wait, limit);
    }

    /// <summary>
    /// Step 2, called by a backend after its wait and before its first <see cref="Dispatch(Watch, PollEvents)"/>: reads the clock and marks
    /// the loop as in a turn. Does nothing when it is already.
    /// </summary>
    /// <exception cref="InvalidOperationException">The thread is not the loop's.</exception>
    /// <exception cref="ObjectDisposedException">The loop is disposed.</exception>
    protected void BeginTurn()
    {
        if (IsInTurn) return;
        if (!_isHeld) Enter("A turn");

        IsInTurn = true;
        HasWorked = false;
        WasWoken = false;
        UpdateNow();
    }

    /// <summary>
    /// Step 3, called by a backend for each event: tells the watch's handler, unless the watch has become inactive in this turn or
    /// nothing is left of <paramref name="ready"/> that it wants to know. A watch that is reported invalid is unwatched afterwards.
    /// </summary>
    protected void Dispatch(Watch watch, PollEvents ready)
    {
        ArgumentNullException.ThrowIfNull(watch);
        if (!watch.IsActive) return;

        ready &= watch.Interest | AlwaysReported;
        if (ready == PollEvents.None) return;

        HasWorked = true;
        try
        {
            watch.Handler.OnReady(watch, ready);
        }
        catch (Exception exception)
        {
            ReportUnhandled(exception);
        }

        if ((ready & PollEvents.Invalid) != PollEvents.None && watch.IsActive) Unwatch(watch);
    }

    /// <summary>
    /// Step 3 for backends whose kernel gives back a number instead of an object: the event is dropped unless descriptor
    /// <paramref name="fd"/> is watched by the very watch of that <paramref name="generation"/>.
    /// </summary>
    protected void Dispatch(int fd, uint generation, PollEvents ready)
    {
        if (TryFindWatch(fd, out Watch? watch) && watch.Generation == generation) Dispatch(watch, ready);
    }

    /// <summary>
    /// For backends that know their whole batch: says which descriptors come behind the one that is dispatched now, so that the processor brings their state near meanwhile. It
    /// has no effect but time; any number is fine.
    /// </summary>
    /// <param name="next">The descriptor of the next event, or -1.</param>
    /// <param name="afterNext">That of the event after it, or -1.</param>
    protected void ExpectNext(int next, int afterNext)
    {
        Watch?[] watches = _watches;
        if ((uint)afterNext < (uint)watches.Length && watches[afterNext] is { } later) CacheHints.Fetch(later, SizeOfWatch);
        if ((uint)next < (uint)watches.Length && watches[next] is { } soon) CacheHints.Fetch(soon.Handler, SizeOfHandler);
    }

    /// <summary>
    /// Steps 4 to 9, called by a backend after the last event of a turn. Outside a turn it makes one without events.
    /// Does nothing when it is reached again from one of its own callbacks, as happens when a host runs its loop inside a callback.
    /// </summary>
    protected void EndTurn()
    {
        if (_isEnding) return;

        BeginTurn();
        _isEnding = true;
        RunDueTimers();
        RunPostedWork();
        RunStep(PendingInput);
        _isEnding = false;
        FinishTurn();
    }

    /// <summary>Steps 7 to 9: what a host that serves single descriptors must not put off either.</summary>
    private protected void FinishTurn()
    {
        _isEnding = true;
        RunStep(Writes);
        RunStep(Closes);
        _isEnding = false;
        LeaveTurn();
    }

    /// <summary>Marks the loop as out of its turn; a dispose that was asked for in the turn takes effect now.</summary>
    private protected void LeaveTurn()
    {
        IsInTurn = false;
        if (_isDisposeRequested)
        {
            Volatile.Write(ref _phase, PhaseDisposed);
            DisposeNow();
            return;
        }

        if (!_isHeld) Leave();
        TellDeadline(isEndOfTurn: true);
    }

    private protected bool HasPendingWork()
    {
        if (!_posted.IsEmpty || _timers.EarliestDue <= NowMilliseconds) return true;

        foreach (ITurnParticipant participant in _participants)
        {
            if (participant.HasPendingWork) return true;
        }

        return false;
    }

    private void RunStep(Action<ITurnParticipant> step)
    {
        ITurnParticipant[] participants = _participants;
        foreach (ITurnParticipant participant in participants)
        {
            // Another participant's callback may have made this one leave.
            if (participants != _participants && !HasJoined(participant)) continue;

            try
            {
                step(participant);
            }
            catch (Exception exception)
            {
                ReportUnhandled(exception);
            }
        }
    }

    private bool HasJoined(ITurnParticipant participant) => Array.IndexOf(_participants, participant) >= 0;
}
