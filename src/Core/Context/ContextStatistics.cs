namespace EventLoops;

/// <summary>
/// What a context has met since it was made, as counts: what happens often and harms nobody is counted here and not logged. The loop's thread writes them; any
/// thread may read them, each by itself.
/// </summary>
public sealed class ContextStatistics
{
    private long _accepted;
    private long _turnedAway;
    private long _resetEarly;
    private long _requests;
    private long _refused;

    internal ContextStatistics()
    {
    }

    /// <summary>Connections that were accepted and served.</summary>
    public long Accepted => Volatile.Read(ref _accepted);

    /// <summary>
    /// Connections that were closed as soon as they were accepted: too many of one address, no descriptor left, or a network filter that did not want them.
    /// </summary>
    public long TurnedAway => Volatile.Read(ref _turnedAway);

    /// <summary>Accepted connections that their peers reset before they had made a request.</summary>
    public long ResetEarly => Volatile.Read(ref _resetEarly);

    /// <summary>HTTP requests whose heads were read and served, or refused by a callback; without those that became WebSockets.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>Requests that were refused: by a rule of the protocol, by a limit, by a callback, or by a deadline.</summary>
    public long Refused => Volatile.Read(ref _refused);

    internal void CountAccepted() => _accepted++;

    internal void CountTurnedAway() => _turnedAway++;

    internal void CountResetEarly() => _resetEarly++;

    internal void CountRequest() => _requests++;

    internal void CountRefused() => _refused++;
}
