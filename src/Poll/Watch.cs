namespace EventLoops;

/// <summary>
/// One descriptor in a loop, from <see cref="EventLoop.Watch"/> to <see cref="EventLoop.Unwatch"/>.
/// A watch is never used again: the same descriptor watched later is another watch with another <see cref="Generation"/>,
/// which is how an event that was meant for the former one is recognised and dropped.
/// </summary>
public sealed class Watch
{
    internal Watch(int fd, PollEvents interest, IReadyHandler handler, uint generation)
    {
        Fd = fd;
        Interest = interest;
        Handler = handler;
        Generation = generation;
    }

    /// <summary>The descriptor. It stays the caller's: the loop neither opens nor closes it.</summary>
    public int Fd { get; }

    /// <summary>What the descriptor is watched for now. Changed by <see cref="EventLoop.Change"/>.</summary>
    public PollEvents Interest { get; internal set; }

    /// <summary>Whether the loop still watches the descriptor. Once false it stays false.</summary>
    public bool IsActive { get; internal set; }

    /// <summary>
    /// The number of this watch in its loop, given in the order of watching. It tells two watches of one re-used descriptor apart.
    /// </summary>
    public uint Generation { get; }

    /// <summary>An object that the backend keeps with the watch. It belongs to the backend alone; null at first.</summary>
    public object? BackendState { get; set; }

    /// <summary>A pointer or number that the backend keeps with the watch. It belongs to the backend alone; zero at first.</summary>
    public nint BackendHandle { get; set; }

    internal IReadyHandler Handler { get; }
}
