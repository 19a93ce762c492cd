namespace EventLoops;

/// <summary>A loop that runs itself: it has a wait of its own, and the thread that calls <see cref="Run"/> is its thread.</summary>
public abstract class OwnedEventLoop : EventLoop
{
    // No look takes less than a tenth of a microsecond. A clock that stands still, as a test's does, must not keep the loop looking for ever.
    private const int MostLooksPerMicrosecond = 10;

    private readonly TimeSpan _busyPoll;

    /// <summary>Sets up what all loops share.</summary>
    /// <param name="name">What the loop is called in logs and messages.</param>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="EventLoopOptions.BusyPoll"/> is negative or longer than <see cref="EventLoopOptions.LongestBusyPoll"/>.</exception>
    protected OwnedEventLoop(string name, EventLoopOptions? options)
        : base(name, options)
    {
        _busyPoll = options?.BusyPoll ?? TimeSpan.Zero;
        if (_busyPoll < TimeSpan.Zero || _busyPoll > EventLoopOptions.LongestBusyPoll)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), _busyPoll, $"EventLoopOptions.BusyPoll must lie between zero and {EventLoopOptions.LongestBusyPoll.TotalMilliseconds} ms.");
        }
    }

    /// <summary>
    /// Makes turns until <paramref name="stopping"/> is cancelled, which wakes the loop, or the loop is disposed by one of its
    /// callbacks.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Called inside a callback, or on another thread than the one of the first turn.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The loop is disposed.</exception>
    /// <exception cref="LoopFaultException">The system refused to wait.</exception>
    public void Run(CancellationToken stopping = default)
    {
        Hold(nameof(Run));
        try
        {
            using CancellationTokenRegistration waking = stopping.UnsafeRegister(static loop => ((EventLoop)loop!).Wake(), this);
            while (!stopping.IsCancellationRequested && !IsDisposed) MakeTurn(maxMilliseconds: -1);
            if (!IsDisposed) EndRunCore();
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Makes one turn.</summary>
    /// <param name="maxMilliseconds">How long to wait for something to do; 0 does not wait, a negative number waits without limit.</param>
    /// <returns>Whether a handler, a timer or posted work was called.</returns>
    /// <exception cref="InvalidOperationException">
    /// Called inside a callback, or on another thread than the one of the first turn.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The loop is disposed.</exception>
    /// <exception cref="LoopFaultException">The system refused to wait.</exception>
    public bool RunOnce(int maxMilliseconds)
    {
        Hold(nameof(RunOnce));
        try
        {
            MakeTurn(maxMilliseconds);
            if (!IsDisposed) EndRunCore();
            return HasWorked;
        }
        finally
        {
            Release();
        }
    }

    /// <summary>
    /// Steps 1 to 3: waits at most <paramref name="milliseconds"/> (-1: without limit), then calls <see cref="EventLoop.BeginTurn"/>, then
    /// <see cref="EventLoop.Dispatch(Watch, PollEvents)"/> for each event. A wait that a signal interrupts is a turn without events.
    /// The caller goes on with <see cref="EventLoop.EndTurn"/>.
    /// </summary>
    protected abstract void WaitCore(int milliseconds);

    /// <summary>
    /// Called when <see cref="Run"/> or <see cref="RunOnce"/> is about to give the thread back, after the last turn: what a backend puts off to its next wait is done here, since
    /// nobody knows when that will be. Does nothing by default.
    /// </summary>
    protected virtual void EndRunCore()
    {
    }

    private void MakeTurn(int maxMilliseconds)
    {
        int milliseconds = GetTimeout(maxMilliseconds);
        if (milliseconds != 0 && _busyPoll > TimeSpan.Zero && HasComeWhileLooking(ref maxMilliseconds)) return;

        WaitCore(milliseconds == 0 ? 0 : GetTimeout(maxMilliseconds));
        EndTurn();
    }

    /// <summary>
    /// Looks, in whole turns that do not wait, until there was something to do, the loop was woken, or the time of <see cref="EventLoopOptions.BusyPoll"/> is over; takes that
    /// time off <paramref name="maxMilliseconds"/>.
    /// </summary>
    private bool HasComeWhileLooking(ref int maxMilliseconds)
    {
        long start = TimeProvider.GetTimestamp();
        TimeSpan limit = maxMilliseconds < 0 ? _busyPoll : TimeSpan.FromTicks(Math.Min(_busyPoll.Ticks, maxMilliseconds * TimeSpan.TicksPerMillisecond));
        TimeSpan looked;
        long looksLeft = MostLooksPerMicrosecond * (limit.Ticks / TimeSpan.TicksPerMicrosecond);
        do
        {
            WaitCore(0);
            EndTurn();
            if (HasWorked || WasWoken || IsDisposed) return true;

            looked = TimeProvider.GetElapsedTime(start);
        }
        while (looked < limit && --looksLeft > 0);

        if (maxMilliseconds > 0) maxMilliseconds = Math.Max(0, maxMilliseconds - (int)looked.TotalMilliseconds);
        return false;
    }
}
