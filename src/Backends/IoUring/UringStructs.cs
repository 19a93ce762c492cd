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

    /// <summary>IORING_OP_ACCEPT: accept4.</summary>
    public const byte Accept = 13;

    /// <summary>IORING_OP_LINK_TIMEOUT: end the entry before it when the time at <see cref="Target"/> is over.</summary>
    public const byte LinkTimeout = 15;

    /// <summary>IORING_OP_SEND.</summary>
    public const byte Send = 26;

    /// <summary>IORING_OP_RECV.</summary>
    public const byte Receive = 27;

    /// <summary>IOSQE_IO_LINK: the next entry belongs to this one.</summary>
    public const byte Link = 1 << 2;

    /// <summary>IOSQE_BUFFER_SELECT: the kernel takes a buffer of <see cref="BufferGroup"/> when there are bytes for it.</summary>
    public const byte BufferSelect = 1 << 5;

    /// <summary>IOSQE_CQE_SKIP_SUCCESS.</summary>
    public const byte SkipSuccess = 1 << 6;

    /// <summary>IORING_ACCEPT_MULTISHOT, in <see cref="Priority"/>: one answer for each connection, until it is cancelled. Linux 5.19.</summary>
    public const ushort AcceptMultishot = 1 << 0;

    /// <summary>IORING_RECV_MULTISHOT, in <see cref="Priority"/>: one answer for each buffer, until the stream ends or it is cancelled. Linux 6.0.</summary>
    public const ushort ReceiveMultishot = 1 << 1;

    /// <summary>IORING_POLL_ADD_MULTI, in <see cref="Length"/>: tell at each change, until it is removed.</summary>
    public const uint PollMultishot = 1 << 0;

    [FieldOffset(0)]
    public byte Operation;

    [FieldOffset(1)]
    public byte Flags;

    /// <summary>For network entries their own flags.</summary>
    [FieldOffset(2)]
    public ushort Priority;

    [FieldOffset(4)]
    public int Fd;

    /// <summary>An address in memory, or the key of the entry that is meant.</summary>
    [FieldOffset(16)]
    public ulong Target;

    [FieldOffset(24)]
    public uint Length;

    /// <summary>What to poll for; for network entries the flags of the call that they stand for.</summary>
    [FieldOffset(28)]
    public uint Events;

    [FieldOffset(32)]
    public ulong Key;

    [FieldOffset(40)]
    public ushort BufferGroup;
}

/// <summary><c>struct io_uring_cqe</c>: one answer.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Completion
{
    private const uint Buffer = 1 << 0;
    private const uint More = 1 << 1;
    private const int BufferShift = 16;

    /// <summary>The key of the entry that is answered.</summary>
    public ulong Key;

    /// <summary>What it said: zero and more is its value, below zero is the negated errno.</summary>
    public int Result;

    private readonly uint _flags;

    /// <summary>Whether this is the last answer to its entry.</summary>
    public readonly bool IsLast => (_flags & More) == 0;

    /// <summary>The number of the provided buffer that it used, or -1.</summary>
    public readonly int BufferId => (_flags & Buffer) != 0 ? (int)(_flags >> BufferShift) : -1;
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

/// <summary><c>struct io_uring_buf</c>: a buffer that is provided. The last two bytes of the first one in a ring are the ring's tail.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ProvidedBuffer
{
    public ulong Address;
    public uint Length;
    public ushort Id;
    public ushort Reserved;
}

/// <summary><c>struct io_uring_buf_reg</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BufferRegistration
{
    public ulong Address;
    public uint Entries;
    public ushort Group;
    public ushort Flags;
    public ulong Reserved0;
    public ulong Reserved1;
    public ulong Reserved2;
}
