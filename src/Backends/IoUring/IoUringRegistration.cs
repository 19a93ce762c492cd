namespace EventLoops.IoUring;

/// <summary>Makes io_uring one of the loops that can be asked for by name.</summary>
public static class IoUringRegistration
{
    /// <summary>
    /// Registers <see cref="IoUringLoop"/> under <see cref="LoopKind.IoUring"/>. Once is enough; again does nothing new. Whether this kernel has io_uring, and allows it
    /// to this process, is found out when a loop is asked for.
    /// </summary>
    /// <param name="registry">As a rule <see cref="LoopRegistry.Default"/>.</param>
    /// <param name="mode">What the kernel does for sockets, on every loop that is asked for by this name; the last registration counts.</param>
    /// <returns>The same registry, for the next registration.</returns>
    public static LoopRegistry AddIoUring(this LoopRegistry registry, IoUringMode mode = IoUringMode.Readiness)
    {
        ArgumentNullException.ThrowIfNull(registry);
        if (mode == IoUringMode.Completion) registry.Add(LoopKind.IoUring, static options => new IoUringLoop(options, IoUringMode.Completion), CompletionSupport.FindMissing);
        else registry.Add(LoopKind.IoUring, static options => new IoUringLoop(options, mode: default), UringSupport.FindMissing);
        return registry;
    }
}
