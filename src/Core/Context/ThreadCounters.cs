namespace EventLoops;

/// <summary>
/// What one service thread has counted. Each thread writes its own, so that counting costs no more with many threads than with one; <see cref="ContextStatistics"/>
/// adds them up.
/// </summary>
internal sealed class ThreadCounters
{
    private long _accepted;
    private long _turnedAway;
    private long _resetEarly;
    private long _requests;
    private long _refused;

    public long Accepted => Volatile.Read(ref _accepted);

    public long TurnedAway => Volatile.Read(ref _turnedAway);

    public long ResetEarly => Volatile.Read(ref _resetEarly);

    public long Requests => Volatile.Read(ref _requests);

    public long Refused => Volatile.Read(ref _refused);

    public void CountAccepted() => _accepted++;

    public void CountTurnedAway() => _turnedAway++;

    public void CountResetEarly() => _resetEarly++;

    public void CountRequest() => _requests++;

    public void CountRefused() => _refused++;
}
