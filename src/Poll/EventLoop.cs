using System.Diagnostics.CodeAnalysis;

namespace EventLoops;

/// <summary>
/// An event loop: it watches descriptors, runs timers and posted work, and gives the layers above it their place in each turn.
/// What is promised to users (the order of a turn, stale events, timers, the thread check) is written here, once; a backend
/// derives from it and writes the system calls.
/// <para>
/// A turn: 1 wait; 2 read the clock; 3 dispatch each event, checking its watch again; 4 due timers; 5 posted work; 6 pending input;
/// 7 writes; 8 closes; 9 the next timeout.
/// </para>
/// <para>
/// A loop belongs to the thread that constructed it until the first turn is entered, which may be on another thread and binds the
/// loop to it for good. From then on every member throws on other threads, in release builds too, except <see cref="Post"/>,
/// <see cref="Wake"/> and, while no turn runs, <see cref="Dispose"/>.
/// </para>
/// </summary>
public abstract partial class EventLoop : IDisposable
{
    private const PollEvents Askable = PollEvents.In | PollEvents.Out;
    private const PollEvents AlwaysReported = PollEvents.Error | PollEvents.HangUp | PollEvents.Invalid;

    // Watches by descriptor. The kernel gives out the lowest free number, so that an array is the smallest and fastest table.
    private Watch?[] _watches = new Watch?[64];
    private uint _generation;

    /// <summary>Sets up what all loops share.</summary>
    /// <param name="name">What the loop is called in logs and messages: "poll", "external", "epoll".</param>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// The name is empty, a member of <paramref name="options"/> is null, or <see cref="EventLoopOptions.BusyPoll"/> is asked for where the loop does not wait itself.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    protected EventLoop(string name, EventLoopOptions? options)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("EventLoops runs on Linux only (x64 and arm64, glibc and musl).");

        ArgumentException.ThrowIfNullOrEmpty(name);
        options ??= new EventLoopOptions();
        Name = name;
        SocketIo = options.SocketIo ?? throw new ArgumentException("EventLoopOptions.SocketIo is null.", nameof(options));
        TimeProvider = options.TimeProvider ?? throw new ArgumentException("EventLoopOptions.TimeProvider is null.", nameof(options));
        if (options.BusyPoll != TimeSpan.Zero && this is not OwnedEventLoop)
            throw new ArgumentException($"EventLoopOptions.BusyPoll is for loops with a wait of their own; for \"{name}\" somebody else waits.", nameof(options));
        _start = TimeProvider.GetTimestamp();
        _threadId = Environment.CurrentManagedThreadId;
    }

    /// <summary>What the loop is called in logs and messages: "poll", "external", "epoll".</summary>
    public string Name { get; }

    /// <summary>The system calls that everything on this loop uses for its sockets.</summary>
    public SocketIo SocketIo { get; }

    /// <summary>The clock of the loop.</summary>
    public TimeProvider TimeProvider { get; }

    /// <summary>
    /// Whether a writable callback that was asked for is made in step 7 of the same turn, without asking the kernel first. True for
    /// loops that own their table of descriptors; false where somebody else's table is the truth, so that <see cref="PollEvents.Out"/>
    /// is always armed.
    /// </summary>
    public virtual bool ServicesWritesInTurn => true;

    /// <summary>How many descriptors are watched. The loop's own wake descriptor does not count.</summary>
    public int WatchCount { get; private set; }

    /// <summary>
    /// Is told of exceptions that escape from handlers, timers, posted work and participants. They never stop the loop.
    /// Null by default, which swallows them: a loop has no log of its own. Called on the loop's thread; what it throws is swallowed.
    /// </summary>
    public Action<Exception>? UnhandledException { get; set; }

    /// <summary>
    /// Starts to watch a descriptor, which should be non-blocking and stays the caller's to close (after <see cref="Unwatch"/>).
    /// It may be called from callbacks; the new watch gets its first event in the next turn.
    /// </summary>
    /// <param name="fd">An open descriptor that this loop does not watch already.</param>
    /// <param name="interest">
    /// <see cref="PollEvents.In"/>, <see cref="PollEvents.Out"/>, both or nothing. Errors and hang-ups are reported in any case.
    /// </param>
    /// <param name="handler">Who is told.</param>
    /// <exception cref="ArgumentException">A descriptor that is negative or watched already, or an interest in something else.</exception>
    /// <exception cref="InvalidOperationException">Called on another thread than the loop's.</exception>
    /// <exception cref="LoopFaultException">The system refused; nothing is half-watched then.</exception>
    public Watch Watch(int fd, PollEvents interest, IReadyHandler handler)
    {
        VerifyUsable();
        ArgumentOutOfRangeException.ThrowIfNegative(fd);
        ArgumentNullException.ThrowIfNull(handler);
        VerifyInterest(interest);
        if (TryFindWatch(fd, out _)) throw new ArgumentException($"Descriptor {fd} is watched already.", nameof(fd));

        if (fd >= _watches.Length) Array.Resize(ref _watches, Math.Max(fd + 1, _watches.Length * 2));
        Watch watch = new(fd, interest, handler, ++_generation) { IsActive = true };
        _watches[fd] = watch;
        WatchCount++;
        try
        {
            AddCore(watch);
        }
        catch
        {
            Forget(watch);
            throw;
        }

        return watch;
    }

    /// <summary>
    /// Changes what a descriptor is watched for. Nothing happens, and no system call is made, when the interest is the same.
    /// </summary>
    /// <exception cref="ArgumentException">The watch belongs to another loop, or the interest has bits other than In and Out.</exception>
    /// <exception cref="InvalidOperationException">The watch is no longer active, or the thread is not the loop's.</exception>
    /// <exception cref="LoopFaultException">The system refused; the interest is what it was.</exception>
    public void Change(Watch watch, PollEvents interest)
    {
        VerifyUsable();
        VerifyOwn(watch);
        VerifyInterest(interest);
        if (!watch.IsActive) throw new InvalidOperationException($"The watch of descriptor {watch.Fd} is no longer active.");
        if (watch.Interest == interest) return;

        PollEvents previous = watch.Interest;
        watch.Interest = interest;
        try
        {
            ChangeCore(watch, previous);
        }
        catch
        {
            // A backend that got half-way has already set the interest to what is true; otherwise nothing has changed.
            if (watch.Interest == interest) watch.Interest = previous;
            throw;
        }
    }

    /// <summary>
    /// Stops watching. An event for the watch that is still in the batch of this turn is dropped. Does nothing when the watch is no
    /// longer active. The descriptor may be closed as soon as this returns, not before it is called.
    /// </summary>
    /// <exception cref="ArgumentException">The watch belongs to another loop.</exception>
    /// <exception cref="InvalidOperationException">The thread is not the loop's.</exception>
    public void Unwatch(Watch watch)
    {
        VerifyThread();
        VerifyOwn(watch);
        if (!watch.IsActive) return;

        Forget(watch);
        RemoveCore(watch);
    }

    /// <summary>Finds the active watch of a descriptor. Any number may be asked for, also a negative or a very large one.</summary>
    protected bool TryFindWatch(int fd, [NotNullWhen(true)] out Watch? watch)
    {
        watch = (uint)fd < (uint)_watches.Length ? _watches[fd] : null;
        return watch is not null;
    }

    /// <summary>Tells <see cref="UnhandledException"/> of an exception that must not go any further.</summary>
    protected void ReportUnhandled(Exception exception)
    {
        try
        {
            UnhandledException?.Invoke(exception);
        }
        catch
        {
            // There is nobody left to tell, and the loop goes on whatever happens.
        }
    }

    /// <summary>Puts a watch that has just been made into the backend's table.</summary>
    protected abstract void AddCore(Watch watch);

    /// <summary>Tells the backend's table of the new <see cref="Watch.Interest"/>; <paramref name="previous"/> is what it was.</summary>
    protected abstract void ChangeCore(Watch watch, PollEvents previous);

    /// <summary>Takes the watch, which is already inactive, out of the backend's table. The descriptor is still open.</summary>
    protected abstract void RemoveCore(Watch watch);

    private static void VerifyInterest(PollEvents interest)
    {
        if ((interest & ~Askable) != PollEvents.None)
            throw new ArgumentOutOfRangeException(nameof(interest), interest, "Only In and Out can be asked for.");
    }

    private void VerifyOwn(Watch watch)
    {
        ArgumentNullException.ThrowIfNull(watch);

        // The table of descriptors knows its own. A watch that is over belongs to nobody, and does not carry a reference to its loop for that.
        if (watch.IsActive && (!TryFindWatch(watch.Fd, out Watch? own) || own != watch)) throw new ArgumentException("The watch belongs to another loop.", nameof(watch));
    }

    private void Forget(Watch watch)
    {
        watch.IsActive = false;
        _watches[watch.Fd] = null;
        WatchCount--;
    }
}
