namespace EventLoops;

/// <summary>
/// The user's side of an <see cref="ExternalPollLoop"/>: whoever owns a poll array keeps it as these calls say. They come on the loop's
/// thread, from within the member that makes the change, and may come while the user walks through the array and serves its entries.
/// What a callback throws surfaces from that member, with the loop's own tables in order.
/// </summary>
public interface IPollSet
{
    /// <summary>A descriptor is to be polled for <see cref="PollArgs.Events"/>. It is in the set from now on.</summary>
    void AddPollFd(in PollArgs args);

    /// <summary>A descriptor, which is still open, is to be polled no longer.</summary>
    void DeletePollFd(in PollArgs args);

    /// <summary>
    /// Bits were added to what a descriptor is polled for: <see cref="PollArgs.Added"/>. The new mask is <see cref="PollArgs.Events"/>.
    /// </summary>
    void SetModePollFd(in PollArgs args);

    /// <summary>
    /// Bits were taken away from what a descriptor is polled for: <see cref="PollArgs.Removed"/>. The new mask is
    /// <see cref="PollArgs.Events"/>.
    /// </summary>
    void ClearModePollFd(in PollArgs args);

    /// <summary>Called before each of the four changes with the same arguments, for those who share the array between threads.</summary>
    void LockPoll(in PollArgs args)
    {
    }

    /// <summary>Called after each of the four changes with the same arguments, also when the change threw.</summary>
    void UnlockPoll(in PollArgs args)
    {
    }

    /// <summary>
    /// The time at which the loop wants <see cref="ExternalPollLoop.EndFrame"/> at the latest has changed. A host that sets a timer of
    /// its own by it needs neither frames nor <see cref="EventLoop.GetTimeout"/>. A deadline that is very near is told again at the end
    /// of each turn, in case the host's timer was early.
    /// </summary>
    /// <param name="dueIn">From now; zero while work is pending, <see cref="Timeout.InfiniteTimeSpan"/> when nothing is due.</param>
    void DeadlineChanged(TimeSpan dueIn)
    {
    }
}
