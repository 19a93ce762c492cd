using System.Diagnostics;
using System.Numerics;

namespace TestClient;

/// <summary>
/// How long answers took. Any number of them fits into the same few kilobytes: each is counted in a class that is at most 1/64 wider
/// than its smallest member; the shortest and the longest are kept as they are.
/// </summary>
internal sealed class RoundTrips
{
    // The classes of one power of two.
    private const int ClassBits = 6;

    private readonly long[] _counts = new long[(64 - ClassBits + 1) << ClassBits];
    private long _shortest = long.MaxValue;
    private long _longest;
    private long _total;

    public bool IsEmpty => _total == 0;

    /// <summary>Counts an answer to what was sent at a time of <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public void Add(long sentAt)
    {
        long ticks = Stopwatch.GetTimestamp() - sentAt;
        _counts[ClassOf(ticks)]++;
        _shortest = Math.Min(_shortest, ticks);
        _longest = Math.Max(_longest, ticks);
        _total++;
    }

    public override string ToString() =>
        $"round trip min {Text(_shortest)}, median {Text(AtRank(0.5))}, p99 {Text(AtRank(0.99))}, max {Text(_longest)}";

    private static string Text(long ticks) => $"{ticks * 1000.0 / Stopwatch.Frequency:0.000} ms";

    /// <summary>Small numbers have a class each; larger ones are told apart by their first seven bits.</summary>
    private static int ClassOf(long ticks)
    {
        int shift = Math.Max(0, BitOperations.Log2((ulong)ticks) - ClassBits);
        return (shift << ClassBits) + (int)(ticks >> shift);
    }

    private static long SmallestOf(int index)
    {
        int shift = Math.Max(0, (index >> ClassBits) - 1);
        return (long)(index - (shift << ClassBits)) << shift;
    }

    /// <summary>What the given share of all answers was not slower than.</summary>
    private long AtRank(double share)
    {
        long left = (long)Math.Ceiling(_total * share);
        int index = 0;
        while ((left -= _counts[index]) > 0)
            index++;
        return Math.Clamp(SmallestOf(index), _shortest, _longest);
    }
}
