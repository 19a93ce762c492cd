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
    private long _sentBefore;

    private long Now => connection.Thread.Loop.NowMilliseconds;

    private long Whole => (long)connection.Context.Timeouts.Write.TotalMilliseconds;

    /// <summary>The kernel takes no more.</summary>
    /// <param name="sent">How many bytes it has taken since the connection began.</param>
    public void Start(long sent)
    {
        // While everything went out at once the clock stood, and the peer has the time back in which it was waited for by nobody.
        if (_left != long.MaxValue)
            Credit(sent, Now - _since);
        _left = Math.Min(_left, Whole);
        _since = Now;
        _sentBefore = sent;
        connection.Thread.Loop.Schedule(this, TimeSpan.FromMilliseconds(_left));
    }

    /// <summary>The kernel takes bytes again.</summary>
    /// <param name="sent">How many bytes it has taken since the connection began.</param>
    public void Stop(long sent)
    {
        if (!IsScheduled)
            return;

        connection.Thread.Loop.Cancel(this);
        _left = Math.Max(0, _left - (Now - _since));
        _since = Now;
        Credit(sent, 0);
    }

    /// <summary>The connection is over, or its last bytes leave under a time-out of their own.</summary>
    public void Cancel() => connection.Thread.Loop.Cancel(this);

    protected override void OnDue() => connection.OnWriteDeadline();

    private void Credit(long sent, long milliseconds)
    {
        int rate = connection.Context.Limits.MinDataRate;
        long bytes = sent - _sentBefore;
        long bought = rate > 0 ? bytes * 1000 / rate : bytes > 0 ? Whole : 0;
        _left = Math.Min(Whole, _left + bought + milliseconds);
        _sentBefore = sent;
    }
}
