namespace EventLoops;

/// <summary>The program could not become a daemon. The message says why; this process goes on.</summary>
public sealed class DaemonException : Exception
{
    internal DaemonException(string message, int? holder = null)
        : base(message) => HolderId = holder;

    /// <summary>The process that holds the lock; null when that is not what was wrong.</summary>
    public int? HolderId { get; }
}
