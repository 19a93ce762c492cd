namespace EventLoops.IoUring;

// What completion needs of the loop, and when the loop calls it.
public sealed partial class IoUringLoop
{
    /// <summary>
    /// The system calls that leave the work to the kernel, with <see cref="IoUringMode.Completion"/>; null otherwise. It is <see cref="EventLoop.SocketIo"/> itself unless the options
    /// brought another one, which then has to end here.
    /// </summary>
    public SocketIo? CompletionIo { get; private set; }

    /// <summary>What the kernel does by itself; null with <see cref="IoUringMode.Readiness"/>.</summary>
    internal Completions? Completions => _completions;

    /// <summary>The number of the turn, which is never zero in one.</summary>
    internal uint TurnNumber { get; private set; } = 1;

    /// <summary>See <see cref="Ring.Ticket"/>.</summary>
    internal uint Ticket => _ring.Ticket;

    /// <summary>See <see cref="Ring.HasUnsubmitted"/>.</summary>
    internal bool HasUnsubmitted => _ring.HasUnsubmitted;

    /// <summary>See <see cref="Ring.HasTaken"/>.</summary>
    internal bool HasTaken(uint ticket) => _ring.HasTaken(ticket);

    /// <summary>The active watch of a descriptor, or null.</summary>
    internal Watch? FindWatch(int fd) => TryFindWatch(fd, out Watch? watch) ? watch : null;

    /// <summary>Has the kernel asked anew for what the watch of a descriptor wants, if there is one.</summary>
    internal void Requeue(int fd)
    {
        if (TryFindWatch(fd, out Watch? watch)) Queue(watch);
    }

    /// <summary>Has the watch of a slot told of what the slot has.</summary>
    internal void Announce(SocketSlot slot) => _completions!.Input.List(slot);

    /// <summary>Submits what was written, without waiting.</summary>
    internal void Submit() => Enter(milliseconds: 0);

    /// <summary>Begins with another ring: an entry must not be submitted any more.</summary>
    internal void GiveUpRing() => Abandon();

    /// <summary>The next entry, without a key. There has to be room.</summary>
    internal ref Submission NextEntry() => ref _ring.Next();

    /// <summary>The next entry, with a number of its own. There has to be room.</summary>
    internal ref Submission NextEntry(RequestKind kind, int fd, out uint request)
    {
        request = NextRequest();
        ref Submission entry = ref _ring.Next();
        entry.Fd = fd;
        entry.Key = new RequestKey(kind, fd, request).ToBits();
        return ref entry;
    }

    /// <summary>Puts a watch among those who are told in this turn, once: what is said of it at two places is one event.</summary>
    internal void AddReady(Watch watch, PollEvents ready, SocketSlot? slot)
    {
        if (slot is not null && slot.ReadyIndex >= _toldCount && slot.ReadyIndex < _readyCount && _ready[slot.ReadyIndex].Watch == watch)
        {
            _ready[slot.ReadyIndex].Events |= ready;
            return;
        }

        if (_readyCount == _ready.Length) Array.Resize(ref _ready, _readyCount * 2);
        if (slot is not null) slot.ReadyIndex = _readyCount;
        _ready[_readyCount++] = (watch, ready);
    }

    /// <inheritdoc />
    protected override void EndRunCore()
    {
        // What was written and closed in the last turn leaves, since nobody knows when the next wait comes.
        if (_completions is null || _ring.IsClosed || !(_ring.HasUnsubmitted || !_completions.Output.IsEmpty)) return;

        _ = _completions.Output.WriteEntries();
        Submit();
    }

    private static EventLoopOptions? WithCompletion(EventLoopOptions? options, IoUringMode mode)
    {
        if (!Enum.IsDefined(mode)) throw new ArgumentOutOfRangeException(nameof(mode), mode, "The mode is not one of IoUringMode.");
        if (mode == IoUringMode.Readiness || (options is not null && options.SocketIo != SocketIo.System)) return options;

        options ??= new EventLoopOptions();
        return new EventLoopOptions { TimeProvider = options.TimeProvider, BusyPoll = options.BusyPoll, SocketIo = new CompletionSocketIo() };
    }

    private Completions BeginCompletion((int Count, int Size)? buffers)
    {
        if (CompletionSupport.FindMissingBeside() is { } missing) throw new LoopUnavailableException(LoopKind.IoUring, missing);

        Completions completions = new(this, buffers);
        CompletionSocketIo calls = SocketIo as CompletionSocketIo ?? new CompletionSocketIo();
        calls.Begin(completions);
        CompletionIo = calls;
        try
        {
            Register(completions);
        }
        catch
        {
            completions.Dispose();
            throw;
        }

        return completions;
    }

    private void Reopen()
    {
        _ring = UringSupport.Open(_entries, _completionEntries);
        if (_completions is not null) Register(_completions);
    }

    private void Register(Completions completions)
    {
        Errno refused = completions.Register(_ring);
        if (refused != Errno.None) throw new LoopFaultException("io_uring_register", refused);
    }

    /// <summary>Writes the requests that receive, accept and send. False when there is something that the loop must not sleep before.</summary>
    private bool IsCompletionArmed()
    {
        if (_completions is null) return true;

        _completions.Input.Prepare();
        return _completions.Output.WriteEntries() && _completions.Input.IsAtRest;
    }

    private void EndCompletion()
    {
        if (_completions is null) return;

        // What is kept for closed sockets, and requests that hold them, end with the ring.
        _completions.BeginEnd();
        if (!_ring.IsClosed && _ring.HasUnsubmitted) _ = _ring.Enter(milliseconds: 0);
    }
}
