namespace EventLoops.Epoll;

/// <summary>Makes epoll one of the loops that can be asked for by name.</summary>
public static class EpollRegistration
{
    /// <summary>Registers <see cref="EpollLoop"/> under <see cref="LoopKind.Epoll"/>. Once is enough; again does nothing new.</summary>
    /// <param name="registry">As a rule <see cref="LoopRegistry.Default"/>.</param>
    /// <returns>The same registry, for the next registration.</returns>
    public static LoopRegistry AddEpoll(this LoopRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        registry.Add(LoopKind.Epoll, static options => new EpollLoop(options), static () => null);
        return registry;
    }
}
