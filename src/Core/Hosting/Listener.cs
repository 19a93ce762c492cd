using System.Net;
using System.Net.Sockets;

namespace EventLoops;

/// <summary>A listening socket: accepts, and hands what it accepted to the service thread. Any number of virtual hosts may share it.</summary>
internal sealed class Listener : IReadyHandler
{
    // One crowd of arrivals must not keep the connections that are there waiting; the rest is accepted in the next turn.
    private const int MaxAcceptsPerTurn = 64;

    // How long accepting pauses when the system has no descriptor or memory left for a new connection.
    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(100);

    private readonly ServiceThread _thread;
    private readonly SocketIo _io;
    private readonly int _fd;
    private readonly LoopTimer _resume;
    private readonly string? _unixPath;
    private readonly EndPoint _endPoint;
    private Watch? _watch;
    private int _spareFd = -1;
    private bool _fullWasLogged;

    private Listener(ServiceThread thread, int fd, EndPoint endPoint, string? unixPath, ProxyProtocolOptions? proxyProtocol)
    {
        ProxyProtocol = proxyProtocol;
        _thread = thread;
        _io = thread.Loop.SocketIo;
        _fd = fd;
        _resume = new LoopTimer(_ => Resume());
        _unixPath = unixPath;
        _endPoint = endPoint;
        LocalEndPoint = _io.GetLocalEndPoint(fd) ?? new IPEndPoint(IPAddress.None, 0);
    }

    public EndPoint LocalEndPoint { get; }

    /// <summary>The proxies that tell whom they speak for; null where there are none.</summary>
    public ProxyProtocolOptions? ProxyProtocol { get; }

    /// <summary>Who is served here.</summary>
    public HostTable Hosts { get; } = new();

    /// <summary>Binds and listens, or throws and leaves nothing behind.</summary>
    public static Listener Open(ServiceThread thread, EndPoint endPoint, VirtualHostOptions options)
    {
        SocketIo io = thread.Loop.SocketIo;
        if (endPoint is ActivatedEndPoint activated)
            return OpenActivated(thread, activated, options);

        int fd = Succeed(io.OpenStream(endPoint.AddressFamily), "socket", endPoint);
        string? path = endPoint is UnixDomainSocketEndPoint unix ? UnixSocketFile.PathOf(unix) : null;
        bool isBound = false;
        try
        {
            if (endPoint is IPEndPoint)
                Tune(io, fd, endPoint, options);
            if (path is not null && options.UnixSocket.RemoveStale)
                UnixSocketFile.RemoveIfStale(io, path);

            Succeed(io.Bind(fd, endPoint), "bind", endPoint);
            isBound = true;
            if (path is not null)
                UnixSocketFile.Protect(path, options.UnixSocket);
            Succeed(io.Listen(fd, options.Backlog), "listen", endPoint);

            Listener listener = new(thread, fd, endPoint, path, options.ProxyProtocol);
            listener.Start();
            return listener;
        }
        catch
        {
            io.Close(fd);
            if (isBound && path is not null)
                File.Delete(path);
            throw;
        }
    }

    /// <summary>A service manager has bound and listens already; the socket is ours from now on.</summary>
    private static Listener OpenActivated(ServiceThread thread, ActivatedEndPoint endPoint, VirtualHostOptions options)
    {
        Listener listener = new(thread, endPoint.Take(), endPoint, unixPath: null, options.ProxyProtocol);
        listener.Start();
        return listener;
    }

    /// <summary>Whether it is what a host that names this endpoint wants. A port that the kernel is to choose is never one that it has chosen before.</summary>
    public bool IsAt(EndPoint endPoint) =>
        endPoint is not IPEndPoint { Port: 0 } && (endPoint.Equals(LocalEndPoint) || endPoint.Equals(_endPoint));

    public void OnReady(Watch watch, PollEvents ready)
    {
        // A callback about an accepted connection may dispose the context: the number of this listener is then nobody's, or somebody else's.
        for (int i = 0; i < MaxAcceptsPerTurn && _watch is not null; i++)
        {
            if (_thread.IsFull)
            {
                _thread.PauseAccepting();
                return;
            }

            IoResult accepted = _io.Accept(_fd);
            if (accepted.WouldBlock)
                return;

            if (!accepted.IsError)
            {
                _fullWasLogged = false;
                Adopt(accepted.Value);
                continue;
            }

            if (IsFull(accepted.Errno))
            {
                TurnOneAway(accepted.Errno);
                return;
            }

            // Everything else (ECONNABORTED, EPROTO, EPERM and the network errors that accept(2) lists) belongs to that one connection.
            _thread.Context.Log.AcceptFailed(LocalEndPoint, accepted.Errno.Describe());
        }
    }

    public void Pause()
    {
        if (_watch is not null)
            _thread.Loop.Change(_watch, PollEvents.None);
    }

    /// <summary>Accepts again, unless the system had nothing left for a new connection: then its own pause ends first.</summary>
    public void Resume()
    {
        if (_watch is not null && !_resume.IsScheduled && !_thread.IsFull)
            _thread.Loop.Change(_watch, PollEvents.In);
    }

    public void Close()
    {
        _thread.TakeOff(_resume);
        if (_watch is null)
            return;

        _thread.TakeOff(_watch);
        _watch = null;
        _io.Close(_fd);
        CloseSpare();

        // The kernel leaves the file of a Unix socket behind, and the next bind would find it.
        if (_unixPath is not null)
            UnixSocketFile.Remove(_unixPath);
    }

    private static bool IsFull(Errno errno) => errno == Errno.EMFILE || errno == Errno.ENFILE || errno == Errno.ENOBUFS || errno == Errno.ENOMEM;

    private static int Succeed(IoResult result, string call, EndPoint endPoint)
    {
        if (result.IsError)
            throw new LoopFaultException($"{call} for {endPoint}", result.Errno);

        return result.Value;
    }

    private static void Tune(SocketIo io, int fd, EndPoint endPoint, VirtualHostOptions options)
    {
        Succeed(io.SetOption(fd, SocketTuning.ReuseAddress, 1), "setsockopt(SO_REUSEADDR)", endPoint);

        // Accepted sockets inherit the option from the listener, which saves a system call for each of them.
        Succeed(io.SetOption(fd, SocketTuning.NoDelay, 1), "setsockopt(TCP_NODELAY)", endPoint);

        // Said in either case: what the kernel takes for granted is a setting of the system (net.ipv6.bindv6only).
        if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            Succeed(io.SetOption(fd, SocketTuning.IPv6Only, options.IPv6Only ? 1 : 0), "setsockopt(IPV6_V6ONLY)", endPoint);
    }

    private void Start()
    {
        _watch = _thread.Loop.Watch(_fd, PollEvents.In, this);
        OpenSpare();
    }

    private void Adopt(int fd)
    {
        ContextStatistics statistics = _thread.Context.Statistics;
        if (ProxyProtocol is not null && !ProxyProtocol.Trusts(_io.GetRemoteEndPoint(fd)))
        {
            _thread.Context.Log.NotTrusted(LocalEndPoint);
            statistics.CountTurnedAway();
            _io.Close(fd);
            return;
        }

        // Behind a proxy the address to count is the one that the proxy will tell.
        AddressLimit? addresses = ProxyProtocol is null ? _thread.Context.Addresses : null;
        ulong address = addresses is null ? AddressLimit.None : AddressLimit.KeyOf(_io.GetRemoteEndPoint(fd));
        if (addresses is not null && !addresses.TryEnter(address))
        {
            statistics.CountTurnedAway();
            _io.Close(fd);
            return;
        }

        // Which host the peer wants is not known before its first request; until then it is a guest of the first one.
        CallbackResult result = Hosts.Default!.RaiseFilterNetworkConnection(fd);

        // The callback may have disposed the context or destroyed the last host, and with it this listener.
        if (result == CallbackResult.Close || _watch is null)
        {
            addresses?.Leave(address);
            statistics.CountTurnedAway();
            _io.Close(fd);
            return;
        }

        statistics.CountAccepted();
        Connection.Accept(_thread, this, fd, address);
    }

    /// <summary>
    /// The process has no descriptor left. A connection that is not accepted keeps the listener readable, so the loop would spin; a spare
    /// descriptor is given up to accept it and to close it, so that its peer knows. Then accepting pauses.
    /// </summary>
    private void TurnOneAway(Errno errno)
    {
        if (_spareFd >= 0)
        {
            CloseSpare();
            IoResult accepted = _io.Accept(_fd);
            if (!accepted.IsError)
            {
                _thread.Context.Statistics.CountTurnedAway();
                _io.Close(accepted.Value);
            }

            OpenSpare();
        }

        if (!_fullWasLogged)
            _thread.Context.Log.AcceptPaused(LocalEndPoint, errno.Describe());
        _fullWasLogged = true;
        _thread.Loop.Change(_watch!, PollEvents.None);
        _thread.Loop.Schedule(_resume, FullPause);
    }

    private void OpenSpare()
    {
        IoResult spare = _io.OpenStream(AddressFamily.InterNetwork);
        _spareFd = spare.IsError ? -1 : spare.Value;
    }

    private void CloseSpare()
    {
        if (_spareFd >= 0)
            _io.Close(_spareFd);
        _spareFd = -1;
    }
}
