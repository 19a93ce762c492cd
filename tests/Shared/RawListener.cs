using System.Net;
using System.Net.Sockets;

namespace EventLoops.Tests;

/// <summary>A plain listening socket on a free port of the loopback, for clients under test to connect to.</summary>
public sealed class RawListener : IDisposable
{
    private readonly Socket _socket;
    private readonly LoopHarness? _harness;
    private readonly List<RawPeer> _peers = [];

    /// <summary>Listens.</summary>
    /// <param name="harness">Who moves the bytes of the peers.</param>
    /// <param name="endPoint">Where; a free port of 127.0.0.1 by default.</param>
    public RawListener(LoopHarness? harness = null, EndPoint? endPoint = null)
    {
        _harness = harness;
        endPoint ??= new IPEndPoint(IPAddress.Loopback, 0);
        ProtocolType protocol = endPoint.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp;
        _socket = new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);
        _socket.Bind(endPoint);
        _socket.Listen();
        _socket.Blocking = false;
        EndPoint = _socket.LocalEndPoint!;
    }

    /// <summary>Where it listens.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>The same as the address of a WebSocket.</summary>
    public Uri Uri => new($"ws://{EndPoint}/");

    /// <summary>Waits for a connection and takes it; it is closed with the listener.</summary>
    public RawPeer Accept()
    {
        if (_harness is not null) _harness.RunUntil(() => _socket.Poll(0, SelectMode.SelectRead), "a connection to accept");
        else if (!_socket.Poll(LoopHarness.Patience, SelectMode.SelectRead)) throw new TimeoutException("Nobody connected.");

        RawPeer peer = new(_socket.Accept(), isClient: false, _harness);
        _peers.Add(peer);
        return peer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (RawPeer peer in _peers) peer.Dispose();
        _socket.Dispose();
    }
}
