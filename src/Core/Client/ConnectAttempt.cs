using System.Net;
using System.Net.Sockets;

namespace EventLoops;

/// <summary>One socket on its way to one address, beside which others may be on theirs.</summary>
internal sealed class ConnectAttempt : IReadyHandler
{
    private readonly ConnectingRole _owner;
    private readonly ServiceThread _thread;
    private readonly int _fd;
    private Watch? _watch;

    private ConnectAttempt(ConnectingRole owner, ServiceThread thread, int fd)
    {
        _owner = owner;
        _thread = thread;
        _fd = fd;
    }

    private SocketIo Io => _thread.Loop.SocketIo;

    /// <summary>Opens a socket and asks it to connect.</summary>
    /// <param name="owner">Who is told how it ends.</param>
    /// <param name="thread">The thread whose loop watches it.</param>
    /// <param name="endPoint">Where to.</param>
    /// <param name="options">What the socket is bound to.</param>
    /// <param name="attempt">The attempt, when it is on its way.</param>
    /// <returns><see cref="Errno.None"/> when it is on its way; otherwise nothing is left of it.</returns>
    public static Errno TryStart(ConnectingRole owner, ServiceThread thread, EndPoint endPoint, ClientConnectOptions options, out ConnectAttempt? attempt)
    {
        attempt = null;
        IoResult opened = thread.Loop.SocketIo.OpenStream(endPoint.AddressFamily);
        if (opened.IsError)
            return opened.Errno;

        ConnectAttempt started = new(owner, thread, opened.Value);
        Errno errno = started.Start(endPoint, options);
        if (errno == Errno.None)
            attempt = started;
        else
            started.Abandon();
        return errno;
    }

    public void OnReady(Watch watch, PollEvents ready) => _owner.OnAttemptReady(this);

    /// <summary>How it ended.</summary>
    public Errno TakeResult() => Io.GetPendingError(_fd) is { IsError: true } failed ? failed.Errno : Errno.None;

    /// <summary>Gives the connected socket away; the attempt is over.</summary>
    public int Detach()
    {
        _thread.TakeOff(_watch);
        _watch = null;
        return _fd;
    }

    /// <summary>Another one was faster, or this one came to nothing.</summary>
    public void Abandon() => Io.Close(Detach());

    private Errno Start(EndPoint endPoint, ClientConnectOptions options)
    {
        if (options.LocalEndPoint is { } local)
        {
            if (local.AddressFamily != endPoint.AddressFamily)
                return Errno.EAFNOSUPPORT;
            if (Io.Bind(_fd, local) is { IsError: true } unbound)
                return unbound.Errno;
        }

        if (options.Interface is { } name && Io.BindToDevice(_fd, name) is { IsError: true } refused)
            return refused.Errno;
        if (endPoint.AddressFamily != AddressFamily.Unix && (options.Sockets ?? _thread.Context.Sockets).Apply(Io, _fd).Errno is not Errno.None and var untuned)
            return untuned;

        IoResult connected = Io.Connect(_fd, endPoint);
        if (connected.IsError && connected.Errno != Errno.EINPROGRESS)
            return connected.Errno;

        try
        {
            // A socket that has connected at once, as on a Unix path, is writable at once: there is one way for both.
            _watch = _thread.Loop.Watch(_fd, PollEvents.Out, this);
            return Errno.None;
        }
        catch (LoopFaultException fault)
        {
            return fault.Errno;
        }
    }
}
