using System.Diagnostics;
using System.Net;
using System.Text;

namespace EventLoops.Tests.Conformance;

/// <summary>What is done once at a point, and counted.</summary>
/// <param name="Name">Its name in the record; the comparison of servers uses the same ones.</param>
/// <param name="IsTls">Whether it is done over TLS.</param>
/// <param name="Do">Does it once.</param>
internal sealed record CostPoint(string Name, bool IsTls, Action<CostBench> Do)
{
    private const int Small = 64;
    private const int Large = 16 * 1024;

    public static IReadOnlyList<CostPoint> All { get; } =
    [
        new("echo-1", false, bench => bench.Echo(messages: 1, Small)),
        new("echo-16", false, bench => bench.Echo(messages: 16, Small)),
        new("echo-16k", false, bench => bench.Echo(messages: 1, Large)),
        new("http-1", false, bench => bench.Get(requests: 1)),
        new("http-16", false, bench => bench.Get(requests: 16)),
        new("churn", false, bench => bench.Visit()),
        new("fanout", false, bench => bench.Cry(listeners: 4, Small)),
        new("wss-1", true, bench => bench.Echo(messages: 1, Small)),
        new("wss-16k", true, bench => bench.Echo(messages: 1, Large)),
        new("https-1", true, bench => bench.Get(requests: 1)),
    ];
}

/// <summary>
/// A server on the loop under test and a peer on the same thread, who take turns. Counted is what the turns of the loop cost, and nothing of the peer: system calls on
/// sockets, and bytes of the heap. What a loop asks its own kernel interface, such as a wait, is not among it.
/// </summary>
internal sealed class CostBench : LoopBench
{
    private const int TurnsAfterwards = 2;

    private static readonly byte[] s_request = Encoding.ASCII.GetBytes("GET /plaintext HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");

    private readonly EndPoint _endPoint;
    private readonly List<RawPeer> _listeners = [];
    private RawPeer? _peer;
    private byte[]? _wire;
    private int _answerLength;
    private long _bytes;

    public CostBench(LoopFactory factory)
        : base(factory)
    {
        // Without a tracer, whose list would grow.
        LoopContext context = new(new LoopContextOptions { Loop = Loop, VirtualHosts = [HostOf(new Greeter(), new StreamingEcho(), new Crier())] });
        Own(context);
        _endPoint = EndPointOf(context);
    }

    /// <summary>What so many times of it cost together.</summary>
    public Cost Of(CostPoint point, int times)
    {
        Io.ResetCounts();
        _bytes = 0;
        for (int i = 0; i < times; i++) point.Do(this);
        return Cost.Of(Io, _bytes);
    }

    /// <summary>Messages that leave the peer at once and come back.</summary>
    public void Echo(int messages, int size)
    {
        if (_peer is null)
        {
            _peer = NewPeer();
            Upgrade(_peer, StreamingEcho.ProtocolName);
            byte[] frame = _peer.Frame(2, new byte[size]);
            _wire = [.. Enumerable.Repeat(frame, messages).SelectMany(bytes => bytes)];

            // A server's frames are not masked, which is four bytes less (RFC 6455 5.1).
            _answerLength = messages * (frame.Length - 4);
        }

        Exchange(_peer);
    }

    /// <summary>Requests that leave the peer at once and are answered.</summary>
    public void Get(int requests)
    {
        if (_peer is null)
        {
            _peer = NewPeer();
            _peer.Send(s_request);
            TurnUntil(_peer, static peer => peer.Received.EndsWith(Greeter.Greeting));
            _wire = [.. Enumerable.Repeat(s_request, requests).SelectMany(bytes => bytes)];
            _answerLength = requests * _peer.Received.Length;
            Take(_peer);
        }

        Exchange(_peer);
    }

    /// <summary>A message that leaves one of several peers and comes to all of them.</summary>
    public void Cry(int listeners, int size)
    {
        while (_listeners.Count < listeners)
        {
            _listeners.Add(NewPeer());
            Upgrade(_listeners[^1], Crier.ProtocolName);
        }

        _wire ??= _listeners[0].Frame(2, new byte[size]);
        _listeners[0].Send(_wire);
        foreach (RawPeer listener in _listeners)
        {
            TurnUntil(listener, peer => peer.Received.Length >= _wire.Length - 4);
            Take(listener);
        }

        for (int i = 0; i < TurnsAfterwards; i++) Turn(_listeners[0], 0);
    }

    /// <summary>A connection from its beginning to its end: opening handshake, one echo, closing handshake.</summary>
    public void Visit()
    {
        using RawPeer peer = NewPeer();
        Upgrade(peer, StreamingEcho.ProtocolName);
        peer.SendBinary(new byte[64]);
        TurnUntil(peer, static peer => peer.TryReadFrame(out _));
        peer.SendClose();
        TurnUntil(peer, static peer => peer.IsOver);
        peer.Dispose();
        for (int i = 0; i < TurnsAfterwards; i++) Turn(peer, 0);
    }

    /// <summary>The peer belongs to the bench, whose turns it takes itself.</summary>
    private RawPeer NewPeer() => Own(new RawPeer(Harness.Network.Connect(_endPoint, 0), isClient: true, harness: null));

    private void Upgrade(RawPeer peer, string protocol)
    {
        peer.RequestUpgrade(protocols: protocol);
        TurnUntil(peer, static peer => peer.Received.IndexOf("\r\n\r\n"u8) >= 0);
        Take(peer);
    }

    private void Exchange(RawPeer peer)
    {
        peer.Send(_wire);
        TurnUntil(peer, peer => peer.Received.Length >= _answerLength);
        Take(peer);

        // Whatever is done about it later is part of its cost.
        for (int i = 0; i < TurnsAfterwards; i++) Turn(peer, 0);
    }

    private static void Take(RawPeer peer) => _ = peer.ReadBytes(peer.Received.Length);

    private void TurnUntil(RawPeer peer, Func<RawPeer, bool> isDone)
    {
        long start = Stopwatch.GetTimestamp();
        for (int turn = 0; !isDone(peer); turn++)
        {
            if (Stopwatch.GetElapsedTime(start) > LoopHarness.Patience) throw new TimeoutException("The server does not answer.");
            Turn(peer, turn < 20 ? 0 : 1);
        }
    }

    private void Turn(RawPeer peer, int milliseconds)
    {
        peer.Pump();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Harness.Turn(milliseconds);
        _bytes += GC.GetAllocatedBytesForCurrentThread() - before;
        peer.Pump();
    }

    /// <summary>Answers every request with the same words.</summary>
    private sealed class Greeter() : Protocol<Greeter.Session>("")
    {
        public static ReadOnlySpan<byte> Greeting => "Hello, World!"u8;

        protected override CallbackResult OnHttp(Connection connection, ref Session session, ReadOnlySpan<byte> path)
        {
            connection.Respond(200, "text/plain", Greeting);
            return CallbackResult.Continue;
        }

        internal struct Session;
    }

    /// <summary>Sends every part back at once; the peer reads all the time, so that nothing is ever refused.</summary>
    private sealed class StreamingEcho() : Protocol<StreamingEcho.Session>(ProtocolName)
    {
        public const string ProtocolName = "echo";

        protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            MessagePart place = (info.IsFirstPart, info.IsLastPart) switch
            {
                (true, true) => MessagePart.Whole,
                (true, false) => MessagePart.First,
                (false, true) => MessagePart.Last,
                (false, false) => MessagePart.Middle,
            };
            return connection.TrySend(part, info.Kind, place) == WriteResult.Accepted ? CallbackResult.Continue : CallbackResult.Close;
        }

        internal struct Session;
    }

    /// <summary>Tells everybody what one of them says, each when it is writable, from one place that takes the next message when everybody has this one.</summary>
    private sealed class Crier() : Protocol<Crier.Session>(ProtocolName)
    {
        public const string ProtocolName = "crier";

        private PreparedMessage _latest = new([], MessageKind.Binary);

        protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            if (!_latest.TryReuse(part, info.Kind)) _latest = new PreparedMessage(part, info.Kind);
            connection.VirtualHost!.RequestWritableAll(this);
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnWritable(Connection connection, ref Session session) =>
            connection.Write(_latest) == WriteResult.Accepted ? CallbackResult.Continue : CallbackResult.Close;

        internal struct Session;
    }
}
