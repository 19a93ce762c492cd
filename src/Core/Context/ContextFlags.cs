namespace EventLoops;

/// <summary>
/// The option bits of a context. The bits of libwebsockets 2.0 keep their places; those of loops that it does not have lie above them. At most one loop may be named;
/// none means <c>poll(2)</c>.
/// </summary>
[Flags]
public enum ContextFlags : long
{
    /// <summary>Nothing special: the loop is <c>poll(2)</c>.</summary>
    None = 0,

    /// <summary>The loop is libev: the original's <c>LWS_SERVER_OPTION_LIBEV</c>.</summary>
    LibEv = 1L << 4,

    /// <summary>The loop is libuv: the original's <c>LWS_SERVER_OPTION_LIBUV</c>.</summary>
    LibUv = 1L << 10,

    /// <summary>
    /// The context begins without virtual hosts, and all of them are made by <see cref="LoopContext.CreateVirtualHost"/>: the original's
    /// <c>LWS_SERVER_OPTION_EXPLICIT_VHOSTS</c>. Then <see cref="LoopContextOptions.VirtualHosts"/> must be empty.
    /// </summary>
    ExplicitVirtualHosts = 1L << 13,

    /// <summary>The loop is epoll.</summary>
    Epoll = 1L << 40,

    /// <summary>The loop is io_uring.</summary>
    IoUring = 1L << 41,

    /// <summary>The loop is the best of those that are registered and available: see <see cref="LoopKind.Auto"/>.</summary>
    AutoLoop = 1L << 42,
}

/// <summary>From the bits to the loop.</summary>
internal static class ContextFlagsLoop
{
    private static readonly (ContextFlags Flag, LoopKind Kind)[] Loops =
    [
        (ContextFlags.LibEv, LoopKind.LibEv),
        (ContextFlags.LibUv, LoopKind.LibUv),
        (ContextFlags.Epoll, LoopKind.Epoll),
        (ContextFlags.IoUring, LoopKind.IoUring),
        (ContextFlags.AutoLoop, LoopKind.Auto),
    ];

    /// <summary>The loop that the flags ask for, <see cref="LoopKind.Poll"/> when they name none.</summary>
    /// <exception cref="ArgumentException">They name more than one, or have a bit that means nothing.</exception>
    public static LoopKind LoopKindOf(this ContextFlags flags)
    {
        LoopKind? chosen = null;
        flags &= ~ContextFlags.ExplicitVirtualHosts;
        foreach ((ContextFlags flag, LoopKind kind) in Loops)
        {
            if (!flags.HasFlag(flag))
                continue;
            if (chosen is not null)
                throw new ArgumentException($"{nameof(LoopContextOptions)}.{nameof(LoopContextOptions.Flags)} names two loops: {chosen} and {kind}.", nameof(flags));

            chosen = kind;
            flags &= ~flag;
        }

        if (flags != ContextFlags.None)
            throw new ArgumentException($"{nameof(LoopContextOptions)}.{nameof(LoopContextOptions.Flags)} has bits without a meaning: {flags}.", nameof(flags));
        return chosen ?? LoopKind.Poll;
    }
}
