using System.Diagnostics;
using System.Net;

namespace EventLoops;

/// <summary>
/// One connection, accepted or made: the original's <c>wsi</c>. It belongs to the loop's thread, on which every member must be called. It may be kept after
/// its closing callback: then <see cref="IsClosed"/> is true and its members do nothing.
/// </summary>
/// <remarks>
/// The class is cut by concern: this file is who it is, <c>Connection.Receive.cs</c> how bytes come in, <c>Connection.Output.cs</c> how they go out,
/// <c>Connection.Tls.cs</c> what lies between both and the socket when it speaks TLS, <c>Connection.Ending.cs</c> how it ends, <c>Connection.Raise.cs</c> the one
/// place that calls user code, <c>Connection.Connecting.cs</c> how a client comes to its socket, <c>Connection.Proxied.cs</c> whom a proxy speaks for,
/// <c>Connection.Messages.cs</c>, <c>Connection.Http.cs</c>, <c>Connection.HttpClient.cs</c> and <c>Connection.Upgrading.cs</c> what users do with it.
/// </remarks>
public sealed partial class Connection : IReadyHandler
{
    private HostedProtocol? _hosted;
    private Protocol _protocol;
    private Role _role;
    private Watch? _watch;
    private DeadlineTimer? _deadline;
    private int _fd = -1;
    private bool _isAnnounced;
    private bool _isDeadlineStale;

    private Connection(ServiceThread thread, Protocol protocol, bool isServer)
    {
        Thread = thread;
        IsServer = isServer;
        Id = thread.Context.NextConnectionId();
        _protocol = protocol;
        _role = null!;
        thread.Add(this);
    }

    /// <summary>A number that no other connection of the context has had or will have.</summary>
    public long Id { get; }

    /// <summary>The context.</summary>
    public LoopContext Context => Thread.Context;

    /// <summary>The service thread, which never changes.</summary>
    public ServiceThread Thread { get; }

    /// <summary>
    /// The virtual host that serves it; null for a client. Before the first request has named one it is the one that listened first, and a later request
    /// may name another. A connection that comes to another host gets fresh session data there.
    /// </summary>
    public VirtualHost? VirtualHost => _hosted?.Host;

    /// <summary>The protocol that is called for it now.</summary>
    public Protocol Protocol => _protocol;

    /// <summary>Whether it was accepted here.</summary>
    public bool IsServer { get; }

    /// <summary>Where it is in its life.</summary>
    public ConnectionState State { get; private set; }

    /// <summary>Whether it is over, or about to be: nothing can be sent or received on it any more.</summary>
    public bool IsClosed => State == ConnectionState.Closed;

    /// <summary>Whatever the program wants to find again.</summary>
    public object? UserData { get; set; }

    /// <summary>The descriptor, or -1 before there is one and after the end. For looking, not for reading or writing.</summary>
    public int Fd => _fd;

    /// <summary>
    /// The peer's address, asked from the kernel at each call; null when there is none (any more). Behind a proxy that tells it, the client's:
    /// <see cref="VirtualHostOptions.ProxyProtocol"/>.
    /// </summary>
    public EndPoint? RemoteEndPoint => _fd < 0 ? null : _identity?.Remote ?? Io.GetRemoteEndPoint(_fd);

    /// <summary>Our own address, asked from the kernel at each call; null when there is none (any more). Behind a proxy that tells it, the one that the client connected to.</summary>
    public EndPoint? LocalEndPoint => _fd < 0 ? null : _identity?.Local ?? Io.GetLocalEndPoint(_fd);

    internal Connection? NextInProtocol { get; set; }

    internal Connection? PreviousInProtocol { get; set; }

    /// <summary>Where the service thread keeps it.</summary>
    internal int PlaceInThread { get; set; }

    /// <summary>The session object that <see cref="Protocol.CreateSession"/> made; see <see cref="Bind(Protocol)"/>.</summary>
    internal object? Session { get; private set; }

    internal HostedProtocol? Hosted => _hosted;

    /// <summary>The address among whose connections it is counted, or <see cref="AddressLimit.None"/>.</summary>
    internal ulong CountedAddress => _identity?.CountedAddress ?? AddressLimit.None;

    private SocketIo Io => Thread.Loop.SocketIo;

    /// <summary>Takes an accepted descriptor into service.</summary>
    internal static void Accept(ServiceThread thread, Listener listener, int fd, ulong address)
    {
        VirtualHost host = listener.Hosts.Default!;
        TlsContext? tls = listener.Hosts.DefaultForTls?.Tls;
        Connection connection = new(thread, host.ProtocolZero.Protocol, isServer: true);
        connection.BeginAs(tls is null ? ConnectionState.AwaitingRequest : ConnectionState.Securing);
        connection._fd = fd;
        connection._role = thread.RentHttpRole(connection, listener);
        if (address != AddressLimit.None || listener.ProxyProtocol is not null)
            connection._identity = new PeerIdentity { CountedAddress = address, AwaitsHeader = listener.ProxyProtocol is not null };
        if (tls is not null)
            connection._tls = new TlsTransport();
        connection.Bind(host.ProtocolZero);
        connection.Announce();
        if (connection.Raise(CallbackReason.ServerNewClientInstantiated) != CallbackOutcome.Continue)
        {
            connection.End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Local });
            return;
        }

        // The callback may have paused receiving, or ended the connection.
        if (connection.IsClosed)
            return;

        if (LoopEvents.Source.IsEnabled())
            LoopEvents.Source.ConnectionAccepted(connection.Id, thread.Index);
        connection.UpdateInterest();
        if (connection.State == ConnectionState.Securing)
            connection.SetDeadline(Deadline.TlsHandshake, thread.Context.Timeouts.TlsHandshake);
        else
            connection.SetDeadline(Deadline.FirstByte, thread.Context.Timeouts.FirstByte);
    }

    /// <summary>The first state, which no other one leads to.</summary>
    private void BeginAs(ConnectionState state)
    {
        State = state;
        Thread.Counters.Begin(IsServer, state);
    }

    /// <summary>Gives the connection to a protocol of a virtual host, with fresh session data.</summary>
    internal void Bind(HostedProtocol hosted) => Bind(hosted, hosted.Protocol.CreateSession());

    /// <summary>Gives the connection to a protocol of a virtual host, with session data that it had before.</summary>
    internal void Bind(HostedProtocol hosted, object? session)
    {
        _hosted = hosted;
        _protocol = hosted.Protocol;
        Session = session;
    }

    /// <summary>Gives the connection to a protocol, with fresh session data, even when it is the same protocol again.</summary>
    internal void Bind(Protocol protocol)
    {
        _protocol = protocol;
        Session = protocol.CreateSession();
    }

    /// <summary>What is spoken.</summary>
    internal Role CurrentRole => _role;

    /// <summary>Changes what is spoken. The old role has given back what it held.</summary>
    internal void TakeRole(Role role) => _role = role;

    internal void Move(ConnectionState next)
    {
        Debug.Assert(ConnectionStates.IsLegal(State, next), $"A connection went from {State} to {next}, which the table of states does not allow.");
        Thread.Counters.Move(IsServer, State, next);
        State = next;
        ServeWritableRequest();
    }

    internal void SetDeadline(Deadline deadline, TimeSpan dueIn)
    {
        _isDeadlineStale = false;
        if (dueIn == Timeout.InfiniteTimeSpan)
        {
            ClearDeadline();
            return;
        }

        _deadline ??= Thread.RentDeadline(this);
        _deadline.Purpose = deadline;
        Thread.Loop.Schedule(_deadline, dueIn);
    }

    /// <summary>
    /// An answer is complete, and the next request may take <see cref="ConnectionTimeouts.KeepAlive"/>. One read may bring many requests, so the timer is moved once, when
    /// the connection's service is over; as <see cref="ClearDeadline"/> does.
    /// </summary>
    internal void SetKeepAliveDeadline()
    {
        _deadline ??= Thread.RentDeadline(this);
        _deadline.Purpose = Deadline.KeepAlive;
        MoveDeadlineSoon();
    }

    /// <summary>Takes the deadline back, if it is this one.</summary>
    internal void ClearDeadlineOf(Deadline deadline)
    {
        if (_deadline?.Purpose == deadline)
            ClearDeadline();
    }

    internal void ClearDeadline()
    {
        if (_deadline is null)
            return;

        _deadline.Purpose = Deadline.None;
        MoveDeadlineSoon();
    }

    private void MoveDeadlineSoon()
    {
        if (Thread.Cork.Owner == this)
            _isDeadlineStale = true;
        else
            MoveDeadline();
    }

    /// <summary>The timer comes to stand for what the deadline is now: for the next request, or for nothing.</summary>
    private void MoveDeadline()
    {
        _isDeadlineStale = false;
        if (_deadline is not { } deadline)
            return;

        TimeSpan dueIn = deadline.Purpose == Deadline.KeepAlive ? Context.Timeouts.KeepAlive : Timeout.InfiniteTimeSpan;
        if (dueIn == Timeout.InfiniteTimeSpan)
            Thread.Loop.Cancel(deadline);
        else
            Thread.Loop.Schedule(deadline, dueIn);
    }

    /// <summary>There will be no deadline for a long time, as a rule: the timer goes back to the thread, which has it for others meanwhile.</summary>
    internal void ReturnDeadline()
    {
        if (_deadline is not { } deadline)
            return;

        _deadline = null;
        Thread.TakeOff(deadline);
        Thread.ReturnDeadline(deadline);
    }

    /// <summary>Tells that the connection was made, once; also of one that ends before it has begun, so that no end comes without a beginning.</summary>
    private void Announce()
    {
        if (_isAnnounced)
            return;

        _isAnnounced = true;
        _ = Raise(CallbackReason.WsiCreate);
    }

    internal void OnDeadline(Deadline deadline)
    {
        if (IsClosed)
            return;

        switch (deadline)
        {
            case Deadline.Linger:
                End(Ending.Close);
                return;
            case Deadline.Flush:
                End(Ending.Close with { IsClean = false, Origin = CloseOrigin.Timeout });
                return;
            case Deadline.TlsHandshake when IsServer:
                Context.Log.TlsFailed(Id, ProtocolFault.TlsHandshakeFailed.Describe(), $"not done within {Context.Timeouts.TlsHandshake.TotalSeconds:0.###} s");
                _role.OnDeadline(deadline);
                return;
            default:
                _role.OnDeadline(deadline);
                return;
        }
    }
}
