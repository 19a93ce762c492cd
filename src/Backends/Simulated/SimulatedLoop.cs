namespace EventLoops.Simulated;

/// <summary>
/// A loop on a <see cref="SimulatedKernel"/>: it waits by moving the kernel's clock, so an hour of timeouts takes no time, and it reports virtual descriptors
/// in the order that the kernel's script wants. Posts and wakes from other threads work as everywhere.
/// </summary>
public sealed class SimulatedLoop : OwnedEventLoop
{
    // Far beyond what a test makes a loop do at one moment of virtual time.
    private const int MostTurnsWithoutRest = 1_000_000;

    private readonly SortedList<int, Watch> _watches = [];
    private readonly List<(Watch Watch, PollEvents Ready)> _ready = [];
    private bool _isWoken;

    /// <summary>Makes a loop, which belongs to this thread until it first runs.</summary>
    /// <param name="kernel">The kernel; several loops may share one.</param>
    /// <param name="options">
    /// A clock and system calls to use instead of the kernel's, such as ones that wrap them. What is left at its default is the kernel's.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="kernel"/> is null.</exception>
    public SimulatedLoop(SimulatedKernel kernel, EventLoopOptions? options = null)
        : base("simulated", OptionsFor(kernel, options)) => Kernel = kernel;

    /// <summary>The kernel.</summary>
    public SimulatedKernel Kernel { get; }

    /// <summary>
    /// Makes turns until nothing is left to do at this moment of virtual time: no descriptor is ready, no timer is due, no work is posted or pending. The
    /// clock stands still.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called inside a callback, or on another thread than the loop's.</exception>
    /// <exception cref="SimulationException">The loop does not come to rest in a million turns.</exception>
    public void RunUntilIdle()
    {
        for (int turn = 0; turn < MostTurnsWithoutRest; turn++)
        {
            bool hasWorked = RunOnce(maxMilliseconds: 0);
            if (IsDisposed) return;
            if (!hasWorked && _ready.Count == 0 && GetTimeout(maxMilliseconds: -1) != 0) return;
        }

        throw new SimulationException($"The loop did not come to rest in {MostTurnsWithoutRest} turns.", Kernel);
    }

    /// <summary>Makes turns until so much virtual time has passed and nothing is left to do then.</summary>
    /// <param name="time">How much; timers and scheduled work on the way have their own moments in it.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative time.</exception>
    /// <exception cref="InvalidOperationException">Called inside a callback, or on another thread than the loop's.</exception>
    /// <exception cref="SimulationException">The loop does not come to rest in a million turns.</exception>
    public void RunFor(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        TimeSpan end = Kernel.Elapsed + time;
        RunUntilIdle();
        while (!IsDisposed && Kernel.Elapsed < end)
        {
            TimeSpan left = end - Kernel.Elapsed;
            if (left < TimeSpan.FromMilliseconds(1)) Kernel.Advance(left);
            else RunOnce((int)Math.Min(left.TotalMilliseconds, int.MaxValue));
            if (!IsDisposed) RunUntilIdle();
        }
    }

    /// <inheritdoc/>
    protected override void WaitCore(int milliseconds)
    {
        _ready.Clear();
        Kernel.Wait(this, milliseconds, _ready);
        BeginTurn();
        for (int i = 0; i < _ready.Count; i++) Dispatch(_ready[i].Watch, _ready[i].Ready);
    }

    /// <inheritdoc/>
    protected override void AddCore(Watch watch)
    {
        ArgumentNullException.ThrowIfNull(watch);
        lock (Kernel.Gate)
        {
            if (!Kernel.TryFind(watch.Fd, out _)) throw new LoopFaultException("The simulated kernel's watch", Errno.EBADF);

            _watches.Add(watch.Fd, watch);
        }
    }

    /// <inheritdoc/>
    protected override void ChangeCore(Watch watch, PollEvents previous)
    {
        // The interest is read from the watch at each wait.
    }

    /// <inheritdoc/>
    protected override void RemoveCore(Watch watch)
    {
        ArgumentNullException.ThrowIfNull(watch);
        lock (Kernel.Gate) _watches.Remove(watch.Fd);
    }

    /// <inheritdoc/>
    protected override void WakeCore()
    {
        lock (Kernel.Gate)
        {
            _isWoken = true;
            Kernel.TellOthers();
        }
    }

    /// <inheritdoc/>
    protected override void DisposeCore()
    {
        // Nothing is held beyond what the garbage collector finds.
    }

    /// <summary>Whether somebody has woken the loop since the last time. Called with the kernel's gate held.</summary>
    internal bool TakeWake()
    {
        bool wasWoken = _isWoken;
        _isWoken = false;
        return wasWoken;
    }

    /// <summary>Looks at every watch, by ascending descriptor. Called with the kernel's gate held.</summary>
    internal void CollectReady(List<(Watch Watch, PollEvents Ready)> ready)
    {
        for (int i = 0; i < _watches.Count; i++)
        {
            Watch watch = _watches.GetValueAtIndex(i);
            PollEvents events = Kernel.TryFind(watch.Fd, out VirtualSocket? socket) ? socket.Events : PollEvents.Invalid;
            events &= watch.Interest | PollEvents.Error | PollEvents.HangUp | PollEvents.Invalid;
            if (events != PollEvents.None) ready.Add((watch, events));
        }
    }

    private static EventLoopOptions OptionsFor(SimulatedKernel kernel, EventLoopOptions? options)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        options ??= new EventLoopOptions();
        return new EventLoopOptions
        {
            TimeProvider = options.TimeProvider == TimeProvider.System ? kernel.Time : options.TimeProvider,
            SocketIo = options.SocketIo == SocketIo.System ? kernel.Sockets : options.SocketIo,
            BusyPoll = options.BusyPoll,
        };
    }
}
