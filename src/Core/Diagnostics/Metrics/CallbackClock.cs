namespace EventLoops;

/// <summary>
/// Looks for callbacks that hold up their loop, and measures all of them while somebody listens. Whoever blocks for ten seconds stops everybody on his thread; the name
/// of the callback is what its owner needs to know.
/// </summary>
internal sealed class CallbackClock(ServiceThread thread, TimeSpan threshold)
{
    private const long NotMeasured = long.MinValue;

    private readonly TimeProvider _time = thread.Loop.TimeProvider;

    // When the last message or request of a read was dealt with: the next one of the same read begins there, since nothing but framing lies between them. 0 for not
    // known.
    private long _lastReceived;

    /// <summary>
    /// A callback begins. For the system's own clock the coarse one will do, which costs a few nanoseconds and is exact to a few milliseconds; its times are
    /// negative here, to tell them from the others.
    /// </summary>
    public long Start(CallbackReason reason)
    {
        long last = _lastReceived;
        _lastReceived = 0;
        bool isExact = LoopMetrics.CallbackTime.Enabled;
        if (!isExact && threshold == Timeout.InfiniteTimeSpan)
            return NotMeasured;

        if (isExact || _time != TimeProvider.System)
            return _time.GetTimestamp();

        return last != 0 && IsOfRead(reason) ? last : -Environment.TickCount64;
    }

    /// <summary>It has returned.</summary>
    public void Stop(long started, CallbackReason reason, Protocol protocol)
    {
        if (started == NotMeasured)
            return;

        TimeSpan taken;
        if (started < 0)
        {
            long now = Environment.TickCount64;
            taken = TimeSpan.FromMilliseconds(now + started);
            if (IsOfRead(reason))
                _lastReceived = -now;
        }
        else
        {
            taken = _time.GetElapsedTime(started);
        }

        if (started >= 0 && LoopMetrics.CallbackTime.Enabled)
            LoopMetrics.CallbackTime.Record(taken.TotalMilliseconds, new KeyValuePair<string, object?>("reason", NameOf(reason)));
        if (threshold != Timeout.InfiniteTimeSpan && taken >= threshold)
            ReportStall(reason, protocol, taken);
    }

    /// <summary>Something else was done, such as reading a file: what is called next does not begin where the last callback ended.</summary>
    public void Leave() => _lastReceived = 0;

    /// <summary>Whether it is one of those that come one after the other for what one read has brought.</summary>
    private static bool IsOfRead(CallbackReason reason) =>
        reason is CallbackReason.Receive or CallbackReason.ClientReceive or CallbackReason.FilterHttpConnection or CallbackReason.Http;

    private void ReportStall(CallbackReason reason, Protocol protocol, TimeSpan taken)
    {
        thread.Counters.CountStall();
        thread.Context.Log.CallbackStalled(reason, protocol.Name, taken);
        if (LoopEvents.Source.IsEnabled())
            LoopEvents.Source.CallbackStalled(NameOf(reason), protocol.Name, taken.TotalMilliseconds);
    }

    /// <summary>The names are made once: a tag that is made anew for each callback would be garbage.</summary>
    private static string NameOf(CallbackReason reason) => Names.TryGetValue(reason, out string? name) ? name : "Other";

    private static readonly Dictionary<CallbackReason, string> Names =
        Enum.GetValues<CallbackReason>().Distinct().ToDictionary(reason => reason, reason => reason.ToString());
}
