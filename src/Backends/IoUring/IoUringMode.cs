namespace EventLoops.IoUring;

/// <summary>What <see cref="IoUringLoop"/> has the kernel do for its sockets.</summary>
public enum IoUringMode
{
    /// <summary>The kernel tells which descriptors are ready, and each read and write is a system call, as on every other loop.</summary>
    Readiness,

    /// <summary>
    /// The kernel reads and accepts for the sockets of connections by itself, and what is written leaves in the call that waits next: an echo is one system call. It takes some
    /// 2.3 MiB of buffers for each loop. What is told, and in which order, is the same. Everything that is not a socket of a connection keeps to readiness.
    /// </summary>
    Completion,
}
