namespace EventLoops;

/// <summary>What a descriptor is watched for, and what it is ready for: the bits of <c>poll(2)</c>, with the kernel's own values.</summary>
[Flags]
public enum PollEvents : short
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary><c>POLLIN</c>: there is something to read, a connection to accept, or the end of the stream.</summary>
    In = 0x1,

    /// <summary><c>POLLOUT</c>: a write would take at least one byte.</summary>
    Out = 0x4,

    /// <summary><c>POLLERR</c>: the descriptor has an error. Always reported, never asked for.</summary>
    Error = 0x8,

    /// <summary><c>POLLHUP</c>: the peer has gone. Data may still be left to read. Always reported, never asked for.</summary>
    HangUp = 0x10,

    /// <summary><c>POLLNVAL</c>: the descriptor is not open. Always reported, never asked for.</summary>
    Invalid = 0x20,
}
