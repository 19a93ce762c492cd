namespace EventLoops.Tests;

/// <summary>A clock that moves only when a test moves it, in steps of 100 ns.</summary>
public sealed class ManualTime : TimeProvider
{
    private long _ticks = 12345;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    /// <summary>Lets time pass; a negative span is a clock that goes wrong.</summary>
    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    /// <summary>Lets milliseconds pass.</summary>
    public void Advance(double milliseconds) => Advance(TimeSpan.FromMilliseconds(milliseconds));
}
