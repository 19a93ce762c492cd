using System.Security.Authentication;
using EventLoops.OpenSsl;
using Xunit;

namespace EventLoops.Tests.Tls;

/// <summary>The engine alone: what it agrees on, what it costs, and what it does not let a peer do.</summary>
public sealed class TlsEngineTests
{
    [Theory]
    [InlineData(SslProtocols.Tls12, "TLSv1.2")]
    [InlineData(SslProtocols.Tls13, "TLSv1.3")]
    public void What_was_agreed_can_be_asked_for(SslProtocols protocols, string version)
    {
        using TlsWire wire = TlsWire.OfEngines(protocols).Open();
        TlsAgreement server = ((EnginePeer)wire.Server).Engine.Agreement;

        Assert.Equal(version, server.Version);
        Assert.Equal("localhost", server.ServerName);
        Assert.NotEmpty(server.CipherSuite);
        Assert.False(server.IsResumed);
        Assert.Null(server.ApplicationProtocol);
        Assert.Equal(TestCertificate.Ecdsa.Certificate.RawData, ((EnginePeer)wire.Client).Engine.GetPeerCertificate());
        Assert.Null(((EnginePeer)wire.Server).Engine.GetPeerCertificate());
    }

    [Fact]
    public void Http_without_TLS_is_named_as_what_it_is()
    {
        using EnginePeer server = new(TlsWire.NewServer());

        server.Feed("GET / HTTP/1.1\r\n\r\n"u8);

        Assert.Equal(ProtocolFault.TlsHandshakeFailed, server.Engine.Fault);
        Assert.Equal("http request", server.Engine.FaultReason);
    }

    [Fact]
    public void A_fatal_alert_is_named_in_words()
    {
        using TlsWire wire = TlsWire.OfEngines(SslProtocols.Tls12).Open();
        EnginePeer client = (EnginePeer)wire.Client;

        // A record that is none makes the server say so.
        wire.Server.Feed([0x17, 3, 3, 0, 32, .. new byte[32]]);
        wire.Flow();

        Assert.Equal(ProtocolFault.TlsAlert, client.Engine.Fault);
        Assert.Contains("bad record mac", client.Engine.FaultReason, StringComparison.Ordinal);
    }

    [Fact]
    public void Key_updates_are_counted_and_reported_one_by_one()
    {
        using TlsWire wire = TlsWire.OfEngines(SslProtocols.Tls13).Open();
        EnginePeer server = (EnginePeer)wire.Server;
        for (int i = 0; i < 100; i++)
        {
            UpdateKey((EnginePeer)wire.Client);
            wire.Client.Write("x"u8);
        }

        byte[] flood = wire.Client.Take(int.MaxValue);

        TlsStep step = server.Engine.Read(flood, new byte[1024], new byte[ITlsEngine.MinimumRoom]);
        Assert.Equal(TlsStatus.Control, step.Status);
        Assert.Equal(1, server.Engine.ControlRecords);

        server.Feed(flood.AsSpan(step.Consumed));

        Assert.Equal(100, server.Received.Count);
        Assert.Equal(100, server.Engine.ControlRecords);
    }

    [Fact]
    public void Negotiating_again_is_refused_and_changes_nothing()
    {
        using TlsWire wire = TlsWire.OfEngines(SslProtocols.Tls12).Open();
        EnginePeer client = (EnginePeer)wire.Client;
        EnginePeer server = (EnginePeer)wire.Server;
        Renegotiate(client);
        server.Feed(client.Take(int.MaxValue));

        Assert.False(server.IsBroken);
        Assert.Equal(1, server.Engine.ControlRecords);
        wire.Server.Write("as before"u8);
        Assert.NotEmpty(wire.Server.Outgoing);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public void Reading_and_writing_allocates_nothing(SslProtocols protocols)
    {
        using TlsWire wire = TlsWire.OfEngines(protocols).Open();
        ITlsEngine client = ((EnginePeer)wire.Client).Engine;
        ITlsEngine server = ((EnginePeer)wire.Server).Engine;
        byte[] message = new byte[20_000];
        byte[] ciphertext = new byte[4 * ITlsEngine.MinimumRoom];
        byte[] plaintext = new byte[64 * 1024];
        byte[] room = new byte[ITlsEngine.MinimumRoom];

        long received = 0;

        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                TlsStep written = client.Write(message, ciphertext);
                TlsStep read = server.Read(ciphertext.AsSpan(0, written.Ciphertext), plaintext, room);
                received += read.Plaintext;
            }
        }));
        Assert.Equal(0, received % message.Length);
        Assert.NotEqual(0, received);
    }

    private static unsafe void UpdateKey(EnginePeer peer)
    {
        nint ssl = ((OpenSslEngine)peer.Engine).Ssl;
        var update = (delegate* unmanaged[Cdecl]<nint, int, int>)OpenSslLoader.Ssl.Get("SSL_key_update");
        Assert.Equal(1, update(ssl, 0));
    }

    private static unsafe void Renegotiate(EnginePeer peer)
    {
        nint ssl = ((OpenSslEngine)peer.Engine).Ssl;
        var clear = (delegate* unmanaged[Cdecl]<nint, ulong, ulong>)OpenSslLoader.Ssl.Get("SSL_clear_options");
        _ = clear(ssl, LibSsl.OptionNoRenegotiation);
        var renegotiate = (delegate* unmanaged[Cdecl]<nint, int>)OpenSslLoader.Ssl.Get("SSL_renegotiate");
        Assert.Equal(1, renegotiate(ssl));

        // The first message of a new handshake goes in front of the next data, which waits for the answer.
        byte[] room = new byte[2 * ITlsEngine.MinimumRoom];
        TlsStep step = peer.Engine.Write("x"u8, room);
        Assert.Equal(0, step.Consumed);
        peer.Outgoing.AddRange(room[..step.Ciphertext]);
    }
}
