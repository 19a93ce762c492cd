namespace EventLoops.IoUring;

/// <summary>How a stream has ended, as far as the kernel has told and nobody has heard yet.</summary>
internal enum StreamEnd : byte
{
    None,
    EndOfStream,
    Error,
}

/// <summary>
/// What the loop knows of one socket that the kernel serves by itself: what has come and was not taken, and what was written and has not left. Used again for another
/// socket when this one is closed; the lists of the loop may still hold it then, and find nothing to do.
/// </summary>
internal sealed class SocketSlot
{
    private SlotStore? _store;

    public int Fd { get; set; } = -1;

    public bool IsListener { get; set; }

    /// <summary>The turn in which it was accepted, while nobody has watched it; zero once it is this loop's.</summary>
    public uint AcceptedIn { get; set; }

    /// <summary>The request that receives or accepts, while the kernel has it; otherwise zero.</summary>
    public uint Request { get; set; }

    /// <summary>Whether that request has been asked to end, which it has not said yet.</summary>
    public bool IsEnding { get; set; }

    /// <summary>Whether there is nothing to receive or accept by itself any more, so that the rest of its life is readiness.</summary>
    public bool IsOver { get; set; }

    /// <summary>Whether so much comes at once that its owner reads it by system calls, which spare a copy.</summary>
    public bool IsBulk { get; set; }

    /// <summary>How many reads in a row have brought little since.</summary>
    public byte SmallReads { get; set; }

    /// <summary>Whether anything was written to it yet.</summary>
    public bool HasWritten { get; set; }

    /// <summary>Set when the socket is to be reset when it is closed, so that what is unsent is lost.</summary>
    public bool IsAborted { get; set; }

    /// <summary>Whether the sending half is to be ended when what is kept has left.</summary>
    public bool ShutsDown { get; set; }

    /// <summary>Whether it is in the list of those that have something to tell.</summary>
    public bool IsListed { get; set; }

    /// <summary>Whether it is in the list of those whose request is to be looked at.</summary>
    public bool IsSettling { get; set; }

    /// <summary>Whether it is in the list of those that have written.</summary>
    public bool IsSending { get; set; }

    public StreamEnd End { get; set; }

    /// <summary>Why the stream, or accepting, has ended; with <see cref="StreamEnd.Error"/>.</summary>
    public Errno EndErrno { get; set; }

    /// <summary>Why what was written could not be sent; not told yet.</summary>
    public Errno SendErrno { get; set; }

    /// <summary>Where in the list of this turn's events its watch is, if it is there at all.</summary>
    public int ReadyIndex { get; set; }

    /// <summary>What was received into buffers of the kernel.</summary>
    public BufferChain Chain;

    /// <summary>What leaves with the next submission: where it lies in the arena.</summary>
    public int PendingOffset { get; set; }

    public int PendingLength { get; set; }

    /// <summary>The request that sends it, from its entry to the end of that submission.</summary>
    public uint SendRequest { get; set; }

    /// <summary>The end of the submission queue behind that entry.</summary>
    public uint SendTicket { get; set; }

    /// <summary>What few sockets ever need.</summary>
    public SlotStore Store => _store ??= new SlotStore();

    /// <summary>Whether bytes wait that the kernel has refused to take.</summary>
    public bool HasKept => _store is { Kept.IsEmpty: false };

    public bool HasSpilled => _store is { Spilled.IsEmpty: false };

    public bool HasInput => !Chain.IsEmpty || HasSpilled || _store is { Accepted.Count: > 0 };

    /// <summary>Whether there is something that a read or an accept would bring.</summary>
    public bool HasNews => HasInput || End != StreamEnd.None;

    /// <summary>Makes it a new socket's. Its places in the lists stay what they are.</summary>
    public void Begin(int fd, bool isListener, uint acceptedIn)
    {
        Fd = fd;
        IsListener = isListener;
        AcceptedIn = acceptedIn;
        Request = 0;
        IsEnding = IsOver = IsBulk = HasWritten = IsAborted = ShutsDown = false;
        End = StreamEnd.None;
        EndErrno = SendErrno = Errno.None;
        PendingLength = 0;
        SendRequest = 0;
    }

    /// <summary>Bytes and connections that lie outside of the buffers that all sockets share.</summary>
    internal sealed class SlotStore
    {
        /// <summary>What was received and not taken, in front of the chain.</summary>
        public NativeBytes Spilled;

        /// <summary>What was written and the kernel has not taken yet.</summary>
        public NativeBytes Kept;

        /// <summary>What a listener has accepted.</summary>
        public Queue<int> Accepted { get; } = new();
    }
}
