using System.Diagnostics;

namespace EventLoops.Tests.Samples;

/// <summary>Many clients on one loop of this process, which all do the same thing at the same time.</summary>
internal sealed class Crowd : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // All of them close at once, and the last one waits for its answer until those before it have had theirs.
    private readonly LoopContext _context = new(new LoopContextOptions { Timeouts = new ConnectionTimeouts { Close = Patience } });
    private readonly Member _member = new();
    private readonly List<Connection> _connections = [];

    /// <summary>What went wrong with any of them.</summary>
    public IReadOnlyList<string> Failures => _member.Failures;

    /// <summary>Opens connections and waits until all of them are open.</summary>
    public void Open(Uri server, int count)
    {
        ClientConnectOptions options = new()
        {
            Uri = new UriBuilder(server) { Scheme = "ws" }.Uri,
            Protocols = [_member],
            ConnectTimeout = Patience,
            HandshakeTimeout = Patience,
        };
        for (int i = 0; i < count; i++) _connections.Add(_context.Connect(options));
        RunUntil(() => _member.Open == count);
    }

    /// <summary>Lets each of them send a message of its own and waits until all have it back.</summary>
    public void EchoOnce()
    {
        _member.Round++;
        _member.Echoed = 0;
        foreach (Connection connection in _connections) connection.RequestWritable();
        RunUntil(() => _member.Echoed == _connections.Count);
    }

    /// <summary>Closes all of them and waits until the server has agreed.</summary>
    public void Close()
    {
        foreach (Connection connection in _connections) connection.Close();
        RunUntil(() => _member.Open == 0);
        _connections.Clear();
    }

    public void Dispose() => _context.Dispose();

    private void RunUntil(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition() && Failures.Count == 0)
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
                throw new TimeoutException($"{_member.Open} of {_connections.Count} are open, and {_member.Echoed} had their echo in time.");
            _context.Service(maxMilliseconds: 100);
        }
    }

    private sealed class Member() : Protocol<Member.Session>("echo")
    {
        private const int MessageSize = 64;

        private readonly byte[] _message = new byte[MessageSize];

        public List<string> Failures { get; } = [];

        public int Open { get; private set; }

        public int Echoed { get; set; }

        public int Round { get; set; }

        protected override void OnConnectFailed(Connection connection, ref Session session, in ConnectFailure failure) =>
            Failures.Add(failure.ToString());

        protected override CallbackResult OnEstablished(Connection connection, ref Session session)
        {
            Open++;
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnWritable(Connection connection, ref Session session)
        {
            if (session.SentRound == Round) return CallbackResult.Continue;

            session.SentRound = Round;
            Compose(connection);
            if (connection.Write(_message, MessageKind.Binary) != WriteResult.Accepted) Failures.Add("a message of 64 bytes was not taken");
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnReceive(
            Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            session.Echo.Append(part);
            if (!info.IsFinalFragment) return CallbackResult.Continue;

            Compose(connection);
            if (session.Echo.Span.SequenceEqual(_message)) Echoed++;
            else Failures.Add($"{session.Echo.Length} bytes came back that were not those that were sent");
            session.Echo.Clear();
            return CallbackResult.Continue;
        }

        protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
        {
            Open--;
            if (close is not { Code: WebSocketCloseCode.Normal, IsClean: true }) Failures.Add(close.ToString());
        }

        private void Compose(Connection connection)
        {
            Array.Fill(_message, (byte)Round);
            BitConverter.TryWriteBytes(_message, connection.Id);
        }

        internal struct Session
        {
            public int SentRound;
            public MessageBuffer Echo;
        }
    }
}
