using System.Diagnostics;

namespace EventLoops.Tests;

/// <summary>
/// How long a test waits for a condition before it fails instead of hanging: thirty seconds from its construction, which is far more
/// than any of them takes.
/// </summary>
public sealed class Deadline
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>What is left, to be given to a wait. Throws when nothing is left.</summary>
    /// <exception cref="TimeoutException">The thirty seconds are over.</exception>
    public int Milliseconds
    {
        get
        {
            TimeSpan left = Limit - Stopwatch.GetElapsedTime(_start);
            if (left > TimeSpan.Zero) return (int)Math.Ceiling(left.TotalMilliseconds);

            throw new TimeoutException("What the test waits for has not come within thirty seconds.");
        }
    }

    /// <summary>Throws when the time is over; for after a wait that nothing may have ended.</summary>
    /// <exception cref="TimeoutException">The thirty seconds are over.</exception>
    public void Check() => _ = Milliseconds;
}
