using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using EventLoops.Epoll;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// Four service threads under clients that connect, ask, upgrade, echo, compress, close and vanish at random. Every connection counts its messages on both sides, so that a byte of another
/// connection, a lost or a doubled message, or a callback on a wrong thread is seen. A few seconds long, or <c>EVENTLOOPS_CHURN_SECONDS</c>.
/// </summary>
public sealed class ChurnTests
{
    private const int ThreadCount = 4;
    private const int ClientThreads = 2;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(
        int.Parse(Environment.GetEnvironmentVariable("EVENTLOOPS_CHURN_SECONDS") ?? "4", CultureInfo.InvariantCulture));

    // An end that is not clean is a mistake here, and one that only a busy machine makes none of ours.
    private static readonly ConnectionTimeouts Patient = new() { TlsHandshake = LoopHarness.Patience, Close = LoopHarness.Patience, Flush = LoopHarness.Patience };

    static ChurnTests() => LoopRegistry.Default.AddEpoll();

    [Theory]
    [InlineData(ContextFlags.Epoll, false, false)]
    [InlineData(ContextFlags.Epoll, true, false)]
    [InlineData(ContextFlags.None, false, false)]
    [InlineData(ContextFlags.Epoll, false, true)]
    public void Nothing_is_mixed_up_or_left_behind(ContextFlags loop, bool listenerPerThread, bool isTls)
    {
        Ledger ledger = new();
        ChurnServer protocol = new();
        LoopContext context = new(new LoopContextOptions
        {
            Flags = loop,
            ServiceThreadCount = ThreadCount,
            ListenerPerThread = listenerPerThread,
            Timeouts = Patient,
            VirtualHosts =
            [
                new()
                {
                    Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                    Protocols = [protocol],
                    Extensions = [new PermessageDeflate()],
                    Tls = isTls ? new TlsOptions { Certificates = [TlsCertificate.FromPem(TestCertificate.Ecdsa.ChainPem, TestCertificate.Ecdsa.KeyPem)] } : null,
                },
            ],
        });
        EndPoint endPoint = context.VirtualHosts[0].LocalEndPoints[0];
        using CancellationTokenSource stopping = new();
        Exception? failure = null;
        Thread server = Run(() => context.Run(stopping.Token));
        Churner[] churners = [.. Enumerable.Range(0, ClientThreads).Select(seed => new Churner(endPoint, seed, isTls))];
        Thread[] clients = [.. churners.Select(churner => Run(() => churner.Run(Duration)))];

        // Handshakes go on on all threads while their certificate is replaced on one.
        while (!clients[0].Join(TimeSpan.FromMilliseconds(20)))
        {
            if (isTls) context.Loop.Post(_ => context.VirtualHosts[0].ReloadCertificates(), null);
        }

        foreach (Thread client in clients) client.Join();
        LoopCrew.WaitUntil(() => failure is not null || context.Threads.All(thread => thread.ConnectionCount == 0));
        stopping.Cancel();
        server.Join();
        context.Dispose();

        Assert.Null(failure);
        Assert.Empty(churners.SelectMany(churner => churner.Mistakes));
        Assert.Empty(protocol.Mistakes);
        Assert.Equal(protocol.Established, protocol.Closed);
        Assert.True(protocol.Established > 0);
        Assert.All(churners, churner => Assert.True(churner.Answers > 0 && churner.Echoes > 0));
        ledger.CheckDescriptors();

        Thread Run(Action work)
        {
            Thread thread = new(() =>
            {
                try
                {
                    work();
                }
                catch (Exception exception)
                {
                    Interlocked.CompareExchange(ref failure, exception, null);
                }
            });
            thread.Start();
            return thread;
        }
    }

    /// <summary>Echoes whole messages, each of which begins with its number on the connection.</summary>
    private sealed class ChurnServer : Protocol<ChurnServer.Session>
    {
        private const int BroadcastEvery = 256;

        private int _established;
        private int _closed;
        private int _received;

        public ChurnServer()
            : base("churn") => DeliverWholeMessages = true;

        public ConcurrentQueue<string> Mistakes { get; } = new();

        public int Established => Volatile.Read(ref _established);

        public int Closed => Volatile.Read(ref _closed);

        protected override CallbackResult OnHttp(Connection connection, ref Session session, ReadOnlySpan<byte> path)
        {
            Check(connection);
            connection.Respond(200, "text/plain", path);
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnEstablished(Connection connection, ref Session session)
        {
            Check(connection);
            session.Thread = Environment.CurrentManagedThreadId;
            Interlocked.Increment(ref _established);
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            Check(connection);
            if (session.Thread != Environment.CurrentManagedThreadId) Mistakes.Enqueue("the thread of a connection has changed");
            int number = BinaryPrimitives.ReadInt32LittleEndian(part);
            if (number != session.Next++) Mistakes.Enqueue($"message {number} came instead of {session.Next - 1}");
            if (Interlocked.Increment(ref _received) % BroadcastEvery == 0) connection.Context.RequestWritableAll(this);
            if (connection.TrySend(part, info.Kind) != WriteResult.Busy) return CallbackResult.Continue;

            connection.PauseReceive();
            session.Held.Append(part);
            connection.RequestWritable();
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnWritable(Connection connection, ref Session session)
        {
            Check(connection);
            if (session.Held.IsEmpty) return CallbackResult.Continue;
            if (connection.Write(session.Held.Span, MessageKind.Binary) == WriteResult.Busy)
            {
                connection.RequestWritable();
                return CallbackResult.Continue;
            }

            session.Held.Clear();
            connection.ResumeReceive();
            return CallbackResult.Continue;
        }

        protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
        {
            Check(connection);
            session.Held.Clear();
            Interlocked.Increment(ref _closed);
        }

        private void Check(Connection connection)
        {
            if (!connection.Thread.Loop.IsOnThread) Mistakes.Enqueue("a callback came on another thread");
        }

        internal struct Session
        {
            public int Thread;
            public int Next;
            public MessageBuffer Held;
        }
    }

    /// <summary>A loop with clients, each of which does something else, and is followed by the next.</summary>
    private sealed class Churner(EndPoint server, int seed, bool isTls) : Protocol<Churner.Session>("churn")
    {
        private const int AtOnce = 16;
        private const int LongestMessage = 6000;

        private readonly Random _random = new(seed);
        private readonly byte[] _message = new byte[LongestMessage];
        private readonly PermessageDeflate _deflate = new();
        private readonly ClientTlsOptions _tls = new() { UseSystemStore = false, VerifyServer = false };
        private LoopContext _context = null!;
        private bool _isEnding;
        private int _open;
        private int _visits;

        public List<string> Mistakes { get; } = [];

        public int Answers { get; private set; }

        public int Echoes { get; private set; }

        public void Run(TimeSpan duration)
        {
            using LoopContext context = new(new LoopContextOptions { Timeouts = Patient });
            _context = context;
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < AtOnce; i++) Come();
            while (!_isEnding || _open > 0)
            {
                context.Service(100);
                _isEnding |= Stopwatch.GetElapsedTime(start) > duration || Mistakes.Count > 0;
            }
        }

        protected override CallbackResult OnHttpReply(Connection connection, ref Session session) => CallbackResult.Continue;

        protected override CallbackResult OnHttpReplyBody(Connection connection, ref Session session, ReadOnlySpan<byte> part)
        {
            session.Body.Append(part);
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnHttpCompleted(Connection connection, ref Session session)
        {
            Answers++;
            if (System.Text.Encoding.UTF8.GetString(session.Body.Span) != connection.RequestUri!.AbsolutePath) Mistakes.Add("an answer was another's");
            return CallbackResult.Continue;
        }

        protected override void OnHttpClosed(Connection connection, ref Session session)
        {
            session.Body.Clear();
            Go();
        }

        protected override CallbackResult OnEstablished(Connection connection, ref Session session)
        {
            session.Messages = _random.Next(0, 12);
            session.Vanishes = _random.Next(4) == 0;
            connection.RequestWritable();
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnWritable(Connection connection, ref Session session)
        {
            if (session.Sent == session.Messages)
            {
                if (session.Vanishes) connection.Abort();
                else if (session.Echoed == session.Sent) connection.Close();
                return CallbackResult.Continue;
            }

            Span<byte> message = Compose(connection, session.Sent);
            if (connection.Write(message, MessageKind.Binary) == WriteResult.Accepted) session.Sent++;
            connection.RequestWritable();
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            session.Body.Append(part);
            if (!info.IsFinalFragment || info.RemainingPayload > 0) return CallbackResult.Continue;

            Echoes++;
            if (!session.Body.Span.SequenceEqual(Compose(connection, session.Echoed++))) Mistakes.Add("an echo was another's");
            session.Body.Clear();
            if (session.Echoed == session.Messages) connection.RequestWritable();
            return CallbackResult.Continue;
        }

        protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close)
        {
            if (!session.Vanishes && !close.IsClean) Mistakes.Add(close.ToString());
            session.Body.Clear();
            Go();
        }

        protected override void OnConnectFailed(Connection connection, ref Session session, in ConnectFailure failure)
        {
            Mistakes.Add(failure.ToString());
            Go();
        }

        private void Come()
        {
            _open++;
            int visit = _visits++;
            bool isHttp = _random.Next(4) == 0;
            string path = string.Create(CultureInfo.InvariantCulture, $"/{seed}/{visit}");
            _ = _context.Connect(new ClientConnectOptions
            {
                Uri = new Uri((isHttp ? "http" : "ws") + (isTls ? "s" : "") + "://test" + path),
                Tls = isTls ? _tls : null,
                EndPoint = server,
                Protocols = [this],
                Extensions = !isHttp && _random.Next(2) == 0 ? [_deflate] : [],
                ConnectTimeout = LoopHarness.Patience,
                HandshakeTimeout = LoopHarness.Patience,
                UserData = visit,
            });
        }

        private void Go()
        {
            _open--;
            if (!_isEnding) Come();
        }

        /// <summary>The bytes of a message follow from its connection and its number, so that each side can tell them.</summary>
        private Span<byte> Compose(Connection connection, int number)
        {
            int visit = (int)connection.UserData!;
            int length = 4 + (((visit * 7919) + (number * 104_729)) & 0x7FFFFFFF) % (LongestMessage - 4);
            Span<byte> message = _message.AsSpan(0, length);
            message.Fill((byte)((visit * 31) + seed + number));
            BinaryPrimitives.WriteInt32LittleEndian(message, number);
            return message;
        }

        internal struct Session
        {
            public int Messages;
            public int Sent;
            public int Echoed;
            public bool Vanishes;
            public MessageBuffer Body;
        }
    }
}
