using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>
/// A bad input or a fault, end to end over a real socket. Each row names what the peer sees and which callback tells the user; what every row promises is
/// checked here, once, when it is over: a witness on the same context is served as before, each connection ended exactly once, and no descriptor,
/// watch, timer or connection is left.
/// </summary>
public abstract class ReliabilityRows : IDisposable
{
    private readonly LoopBench _bench;
    private readonly List<RawPeer> _peers = [];
    private LoopContext? _context;
    private RawPeer? _witness;
    private int _witnessId;
    private (int Watches, int Timers, int Connections, int Descriptors) _before;

    protected ReliabilityRows(LoopFactory factory)
    {
        _bench = new LoopBench(factory);
        Protocol = _bench.NewProtocol("row").OnReceive(Echo)
            .On(CallbackReason.ReceivePong, NotePong).On(CallbackReason.ClientReceivePong, NotePong)
            .On(CallbackReason.Established, connection => Opened = connection)
            .On(CallbackReason.ClientEstablished, connection => Opened = connection);
    }

    protected LoopHarness Harness => _bench.Harness;

    protected CountingSocketIo Io => _bench.Io;

    protected Recorder Recorder => _bench.Recorder;

    /// <summary>The clock, which moves only when a row moves it.</summary>
    protected ManualTime Time => _bench.Time;

    private protected LogBook Log { get; } = new();

    /// <summary>What the rows' connections speak, as server and as client. It echoes whole messages and notes them.</summary>
    protected TestProtocol Protocol { get; }

    protected ConnectionLimits Limits { get; } = new();

    protected ConnectionTimeouts Timeouts { get; } = new();

    protected int? MaxConnections { get; set; }

    protected int MaxConnectionsPerAddress { get; set; }

    protected int MaxRequestHeads { get; set; } = 65_536;

    protected OriginPolicy Origin { get; set; }

    protected UnknownSubprotocolPolicy UnknownSubprotocol { get; set; }

    /// <summary>What the rows' virtual host accepts and its clients offer.</summary>
    protected IReadOnlyList<WebSocketExtension> Extensions { get; set; } = [];

    /// <summary>The proxies in front of the rows' virtual host.</summary>
    protected ProxyProtocolOptions? ProxyProtocol { get; set; }

    /// <summary>What is mounted on the rows' virtual host.</summary>
    protected IReadOnlyList<Mount> Mounts { get; set; } = [];

    /// <summary>Whether the row disposes the context itself, so that nobody is left to be a witness.</summary>
    protected bool EndsWithItsContext { get; set; }

    /// <summary>How long our clients wait for a reply; another time than that for the connection, so that the two cannot be mistaken for each other.</summary>
    protected static TimeSpan HandshakeTimeout { get; } = TimeSpan.FromSeconds(8);

    /// <summary>The messages that reached the user, whole.</summary>
    private protected List<string> Messages { get; } = [];

    private protected List<string> Pongs { get; } = [];

    /// <summary>The connection that was opened last.</summary>
    protected Connection? Opened { get; private set; }

    /// <summary>The context, made at the first use with the limits that were set until then.</summary>
    protected LoopContext Context => _context ??= Start();

    protected EndPoint EndPoint => Context.VirtualHosts[0].LocalEndPoints[0];

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        try
        {
            // What a failed row left behind would only hide why it failed.
            if (_context is not null && !EndsWithItsContext && TestContext.Current.TestState?.Result != TestResult.Failed) CheckBalance();
        }
        finally
        {
            _bench.Dispose();
        }
    }

    /// <summary>A peer that is connected to our server and has said nothing.</summary>
    protected RawPeer Connect(int receiveBuffer = 0) => Own(RawPeer.Connect(EndPoint, Harness, receiveBuffer));

    /// <summary>A raw client with an open WebSocket to our server.</summary>
    protected RawPeer OpenToServer(int receiveBuffer = 0)
    {
        RawPeer peer = Connect(receiveBuffer);
        peer.Upgrade();
        Harness.RunUntil(() => Opened is { IsServer: true, State: ConnectionState.Established });
        return peer;
    }

    /// <summary>A raw server with an open WebSocket from our client.</summary>
    protected RawPeer OpenToClient()
    {
        RawPeer peer = AcceptClient();
        peer.AcceptUpgrade();
        Harness.RunUntil(() => Opened is { IsServer: false, State: ConnectionState.Established });
        return peer;
    }

    /// <summary>A raw peer with an open WebSocket to our connection of the given side.</summary>
    protected RawPeer Open(Side side) => side == Side.Server ? OpenToServer() : OpenToClient();

    /// <summary>A raw server to which our client has connected. Its request has not been read.</summary>
    protected RawPeer AcceptClient() => Own(Listen(out _).Accept());

    /// <summary>A listener for clients that a row connects itself.</summary>
    protected RawListener Listen() => _bench.Listen();

    /// <summary>A listener to which our client is on its way.</summary>
    protected RawListener Listen(out Connection client)
    {
        RawListener listener = _bench.Listen();
        client = Context.Connect(new ClientConnectOptions { Uri = listener.Uri, Protocols = [Protocol], HandshakeTimeout = HandshakeTimeout, Extensions = Extensions });
        return listener;
    }

    /// <summary>Has the peer closed at the end of the row.</summary>
    protected RawPeer Own(RawPeer peer)
    {
        _peers.Add(peer);
        return _bench.Own(peer);
    }

    /// <summary>Has something disposed at the end of the row.</summary>
    protected T Keep<T>(T thing)
        where T : IDisposable => _bench.Own(thing);

    /// <summary>Lets time pass, one step of the loop after the other.</summary>
    protected void Advance(TimeSpan by)
    {
        Harness.Settle();
        Harness.Advance(by);
        Harness.Settle();
    }

    /// <summary>
    /// The peer is told this code in a close frame, and then the end of the stream, and nothing else; the user is told once, with the fault.
    /// </summary>
    protected void AssertFailed(RawPeer peer, int code, ProtocolFault fault)
    {
        ArgumentNullException.ThrowIfNull(peer);
        RawFrame close = peer.ReadFrame();
        Assert.Equal((RawFrame.CloseOpcode, code), (close.Opcode, close.CloseCode));
        Assert.Equal(!peer.IsClient, close.IsMasked);
        Assert.Equal("", peer.ReadToEnd());
        Assert.False(peer.IsReset);

        CloseInfo info = AwaitClosed(peer);
        Assert.Equal((code, fault, CloseOrigin.Error, false), ((int)info.Code, info.Fault, info.Origin, info.IsClean));
        Assert.Single(Log.Of($"Connection {Opened!.Id}:"));
        Assert.Equal(1, Log.CountContaining(fault.Describe()));
    }

    /// <summary>Ends the peer's half and waits for the one closing callback.</summary>
    private protected CloseInfo AwaitClosed(RawPeer peer)
    {
        if (!peer.IsReset) peer.Close();
        Harness.RunUntil(() => Recorder.Closes.Count > 0);
        Harness.Settle();
        return Assert.Single(Recorder.Closes).Close;
    }

    /// <summary>
    /// The request is answered with this status and the words of the fault, once, and then the stream ends; no WebSocket comes to be, and the user is
    /// told once that the connection is over.
    /// </summary>
    protected string AssertRefused(string request, int status, ProtocolFault fault)
    {
        int closedBefore = CountOf(CallbackReason.ClosedHttp);
        int openedBefore = CountOf(CallbackReason.Established);
        int loggedBefore = Log.CountContaining(fault.Describe());
        RawPeer peer = Connect();
        peer.Send(request);

        string answer = peer.ReadToEnd();

        Assert.False(peer.IsReset);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith($"\r\n\r\n{fault.Describe()}\n", answer, StringComparison.Ordinal);
        Assert.Equal(2, answer.Split("HTTP/1.1 ").Length);
        peer.Close();
        Harness.RunUntil(() => CountOf(CallbackReason.ClosedHttp) == closedBefore + 1);
        Assert.Equal(openedBefore, CountOf(CallbackReason.Established));
        Assert.Equal(loggedBefore + 1, Log.CountContaining(fault.Describe()));
        return answer;
    }

    /// <summary>Proves that a peer's WebSocket still works.</summary>
    protected static void AssertEchoes(RawPeer peer, string text = "still here")
    {
        ArgumentNullException.ThrowIfNull(peer);
        peer.SendText(text);
        RawFrame echo = peer.ReadFrame();
        Assert.Equal((1, text), (echo.Opcode, echo.Text));
    }

    /// <summary>How often a reason came, not counting the witness.</summary>
    protected int CountOf(CallbackReason reason) => Recorder.Calls.Count(call => call.Reason == reason && call.Connection != _witnessId);

    protected void AssertWitnessIsServed() => AssertEchoes(_witness!, "witness");

    /// <summary>The peer whose connection no row may disturb.</summary>
    protected RawPeer Witness => _witness!;

    private LoopContext Start()
    {
        IPEndPoint loopback = new(IPAddress.Loopback, 0);
        LoopContext context = _bench.Own(new LoopContext(new LoopContextOptions
        {
            Loop = Harness.Loop,
            Limits = Limits,
            Timeouts = Timeouts,
            MaxConnections = MaxConnections,
            MaxConnectionsPerAddress = MaxConnectionsPerAddress,
            MaxRequestHeads = MaxRequestHeads,
            Tracer = Recorder,
            Logger = Log,
            VirtualHosts =
            [
                new() { Name = "rows", Endpoints = [loopback], Protocols = [Protocol], Origin = Origin, UnknownSubprotocol = UnknownSubprotocol, Extensions = Extensions, Mounts = Mounts, ProxyProtocol = ProxyProtocol },
                new() { Name = "witness", Endpoints = [loopback], Protocols = [new WritableEcho()] },
            ],
        }));
        _context = context;
        _witness = _bench.Own(RawPeer.Connect(context.VirtualHosts[1].LocalEndPoints[0], Harness));
        _witness.Upgrade();
        AssertWitnessIsServed();
        _witnessId = Assert.Single(Recorder.Connections);
        _before = Holdings();
        return context;
    }

    private CallbackResult Echo(Connection connection, ref TestSession session, in CallbackData data)
    {
        session.Message.Append(data.In);
        if (!data.Message.IsFinalFragment) return CallbackResult.Continue;

        Messages.Add(Encoding.Latin1.GetString(session.Message.Span));
        connection.TrySend(session.Message.Span, data.Message.Kind);
        session.Message.Clear();
        return CallbackResult.Continue;
    }

    private CallbackResult NotePong(Connection connection, ref TestSession session, in CallbackData data)
    {
        Pongs.Add(Encoding.Latin1.GetString(data.In));
        return CallbackResult.Continue;
    }

    private (int Watches, int Timers, int Connections, int Descriptors) Holdings() =>
        (Harness.Loop.WatchCount, Harness.Loop.TimerCount, Context.Thread.ConnectionCount, Io.OpenDescriptors.Count);

    /// <summary>Before the context goes: all that the row did is over, and the witness has noticed nothing.</summary>
    private void CheckBalance()
    {
        Io.Heal();
        AssertWitnessIsServed();
        foreach (RawPeer peer in _peers) peer.Dispose();
        Harness.RunUntil(() => Context.Thread.ConnectionCount <= _before.Connections, "every connection but the witness ends");
        Harness.Settle();
        Assert.Equal(_before, Holdings());
        Assert.Null(Recorder.FindImbalance(allEnded: false));
        Assert.DoesNotContain(CallbackReason.WsiDestroy, Recorder.ReasonsOf(_witnessId));
        Assert.DoesNotContain(Log.Lines, line => line.Level >= LogLevel.Error);
        AssertWitnessIsServed();
    }
}

/// <summary>Which side of a WebSocket the library plays.</summary>
public enum Side
{
    Server,
    Client,
}
