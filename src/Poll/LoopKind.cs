namespace EventLoops;

/// <summary>The loops that can be asked for by name.</summary>
public enum LoopKind
{
    /// <summary><c>poll(2)</c>: needs nothing, and is always there.</summary>
    Poll = 0,

    /// <summary><c>epoll(7)</c>, from the package EventLoops.Epoll.</summary>
    Epoll,

    /// <summary>libuv, from the package EventLoops.LibUv.</summary>
    LibUv,

    /// <summary>libev, from the package EventLoops.LibEv.</summary>
    LibEv,

    /// <summary>io_uring of Linux 6.1 or newer, from the package EventLoops.IoUring. Containers often forbid it.</summary>
    IoUring,

    /// <summary>The best of those that are registered and available here: epoll before poll. The only way to ask for "whatever there is".</summary>
    Auto,
}
