namespace EventLoops.Tests;

/// <summary>Counts the managed memory that work takes on its own thread.</summary>
public static class Allocation
{
    private const int Batches = 5;

    /// <summary>
    /// What every run of <paramref name="batch"/> allocates, in bytes. It is run once before, to warm up. What the work itself costs shows in every run;
    /// what the runtime does now and then on anybody's thread shows in one at most, so the least of a few runs is what counts.
    /// </summary>
    public static long Of(Action batch)
    {
        batch();
        return Least(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            batch();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
    }

    /// <summary>The least of a few measurements that the caller makes itself; the first that is zero ends it.</summary>
    public static long Least(Func<long> measure)
    {
        long least = long.MaxValue;
        for (int i = 0; i < Batches && least > 0; i++)
            least = Math.Min(least, measure());
        return least;
    }
}
