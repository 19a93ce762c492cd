using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>TLS where it makes a difference once it is agreed on: ends and cuts, what it goes through, and what it costs.</summary>
public abstract class TlsSuite(LoopFactory factory) : TlsBench(factory)
{
    [Fact]
    public void The_end_is_said_in_TLS_as_well()
    {
        LoopContext context = Serve(NewProtocol());
        TlsPeer peer = Own(TlsPeer.Connect(Harness, EndPointOf(context)));
        peer.Peer.Upgrade();
        peer.Peer.SendClose();

        peer.Peer.ReadToEnd();

        Assert.True(peer.HasSeenCloseNotify);
    }

    [Fact]
    public void A_context_that_is_disposed_says_the_end_in_TLS_as_well()
    {
        LoopContext context = Serve(NewProtocol());
        TlsPeer peer = Own(TlsPeer.Connect(Harness, EndPointOf(context)));
        peer.Peer.Upgrade();

        context.Dispose();
        peer.Peer.WaitUntil(() => peer.Peer.IsOver);

        Assert.True(peer.HasSeenCloseNotify);
    }

    [Fact]
    public void A_websocket_that_is_cut_off_is_1006_and_says_so()
    {
        (TlsPeer peer, _) = OpenServerSide();

        peer.Cut();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        CloseInfo close = Recorder.Closes[0].Close;
        Assert.Equal((WebSocketCloseCode.Abnormal, ProtocolFault.TlsCutShort), (close.Code, close.Fault));
    }

    [Fact]
    public void A_websocket_whose_peer_says_close_notify_is_1006_and_was_not_cut()
    {
        (TlsPeer peer, _) = OpenServerSide();

        peer.Peer.EndStream();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        CloseInfo close = Recorder.Closes[0].Close;
        Assert.Equal((WebSocketCloseCode.Abnormal, ProtocolFault.None, CloseOrigin.Remote), (close.Code, close.Fault, close.Origin));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_reply_that_goes_on_until_the_end_is_complete_only_when_the_end_was_said(bool isCut)
    {
        (TlsPeer server, Connection connection) = OpenClientSide("https://test/");
        server.Peer.ReadHead();
        server.Peer.Send("HTTP/1.1 200 OK\r\n\r\nall of it?");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.ReceiveClientHttpRead));
        if (isCut) server.Cut();
        else server.Peer.EndStream();

        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.WsiDestroy, connection) == 1);

        Assert.Equal(isCut ? 0 : 1, Recorder.CountOf(CallbackReason.CompletedClientHttp, connection));
        Assert.Equal(isCut ? ProtocolFault.TlsCutShort : ProtocolFault.None, Recorder.Closes[^1].Close.Fault);
    }

    [Fact]
    public void An_answer_that_is_broken_off_is_not_followed_by_close_notify()
    {
        TestProtocol protocol = NewProtocol();
        protocol.On(CallbackReason.Http, connection =>
        {
            connection.StartResponse(200, "text/plain", -1);
            connection.WriteBody("half of it"u8);
            connection.RequestWritable();
        }).On(CallbackReason.HttpWriteable, _ => throw new InvalidOperationException("The test's own."));
        TlsPeer peer = Own(TlsPeer.Connect(Harness, EndPointOf(Serve(protocol))));

        peer.Peer.Send("GET / HTTP/1.0\r\n\r\n");
        string answer = peer.Peer.ReadToEnd();

        Assert.EndsWith("half of it", answer, StringComparison.Ordinal);
        Assert.False(peer.HasSeenCloseNotify);
    }

    [Fact]
    public void A_flood_of_key_updates_ends_the_connection()
    {
        LoopContext context = Serve(HostOf(NewProtocol().On(CallbackReason.Http, _ => { })), new ConnectionLimits { MaxControlRate = 100 });
        TlsPeer peer = Own(TlsPeer.Connect(Harness, EndPointOf(context)));
        peer.Peer.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.Http));

        peer.UpdateKeys(90);
        Harness.Settle();
        Assert.False(peer.Peer.IsOver);
        Harness.Advance(TimeSpan.FromSeconds(2));
        peer.UpdateKeys(90);
        Harness.Settle();
        Assert.False(peer.Peer.IsOver);
        peer.UpdateKeys(90);

        peer.Peer.WaitUntil(() => peer.Peer.IsOver);
        peer.Peer.EndStream();
        Harness.RunUntil(() => context.Thread.ConnectionCount == 0);
    }

    [Fact]
    public void A_tunnel_is_spoken_through_with_TLS()
    {
        RawListener proxy = ListenPlain();
        LoopContext context = NewClientContext();
        Connection connection = context.Connect(new ClientConnectOptions
        {
            Uri = new Uri("wss://far.test/"),
            Proxy = new Uri($"http://{proxy.EndPoint}"),
            Protocols = [NewProtocol()],
        });
        PeerSocket wire = proxy.AcceptSocket();
        byte[] asked = new byte[4096];
        int length = 0;
        Harness.RunUntil(() => (length = wire.Receive(asked).Value) > 0, "the request for a tunnel");
        Assert.StartsWith("CONNECT far.test:443 HTTP/1.1\r\n", System.Text.Encoding.ASCII.GetString(asked, 0, length), StringComparison.Ordinal);
        Assert.False(wire.Send("HTTP/1.1 200 Go ahead\r\n\r\n"u8).IsError);

        TlsPeer server = Own(TlsPeer.Accept(Harness, wire));
        server.Peer.AcceptUpgrade("test");
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.ClientEstablished, connection) == 1);

        Assert.Equal("far.test", server.Agreed.ServerName);
    }

    [Fact]
    public void A_redirect_to_https_is_followed()
    {
        RawListener plain = ListenPlain();
        RawListener secured = Listen();
        LoopContext context = NewClientContext();
        context.Connect(new ClientConnectOptions { Uri = new Uri($"http://{plain.EndPoint}/"), Protocols = [NewProtocol()], FollowRedirects = true });
        RawPeer first = plain.Accept();
        first.ReadHead();
        first.Send($"HTTP/1.1 301 Elsewhere\r\nLocation: https://localhost:{((IPEndPoint)secured.EndPoint).Port}/b\r\nContent-Length: 0\r\n\r\n");
        RawPeer second = secured.Accept();

        Assert.StartsWith("GET /b HTTP/1.1\r\n", second.ReadHead(), StringComparison.Ordinal);
        second.Send("HTTP/1.1 204 Done\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.CompletedClientHttp));
    }

    [Fact]
    public void Sixteen_KiB_are_echoed_with_one_read_and_one_write()
    {
        RawPeer peer = Open(Serve(new SendingEcho()));
        byte[] message = new byte[16 * 1024];
        peer.SendBinary(message);
        Assert.Equal(message.Length, peer.ReadFrame().Payload.Length);
        Harness.Settle();
        Io.ResetCounts();

        const int Echoes = 20;
        for (int i = 0; i < Echoes; i++)
        {
            peer.SendBinary(message);
            Assert.Equal(message.Length, peer.ReadFrame().Payload.Length);
        }

        // A kernel may bring a message in two pieces now and then; the wait, which is not counted here, is the third call.
        Assert.InRange(Io.CountOf(SystemCall.Receive) + Io.CountOf(SystemCall.Send), 2 * Echoes, 2.5 * Echoes);
    }

    [Fact]
    public void Nothing_of_OpenSSL_is_left_when_everybody_has_gone()
    {
        int before = TlsPeer.LiveObjects;
        LoopContext context = Serve(NewProtocol());
        List<TlsPeer> peers = [.. Enumerable.Range(0, 10).Select(_ => Own(TlsPeer.Connect(Harness, EndPointOf(context))))];
        Harness.RunUntil(() => peers.TrueForAll(peer => peer.IsReady));
        Harness.RunUntil(() => TlsPeer.LiveObjects == before + 20);
        foreach (TlsPeer peer in peers)
        {
            if (peers.IndexOf(peer) % 3 == 0) peer.Peer.Reset();
            else if (peers.IndexOf(peer) % 3 == 1) peer.Peer.EndStream();
            else peer.Cut();
        }

        Harness.RunUntil(() => context.Thread.ConnectionCount == 0);
        foreach (TlsPeer peer in peers) peer.Dispose();

        Assert.Equal(before, TlsPeer.LiveObjects);
    }

    private (TlsPeer Peer, Connection Connection) OpenServerSide()
    {
        TestProtocol protocol = NewProtocol();
        TlsPeer peer = Own(TlsPeer.Connect(Harness, EndPointOf(Serve(protocol))));
        peer.Peer.Upgrade(protocols: "test");
        Harness.RunUntil(() => protocol.Newest is not null);
        return (peer, protocol.Newest!);
    }

    private (TlsPeer Server, Connection Connection) OpenClientSide(string uri)
    {
        RawListener listener = ListenPlain();
        Connection connection = NewClientContext().Connect(new ClientConnectOptions { Uri = new Uri(uri), EndPoint = listener.EndPoint, Protocols = [NewProtocol()] });
        return (Own(TlsPeer.Accept(Harness, listener.AcceptSocket())), connection);
    }
}
