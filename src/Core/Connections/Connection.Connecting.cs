namespace EventLoops;

/// <summary>How a client connection comes to its socket, leaves it for another one, and goes from stage to stage.</summary>
public sealed partial class Connection
{
    private ClientCall? _call;

    /// <summary>The request that a client is writing; only inside <c>OnWritingRequest</c>.</summary>
    internal RequestHead RequestHead =>
        (_role as ClientRole)?.Request ?? throw new InvalidOperationException("The request can be changed inside OnWritingRequest only.");

    internal static Connection BeginConnect(ServiceThread thread, ClientConnectOptions options)
    {
        thread.Context.Places.Take(thread);
        Connection connection = new(thread, options.Protocols[0], isServer: false)
        {
            UserData = options.UserData,
        };
        connection.BeginAs(ConnectionState.Resolving);
        ClientCall call = new(connection, options);
        connection._call = call;
        connection.Bind(options.Protocols[0]);
        call.Begin();
        connection.BeginStage(new ConnectingRole(connection, call, options.Retry?.NextDelay() ?? TimeSpan.Zero));
        return connection;
    }

    /// <summary>Begins again from the start: another attempt, or another target. What belonged to the last socket goes with it.</summary>
    internal void StartOver(ClientCall call, TimeSpan delay)
    {
        _role.Release();
        ClearDeadline();
        DropSocket();
        if (State != ConnectionState.Resolving)
            Move(ConnectionState.Resolving);

        // A server that was asked before may have chosen another protocol.
        if (_protocol != call.Options.Protocols[0])
            Bind(call.Options.Protocols[0]);
        BeginStage(new ConnectingRole(this, call, delay));
    }

    /// <summary>There is a socket that is connected.</summary>
    /// <param name="fd">The socket.</param>
    /// <param name="call">Whose.</param>
    /// <param name="tls">What is spoken on a socket that was kept; null on a new one.</param>
    internal void OnConnected(int fd, ClientCall call, TlsTransport? tls = null)
    {
        _fd = fd;
        AttachTls(tls);
        bool ownsCork = Thread.Cork.TryEnter(this);
        call.Proceed(ConnectStage.Connect);
        LeaveCork(ownsCork);
    }

    /// <summary>Takes the next stage on the way to an open client. The last one has given back what it held.</summary>
    internal void EnterStage(ClientRole role, ConnectionState state)
    {
        TakeRole(role);
        Move(state);
        UpdateInterest();
    }

    /// <summary>The server has switched to another protocol, which is passed on as it is.</summary>
    internal void EnterTunnel(TunnelRole role)
    {
        _role.Release();
        TakeRole(role);
        Move(ConnectionState.Established);
        UpdateInterest();
    }

    /// <summary>Gives the socket away: it is not watched and not closed.</summary>
    internal int DetachSocket()
    {
        StopWatching();
        int fd = _fd;
        _fd = -1;
        return fd;
    }

    /// <summary>Forgets what was written and has not left.</summary>
    internal void DropUnsent()
    {
        DropOutput();
        _isChoked = false;
        if (Thread.Cork.Owner == this)
            Thread.Cork.Clear();
    }

    internal void OnCallTimeout(TimeSpan limit)
    {
        if (!IsClosed && _role is ClientRole role)
            role.OnCallTimeout(limit);
    }

    private void DropSocket()
    {
        LeaveTls();
        int fd = DetachSocket();
        DropHeldInput();
        _pause &= ReceivePause.User;
        DropUnsent();
        if (fd >= 0)
            Io.Close(fd);
    }

    /// <summary>Nothing is raised and no system call made before the next turn.</summary>
    private void BeginStage(ConnectingRole role)
    {
        TakeRole(role);
        Thread.Loop.Post(begun => ((Connection)begun!).BeginConnecting(role), this);
    }

    private void BeginConnecting(ConnectingRole role)
    {
        if (IsClosed)
            return;

        Announce();
        role.Begin();
    }
}
