namespace EventLoops;

/// <summary>
/// The wake descriptor of the external loop, a <c>timerfd</c>: another thread makes it readable by letting it expire now, and while it
/// ticks it becomes readable once a second by itself, for hosts that do nothing but serve what their array reports.
/// </summary>
internal sealed unsafe class WakeTimer : IDisposable
{
    private readonly Lock _gate = new();
    private bool _isSignalled;
    private bool _isTicking;

    public WakeTimer()
    {
        IoResult opened = Libc.Result(Libc.TimerFdCreate(Libc.ClockMonotonic, Libc.SockNonBlocking | Libc.SockCloseOnExec));
        if (opened.IsError) throw new LoopFaultException("timerfd_create", opened.Errno);

        Fd = opened.Value;
    }

    public int Fd { get; }

    /// <summary>Makes the descriptor readable. Any thread.</summary>
    public void Signal()
    {
        lock (_gate)
        {
            if (_isSignalled) return;

            _isSignalled = true;
            Arm();
        }
    }

    /// <summary>Starts or stops the tick. No system call when nothing changes.</summary>
    public void SetTicking(bool isTicking)
    {
        lock (_gate)
        {
            if (_isTicking == isTicking) return;

            _isTicking = isTicking;
            Arm();
        }
    }

    /// <summary>Makes the descriptor unreadable again, until the next signal or tick.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            ulong count;
            _ = Libc.Read(Fd, &count, sizeof(ulong));
            _isSignalled = false;
        }
    }

    public void Dispose() => _ = Libc.Close(Fd);

    /// <summary>Arming forgets an expiry that has not been read, so that one which is still owed is armed again.</summary>
    private void Arm()
    {
        long period = _isTicking ? 1 : 0;
        Libc.TimerSpec spec = new()
        {
            IntervalSeconds = period,
            ValueSeconds = _isSignalled ? 0 : period,
            ValueNanoseconds = _isSignalled ? 1 : 0,
        };
        _ = Libc.TimerFdSetTime(Fd, flags: 0, &spec, null);
    }
}
