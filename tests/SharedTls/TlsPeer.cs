using EventLoops.OpenSsl;

namespace EventLoops.Tests;

/// <summary>A peer that speaks TLS and can misbehave beneath what it says.</summary>
public sealed class TlsPeer : IDisposable
{
    private const int UpdateNotRequested = 0;

    private readonly TlsPeerSocket _socket;
    private readonly PeerSocket _wire;

    private TlsPeer(PeerSocket wire, ITlsEngine engine, bool isClient, LoopHarness harness)
    {
        _wire = wire;
        _socket = new TlsPeerSocket(wire, engine);
        Peer = new RawPeer(_socket, isClient, harness);
    }

    /// <summary>How many SSL objects of OpenSSL there are in the process.</summary>
    public static int LiveObjects => SslHandle.Live;

    /// <summary>What it says and hears, without TLS.</summary>
    public RawPeer Peer { get; }

    /// <summary>Whether the handshake is over.</summary>
    public bool IsReady => _socket.Engine.IsHandshakeDone;

    /// <summary>Whether the other side has said close_notify.</summary>
    public bool HasSeenCloseNotify => _socket.HasSeenCloseNotify;

    /// <summary>What was agreed: the version and the name that was asked for.</summary>
    public (string Version, string? ServerName) Agreed => (_socket.Engine.Agreement.Version, _socket.Engine.Agreement.ServerName);

    /// <summary>Why its own TLS has failed, or <see cref="ProtocolFault.None"/>.</summary>
    public ProtocolFault Fault => _socket.Engine.Fault;

    /// <summary>The certificate that the other side has shown, in DER.</summary>
    public byte[] PeerCertificate => _socket.Engine.GetPeerCertificate() ?? [];

    /// <summary>Connects as a client that asks for a name.</summary>
    public static TlsPeer Connect(LoopHarness harness, System.Net.EndPoint endPoint, string name = "localhost") =>
        new(harness.PlainNetwork.Connect(endPoint, receiveBuffer: 0), TlsNetwork.NewClientEngine(name), isClient: true, harness);

    /// <summary>Takes over a plain connection as its server, in place of the peer that had it.</summary>
    public static TlsPeer Accept(LoopHarness harness, PeerSocket wire) => new(wire, TlsNetwork.NewServerEngine(), isClient: false, harness);

    /// <summary>Ends the stream without close_notify.</summary>
    public void Cut() => _wire.ShutdownWrite();

    /// <summary>Changes its keys so many times, as often as TLS lets it.</summary>
    public unsafe void UpdateKeys(int times)
    {
        nint ssl = ((OpenSslEngine)_socket.Engine).Ssl;
        var update = (delegate* unmanaged[Cdecl]<nint, int, int>)OpenSslLoader.Ssl.Get("SSL_key_update");
        for (int i = 0; i < times; i++)
        {
            if (update(ssl, UpdateNotRequested) != 1) throw new InvalidOperationException("OpenSSL does not update the keys.");

            // It goes out in front of the next data, of which there is as little as there can be.
            Peer.Send([0]);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Peer.Dispose();
}
