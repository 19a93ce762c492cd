namespace EventLoops;

/// <summary>
/// A ready-made poll array for those who have none, with room for their own descriptors as well. It may be changed while the caller
/// walks through <see cref="Entries"/>: a removed entry becomes a hole (descriptor -1, nothing reported), a new one joins with the next
/// <see cref="Poll"/>. Not thread-safe.
/// </summary>
public sealed class PollFdArray : IPollSet
{
    // Pinned, so that the kernel gets its address without pinning it for each call.
    private PollFd[] _entries = GC.AllocateArray<PollFd>(16, pinned: true);
    private int _count;
    private int _holes;

    // What the caller walks through. It is the same array until ours has to grow meanwhile; holes are then made in both.
    private PollFd[] _polled;
    private int _polledCount;

    // The place of each descriptor, plus one; zero: none.
    private int[] _places = new int[64];

    /// <summary>Makes an empty array.</summary>
    public PollFdArray() => _polled = _entries;

    /// <summary>How many descriptors are in the array, holes not counted.</summary>
    public int Count => _count - _holes;

    /// <summary>The entries of the last <see cref="Poll"/>, to be served one after the other. Valid until the next one.</summary>
    public Span<PollFd> Entries => _polled.AsSpan(0, _polledCount);

    /// <summary>Puts a descriptor in, one of the caller's own for instance. It takes part from the next <see cref="Poll"/> on.</summary>
    /// <exception cref="ArgumentException">The descriptor is negative or in the array already.</exception>
    public void Add(int fd, PollEvents events)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fd);
        if (TryFind(fd, out _)) throw new ArgumentException($"Descriptor {fd} is in the array already.", nameof(fd));

        if (fd >= _places.Length) Array.Resize(ref _places, Math.Max(fd + 1, _places.Length * 2));
        if (_count == _entries.Length) Grow();
        _entries[_count] = new PollFd(fd, events);
        _places[fd] = ++_count;
    }

    /// <summary>Takes a descriptor out. False when it is not in the array.</summary>
    public bool Remove(int fd)
    {
        if (!TryFind(fd, out int place)) return false;

        _places[fd] = 0;
        _holes++;
        PollFd hole = new(-1, PollEvents.None);
        _entries[place] = hole;
        if (place < _polledCount) _polled[place] = hole;
        return true;
    }

    /// <summary>Changes what a descriptor is polled for, from the next <see cref="Poll"/> on. False when it is not in the array.</summary>
    public bool SetEvents(int fd, PollEvents events)
    {
        if (!TryFind(fd, out int place)) return false;

        _entries[place].Events = events;
        if (place < _polledCount) _polled[place].Events = events;
        return true;
    }

    /// <summary>What a descriptor is polled for. False when it is not in the array.</summary>
    public bool TryGetEvents(int fd, out PollEvents events)
    {
        bool isFound = TryFind(fd, out int place);
        events = isFound ? _entries[place].Events : PollEvents.None;
        return isFound;
    }

    /// <summary><c>poll(2)</c> over the whole array.</summary>
    /// <param name="milliseconds">
    /// The longest wait: 0 for none, -1 for no limit. What <see cref="EventLoop.GetTimeout"/> returned fits.
    /// </param>
    /// <returns>How many entries have something in <see cref="PollFd.Revents"/>; zero also when a signal ended the wait.</returns>
    /// <exception cref="LoopFaultException">
    /// The system refused, for instance because the array is longer than RLIMIT_NOFILE allows.
    /// </exception>
    public unsafe int Poll(int milliseconds)
    {
        if (_holes > 0) Compact();
        _polled = _entries;
        _polledCount = _count;

        // The array is on the pinned heap, so this pins nothing; it is only how C# spells its address.
        fixed (PollFd* start = _entries)
        {
            IoResult ready = Libc.Result(Libc.Poll(start, (nuint)_count, milliseconds));
            if (!ready.IsError) return ready.Value;

            // poll(2) leaves the reported bits of the former call alone when it fails.
            foreach (ref PollFd entry in Entries) entry.Revents = PollEvents.None;
            return ready.Errno == Errno.EINTR ? 0 : throw new LoopFaultException("poll", ready.Errno);
        }
    }

    void IPollSet.AddPollFd(in PollArgs args) => Add(args.Fd, args.Events);

    void IPollSet.DeletePollFd(in PollArgs args) => Remove(args.Fd);

    void IPollSet.SetModePollFd(in PollArgs args) => SetEvents(args.Fd, args.Events);

    void IPollSet.ClearModePollFd(in PollArgs args) => SetEvents(args.Fd, args.Events);

    private bool TryFind(int fd, out int place)
    {
        place = (uint)fd < (uint)_places.Length ? _places[fd] - 1 : -1;
        return place >= 0;
    }

    private void Grow()
    {
        PollFd[] larger = GC.AllocateArray<PollFd>(_entries.Length * 2, pinned: true);
        _entries.AsSpan(0, _count).CopyTo(larger);
        _entries = larger;
    }

    private void Compact()
    {
        int kept = 0;
        for (int place = 0; place < _count; place++)
        {
            if (_entries[place].Fd < 0) continue;

            _entries[kept] = _entries[place];
            _places[_entries[kept].Fd] = ++kept;
        }

        _count = kept;
        _holes = 0;
    }
}
