using System.Net;
using System.Net.Sockets;

namespace EventLoops;

/// <summary>How a client connection comes to its socket.</summary>
public sealed partial class Connection
{
    internal static Connection BeginConnect(ServiceThread thread, ClientConnectOptions options)
    {
        Connection connection = new(thread, options.Protocols[0], isServer: false)
        {
            State = ConnectionState.Resolving,
            UserData = options.UserData,
        };
        ConnectingRole role = new(connection, options);
        connection._role = role;
        connection.Bind(options.Protocols[0]);
        thread.Loop.Post(begun => ((Connection)begun!).BeginConnecting(), connection);
        return connection;
    }

    /// <summary>Opens a socket and asks it to connect. <see cref="Errno.None"/> when it is on its way.</summary>
    internal Errno TryConnect(EndPoint endPoint)
    {
        IoResult opened = Io.OpenStream(endPoint.AddressFamily);
        if (opened.IsError)
            return opened.Errno;

        int fd = opened.Value;
        if (endPoint.AddressFamily != AddressFamily.Unix)
            Io.SetOption(fd, SocketTuning.NoDelay, 1);

        IoResult connected = Io.Connect(fd, endPoint);
        if (connected.IsError && connected.Errno != Errno.EINPROGRESS)
        {
            Io.Close(fd);
            return connected.Errno;
        }

        // A socket that has connected at once, as on a Unix path, is writable at once: there is one way for both.
        StartWatching(fd, PollEvents.Out);
        return Errno.None;
    }

    /// <summary>The attempt came to nothing; the next address gets a socket of its own.</summary>
    internal void AbandonAttempt()
    {
        StopWatching();
        Io.Close(_fd);
        _fd = -1;
    }

    internal IoResult GetPendingError() => Io.GetPendingError(_fd);

    internal void BeginHandshake(ClientHandshakeRole role)
    {
        TakeRole(role);
        Move(ConnectionState.AwaitingReply);
        UpdateInterest();
        role.Begin();
    }

    private void BeginConnecting()
    {
        if (IsClosed)
            return;

        Announce();
        ((ConnectingRole)_role).Begin();
    }
}
