using EventLoops.IoUring;

namespace EventLoops.Tests;

/// <summary>The loop on io_uring whose kernel receives, accepts and sends by itself.</summary>
public static class CompletionLoopHarness
{
    /// <summary>Why it cannot be had on this machine, in the words that users are told; null when it can.</summary>
    public static string? Missing { get; } = new LoopRegistry().AddIoUring(IoUringMode.Completion).FindMissing(LoopKind.IoUring);

    /// <summary>Makes one. What counts or replaces the system calls stands in front of the loop's own, so that it sees the same calls as on every other loop.</summary>
    /// <param name="options">The clock and the counters.</param>
    public static LoopHarness New(EventLoopOptions options)
    {
        IoUringLoop loop = new(options, IoUringMode.Completion);

        // Counters that several loops share belong to the first one; the others then keep to readiness.
        if (options.SocketIo is CountingSocketIo counting && counting.Inner == SocketIo.System) counting.Inner = loop.CompletionIo!;
        return new OwnedLoopHarness(loop, options);
    }
}
