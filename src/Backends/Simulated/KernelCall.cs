namespace EventLoops.Simulated;

/// <summary>The system calls of a <see cref="SimulatedKernel"/>, by the names of <see cref="SocketIo"/>: what is counted and what can be made to fail.</summary>
public enum KernelCall
{
    /// <summary><c>recv(2)</c>.</summary>
    Receive,

    /// <summary><c>send(2)</c> and <c>sendmsg(2)</c>.</summary>
    Send,

    /// <summary><c>accept4(2)</c>.</summary>
    Accept,

    /// <summary><c>socket(2)</c>.</summary>
    OpenStream,

    /// <summary><c>bind(2)</c>.</summary>
    Bind,

    /// <summary><c>listen(2)</c>.</summary>
    Listen,

    /// <summary><c>connect(2)</c>.</summary>
    Connect,

    /// <summary><c>getsockopt(2)</c> for SO_ERROR.</summary>
    GetPendingError,

    /// <summary><c>setsockopt(2)</c>.</summary>
    SetOption,

    /// <summary><c>shutdown(2)</c> of the sending half.</summary>
    ShutdownWrite,

    /// <summary><c>close(2)</c>. A failure is only reported: the descriptor is gone all the same, as on Linux.</summary>
    Close,
}
