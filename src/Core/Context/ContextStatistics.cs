namespace EventLoops;

/// <summary>
/// What a context has met since it was made, as counts over all its service threads: what happens often and harms nobody is counted here and not logged. The
/// loops' threads write them; any thread may read them, each by itself.
/// </summary>
public sealed class ContextStatistics
{
    private readonly ServiceThread[] _threads;

    internal ContextStatistics(ServiceThread[] threads) => _threads = threads;

    /// <summary>Connections that were accepted and served.</summary>
    public long Accepted => Sum(static counters => counters.Accepted);

    /// <summary>
    /// Connections that were closed as soon as they were accepted: too many of one address, no descriptor left, or a network filter that did not want them.
    /// </summary>
    public long TurnedAway => Sum(static counters => counters.TurnedAway);

    /// <summary>Accepted connections that their peers reset before they had made a request.</summary>
    public long ResetEarly => Sum(static counters => counters.ResetEarly);

    /// <summary>HTTP requests whose heads were read and served, or refused by a callback; without those that became WebSockets.</summary>
    public long Requests => Sum(static counters => counters.Requests);

    /// <summary>Requests that were refused: by a rule of the protocol, by a limit, by a callback, or by a deadline.</summary>
    public long Refused => Sum(static counters => counters.Refused);

    private long Sum(Func<ThreadCounters, long> count)
    {
        long sum = 0;
        foreach (ServiceThread thread in _threads)
            sum += count(thread.Counters);
        return sum;
    }
}
