using System.Runtime.InteropServices;

namespace EventLoops.IoUring;

/// <summary>What is asked of the kernel when a ring is made: the <c>IORING_SETUP_…</c> bits that are used here.</summary>
[Flags]
internal enum RingSetup : uint
{
    None = 0,

    /// <summary>The length of the completion queue is given.</summary>
    CompletionSize = 1 << 3,

    /// <summary>Nothing can be submitted until the ring is enabled, by the thread that will.</summary>
    Disabled = 1 << 6,

    /// <summary>An entry that is refused does not keep those behind it from being taken. Linux 5.18.</summary>
    SubmitAll = 1 << 7,

    /// <summary>One thread submits, which lets the kernel leave out locks. Linux 6.0.</summary>
    SingleIssuer = 1 << 12,

    /// <summary>Completions are made when the thread waits, not by interrupting it anywhere else. Linux 6.1.</summary>
    DeferTaskRun = 1 << 13,
}

/// <summary>What the kernel says of itself when a ring is made: the <c>IORING_FEAT_…</c> bits that are needed here.</summary>
[Flags]
internal enum RingFeatures : uint
{
    None = 0,

    /// <summary>Both queues lie in one mapping. Linux 5.4.</summary>
    SingleMap = 1 << 0,

    /// <summary>What does not fit into the completion queue is kept by the kernel. Linux 5.5.</summary>
    NoDrop = 1 << 1,

    /// <summary>A wait can have a time-out of its own. Linux 5.11.</summary>
    ExtendedArgument = 1 << 8,

    /// <summary>An entry can say that its success needs no completion. Linux 5.17.</summary>
    CompletionSkip = 1 << 11,
}

/// <summary><c>struct io_uring_params</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RingParameters
{
    public uint SubmissionEntries;
    public uint CompletionEntries;
    public RingSetup Setup;
    public uint ThreadCpu;
    public uint ThreadIdle;
    public RingFeatures Features;
    public uint WorkerRing;
    public uint Reserved0;
    public uint Reserved1;
    public uint Reserved2;
    public SubmissionOffsets Submission;
    public CompletionOffsets Completion;
}

/// <summary><c>struct io_sqring_offsets</c>: where the parts of the submission queue lie in the mapping.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SubmissionOffsets
{
    public uint Head;
    public uint Tail;
    public uint Mask;
    public uint Entries;
    public uint Flags;
    public uint Dropped;
    public uint Array;
    public uint Reserved;
    public ulong UserAddress;
}

/// <summary><c>struct io_cqring_offsets</c>: where the parts of the completion queue lie in the mapping.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CompletionOffsets
{
    public uint Head;
    public uint Tail;
    public uint Mask;
    public uint Entries;
    public uint Overflow;
    public uint Completions;
    public uint Flags;
    public uint Reserved;
    public ulong UserAddress;
}

/// <summary><c>struct io_uring_sqe</c>: one thing that is asked for. The members that are not used here stay zero.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct Submission
{
    /// <summary>IORING_OP_POLL_ADD: tell once when the descriptor is ready.</summary>
    public const byte PollAdd = 6;

    /// <summary>
    /// IORING_OP_ASYNC_CANCEL: end the one whose key is in <see cref="Target"/>. IORING_OP_POLL_REMOVE would be made for it, but leaves a multishot poll in place when
    /// an event is just on its way (EALREADY).
    /// </summary>
    public const byte AsyncCancel = 14;

    /// <summary>IOSQE_CQE_SKIP_SUCCESS.</summary>
    public const byte SkipSuccess = 1 << 6;

    /// <summary>IORING_POLL_ADD_MULTI, in <see cref="Length"/>: tell at each change, until it is removed.</summary>
    public const uint PollMultishot = 1 << 0;

    [FieldOffset(0)]
    public byte Operation;

    [FieldOffset(1)]
    public byte Flags;

    [FieldOffset(4)]
    public int Fd;

    [FieldOffset(16)]
    public ulong Target;

    [FieldOffset(24)]
    public uint Length;

    [FieldOffset(28)]
    public uint Events;

    [FieldOffset(32)]
    public ulong Key;
}

/// <summary><c>struct io_uring_cqe</c>: one answer.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Completion
{
    private const uint More = 1 << 1;

    /// <summary>The key of the entry that is answered.</summary>
    public ulong Key;

    /// <summary>What it said: zero and more is its value, below zero is the negated errno.</summary>
    public int Result;

    private readonly uint _flags;

    /// <summary>Whether this is the last answer to its entry.</summary>
    public readonly bool IsLast => (_flags & More) == 0;
}

/// <summary><c>struct io_uring_getevents_arg</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct WaitArgument
{
    public ulong SignalMask;
    public uint SignalMaskSize;
    public uint MinimumWait;
    public WaitTime* Time;
}

/// <summary><c>struct __kernel_timespec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WaitTime
{
    public long Seconds;
    public long Nanoseconds;
}
