using System.Net;
using System.Net.Sockets;

namespace EventLoops;

/// <summary>
/// A listening socket: accepts on one service thread, and hands what it accepted to the thread with the fewest connections. Any number of virtual hosts may share
/// it. Where each thread listens for itself, the others have a socket of their own for the same port, which belongs to the first one.
/// </summary>
internal sealed class Listener : IReadyHandler
{
    // One crowd of arrivals must not keep the connections that are there waiting; the rest is accepted in the next turn.
    private const int MaxAcceptsPerTurn = 64;

    // How long accepting pauses when the system has no descriptor or memory left for a new connection.
    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(100);

    private readonly ServiceThread _thread;
    private readonly SocketIo _io;
    private readonly LoopTimer _resume;
    private readonly string? _unixPath;
    private readonly EndPoint _endPoint;
    private Listener[] _others = [];
    private int _fd;
    private Watch? _watch;
    private int _spareFd = -1;
    private bool _fullWasLogged;

    private Listener(ServiceThread thread, int fd, EndPoint endPoint, string? unixPath, HostTable hosts, ProxyProtocolOptions? proxyProtocol)
    {
        ProxyProtocol = proxyProtocol;
        _thread = thread;
        _io = thread.Loop.SocketIo;
        _fd = fd;
        _resume = new LoopTimer(_ => Resume());
        _unixPath = unixPath;
        _endPoint = endPoint;
        Hosts = hosts;
        LocalEndPoint = _io.GetLocalEndPoint(fd) ?? new IPEndPoint(IPAddress.None, 0);
    }

    public EndPoint LocalEndPoint { get; }

    /// <summary>The proxies that tell whom they speak for; null where there are none.</summary>
    public ProxyProtocolOptions? ProxyProtocol { get; }

    /// <summary>Who is served here.</summary>
    public HostTable Hosts { get; }

    /// <summary>Binds and listens, or throws and leaves nothing behind.</summary>
    /// <param name="thread">Where it accepts; the calling thread's.</param>
    /// <param name="endPoint">Where it listens.</param>
    /// <param name="options">Of the first host.</param>
    /// <param name="hosts">Who is served.</param>
    /// <param name="threads">Who else is to have a socket for the same port, <paramref name="thread"/> included. A Unix socket has one for all of them.</param>
    public static Listener Open(ServiceThread thread, EndPoint endPoint, VirtualHostOptions options, HostTable hosts, ServiceThread[] threads)
    {
        bool sharesPort = threads.Length > 1 && endPoint is IPEndPoint;
        Listener listener = OpenOne(thread, endPoint, options, hosts, sharesPort);
        List<Listener> all = [listener];
        try
        {
            // The port that the kernel chose for the first one is the port of all of them.
            for (int i = 0; sharesPort && i < threads.Length; i++)
            {
                if (threads[i] != thread)
                    all.Add(OpenOne(threads[i], listener.LocalEndPoint, options, hosts, sharesPort));
            }

            listener.Start();
        }
        catch
        {
            foreach (Listener opened in all)
                opened.Close();
            throw;
        }

        listener._others = [.. all.Skip(1)];
        foreach (Listener other in listener._others)
            other._thread.Do(static started => ((Listener)started!).Start(), other);
        return listener;
    }

    private static Listener OpenOne(ServiceThread thread, EndPoint endPoint, VirtualHostOptions options, HostTable hosts, bool sharesPort)
    {
        SocketIo io = thread.Loop.SocketIo;
        if (endPoint is ActivatedEndPoint activated)
            return OpenActivated(thread, activated, options, hosts);

        int fd = Succeed(io.OpenStream(endPoint.AddressFamily), "socket", endPoint);
        string? path = endPoint is UnixDomainSocketEndPoint unix ? UnixSocketFile.PathOf(unix) : null;
        bool isBound = false;
        try
        {
            if (endPoint is IPEndPoint)
                Tune(io, fd, endPoint, options, options.Sockets ?? thread.Context.Sockets);
            if (sharesPort)
                Succeed(io.SetOption(fd, SocketTuning.ReusePort, 1), "setsockopt(SO_REUSEPORT)", endPoint);
            if (path is not null && options.UnixSocket.RemoveStale)
                UnixSocketFile.RemoveIfStale(io, path);

            Succeed(io.Bind(fd, endPoint), "bind", endPoint);
            isBound = true;
            if (path is not null)
                UnixSocketFile.Protect(path, options.UnixSocket);
            Succeed(io.Listen(fd, options.Backlog), "listen", endPoint);
            return new Listener(thread, fd, endPoint, path, hosts, options.ProxyProtocol);
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
    private static Listener OpenActivated(ServiceThread thread, ActivatedEndPoint endPoint, VirtualHostOptions options, HostTable hosts) =>
        new(thread, endPoint.Take(), endPoint, unixPath: null, hosts, options.ProxyProtocol);

    /// <summary>Whether it is what a host that names this endpoint wants. A port that the kernel is to choose is never one that it has chosen before.</summary>
    public bool IsAt(EndPoint endPoint) =>
        endPoint is not IPEndPoint { Port: 0 } && (endPoint.Equals(LocalEndPoint) || endPoint.Equals(_endPoint));

    public void OnReady(Watch watch, PollEvents ready)
    {
        // A callback about an accepted connection may dispose the context: the number of this listener is then nobody's, or somebody else's.
        for (int i = 0; i < MaxAcceptsPerTurn && _watch is not null; i++)
        {
            if (Places.Choose(_thread) is not { } chosen)
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
                Adopt(accepted.Value, chosen);
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
        if (_watch is not null && !_resume.IsScheduled)
            _thread.Loop.Change(_watch, PollEvents.In);
    }

    /// <summary>Closes it and the sockets that other threads have for its port, each on its own thread.</summary>
    public void CloseEverywhere()
    {
        Close();
        foreach (Listener other in _others)
        {
            if (!other._thread.HasLeft)
                other._thread.Do(static closing => ((Listener)closing!).Close(), other);
        }
    }

    /// <summary>Closes it. Twice is once.</summary>
    public void Close()
    {
        if (_fd < 0)
            return;

        _thread.TakeOff(_resume);
        _thread.TakeOff(_watch);
        _watch = null;
        _thread.Leave(this);
        _io.Close(_fd);
        _fd = -1;
        CloseSpare();

        // The kernel leaves the file of a Unix socket behind, and the next bind would find it.
        if (_unixPath is not null)
            UnixSocketFile.Remove(_unixPath);
    }

    private ConnectionPlaces Places => _thread.Context.Places;

    private static bool IsFull(Errno errno) => errno == Errno.EMFILE || errno == Errno.ENFILE || errno == Errno.ENOBUFS || errno == Errno.ENOMEM;

    private static int Succeed(IoResult result, string call, EndPoint endPoint)
    {
        if (result.IsError)
            throw new LoopFaultException($"{call} for {endPoint}", result.Errno);

        return result.Value;
    }

    private static void Tune(SocketIo io, int fd, EndPoint endPoint, VirtualHostOptions options, SocketSettings settings)
    {
        Succeed(io.SetOption(fd, SocketTuning.ReuseAddress, 1), "setsockopt(SO_REUSEADDR)", endPoint);

        // Accepted sockets inherit it all.
        if (settings.Apply(io, fd) is { Option: { } option, Errno: var errno })
            throw new LoopFaultException($"setsockopt({option}) for {endPoint}", errno);

        // Said in either case: what the kernel takes for granted is a setting of the system (net.ipv6.bindv6only).
        if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            Succeed(io.SetOption(fd, SocketTuning.IPv6Only, options.IPv6Only ? 1 : 0), "setsockopt(IPV6_V6ONLY)", endPoint);
    }

    private void Start()
    {
        // It may have been closed before its thread has turned for the first time.
        if (_fd < 0)
            return;

        _thread.Enter(this);
        _watch = _thread.Loop.Watch(_fd, PollEvents.In, this);
        OpenSpare();
    }

    private void Adopt(int fd, ServiceThread chosen)
    {
        ThreadCounters statistics = _thread.Counters;
        if (ProxyProtocol is not null && !ProxyProtocol.Trusts(_io.GetRemoteEndPoint(fd)))
        {
            _thread.Context.Log.NotTrusted(LocalEndPoint);
            statistics.CountTurnedAway(TurnAwayReason.UntrustedProxy);
            _io.Close(fd);
            return;
        }

        // Behind a proxy the address to count is the one that the proxy will tell.
        AddressLimit? addresses = ProxyProtocol is null ? _thread.Context.Addresses : null;
        ulong address = addresses is null ? AddressLimit.None : AddressLimit.KeyOf(_io.GetRemoteEndPoint(fd));
        if (addresses is not null && !addresses.TryEnter(address))
        {
            statistics.CountTurnedAway(TurnAwayReason.AddressLimit);
            _io.Close(fd);
            return;
        }

        // Which host the peer wants is not known before its first request; until then it is a guest of the first one.
        CallbackResult result = Hosts.Default!.RaiseFilterNetworkConnection(fd);

        // The callback may have disposed the context or destroyed the last host, and with it this listener.
        if (result == CallbackResult.Close || _watch is null)
        {
            addresses?.Leave(address);
            statistics.CountTurnedAway(TurnAwayReason.Filter);
            _io.Close(fd);
            return;
        }

        // The callback may have begun connections, and other threads may have accepted meanwhile.
        if (!Places.TryTake(chosen))
        {
            addresses?.Leave(address);
            statistics.CountTurnedAway(TurnAwayReason.ConnectionLimit);
            _io.Close(fd);
            return;
        }

        statistics.CountAccepted();
        chosen.HandOver(_thread, this, fd, address);
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
                _thread.Counters.CountTurnedAway(TurnAwayReason.NoDescriptor);
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
