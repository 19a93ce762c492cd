using System.Diagnostics;
using System.Globalization;

namespace Ping;

/// <summary>The times that pongs took: the shortest, the longest, the average, and how far they lie from it (mdev, the standard deviation).</summary>
internal sealed class RoundTripTimes
{
    private double _shortest = double.MaxValue;
    private double _longest;
    private double _sum;
    private double _sumOfSquares;

    public long Count { get; private set; }

    /// <summary>Milliseconds between two times of <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public static double Milliseconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;

    public void Add(double milliseconds)
    {
        Count++;
        _shortest = Math.Min(_shortest, milliseconds);
        _longest = Math.Max(_longest, milliseconds);
        _sum += milliseconds;
        _sumOfSquares += milliseconds * milliseconds;
    }

    public override string ToString()
    {
        double average = _sum / Count;
        double deviation = Math.Sqrt(Math.Max(0, (_sumOfSquares / Count) - (average * average)));
        return string.Create(CultureInfo.InvariantCulture, $"rtt min/avg/max/mdev = {_shortest:0.000}/{average:0.000}/{_longest:0.000}/{deviation:0.000} ms");
    }
}
