namespace EventLoops.IoUring;

/// <summary>
/// A pair of queues that are shared with the kernel: entries go in at one, completions come out of the other, and one system call moves both. The thread that first
/// enters the ring is the only one that may from then on; on another one the kernel says EEXIST.
/// </summary>
internal sealed unsafe class Ring : IDisposable
{
    private const RingSetup Setup = RingSetup.CompletionSize | RingSetup.Disabled | RingSetup.SubmitAll | RingSetup.SingleIssuer | RingSetup.DeferTaskRun;

    // IORING_OFF_SQES: where the entries lie, as an offset of mmap.
    private const nint EntriesOffset = 0x10000000;

    // IORING_SQ_CQ_OVERFLOW: the kernel keeps completions for which the queue had no room.
    private const uint HasOverflowFlag = 1 << 1;

    private readonly int _fd;

    // The reading end of a pipe whose writing end only the ring has: it hangs up when the kernel has let go of everything that the ring held.
    private readonly int _end = -1;

    private readonly byte* _queues;
    private readonly nuint _queuesLength;
    private readonly Submission* _entries;
    private readonly nuint _entriesLength;

    private readonly uint* _submissionHead;
    private readonly uint* _submissionTail;
    private readonly uint* _submissionFlags;
    private readonly uint _submissionMask;
    private readonly uint _submissionLength;
    private uint _tail;

    private readonly Completion* _completions;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly uint* _completionsLost;
    private readonly uint _completionMask;

    private bool _isEnabled;

    /// <summary>Makes one, which belongs to nobody yet.</summary>
    /// <param name="entries">How many entries one submission takes; rounded up to a power of two.</param>
    /// <param name="completions">How many completions have room before the kernel has to keep them elsewhere; likewise.</param>
    /// <exception cref="LoopFaultException">The kernel gave none. <see cref="UringSupport"/> knows why.</exception>
    public Ring(uint entries, uint completions)
    {
        RingParameters parameters = new() { Setup = Setup, CompletionEntries = completions };
        _fd = UringCalls.Setup(entries, &parameters);
        if (_fd < 0)
            throw new LoopFaultException("io_uring_setup", UringCalls.LastErrno);

        Features = parameters.Features;
        SubmissionOffsets submission = parameters.Submission;
        CompletionOffsets completion = parameters.Completion;
        _queuesLength = nuint.Max(submission.Array + (parameters.SubmissionEntries * sizeof(uint)), completion.Completions + (parameters.CompletionEntries * (uint)sizeof(Completion)));
        _entriesLength = parameters.SubmissionEntries * (uint)sizeof(Submission);
        _queues = (byte*)Require(UringCalls.Map(_fd, _queuesLength, 0));
        _entries = (Submission*)Require(UringCalls.Map(_fd, _entriesLength, EntriesOffset));
        _end = RegisterEnd();

        _submissionHead = (uint*)(_queues + submission.Head);
        _submissionTail = (uint*)(_queues + submission.Tail);
        _submissionFlags = (uint*)(_queues + submission.Flags);
        _submissionMask = *(uint*)(_queues + submission.Mask);
        _submissionLength = parameters.SubmissionEntries;
        _completions = (Completion*)(_queues + completion.Completions);
        _completionHead = (uint*)(_queues + completion.Head);
        _completionTail = (uint*)(_queues + completion.Tail);
        _completionsLost = (uint*)(_queues + completion.Overflow);
        _completionMask = *(uint*)(_queues + completion.Mask);

        // The queue holds indices of entries, so that they could be filled in any order. Ours are filled in theirs.
        uint* order = (uint*)(_queues + submission.Array);
        for (uint i = 0; i < _submissionLength; i++) order[i] = i;
    }

    /// <summary>Whether it was given back. Nothing but <see cref="Room"/>, which is none, may be asked of it then.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>What the kernel can.</summary>
    public RingFeatures Features { get; }

    /// <summary>Whether the kernel keeps completions that <see cref="Enter"/> will bring when the queue has been emptied.</summary>
    public bool HasOverflow => (Volatile.Read(ref *_submissionFlags) & HasOverflowFlag) != 0;

    /// <summary>Whether completions were lost, which happens only when the kernel has no memory to keep them in.</summary>
    public bool HasLost => Volatile.Read(ref *_completionsLost) != 0;

    /// <summary>How many entries can be written before the ring has to be entered.</summary>
    public uint Room => IsClosed ? 0 : _submissionLength - (_tail - Volatile.Read(ref *_submissionHead));

    /// <summary>Whether there are entries that the kernel has not taken yet.</summary>
    public bool HasUnsubmitted => !IsClosed && _tail != Volatile.Read(ref *_submissionHead);

    /// <summary>The end of the queue: what <see cref="HasTaken"/> wants to know of the entry that was written last.</summary>
    public uint Ticket => _tail;

    /// <summary>Whether the kernel has taken the entries that were written before the ticket was drawn.</summary>
    public bool HasTaken(uint ticket) => (int)(Volatile.Read(ref *_submissionHead) - ticket) >= 0;

    /// <summary><c>io_uring_register(2)</c> for this ring.</summary>
    public Errno Register(uint operation, void* argument, uint count) => Result(UringCalls.Register(_fd, operation, argument, count));

    /// <summary>The next entry, zeroed; it goes out when the ring is entered. There has to be <see cref="Room"/>.</summary>
    public ref Submission Next()
    {
        ref Submission entry = ref _entries[_tail++ & _submissionMask];
        entry = default;
        return ref entry;
    }

    /// <summary>
    /// Submits what was written, and waits until there is a completion. The kernel waits only when it has taken all entries, and does not say why a wait ended of
    /// which entries were part.
    /// </summary>
    /// <param name="milliseconds">How long to wait at most; 0 does not wait, -1 waits without limit.</param>
    /// <returns>What the call refused with, ETIME and EINTR included; <see cref="Errno.None"/> otherwise.</returns>
    public Errno Enter(int milliseconds)
    {
        if (!_isEnabled && !TryEnable(out Errno refused))
            return refused;

        Volatile.Write(ref *_submissionTail, _tail);
        uint toSubmit = _tail - Volatile.Read(ref *_submissionHead);
        uint atLeast = milliseconds == 0 ? 0u : 1u;
        if (milliseconds <= 0)
            return Result(UringCalls.Enter(_fd, toSubmit, atLeast, UringCalls.EnterGetEvents, null));

        WaitTime time = new() { Seconds = milliseconds / 1000, Nanoseconds = milliseconds % 1000 * 1_000_000L };
        WaitArgument argument = new() { Time = &time };
        return Result(UringCalls.Enter(_fd, toSubmit, atLeast, UringCalls.EnterGetEvents | UringCalls.EnterExtendedArgument, &argument));
    }

    /// <summary>Takes the oldest completion out of the queue.</summary>
    public bool TryTake(out Completion completion)
    {
        uint head = *_completionHead;
        if (head == Volatile.Read(ref *_completionTail))
        {
            completion = default;
            return false;
        }

        completion = _completions[head & _completionMask];
        Volatile.Write(ref *_completionHead, head + 1);
        return true;
    }

    /// <summary>Gives the ring back. What it was asked for and has not told yet ends a little later, by a thread of the kernel.</summary>
    public void Dispose() => Close(milliseconds: 0);

    /// <summary>Gives the ring back, and waits until the kernel has ended what it was asked for, and so let go of the files that it polled.</summary>
    /// <param name="milliseconds">How long to wait at most.</param>
    /// <returns>Whether it has.</returns>
    public bool Close(int milliseconds)
    {
        if (IsClosed) return true;

        IsClosed = true;
        if (_entries is not null) _ = UringCalls.Unmap(_entries, _entriesLength);
        if (_queues is not null) _ = UringCalls.Unmap(_queues, _queuesLength);
        _ = UringCalls.Close(_fd);
        if (_end < 0) return false;

        PollFd end = new(_end, PollEvents.In);
        bool hasEnded = milliseconds > 0 && UringCalls.Poll(&end, 1, milliseconds) > 0;
        _ = UringCalls.Close(_end);
        return hasEnded;
    }

    private static Errno Result(int returned) => returned >= 0 ? Errno.None : UringCalls.LastErrno;

    private bool TryEnable(out Errno refused)
    {
        refused = Result(UringCalls.Register(_fd, UringCalls.RegisterEnableRings));
        return _isEnabled = refused == Errno.None;
    }

    private void* Require(void* mapped)
    {
        if (mapped != UringCalls.MapFailed) return mapped;

        Errno refused = UringCalls.LastErrno;
        Dispose();
        throw new LoopFaultException("mmap of an io_uring", refused);
    }

    private int RegisterEnd()
    {
        int* ends = stackalloc int[2];
        if (UringCalls.Pipe(ends) < 0)
        {
            Errno refused = UringCalls.LastErrno;
            Dispose();
            throw new LoopFaultException("pipe2", refused);
        }

        Errno said = Result(UringCalls.Register(_fd, UringCalls.RegisterFiles, &ends[1], 1));
        _ = UringCalls.Close(ends[1]);
        if (said == Errno.None) return ends[0];

        _ = UringCalls.Close(ends[0]);
        Dispose();
        throw new LoopFaultException("io_uring_register", said);
    }
}
