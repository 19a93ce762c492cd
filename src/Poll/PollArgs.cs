namespace EventLoops;

/// <summary>One change of the user's poll array.</summary>
/// <param name="fd">The descriptor.</param>
/// <param name="events">What it is to be polled for from now on.</param>
/// <param name="previousEvents">What it was polled for before.</param>
public readonly struct PollArgs(int fd, PollEvents events, PollEvents previousEvents)
{
    /// <summary>The descriptor whose entry changes.</summary>
    public int Fd { get; } = fd;

    /// <summary>
    /// The whole mask after the change: what to store in the entry's <see cref="PollFd.Events"/>. Nothing when the entry is deleted.
    /// </summary>
    public PollEvents Events { get; } = events;

    /// <summary>The whole mask before the change. Nothing when the entry is added.</summary>
    public PollEvents PreviousEvents { get; } = previousEvents;

    /// <summary>The bits that this change adds.</summary>
    public PollEvents Added => Events & ~PreviousEvents;

    /// <summary>The bits that this change takes away.</summary>
    public PollEvents Removed => PreviousEvents & ~Events;
}
