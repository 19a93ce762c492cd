using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>
/// Random bytes in random cuts against our server and our client. Whatever comes, nothing is thrown, every connection ends once and gives back
/// what it held, and another connection's messages are echoed all the while. The month is the seed; <c>EVENTLOOPS_SEED</c> sets another one.
/// </summary>
public abstract class NoiseRows(LoopFactory factory) : IDisposable
{
    // Four scenarios on five loops make a hundred megabytes.
    private const long BytesPerScenario = 5_000_000;
    private const int PeersAtOnce = 6;

    // Time alone says little on a busy machine, and turns alone little about a kernel that is slow to deliver: a witness that waits has had both.
    private const int TurnsToWait = 500;

    private static readonly int s_seed = SeedOf(Environment.GetEnvironmentVariable("EVENTLOOPS_SEED"));

    private readonly LoopBench _bench = new(factory);
    private readonly PairCounter _pairs = new();
    private readonly LogBook _log = new();
    private readonly List<NoisePeer?> _peers = [.. new NoisePeer?[PeersAtOnce]];
    private readonly TestProtocol _protocol = new("noise");
    private Socket? _listener;
    private RawPeer? _witness;
    private int _echoes;
    private int _turnsWaited = -1;
    private long _waitsSince;

    [Fact]
    public void H17_noise_from_the_first_byte_harms_nobody_else() => Run(1, (context, random) =>
        new NoisePeer(ConnectTo(context), random, "", null, PureOr(random, NoiseSource.Requests)));

    [Fact]
    public void W18_noise_on_an_open_WebSocket_harms_nobody_else() => Run(2, (context, random) =>
        new NoisePeer(ConnectTo(context), random, RawPeer.UpgradeRequest(), null, PureOr(random, piece => NoiseSource.Frames(piece, masked: true))));

    [Fact]
    public void U12_noise_instead_of_a_reply_harms_nobody_else() => Run(3, (context, random) => Accept(context) is { } socket
        ? new NoisePeer(socket, random, "", random.Next(2) == 0 ? _ => "HTTP/1.1 " : null, PureOr(random, NoiseSource.Reply))
        : null);

    [Fact]
    public void W18_noise_from_a_server_after_its_reply_harms_nobody_else() => Run(4, (context, random) => Accept(context) is { } socket
        ? new NoisePeer(socket, random, "", head => RawPeer.UpgradeReply(head), PureOr(random, piece => NoiseSource.Frames(piece, masked: false)))
        : null);

    private bool HasComeToSomething => _pairs.Ended > PeersAtOnce && _pairs.Delivered > 0;

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        DisposePeers();
        _bench.Dispose();
    }

    private void Run(int scenario, Func<LoopContext, Random, NoisePeer?> nextPeer)
    {
        try
        {
            // Chance must come out the same again for the same seed, which no secure generator offers; it guards nothing here.
#pragma warning disable CA5394
            Random random = new(s_seed + scenario);
#pragma warning restore CA5394
            LoopContext context = Start();

            // How much of it makes a message depends on chance and on how the kernel cuts it; a few runs need more.
            for (long sent = 0; sent < BytesPerScenario || (!HasComeToSomething && sent < 20 * BytesPerScenario);) sent += Step(context, random, nextPeer);
            End(context);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"EVENTLOOPS_SEED={s_seed} shows this again.", exception);
        }
    }

    /// <summary>One cut of each peer, one turn of the loop, and a look at the witness.</summary>
    private long Step(LoopContext context, Random random, Func<LoopContext, Random, NoisePeer?> nextPeer)
    {
        long sent = 0;
        for (int i = 0; i < _peers.Count; i++)
        {
            if (_peers[i] is { IsOver: true } over)
            {
                over.Dispose();
                _peers[i] = null;
            }

            _peers[i] ??= nextPeer(context, random);
            sent += _peers[i]?.Pump() ?? 0;
        }

        _bench.Harness.Turn();
        CheckWitness();
        Assert.Null(_pairs.Mistake);
        return sent;
    }

    /// <summary>The witness always has one message on its way, and no other connection may delay its echo for long.</summary>
    private void CheckWitness()
    {
        if (_turnsWaited < 0)
        {
            _witness!.SendText($"message {_echoes}");
            _turnsWaited = 0;
            _waitsSince = Stopwatch.GetTimestamp();
            return;
        }

        _witness!.Pump();
        if (!_witness.TryReadFrame(out RawFrame echo))
        {
            bool hasTime = ++_turnsWaited < TurnsToWait || Stopwatch.GetElapsedTime(_waitsSince) < LoopHarness.Patience;
            Assert.True(hasTime, $"The witness waits for the echo of message {_echoes}.");
            return;
        }

        Assert.Equal($"message {_echoes++}", echo.Text);
        _turnsWaited = -1;
    }

    private void End(LoopContext context)
    {
        DisposePeers();
        _bench.Harness.RunUntil(() => _pairs.Living == 1, "every connection but the witness ends");
        _bench.Harness.Settle();
        Assert.Equal(1, context.Thread.ConnectionCount);
        Assert.Null(_pairs.Mistake);
        Assert.True(HasComeToSomething, "The noise came to nothing.");
        Assert.True(_echoes > 10, "The witness was hardly served.");
        Assert.DoesNotContain(_log.Lines, line => line.Level >= LogLevel.Warning);
    }

    private LoopContext Start()
    {
        _protocol.OnReceive((connection, ref session, in data) =>
        {
            session.Message.Append(data.In);
            if (!data.Message.IsFinalFragment) return CallbackResult.Continue;

            connection.TrySend(session.Message.Span, data.Message.Kind);
            session.Message.Clear();
            return CallbackResult.Continue;
        });
        _protocol.On(CallbackReason.Http, connection =>
        {
            if (connection.RequestContentLength == 0) connection.Respond(200, "text/plain", "here"u8);
        });
        _protocol.On(CallbackReason.HttpBodyCompletion, connection => connection.Respond(200, "text/plain", "read"u8));

        LoopContext context = _bench.Own(new LoopContext(new LoopContextOptions
        {
            Loop = _bench.Loop,
            Tracer = _pairs,
            Logger = _log,
            Limits = new ConnectionLimits { MaxMessageSize = 1_000_000 },
            VirtualHosts = [LoopBench.HostOf(_protocol), LoopBench.HostOf(new WritableEcho())],
        }));
        _witness = _bench.Own(RawPeer.Connect(context.VirtualHosts[1].LocalEndPoints[0], _bench.Harness));
        _witness.Upgrade();
        return context;
    }

    private static Socket ConnectTo(LoopContext context)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(LoopBench.EndPointOf(context));
        return socket;
    }

    /// <summary>Keeps as many of our clients on their way as there are places for peers, and takes one that has arrived.</summary>
    private Socket? Accept(LoopContext context)
    {
        if (_listener is null)
        {
            _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen();
        }

        while (context.Thread.ConnectionCount <= PeersAtOnce) _bench.Dial(context, _listener.LocalEndPoint!, _protocol);
        return _listener.Poll(0, SelectMode.SelectRead) ? _listener.Accept() : null;
    }

    /// <summary>Ends the peers, and with the listener those that nobody has accepted yet.</summary>
    private void DisposePeers()
    {
        foreach (NoisePeer? peer in _peers) peer?.Dispose();
        _listener?.Dispose();
    }

    private static Func<Random, byte[]> PureOr(Random random, Func<Random, byte[]> almostValid) =>
        random.Next(4) == 0 ? NoiseSource.Pure : almostValid;

    private static int SeedOf(string? given) =>
        given is not null ? int.Parse(given, CultureInfo.InvariantCulture) : (DateTime.UtcNow.Year * 12) + DateTime.UtcNow.Month;
}
