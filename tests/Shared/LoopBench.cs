using System.Net;

namespace EventLoops.Tests;

/// <summary>
/// What a test of the library works on: the loop under test with counted system calls and a clock of its own, contexts on it, and peers. When it is disposed it
/// closes the contexts and then checks that everything is as it was: callbacks paired, no watch, timer, connection or descriptor left.
/// </summary>
public class LoopBench : IDisposable
{
    private readonly LoopFactory _factory;
    private readonly Ledger _ledger = new();
    private readonly List<LoopContext> _contexts = [];
    private readonly List<IDisposable> _peers = [];

    /// <summary>Makes the loop.</summary>
    /// <param name="factory">Which one.</param>
    public LoopBench(LoopFactory factory)
    {
        _factory = factory;
        Harness = factory(new EventLoopOptions { SocketIo = Io, TimeProvider = Time });
        Harness.Watch(() => Io.Total);
        Harness.Watch(() => Recorder.Calls.Count);
    }

    /// <summary>The system calls of the loop.</summary>
    public CountingSocketIo Io { get; } = new();

    /// <summary>The clock of the loop.</summary>
    public ManualTime Time { get; } = new();

    /// <summary>Who turns the loop.</summary>
    public LoopHarness Harness { get; }

    /// <summary>The loop.</summary>
    public EventLoop Loop => Harness.Loop;

    /// <summary>What was called, in all contexts that were made here.</summary>
    public Recorder Recorder { get; } = new();

    /// <summary>Another loop of the same kind, with options of its own.</summary>
    public LoopHarness NewLoop(EventLoopOptions options) => _factory(options);

    /// <summary>A protocol that writes its ends down in <see cref="Recorder"/>.</summary>
    public TestProtocol NewProtocol(string name = "test") => new(name, Recorder);

    /// <summary>A virtual host on a free port of the loopback.</summary>
    public static VirtualHostOptions HostOf(params IReadOnlyList<Protocol> protocols) =>
        new() { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = protocols };

    /// <summary>A context that serves these protocols on a free port of the loopback.</summary>
    public LoopContext Serve(params IReadOnlyList<Protocol> protocols) => Serve(HostOf(protocols));

    /// <summary>A context that serves a virtual host.</summary>
    public LoopContext Serve(VirtualHostOptions host, ConnectionLimits? limits = null, ConnectionTimeouts? timeouts = null) =>
        Own(new LoopContext(new LoopContextOptions
        {
            Loop = Loop,
            Tracer = Recorder,
            VirtualHosts = [host],
            Limits = limits ?? new ConnectionLimits(),
            Timeouts = timeouts ?? new ConnectionTimeouts(),
        }));

    /// <summary>A context for clients only.</summary>
    public LoopContext NewClientContext(ConnectionLimits? limits = null, ConnectionTimeouts? timeouts = null) =>
        Own(new LoopContext(new LoopContextOptions
        {
            Loop = Loop,
            Tracer = Recorder,
            Limits = limits ?? new ConnectionLimits(),
            Timeouts = timeouts ?? new ConnectionTimeouts(),
        }));

    /// <summary>Where a context listens first.</summary>
    public static EndPoint EndPointOf(LoopContext context) => context.VirtualHosts[0].LocalEndPoints[0];

    /// <summary>A raw peer that has connected to a context, which has not necessarily accepted it yet.</summary>
    public RawPeer Connect(LoopContext context, int receiveBuffer = 0) => Own(RawPeer.Connect(EndPointOf(context), Harness, receiveBuffer));

    /// <summary>A raw peer with an open WebSocket.</summary>
    public RawPeer Open(LoopContext context, string protocols = "", int receiveBuffer = 0)
    {
        RawPeer peer = Connect(context, receiveBuffer);
        peer.Upgrade(protocols: protocols);
        return peer;
    }

    /// <summary>A raw listener for clients under test.</summary>
    public RawListener Listen(EndPoint? endPoint = null) => Own(new RawListener(Harness, endPoint));

    /// <summary>An address as a client of this bench is to be given it: with TLS where the bench speaks it.</summary>
    public Uri Address(string uri) => Harness.Layer?.Over(new Uri(uri)) ?? new Uri(uri);

    /// <summary>Begins a client connection of a context to an endpoint.</summary>
    public Connection Dial(LoopContext context, EndPoint endPoint, params IReadOnlyList<Protocol> protocols) =>
        context.Connect(new ClientConnectOptions { Uri = Address("ws://test/"), EndPoint = endPoint, Protocols = protocols });

    /// <summary>A client under test, open to a raw peer that plays the server.</summary>
    public (Connection Connection, RawPeer Peer) OpenClient(TestProtocol protocol, ConnectionLimits? limits = null)
    {
        RawListener listener = Listen();
        Connection connection = Dial(NewClientContext(limits), listener.EndPoint, protocol);
        RawPeer peer = listener.Accept();
        peer.AcceptUpgrade(protocol.Name);
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.ClientEstablished, connection) == 1);
        return (connection, peer);
    }

    /// <summary>A connection of a server under test, with the raw peer that has opened it.</summary>
    public (Connection Connection, RawPeer Peer) OpenServer(TestProtocol protocol, ConnectionLimits? limits = null, int receiveBuffer = 0)
    {
        RawPeer peer = Open(Serve(HostOf(protocol), limits), protocol.Name, receiveBuffer);
        Harness.RunUntil(() => protocol.Newest is not null);
        return (protocol.Newest!, peer);
    }

    /// <summary>Either of the two above.</summary>
    public (Connection Connection, RawPeer Peer) Open(TestProtocol protocol, bool isServer, ConnectionLimits? limits = null) =>
        isServer ? OpenServer(protocol, limits) : OpenClient(protocol, limits);

    /// <summary>Has something disposed at the end of the test, before the balance is checked.</summary>
    public T Own<T>(T thing)
        where T : IDisposable
    {
        if (thing is LoopContext context)
        {
            _contexts.Add(context);
            Harness.Layer?.Prepare(context);
        }
        else
        {
            _peers.Add(thing);
        }

        return thing;
    }

    /// <summary>Ends everything and throws when something is left over.</summary>
    public void Dispose()
    {
        try
        {
            Io.Heal();
            foreach (LoopContext context in _contexts) context.Dispose();

            // A context that was disposed inside of a callback leaves at the end of the turn.
            if (!Loop.IsDisposed) Harness.Turn();
            Check();
        }
        finally
        {
            foreach (IDisposable peer in _peers) peer.Dispose();
            Harness.Dispose();
        }

        _ledger.CheckDescriptors();
        GC.SuppressFinalize(this);
    }

    private void Check()
    {
        if (Harness.Unhandled.Count > 0) throw new InvalidOperationException("Something escaped from a handler.", Harness.Unhandled[0]);
        if (Recorder.FindImbalance() is { } imbalance) throw new InvalidOperationException(imbalance);
        if (Io.Mistakes.Count > 0) throw new InvalidOperationException(Io.Mistakes[0]);

        Ledger.CheckEmpty(Loop, _contexts);
        if (Io.OpenDescriptors.Count > 0) throw new InvalidOperationException($"{Io.OpenDescriptors.Count} sockets were not closed.");
    }
}
