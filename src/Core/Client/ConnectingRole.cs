using System.Net;
using System.Net.Sockets;

namespace EventLoops;

/// <summary>
/// A client on its way to a TCP connection: the name is looked up off the loop, and the addresses are tried one after the other until one answers or the
/// time is over.
/// </summary>
internal sealed class ConnectingRole : ClientRole
{
    private readonly Queue<EndPoint> _remaining = new();
    private ConnectFailure _lastFailure;

    public ConnectingRole(Connection connection, ClientConnectOptions options)
        : base(connection, options)
    {
    }

    /// <summary>Begins, in the turn after the call that asked for it, so that nothing is raised before that call has returned.</summary>
    public void Begin()
    {
        if (Connection.IsClosed)
            return;

        Connection.SetDeadline(Deadline.Connect, Options.ConnectTimeout);
        if (Options.EndPoint is { } given)
        {
            TryAll([given]);
            return;
        }

        string host = Options.Uri.DnsSafeHost;
        if (IPAddress.TryParse(host, out IPAddress? address))
            TryAll([new IPEndPoint(address, Options.Uri.Port)]);
        else
            Resolve(host);
    }

    /// <summary>The socket says that the attempt has come to an end, good or bad.</summary>
    public void OnConnectReady()
    {
        IoResult error = Connection.GetPendingError();
        if (error.IsError)
        {
            OnAttemptFailed(error.Errno);
            return;
        }

        Connection.BeginHandshake(new ClientHandshakeRole(Connection, Options));
    }

    public override void Consume(ref Span<byte> bytes) => bytes = default;

    public override void OnEndOfStream() => Fail(_lastFailure);

    public override void OnDeadline(Deadline deadline) =>
        Fail(new ConnectFailure { Stage = StageNow, Reason = $"nothing came of it within {Options.ConnectTimeout.TotalSeconds:0.###} s", IsTimeout = true });

    private ConnectStage StageNow => Connection.State == ConnectionState.Resolving ? ConnectStage.Resolve : ConnectStage.Connect;

    protected override ConnectStage Stage => StageNow;

    private void Resolve(string host)
    {
        EventLoop loop = Connection.Thread.Loop;

        // The system's resolver blocks, so it runs on a thread of the pool; its answer comes back through the loop's one door.
        _ = Task.Run(async () =>
        {
            object answer;
            try
            {
                answer = await Dns.GetHostAddressesAsync(host).ConfigureAwait(false);
            }
            catch (SocketException exception)
            {
                answer = exception.Message;
            }

            loop.Post(OnResolved, answer);
        });
    }

    private void OnResolved(object? answer)
    {
        if (Connection.State != ConnectionState.Resolving)
            return;
        if (answer is IPAddress[] { Length: > 0 } addresses)
            TryAll(addresses.Select(address => new IPEndPoint(address, Options.Uri.Port)));
        else
            Fail(new ConnectFailure { Stage = ConnectStage.Resolve, Reason = $"{Options.Uri.DnsSafeHost}: {answer as string ?? "the name has no address"}" });
    }

    private void TryAll(IEnumerable<EndPoint> endPoints)
    {
        foreach (EndPoint endPoint in endPoints)
            _remaining.Enqueue(endPoint);

        Connection.Move(ConnectionState.Connecting);
        TryNext();
    }

    private void TryNext()
    {
        while (_remaining.TryDequeue(out EndPoint? endPoint))
        {
            Errno errno = Connection.TryConnect(endPoint);
            if (errno == Errno.None)
                return;

            _lastFailure = new ConnectFailure { Stage = ConnectStage.Connect, Reason = errno.Describe(), SystemError = errno };
        }

        Fail(_lastFailure);
    }

    private void OnAttemptFailed(Errno errno)
    {
        _lastFailure = new ConnectFailure { Stage = ConnectStage.Connect, Reason = errno.Describe(), SystemError = errno };
        Connection.AbandonAttempt();
        TryNext();
    }
}
