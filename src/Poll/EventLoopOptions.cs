namespace EventLoops;

/// <summary>What every loop can be given. The loop reads the options once, when it is constructed.</summary>
public sealed class EventLoopOptions
{
    /// <summary>The longest <see cref="BusyPoll"/>.</summary>
    public static readonly TimeSpan LongestBusyPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// The clock. Its timestamps must be monotonic; wall-clock time is never read. Default: <see cref="TimeProvider.System"/>.
    /// </summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>The system calls on sockets. Default: <see cref="SocketIo.System"/>, the C library's.</summary>
    public SocketIo SocketIo { get; set; } = SocketIo.System;

    /// <summary>
    /// How long a loop that has nothing to do goes on looking, in turns that do not wait, before it sleeps: 50 microseconds, say. What comes in that time is served without the
    /// kernel having to wake a thread: an echo through one connection took 26 µs instead of 41 here. The price is processor time. A loop without work burns this much more
    /// each time before it sleeps: at 5,000 messages a second in bursts, 71 µs for each instead of 30, and latency that was not shorter.
    /// <para>
    /// Exact to a look, some 0.3 µs, and to the clock of <see cref="TimeProvider"/>. At most <see cref="LongestBusyPoll"/>. Default: <see cref="TimeSpan.Zero"/>, never. A turn
    /// that is asked not to wait (<c>RunOnce(0)</c>), or whose next timer is due, does not look twice. For loops that have a wait of their own, which is every
    /// <see cref="OwnedEventLoop"/>. Where somebody else waits, in a poll array of yours or on a loop that is its host's, there is nothing that could look: those
    /// loops refuse it.
    /// </para>
    /// </summary>
    public TimeSpan BusyPoll { get; set; } = TimeSpan.Zero;
}
