namespace EventLoops;

/// <summary>What every loop can be given. The loop reads the options once, when it is constructed.</summary>
public sealed class EventLoopOptions
{
    /// <summary>
    /// The clock. Its timestamps must be monotonic; wall-clock time is never read. Default: <see cref="TimeProvider.System"/>.
    /// </summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>The system calls on sockets. Default: <see cref="SocketIo.System"/>, the C library's.</summary>
    public SocketIo SocketIo { get; set; } = SocketIo.System;
}
