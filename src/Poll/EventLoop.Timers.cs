namespace EventLoops;

// The clock, the timers, and who is told when the earliest one changes.
public abstract partial class EventLoop
{
    // A host's own timer may fire this much early, by its rounding or by a clock that it reads once a turn. A deadline that is
    // nearer than this when a turn ends is told again, so that such a host does not sleep on with its timer spent.
    private const long EarlyHostMilliseconds = 50;

    private readonly TimerHeap _timers = new();
    private readonly long _start;
    private long _toldDeadline = long.MaxValue;

    /// <summary>
    /// Milliseconds since the loop was made, read once a turn (step 2), so that everything in one turn sees the same time. Monotonic.
    /// Between turns it is the time of the last turn; <see cref="UpdateNow"/> reads the clock again.
    /// </summary>
    public long NowMilliseconds { get; private set; }

    /// <summary>
    /// How long the turn that is under way has lasted so far, since <see cref="NowMilliseconds"/> was read: as long no event was waited for. Reads the clock. 0 between
    /// turns.
    /// </summary>
    public long MillisecondsInTurn => IsInTurn ? Math.Max(0, ElapsedMilliseconds() - NowMilliseconds) : 0;

    /// <summary>How many timers are scheduled.</summary>
    public int TimerCount => _timers.Count;

    /// <summary>
    /// Reads the clock again, for someone who has worked long within a turn or calls between turns. Returns the new
    /// <see cref="NowMilliseconds"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The thread is not the loop's.</exception>
    public long UpdateNow()
    {
        VerifyThread();

        // A clock that goes back must not take timers with it.
        NowMilliseconds = Math.Max(NowMilliseconds, ElapsedMilliseconds());
        return NowMilliseconds;
    }

    /// <summary>
    /// Has the timer called once, not before <paramref name="dueIn"/> has passed. It is measured from this call, not from the beginning
    /// of the turn, and rounded up to milliseconds. Timers that are due together run in the order of their due times, those with equal
    /// times in the order of scheduling. A timer that is scheduled already is moved. Allocates nothing. O(log n).
    /// </summary>
    /// <param name="timer">A timer that is not scheduled on another loop.</param>
    /// <param name="dueIn">
    /// Zero or negative (<see cref="Timeout.InfiniteTimeSpan"/> too) means the next timer step: in this turn when called before its
    /// step 4, in the next turn when called from a timer. <see cref="TimeSpan.MaxValue"/> is fine and never comes.
    /// </param>
    /// <exception cref="InvalidOperationException">The timer waits on another loop, or the thread is not the loop's.</exception>
    public void Schedule(LoopTimer timer, TimeSpan dueIn)
    {
        VerifyUsable();
        ArgumentNullException.ThrowIfNull(timer);
        if (timer.Loop is not null && timer.Loop != this) throw new InvalidOperationException("The timer is scheduled on another loop.");

        timer.Loop = this;
        _timers.Set(timer, DueTime(dueIn));
        if (!IsInTurn) TellDeadline(isEndOfTurn: false);
    }

    /// <summary>Takes the timer out of the loop. Does nothing when it is not scheduled. O(log n).</summary>
    /// <exception cref="InvalidOperationException">The timer waits on another loop, or the thread is not the loop's.</exception>
    public void Cancel(LoopTimer timer)
    {
        VerifyThread();
        ArgumentNullException.ThrowIfNull(timer);
        if (timer.Loop is null) return;
        if (timer.Loop != this) throw new InvalidOperationException("The timer is scheduled on another loop.");

        timer.Loop = null;
        _timers.Remove(timer);
        if (!IsInTurn && !IsDisposed) TellDeadline(isEndOfTurn: false);
    }

    /// <summary>
    /// Called on the loop's thread, never inside a turn, when the time at which the loop must get its next turn has changed, and again
    /// at the end of each turn in which it is very near. A loop that has asked <see cref="GetTimeout"/> before its wait needs nothing
    /// of it; one whose host runs the timers arms the host's timer here. The base method does nothing.
    /// </summary>
    /// <param name="nextDueMilliseconds">
    /// In the time of <see cref="NowMilliseconds"/>; that time itself or an earlier one means at once. <see cref="long.MaxValue"/>:
    /// nothing is due.
    /// </param>
    protected virtual void DeadlineChangedCore(long nextDueMilliseconds)
    {
    }

    private void TellDeadline(bool isEndOfTurn)
    {
        long due = HasPendingWork() ? NowMilliseconds : _timers.EarliestDue;
        bool isNear = isEndOfTurn && due <= NowMilliseconds + EarlyHostMilliseconds;
        if (due == _toldDeadline && !isNear) return;

        _toldDeadline = due;
        DeadlineChangedCore(due);
    }

    private void RunDueTimers()
    {
        // A timer that is scheduled from here on is younger than this one and waits for the next turn, so that timers
        // which arm themselves again with zero starve nobody.
        long newest = _timers.NewestAge;
        while (_timers.TryTakeDue(NowMilliseconds, newest, out LoopTimer? timer))
        {
            timer.Loop = null;
            HasWorked = true;
            try
            {
                timer.Fire();
            }
            catch (Exception exception)
            {
                ReportUnhandled(exception);
            }
        }
    }

    /// <summary>The first millisecond of the loop's clock at which <paramref name="dueIn"/> has passed for certain.</summary>
    private long DueTime(TimeSpan dueIn)
    {
        if (dueIn <= TimeSpan.Zero) return NowMilliseconds;

        long elapsed = Math.Max(ElapsedTicks(), NowMilliseconds * TimeSpan.TicksPerMillisecond);
        long due = dueIn.Ticks > long.MaxValue - elapsed ? long.MaxValue : elapsed + dueIn.Ticks;
        return (due / TimeSpan.TicksPerMillisecond) + (due % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1);
    }

    private protected long ElapsedMilliseconds() => ElapsedTicks() / TimeSpan.TicksPerMillisecond;

    private long ElapsedTicks() => TimeProvider.GetElapsedTime(_start).Ticks;
}
