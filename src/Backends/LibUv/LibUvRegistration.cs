namespace EventLoops.LibUv;

/// <summary>Makes libuv one of the loops that can be asked for by name.</summary>
public static class LibUvRegistration
{
    /// <summary>
    /// Registers <see cref="LibUvLoop"/> under <see cref="LoopKind.LibUv"/>. Once is enough; again does nothing new. The library is looked for when somebody asks.
    /// </summary>
    /// <param name="registry">As a rule <see cref="LoopRegistry.Default"/>.</param>
    /// <returns>The same registry, for the next registration.</returns>
    public static LoopRegistry AddLibUv(this LoopRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        registry.Add(LoopKind.LibUv, static options => new LibUvLoop(options), UvLibrary.FindMissing);
        return registry;
    }
}
