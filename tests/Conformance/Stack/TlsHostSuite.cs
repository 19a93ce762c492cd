using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// Virtual hosts over TLS: which of them a name in the handshake leads to, which certificate it shows, and what a cut means to whoever stands behind it. The loop is to be one over
/// <see cref="OverTls"/>.
/// </summary>
public abstract class TlsHostSuite(LoopFactory factory) : LoopBench(factory)
{
    [Fact]
    public void Two_hosts_of_a_port_are_told_apart_by_the_name_in_the_handshake_and_a_request_for_the_other_is_421()
    {
        LoopContext context = ServeTwo();

        Assert.Equal((TestCertificate.Ecdsa, 200, "a"), Ask(context, "a.test", "a.test"));
        Assert.Equal((TestCertificate.Rsa, 200, "b"), Ask(context, "b.test", "b.test"));
        Assert.Equal((TestCertificate.Rsa, 200, "b"), Ask(context, "cats.b.test", "cats.b.test:443"));
        Assert.Equal((TestCertificate.Ecdsa, 200, "a"), Ask(context, "other.test", "other.test"));
        Assert.Equal(421, Ask(context, "a.test", "b.test").Status);
        Assert.Equal(421, Ask(context, "b.test", "a.test").Status);
    }

    [Fact]
    public void A_certificate_is_replaced_while_clients_are_connected_who_stay_and_new_ones_see_the_new_one()
    {
        LoopContext context = ServeTwo();
        List<TlsPeer> before = [.. Enumerable.Range(0, 10).Select(_ => Own(TlsPeer.Connect(Harness, EndPointOf(context), "a.test")))];
        Harness.RunUntil(() => before.TrueForAll(peer => peer.IsReady));

        context.VirtualHosts[0].ReloadCertificates([TlsCertificate.From(TestCertificate.Rsa.Certificate)]);

        Assert.Equal((TestCertificate.Rsa, 200, "a"), Ask(context, "a.test", "a.test"));
        foreach (TlsPeer peer in before)
        {
            Assert.Equal("a", Ask(peer, "a.test").Text);
            Assert.Equal(TestCertificate.Ecdsa.Certificate.RawData, peer.PeerCertificate);
        }
    }

    [Fact]
    public void A_host_is_added_and_destroyed_while_its_neighbours_clients_are_connected()
    {
        LoopContext context = ServeTwo();
        TlsPeer neighbour = Own(TlsPeer.Connect(Harness, EndPointOf(context), "a.test"));
        Assert.Equal("a", Ask(neighbour, "a.test").Text);

        VirtualHost third = context.CreateVirtualHost(HostNamed("c.test", TestCertificate.Rsa, EndPointOf(context)));
        Assert.Equal((TestCertificate.Rsa, 200, "c"), Ask(context, "c.test", "c.test"));
        third.Destroy();

        Assert.Equal((TestCertificate.Ecdsa, 200, "a"), Ask(context, "c.test", "c.test"));
        Assert.Equal("a", Ask(neighbour, "a.test").Text);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_tunnel_whose_stream_is_cut_is_reset_on_the_other_side_and_one_that_has_ended_is_ended(bool byClient, bool isCut)
    {
        RawListener origin = Own(new RawListener(Harness, Harness.PlainNetwork));
        LoopContext context = Serve(new VirtualHostOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [NewProtocol()],
            Origin = OriginPolicy.Any,
            Mounts = [new Mount { MountPoint = "/app", Origin = MountOrigin.Https(origin.EndPoint.ToString()!) }],
        });
        TlsPeer client = Own(TlsPeer.Connect(Harness, EndPointOf(context)));
        client.Peer.RequestUpgrade("/app");
        TlsPeer server = Own(TlsPeer.Accept(Harness, origin.AcceptSocket()));
        server.Peer.AcceptUpgrade();
        client.Peer.ReadHead();
        (TlsPeer from, TlsPeer to) = byClient ? (client, server) : (server, client);

        from.Peer.Send("the last words");
        Assert.Equal("the last words", to.Peer.ReadText(14));
        if (isCut) from.Cut();
        else from.Peer.EndStream();

        to.Peer.WaitUntil(() => to.Peer.IsOver);
        Assert.Equal(isCut, to.Peer.IsReset);
        Assert.Equal(!isCut, to.HasSeenCloseNotify);
    }

    private LoopContext ServeTwo()
    {
        LoopContext context = Serve(HostNamed("a.test", TestCertificate.Ecdsa, new IPEndPoint(IPAddress.Loopback, 0)));
        context.CreateVirtualHost(HostNamed("b.test", TestCertificate.Rsa, EndPointOf(context)));
        return context;
    }

    /// <summary>A host that answers with the first letter of its name.</summary>
    private VirtualHostOptions HostNamed(string name, TestCertificate certificate, EndPoint endPoint) => new()
    {
        Name = name,
        Endpoints = [endPoint],
        Protocols = [NewProtocol().On(CallbackReason.Http, connection => connection.Respond(200, "text/plain", new byte[] { (byte)name[0] }))],
        Tls = new TlsOptions { Certificates = [TlsCertificate.From(certificate.Certificate)] },
    };

    private (TestCertificate Certificate, int Status, string Text) Ask(LoopContext context, string name, string host)
    {
        TlsPeer peer = Own(TlsPeer.Connect(Harness, EndPointOf(context), name));
        HttpAnswer answer = Ask(peer, host);
        byte[] shown = peer.PeerCertificate;
        TestCertificate certificate = shown.AsSpan().SequenceEqual(TestCertificate.Rsa.Certificate.RawData) ? TestCertificate.Rsa : TestCertificate.Ecdsa;
        Assert.Equal(certificate.Certificate.RawData, shown);
        return (certificate, answer.Status, answer.Text);
    }

    private static HttpAnswer Ask(TlsPeer peer, string host)
    {
        peer.Peer.Send($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        return HttpAnswer.Read(peer.Peer);
    }
}
