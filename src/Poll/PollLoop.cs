namespace EventLoops;

/// <summary>
/// The loop on <c>poll(2)</c>: it needs nothing but the C library, and is the default. Each wait costs the kernel some 80 ns for every
/// descriptor that is watched, so that beyond a few hundred descriptors other backends are faster.
/// </summary>
public sealed class PollLoop : OwnedEventLoop
{
    private readonly PollFdArray _array = new();
    private readonly WakeEvent _wake;

    /// <summary>Makes a loop, which belongs to this thread until it first runs.</summary>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    /// <exception cref="LoopFaultException">The system gave no <c>eventfd</c>.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public PollLoop(EventLoopOptions? options = null)
        : base("poll", options)
    {
        _wake = new WakeEvent();
        _array.Add(_wake.Fd, PollEvents.In);
    }

    /// <inheritdoc/>
    protected override void WaitCore(int milliseconds)
    {
        int ready = _array.Poll(milliseconds);
        BeginTurn();

        // What is removed meanwhile becomes a hole in these entries, and what is added is not among them: no event can reach a
        // watch that it was not meant for.
        Span<PollFd> entries = _array.Entries;
        for (int place = 0; ready > 0 && place < entries.Length; place++)
        {
            PollEvents reported = entries[place].Revents;
            if (reported == PollEvents.None) continue;

            ready--;
            int fd = entries[place].Fd;
            if (fd == _wake.Fd) _wake.Clear();
            else if (TryFindWatch(fd, out Watch? watch)) Dispatch(watch, reported);
        }
    }

    /// <inheritdoc/>
    protected override void AddCore(Watch watch) => _array.Add(watch.Fd, watch.Interest);

    /// <inheritdoc/>
    protected override void ChangeCore(Watch watch, PollEvents previous) => _array.SetEvents(watch.Fd, watch.Interest);

    /// <inheritdoc/>
    protected override void RemoveCore(Watch watch) => _array.Remove(watch.Fd);

    /// <inheritdoc/>
    protected override void WakeCore() => _wake.Signal();

    /// <inheritdoc/>
    protected override void DisposeCore() => _wake.Dispose();
}
