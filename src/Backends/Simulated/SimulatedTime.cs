namespace EventLoops.Simulated;

/// <summary>The clock of a <see cref="SimulatedKernel"/>: it stands still until the kernel moves it. Its day one is 2000-01-01 UTC.</summary>
internal sealed class SimulatedTime : TimeProvider
{
    private static readonly DateTimeOffset DayOne = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Since the kernel was made. Any thread may ask.</summary>
    public long Ticks
    {
        get => Volatile.Read(ref _ticks);
        set => Volatile.Write(ref _ticks, value);
    }

    public override long GetTimestamp() => Ticks;

    public override DateTimeOffset GetUtcNow() => DayOne + TimeSpan.FromTicks(Ticks);

    /// <summary>A timer of the thread pool would run in real time, which nobody who asks this clock wants.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        throw new NotSupportedException($"Timers of the simulated clock are the loop's (Schedule) and the kernel's ({nameof(SimulatedKernel)}.{nameof(SimulatedKernel.Schedule)}).");
}
