namespace EventLoops.IoUring;

/// <summary>Makes io_uring one of the loops that can be asked for by name.</summary>
public static class IoUringRegistration
{
    /// <summary>
    /// Registers <see cref="IoUringLoop"/> under <see cref="LoopKind.IoUring"/>. Once is enough; again does nothing new. Whether this kernel has io_uring, and allows it
    /// to this process, is found out when a loop is asked for.
    /// </summary>
    /// <param name="registry">As a rule <see cref="LoopRegistry.Default"/>.</param>
    /// <returns>The same registry, for the next registration.</returns>
    public static LoopRegistry AddIoUring(this LoopRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        registry.Add(LoopKind.IoUring, static options => new IoUringLoop(options), UringSupport.FindMissing);
        return registry;
    }
}
