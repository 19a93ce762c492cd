namespace EventLoops;

/// <summary>The system refused something that a loop cannot live without. It names the system call and the errno.</summary>
public sealed class LoopFaultException : Exception
{
    /// <summary>Makes the exception for a system call that failed.</summary>
    /// <param name="call">The name of the system call, such as <c>eventfd</c>.</param>
    /// <param name="errno">What it said.</param>
    public LoopFaultException(string call, Errno errno)
        : base($"{call} failed: {errno.Describe()}.")
    {
        Call = call;
        Errno = errno;
    }

    /// <summary>The name of the system call.</summary>
    public string Call { get; }

    /// <summary>What the system said.</summary>
    public Errno Errno { get; }
}
