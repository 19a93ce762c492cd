using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace EventLoops.Simulated;

/// <summary>The descriptors of the kernel, and where they listen.</summary>
public sealed partial class SimulatedKernel
{
    // Where Linux begins to give out ports by default (ip(7), ip_local_port_range).
    private const int FirstFreePort = 32768;

    private readonly Dictionary<int, VirtualSocket> _descriptors = [];
    private readonly SortedSet<int> _freeNumbers = [];
    private readonly Dictionary<(AddressFamily Family, string Name), VirtualSocket> _bound = [];
    private int _nextNumber = FirstDescriptor;
    private int _nextPort = FirstFreePort;

    /// <summary>The descriptors that are open, in no order: what a test compares before and after.</summary>
    public IReadOnlyList<int> OpenDescriptors
    {
        get
        {
            lock (_gate) return [.. _descriptors.Keys];
        }
    }

    internal bool TryFind(int fd, [NotNullWhen(true)] out VirtualSocket? socket) => _descriptors.TryGetValue(fd, out socket);

    internal VirtualSocket NewSocket(AddressFamily family) => new(family, Script.BufferSize);

    internal IoResult Open(VirtualSocket socket)
    {
        if (_descriptors.Count >= Script.MaxDescriptors) return IoResult.Failed(Errno.EMFILE);

        int fd = _freeNumbers.Count > 0 ? _freeNumbers.Min : _nextNumber++;
        _freeNumbers.Remove(fd);
        _descriptors.Add(fd, socket);
        return IoResult.Ok(fd);
    }

    internal IoResult Accept(VirtualSocket listener)
    {
        if (listener.Phase != SocketPhase.Listening) return IoResult.Failed(Errno.EINVAL);
        if (!listener.Queue!.HasReady) return IoResult.Failed(Errno.EAGAIN);
        if (_descriptors.Count >= Script.MaxDescriptors) return IoResult.Failed(Errno.EMFILE);

        return Open(listener.Queue.Take());
    }

    internal IoResult BindTo(VirtualSocket socket, EndPoint endPoint)
    {
        if (socket.Phase != SocketPhase.Fresh || socket.Local is not null) return IoResult.Failed(Errno.EINVAL);
        if (endPoint.AddressFamily != socket.Family) return IoResult.Failed(Errno.EINVAL);

        EndPoint actual = endPoint is IPEndPoint { Port: 0 } any ? new IPEndPoint(any.Address, FreePort(any.AddressFamily)) : endPoint;
        if (!_bound.TryAdd(NameOf(actual), socket)) return IoResult.Failed(Errno.EADDRINUSE);

        socket.Local = actual;
        return IoResult.Ok(0);
    }

    internal IoResult StartListening(VirtualSocket socket, int backlog)
    {
        if (socket.Phase is not (SocketPhase.Fresh or SocketPhase.Listening)) return IoResult.Failed(Errno.EINVAL);
        if (socket.Local is null) BindTo(socket, AnyEndPoint(socket.Family));

        // Linux keeps one connection also for a backlog of zero.
        socket.Phase = SocketPhase.Listening;
        socket.Queue ??= new ListenQueue(backlog);
        socket.Queue.Backlog = Math.Max(1, backlog);
        return IoResult.Ok(0);
    }

    /// <summary>Asks the listener at an address for a connection. The answer is the socket's state, which is what a wait reports.</summary>
    internal IoResult StartConnecting(VirtualSocket socket, EndPoint endPoint, bool anyFamily = false)
    {
        if (socket.Phase == SocketPhase.Connecting) return IoResult.Failed(Errno.EALREADY);
        if (socket.Phase == SocketPhase.Connected) return IoResult.Failed(Errno.EISCONN);
        if (endPoint.AddressFamily != socket.Family) return IoResult.Failed(Errno.EAFNOSUPPORT);

        VirtualSocket? listener = FindListener(endPoint, anyFamily);
        if (listener is null && socket.Family == AddressFamily.Unix) return IoResult.Failed(Errno.ENOENT);

        socket.Local ??= socket.Family == AddressFamily.Unix ? endPoint : new IPEndPoint(LoopbackOf(socket.Family), FreePort(socket.Family));
        socket.Remote = endPoint;
        socket.Phase = SocketPhase.Connecting;
        if (listener is null)
        {
            socket.OnRefused(Errno.ECONNREFUSED);
            return IoResult.Failed(Errno.EINPROGRESS);
        }

        VirtualSocket server = NewSocket(listener.Family);
        VirtualSocket.Pair(socket, server);
        listener.Queue!.Add(socket, server);
        return socket.Family == AddressFamily.Unix && socket.Phase == SocketPhase.Connected ? IoResult.Ok(0) : IoResult.Failed(Errno.EINPROGRESS);
    }

    internal IoResult CloseDescriptor(int fd)
    {
        if (!_descriptors.Remove(fd, out VirtualSocket? socket)) return IoResult.Failed(Errno.EBADF);

        _freeNumbers.Add(fd);
        CloseSocket(socket);
        return IoResult.Ok(0);
    }

    internal void CloseSocket(VirtualSocket socket)
    {
        socket.Close();
        if (socket.Local is { } local && _bound.GetValueOrDefault(NameOf(local)) == socket) _bound.Remove(NameOf(local));
    }

    private static (AddressFamily Family, string Name) NameOf(EndPoint endPoint) => endPoint switch
    {
        IPEndPoint ip => (ip.AddressFamily, ip.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        _ => (endPoint.AddressFamily, endPoint.ToString() ?? ""),
    };

    private static IPAddress LoopbackOf(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;

    private static EndPoint AnyEndPoint(AddressFamily family) =>
        family == AddressFamily.Unix ? new UnixDomainSocketEndPoint("unnamed") : new IPEndPoint(LoopbackOf(family), 0);

    private VirtualSocket? FindListener(EndPoint endPoint, bool anyFamily)
    {
        VirtualSocket? found = _bound.GetValueOrDefault(NameOf(endPoint));
        if (found is null && anyFamily && endPoint is IPEndPoint ip)
            found = _bound.GetValueOrDefault(NameOf(new IPEndPoint(IPAddress.IPv6Loopback, ip.Port)));
        return found?.Phase == SocketPhase.Listening ? found : null;
    }

    private int FreePort(AddressFamily family)
    {
        // Only listeners hold a port for themselves; that a hundred thousand connections come round to the same number harms nobody here.
        do
        {
            _nextPort = _nextPort == ushort.MaxValue ? FirstFreePort : _nextPort + 1;
        }
        while (_bound.ContainsKey(NameOf(new IPEndPoint(LoopbackOf(family), _nextPort))));
        return _nextPort;
    }
}
