namespace EventLoops;

/// <summary>
/// How long a peer may keep what was written to it waiting. The clock runs while the kernel refuses to take more. Bytes that it takes buy time at the minimum
/// rate, and never more than the whole time-out: a peer that takes a few now and then would otherwise hold everything up for ever, whether what waits is one
/// large message or many small ones.
/// </summary>
internal sealed class WriteClock(Connection connection) : LoopTimer
{
    private long _left = long.MaxValue;
    private long _since;
    private long _takenSince;

    private long Now => connection.Thread.Loop.NowMilliseconds;

    private long Whole => (long)connection.Context.Timeouts.Write.TotalMilliseconds;

    /// <summary>The kernel has taken bytes.</summary>
    public void Count(int bytes) => _takenSince += bytes;

    /// <summary>The kernel takes no more.</summary>
    public void Start()
    {
        // While everything went out at once the clock stood, and the peer has the time back in which it was waited for by nobody.
        if (_left != long.MaxValue)
            Credit(Now - _since);
        _left = Math.Min(_left, Whole);
        _since = Now;
        _takenSince = 0;
        connection.Thread.Loop.Schedule(this, TimeSpan.FromMilliseconds(_left));
    }

    /// <summary>The kernel takes bytes again.</summary>
    public void Stop()
    {
        if (!IsScheduled)
            return;

        connection.Thread.Loop.Cancel(this);
        _left = Math.Max(0, _left - (Now - _since));
        _since = Now;
        Credit(0);
    }

    /// <summary>The connection is over, or its last bytes leave under a time-out of their own.</summary>
    public void Cancel() => connection.Thread.Loop.Cancel(this);

    protected override void OnDue() => connection.OnWriteDeadline();

    private void Credit(long milliseconds)
    {
        int rate = connection.Context.Limits.MinDataRate;
        long bought = rate > 0 ? _takenSince * 1000 / rate : _takenSince > 0 ? Whole : 0;
        _left = Math.Min(Whole, _left + bought + milliseconds);
        _takenSince = 0;
    }
}
