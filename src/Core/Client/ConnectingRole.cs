using System.Net;
using System.Net.Sockets;

namespace EventLoops;

/// <summary>
/// A client on its way to a TCP connection: the name is looked up off the loop, and its addresses race (RFC 8305): each has a short time before the next one is tried
/// beside it, the first that answers wins, and the others are given up.
/// </summary>
internal sealed class ConnectingRole : ClientRole
{
    // More addresses than any name needs; a resolver's answer must not decide how many sockets are opened.
    private const int MostAddresses = 32;

    private static readonly Func<string, CancellationToken, Task<IPAddress[]>> SystemResolver = Dns.GetHostAddressesAsync;

    private readonly TimeSpan _delay;
    private readonly LoopTimer _nextAddress;
    private readonly Queue<EndPoint> _remaining = new();
    private readonly List<ConnectAttempt> _running = [];
    private Func<Task>? _cancelLookup;
    private ConnectFailure _lastFailure;
    private ConnectStage _stage;
    private string _host = "";
    private bool _isReleased;

    /// <summary>Makes the role.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="call">What is wanted.</param>
    /// <param name="delay">How long to wait before anything is done.</param>
    public ConnectingRole(Connection connection, ClientCall call, TimeSpan delay)
        : base(connection, call)
    {
        _delay = delay;
        _nextAddress = new LoopTimer(_ => StartNext());
    }

    private EventLoop Loop => Connection.Thread.Loop;

    protected override ConnectStage Stage => _stage;

    /// <summary>Begins, in the turn after the call that asked for it, so that nothing is raised before that call has returned.</summary>
    public void Begin()
    {
        if (_isReleased || Connection.IsClosed)
            return;

        if (_delay > TimeSpan.Zero)
            Connection.SetDeadline(Deadline.Retry, _delay);
        else
            Connect();
    }

    /// <summary>A socket says that its attempt has come to an end, good or bad.</summary>
    public void OnAttemptReady(ConnectAttempt attempt)
    {
        // A client that was given up in this very turn keeps its sockets until the turn's closes.
        if (Connection.IsClosed)
            return;

        Errno errno = attempt.TakeResult();
        if (errno == Errno.None)
        {
            _running.Remove(attempt);
            Release();
            Connection.OnConnected(attempt.Detach(), Call);
            return;
        }

        attempt.Abandon();
        _running.Remove(attempt);
        NoteFailure(errno);
        StartNext();
    }

    public override void Consume(ref Span<byte> bytes) => bytes = default;

    public override void OnEndOfStream() => Fail(_lastFailure);

    public override void OnDeadline(Deadline deadline)
    {
        if (deadline == Deadline.Retry)
        {
            Connect();
            return;
        }

        string what = _stage == ConnectStage.Resolve ? "the name was not looked up" : "no answer";
        Fail(new ConnectFailure { Stage = _stage, Reason = $"{ByProxy}{what} within {Options.ConnectTimeout.TotalSeconds:0.###} s", IsTimeout = true, IsTransient = true });
    }

    public override void Release()
    {
        _isReleased = true;
        Connection.Thread.TakeOff(_nextAddress);
        foreach (ConnectAttempt attempt in _running)
            attempt.Abandon();
        _running.Clear();
        _remaining.Clear();

        // Whoever listens to the token is foreign code, which is not called from here.
        _ = _cancelLookup?.Invoke();
    }

    /// <summary>Whose failure it is, when it is not the server's.</summary>
    private string ByProxy => Call.Proxy is null ? "" : $"proxy {Call.Proxy.Target.Authority}: ";

    /// <summary>
    /// The addresses in the order in which they are tried: the families in turn, beginning with the one that the resolver prefers, so that a family that does not
    /// work here costs one delay and not one for each of its addresses (RFC 8305 4).
    /// </summary>
    internal static IEnumerable<IPAddress> InTurn(IEnumerable<IPAddress> addresses)
    {
        List<Queue<IPAddress>> families = [.. addresses.Take(MostAddresses).GroupBy(address => address.AddressFamily).Select(family => new Queue<IPAddress>(family))];
        while (families.Count > 0)
        {
            foreach (Queue<IPAddress> family in families)
                yield return family.Dequeue();
            families.RemoveAll(family => family.Count == 0);
        }
    }

    private void Connect()
    {
        if (!Call.TryChooseProxy(out string? mistake))
        {
            FailFinally(new ConnectFailure { Stage = ConnectStage.Proxy, Reason = mistake });
            return;
        }

        if (Call.TryTakeKeptSocket(out int fd, out TlsTransport? tls))
        {
            Release();
            Connection.OnConnected(fd, Call, tls);
            return;
        }

        Connection.SetDeadline(Deadline.Connect, Options.ConnectTimeout);
        if (Call.GivenEndPoint is { } given)
        {
            TryAll([given]);
            return;
        }

        ClientTarget next = Call.Proxy?.Target ?? Call.Target;
        _host = next.Host;
        if (IPAddress.TryParse(_host, out IPAddress? address))
            TryAll([new IPEndPoint(address, next.Port)]);
        else
            Resolve(next.Port);
    }

    private void Resolve(int port)
    {
        CancellationTokenSource cancel = new();
        _cancelLookup = cancel.CancelAsync;
        Task<IPAddress[]> lookup;
        try
        {
            lookup = (Options.Resolver ?? SystemResolver)(_host, cancel.Token);
        }
        catch (Exception exception)
        {
            lookup = Task.FromException<IPAddress[]>(exception);
        }

        // The system's resolver blocks, so it runs on a thread of the pool; its answer comes back through the loop's one door.
        EventLoop loop = Loop;
        _ = lookup.ContinueWith(
            done => loop.Post(_ => OnResolved(done, port), null),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void OnResolved(Task<IPAddress[]> lookup, int port)
    {
        Exception? exception = lookup.Exception?.InnerException;
        if (_isReleased || Connection.State != ConnectionState.Resolving)
            return;

        if (lookup is { IsCompletedSuccessfully: true, Result: { Length: > 0 } addresses })
        {
            TryAll(InTurn(addresses).Select(address => new IPEndPoint(address, port)));
            return;
        }

        // A name that does not exist will not exist in a second either; a resolver that could not be asked may answer then.
        SocketError? error = (exception as SocketException)?.SocketErrorCode;
        bool isFinal = error is SocketError.HostNotFound or SocketError.NoData || lookup.IsCompletedSuccessfully;
        Fail(new ConnectFailure { Stage = ConnectStage.Resolve, Reason = $"{ByProxy}{_host}: {WordsFor(error, exception, lookup)}", IsTransient = !isFinal });
    }

    /// <summary>The system's own words for these are those of a device or a number, and differ from one C library to the next.</summary>
    private static string WordsFor(SocketError? error, Exception? exception, Task lookup) => error switch
    {
        SocketError.HostNotFound => "there is no host of this name",
        SocketError.NoData => "the name has no address",
        SocketError.TryAgain => "the name servers do not answer",
        _ => exception?.Message ?? (lookup.IsCanceled ? "the resolver has given up" : "the name has no address"),
    };

    private void TryAll(IEnumerable<EndPoint> endPoints)
    {
        foreach (EndPoint endPoint in endPoints)
            _remaining.Enqueue(endPoint);

        Connection.Move(ConnectionState.Connecting);
        _stage = ConnectStage.Connect;
        StartNext();
    }

    private void StartNext()
    {
        Loop.Cancel(_nextAddress);
        if (Connection.IsClosed)
            return;

        while (_remaining.TryDequeue(out EndPoint? endPoint))
        {
            Errno errno = ConnectAttempt.TryStart(this, Connection.Thread, endPoint, Options, out ConnectAttempt? attempt);
            if (errno == Errno.None)
            {
                _running.Add(attempt!);
                if (_remaining.Count > 0)
                    Loop.Schedule(_nextAddress, Options.AddressDelay);
                return;
            }

            NoteFailure(errno);
        }

        if (_running.Count == 0)
            Fail(_lastFailure);
    }

    private void NoteFailure(Errno errno)
    {
        ConnectFailure failure = ConnectFailure.Of(ConnectStage.Connect, errno);
        _lastFailure = failure with { Reason = ByProxy + failure.Reason };
    }
}
