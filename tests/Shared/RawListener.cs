using System.Net;

namespace EventLoops.Tests;

/// <summary>A plain listening socket on a free port of the loopback, for clients under test to connect to.</summary>
public sealed class RawListener : IDisposable
{
    private readonly PeerListener _listener;
    private readonly LoopHarness? _harness;
    private readonly List<RawPeer> _peers = [];

    /// <summary>Listens in a network of its own.</summary>
    public RawListener(LoopHarness harness, PeerNetwork network)
    {
        _harness = harness;
        _listener = network.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        EndPoint = _listener.EndPoint;
    }

    /// <summary>Listens.</summary>
    /// <param name="harness">Who moves the bytes of the peers.</param>
    /// <param name="endPoint">Where; a free port of 127.0.0.1 by default.</param>
    public RawListener(LoopHarness? harness = null, EndPoint? endPoint = null)
    {
        _harness = harness;
        _listener = (harness?.Network ?? PeerNetwork.Loopback).Listen(endPoint ?? new IPEndPoint(IPAddress.Loopback, 0));
        EndPoint = _listener.EndPoint;
    }

    /// <summary>Where it listens.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>The same as the address of a WebSocket.</summary>
    public Uri Uri => _harness?.Layer?.Over(new Uri($"ws://{EndPoint}/")) ?? new Uri($"ws://{EndPoint}/");

    /// <summary>Waits for a connection and takes it; it is closed with the listener.</summary>
    public RawPeer Accept()
    {
        RawPeer peer = new(AcceptSocket(), isClient: false, _harness);
        _peers.Add(peer);
        return peer;
    }

    /// <summary>Waits for a connection and takes it as a socket, which is the caller's to close.</summary>
    public PeerSocket AcceptSocket()
    {
        PeerSocket? socket = null;
        if (_harness is not null) _harness.RunUntil(() => (socket = _listener.TryAccept(TimeSpan.Zero)) is not null, "a connection to accept");
        else socket = _listener.TryAccept(LoopHarness.Patience) ?? throw new TimeoutException("Nobody connected.");

        return socket!;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (RawPeer peer in _peers) peer.Dispose();
        _listener.Dispose();
    }
}
