namespace EventLoops.LibEv;

/// <summary>Makes libev one of the loops that can be asked for by name.</summary>
public static class LibEvRegistration
{
    /// <summary>
    /// Registers <see cref="LibEvLoop"/> under <see cref="LoopKind.LibEv"/>. Once is enough; again does nothing new. The native library is looked for when a loop is asked
    /// for; the variable <c>EVENTLOOPS_LIBEV</c> names another file than the system's.
    /// </summary>
    /// <param name="registry">As a rule <see cref="LoopRegistry.Default"/>.</param>
    /// <returns>The same registry, for the next registration.</returns>
    public static LoopRegistry AddLibEv(this LoopRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        registry.Add(LoopKind.LibEv, static options => new LibEvLoop(options), LibEvLibrary.FindMissing);
        return registry;
    }
}
