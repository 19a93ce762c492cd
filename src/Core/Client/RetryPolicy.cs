namespace EventLoops;

/// <summary>
/// When a client tries again: after a time that doubles with each failure and is then chosen by chance between nothing and all of it (exponential back-off with full
/// jitter), so that a thousand clients that lost the same server do not come back in step. One object belongs to one thing that wants to be connected, and counts its
/// failures over all its calls of <see cref="LoopContext.Connect"/>: give the same object to the next call, and it continues where it was. For the loop's thread only.
/// </summary>
/// <remarks>
/// A failure is repeated when another attempt may end better: <see cref="ConnectFailure.IsTransient"/>. Meanwhile the connection is
/// <see cref="ConnectionState.Resolving"/>; <c>OnConnectFailed</c> comes once, with the last failure. An HTTP reply is an answer, whatever its status, and ends the
/// repeating. A connection that was open for <see cref="ResetAfter"/>, that this side has closed cleanly, or whose HTTP reply was complete, sets the count back to
/// nothing; one that ended sooner counts as a failure, so that a program may simply connect again in <c>OnClosed</c>.
/// </remarks>
public sealed class RetryPolicy
{
    // 2^20 times any delay is beyond every sensible maximum; more would overflow.
    private const int MostDoublings = 20;

    /// <summary>The longest time before the second attempt. Default 1 s.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where the doubling ends. Default 30 s.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many attempts one call of <see cref="LoopContext.Connect"/> makes before it gives up. Default 10; at least 1.</summary>
    public int MaxAttempts { get; init; } = 10;

    /// <summary>How long a connection must have been open for its end not to count as a failure. Default 60 s.</summary>
    public TimeSpan ResetAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where chance comes from: numbers from 0 to below 1. Null, the default, for <see cref="System.Random.Shared"/>.</summary>
    public Func<double>? Jitter { get; init; }

    /// <summary>How many failures there were since the last success.</summary>
    public int Failures { get; private set; }

    /// <summary>Forgets the failures, as when the program knows that the network has come back: the next attempt is made at once.</summary>
    public void Reset() => Failures = 0;

    /// <summary>How long to wait before the next attempt: nothing before the first. Each call rolls the dice again.</summary>
    public TimeSpan NextDelay()
    {
        if (Failures == 0)
            return TimeSpan.Zero;

        double longest = Math.Min(MaxDelay.TotalMilliseconds, FirstDelay.TotalMilliseconds * (1 << Math.Min(Failures - 1, MostDoublings)));
        double share = Math.Clamp(Jitter?.Invoke() ?? Random.Shared.NextDouble(), 0, 1);
        return TimeSpan.FromMilliseconds(longest * share);
    }

    internal void NoteFailure()
    {
        if (Failures < int.MaxValue)
            Failures++;
    }

    internal void Validate()
    {
        ConnectionTimeouts.Check(FirstDelay, nameof(FirstDelay));
        ConnectionTimeouts.Check(MaxDelay, nameof(MaxDelay));
        if (FirstDelay == Timeout.InfiniteTimeSpan || MaxDelay < FirstDelay)
            throw new ArgumentOutOfRangeException(nameof(MaxDelay), MaxDelay, $"{nameof(RetryPolicy)}.{nameof(MaxDelay)} must not be less than {nameof(FirstDelay)}, and neither may be infinite.");

        ArgumentOutOfRangeException.ThrowIfLessThan(MaxAttempts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ResetAfter, TimeSpan.Zero);
    }
}
