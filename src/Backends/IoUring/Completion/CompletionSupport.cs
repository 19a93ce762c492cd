using System.Runtime.InteropServices;

namespace EventLoops.IoUring;

/// <summary>Whether this kernel has what <see cref="IoUringMode.Completion"/> needs beside a ring: tried, not concluded from a version, since vendors carry features back and filters take them away.</summary>
internal static unsafe class CompletionSupport
{
    private const string WayOut = "IoUringMode.Readiness works without.";
    private const int ProbedOperations = 64;
    private const ushort IsSupported = 1 << 0;

    /// <summary>What is needed, with the version of Linux that brought it.</summary>
    internal static readonly (string Name, string Since)[] Needs =
    [
        ("IORING_OP_ACCEPT", "5.5"),
        ("IORING_OP_ASYNC_CANCEL", "5.5"),
        ("IORING_OP_LINK_TIMEOUT", "5.5"),
        ("IORING_OP_SEND", "5.6"),
        ("IORING_OP_RECV", "5.6"),
        ("IORING_REGISTER_PBUF_RING", "5.19"),
        ("IORING_ACCEPT_MULTISHOT", "5.19"),
        ("IORING_RECV_MULTISHOT", "6.0"),
    ];

    private static readonly byte[] s_operations = [Submission.Accept, Submission.AsyncCancel, Submission.LinkTimeout, Submission.Send, Submission.Receive];

    /// <summary>Says in one sentence, and a second one that offers a way out, why there can be no completion here; null when there can.</summary>
    public static string? FindMissing() => UringSupport.FindMissing() ?? FindMissingBeside();

    /// <summary>The same where there is a ring.</summary>
    public static string? FindMissingBeside()
    {
        try
        {
            using Ring ring = new(entries: 4, completions: 8);
            int need = FindNeed(ring);
            return need < 0 ? null : Describe(need, UringSupport.Release());
        }
        catch (LoopFaultException)
        {
            // There was a ring a moment ago: the process has no descriptor or no memory left, which whoever makes the loop will be told.
            return null;
        }
    }

    /// <summary>The words for the first of <see cref="Needs"/> that is missing.</summary>
    internal static string Describe(int need, string release) =>
        $"Completion on io_uring needs {Needs[need].Name}, which Linux has since {Needs[need].Since}; this kernel, {release}, lacks it or hides it. {WayOut}";

    private static int FindNeed(Ring ring)
    {
        OperationProbe* probe = stackalloc OperationProbe[ProbedOperations + 2];
        new Span<byte>(probe, sizeof(OperationProbe) * (ProbedOperations + 2)).Clear();
        _ = ring.Register(UringCalls.RegisterProbe, probe, ProbedOperations);

        // The head of the answer, struct io_uring_probe, is as long as two of its elements.
        for (int i = 0; i < s_operations.Length; i++)
        {
            if ((probe[2 + s_operations[i]].Flags & IsSupported) == 0) return i;
        }

        int need = s_operations.Length;
        if (!TakesBuffers(ring)) return need;
        if (!Takes(ring, Submission.Accept, Submission.AcceptMultishot, flags: 0)) return need + 1;
        return Takes(ring, Submission.Receive, Submission.ReceiveMultishot, Submission.BufferSelect) ? -1 : need + 2;
    }

    private static bool TakesBuffers(Ring ring)
    {
        using ProvidedBuffers buffers = new(count: 1, size: 1);
        bool takes = buffers.Register(ring) == Errno.None;

        // The memory goes before the ring does.
        BufferRegistration registration = new() { Group = ProvidedBuffers.Group };
        if (takes) _ = ring.Register(UringCalls.UnregisterBufferRing, &registration, 1);
        return takes;
    }

    /// <summary>Whether an entry of this form is understood: the kernel looks at its form (EINVAL) before it looks for the descriptor, which is none (EBADF).</summary>
    private static bool Takes(Ring ring, byte operation, ushort priority, byte flags)
    {
        ref Submission entry = ref ring.Next();
        entry.Operation = operation;
        entry.Priority = priority;
        entry.Flags = flags;
        entry.Fd = -1;
        return ring.Enter(milliseconds: 0) == Errno.None && ring.TryTake(out Completion completion) && completion.Result != -(int)Errno.EINVAL;
    }

    /// <summary><c>struct io_uring_probe_op</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct OperationProbe
    {
        public byte Operation;
        public byte Reserved0;
        public ushort Flags;
        public uint Reserved1;
    }
}
