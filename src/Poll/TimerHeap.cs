using System.Diagnostics.CodeAnalysis;

namespace EventLoops;

/// <summary>
/// The timers of one loop, the earliest on top. A heap with four children a node is half as deep as a binary one, and the four keys
/// that a step compares lie next to each other; each timer knows its place, so that it can be moved and taken out from anywhere.
/// Timers that are due at the same time keep the order in which they were scheduled.
/// </summary>
internal sealed class TimerHeap
{
    private const int Children = 4;

    private Entry[] _entries = new Entry[16];
    private long _age;

    public int Count { get; private set; }

    /// <summary>The age of the timer that was scheduled last. A later one is greater.</summary>
    public long NewestAge => _age;

    /// <summary>
    /// When the earliest timer is due, in milliseconds of the loop's clock, or <see cref="long.MaxValue"/> when there is none.
    /// </summary>
    public long EarliestDue => Count == 0 ? long.MaxValue : _entries[0].Due;

    /// <summary>Puts the timer in, or moves it when it is in already; either way it counts as scheduled just now.</summary>
    public void Set(LoopTimer timer, long due)
    {
        Entry entry = new(due, ++_age, timer);
        if (timer.HeapIndex >= 0)
        {
            Place(entry, timer.HeapIndex);
            return;
        }

        if (Count == _entries.Length) Array.Resize(ref _entries, Count * 2);
        Count++;
        Place(entry, Count - 1);
    }

    /// <summary>Takes the timer out. It must be in.</summary>
    public void Remove(LoopTimer timer)
    {
        int hole = timer.HeapIndex;
        timer.HeapIndex = -1;
        Count--;
        Entry last = _entries[Count];
        _entries[Count] = default;
        if (hole != Count) Place(last, hole);
    }

    /// <summary>
    /// Takes the earliest timer out if it is due at <paramref name="now"/> and not younger than <paramref name="newestAge"/>.
    /// </summary>
    public bool TryTakeDue(long now, long newestAge, [NotNullWhen(true)] out LoopTimer? timer)
    {
        timer = null;
        if (Count == 0) return false;

        ref readonly Entry top = ref _entries[0];
        if (top.Due > now || top.Age > newestAge) return false;

        timer = top.Timer;
        Remove(timer);
        return true;
    }

    /// <summary>Takes any timer out, the cheapest one to take; for emptying the heap.</summary>
    public bool TryTakeLast([NotNullWhen(true)] out LoopTimer? timer)
    {
        timer = Count == 0 ? null : _entries[Count - 1].Timer;
        if (timer is null) return false;

        Remove(timer);
        return true;
    }

    private void Place(in Entry entry, int index)
    {
        int place = Rise(entry, index);
        if (place == index) place = Sink(entry, index);
        _entries[place] = entry;
        entry.Timer.HeapIndex = place;
    }

    /// <summary>Moves later parents down until <paramref name="entry"/> may stand at the index that is returned.</summary>
    private int Rise(in Entry entry, int index)
    {
        while (index > 0)
        {
            int parent = (index - 1) / Children;
            if (!entry.IsBefore(_entries[parent])) break;

            Move(parent, index);
            index = parent;
        }

        return index;
    }

    /// <summary>Moves earlier children up until <paramref name="entry"/> may stand at the index that is returned.</summary>
    private int Sink(in Entry entry, int index)
    {
        while (true)
        {
            int first = (index * Children) + 1;
            if (first >= Count) return index;

            int earliest = first;
            int end = Math.Min(first + Children, Count);
            for (int child = first + 1; child < end; child++)
            {
                if (_entries[child].IsBefore(_entries[earliest])) earliest = child;
            }

            if (!_entries[earliest].IsBefore(entry)) return index;

            Move(earliest, index);
            index = earliest;
        }
    }

    private void Move(int from, int to)
    {
        _entries[to] = _entries[from];
        _entries[to].Timer.HeapIndex = to;
    }

    private readonly struct Entry(long due, long age, LoopTimer timer)
    {
        public readonly long Due = due;
        public readonly long Age = age;
        public readonly LoopTimer Timer = timer;

        public bool IsBefore(in Entry other) => Due != other.Due ? Due < other.Due : Age < other.Age;
    }
}
