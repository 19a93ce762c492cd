using System.Net;

namespace EventLoops;

/// <summary>
/// A socket that a service manager has bound and passed on (<c>sd_listen_fds(3)</c>); <see cref="ServiceManager.EndPoints"/> has them. It is an endpoint for
/// <see cref="VirtualHostOptions.Endpoints"/>, which takes the socket over and closes it in the end: one context can have it, once.
/// </summary>
public sealed class ActivatedEndPoint : EndPoint
{
    private int _isTaken;

    internal ActivatedEndPoint(string name, int fd)
    {
        Name = name;
        Fd = fd;
    }

    /// <summary>The name that the service manager gives to it: <c>FileDescriptorName=</c>, or that of the socket's unit; <c>unknown</c> when it told none.</summary>
    public string Name { get; }

    internal int Fd { get; }

    /// <summary>The name and the number of the descriptor.</summary>
    /// <returns>Such as <c>http.socket (descriptor 3)</c>.</returns>
    public override string ToString() => $"{Name} (descriptor {Fd})";

    /// <summary>The descriptor, as ours are: it blocks nobody and is closed in children.</summary>
    /// <exception cref="LoopFaultException">It is not open.</exception>
    /// <exception cref="InvalidOperationException">Somebody has it already.</exception>
    internal int Take()
    {
        if (Interlocked.Exchange(ref _isTaken, 1) != 0)
            throw new InvalidOperationException($"The socket {this} is listened at already, or was closed.");

        Errno failed = DaemonCalls.ProtectFromChildren(Fd);
        if (failed == Errno.None)
            failed = DaemonCalls.MakeNonBlocking(Fd);
        return failed == Errno.None ? Fd : throw new LoopFaultException($"fcntl for {this}", failed);
    }
}
