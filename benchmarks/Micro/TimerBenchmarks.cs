using BenchmarkDotNet.Attributes;

namespace EventLoops.Benchmarks.Micro;

/// <summary>Moving a time-out, as every message does that keeps a connection alive, while ten thousand others wait; beside the framework's queue and its timers.</summary>
[MemoryDiagnoser]
public class TimerBenchmarks
{
    private const int Count = 10_000;

    private readonly TimerHeap _heap = new();
    private readonly LoopTimer[] _timers = [.. Enumerable.Range(0, Count).Select(_ => new LoopTimer(_ => { }))];
    private readonly PriorityQueue<object, long> _queue = new();
    private readonly object[] _entries = [.. Enumerable.Range(0, Count).Select(_ => new object())];
    private readonly System.Threading.Timer[] _systemTimers = [.. Enumerable.Range(0, Count).Select(_ => new System.Threading.Timer(_ => { }, null, 3_600_000, Timeout.Infinite))];
    private long _now;

    /// <summary>Schedules all.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        for (int i = 0; i < Count; i++)
        {
            _heap.Set(_timers[i], i);
            _queue.Enqueue(_entries[i], i);
        }
    }

    /// <summary>Ends what would fire.</summary>
    [GlobalCleanup]
    public void Release()
    {
        foreach (System.Threading.Timer timer in _systemTimers) timer.Dispose();
    }

    /// <summary>A timer of the framework.</summary>
    [Benchmark]
    public bool SystemTimer() => _systemTimers[++_now % Count].Change(3_600_000, Timeout.Infinite);

    /// <summary>The framework's queue, the earliest out and in again: it cannot move an entry in the middle.</summary>
    [Benchmark(Baseline = true)]
    public object PriorityQueue() => _queue.DequeueEnqueue(_entries[_now % Count], ++_now + Count);

    /// <summary>Ours, any of them.</summary>
    [Benchmark]
    public void Heap() => _heap.Set(_timers[++_now % Count], _now + Count);
}
