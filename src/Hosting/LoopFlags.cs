namespace EventLoops.Hosting;

/// <summary>What configuration calls each loop.</summary>
internal static class LoopFlags
{
    public static readonly SortedDictionary<string, ContextFlags> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["auto"] = ContextFlags.AutoLoop,
        ["poll"] = ContextFlags.None,
        ["epoll"] = ContextFlags.Epoll,
        ["libuv"] = ContextFlags.LibUv,
        ["libev"] = ContextFlags.LibEv,
        ["io_uring"] = ContextFlags.IoUring,
    };
}
