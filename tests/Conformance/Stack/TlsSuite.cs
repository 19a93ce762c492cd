using System.Net;
using Microsoft.Extensions.Logging;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// TLS where it makes a difference: handshakes that come to nothing, ends and cuts, peers that speak something else, and what it costs. The loop is to be one over
/// <see cref="OverTls"/>; what these peers say beneath TLS goes over the plain network.
/// </summary>
public abstract class TlsSuite(LoopFactory factory) : LoopBench(factory)
{
    /// <summary>Bytes, and whether OpenSSL finds them worth an alert.</summary>
    public static TheoryData<string, bool> Garbage => new()
    {
        { "\x16\x03\x01\xff\xff" + new string('x', 400), true },
        { "\x16\x03\x01\x00\x05xxxxx", true },
        { "\x16\x03\x01\x00\x04\x01\x00\x00\x00", true },
        { "\x16\x03\x03\x00\x04\x02\x00\x00\x00", true },
        { "\x16\x02\x00\x00\x01\x01", false },
    };

    [Theory]
    [MemberData(nameof(Garbage))]
    public void Garbage_in_a_handshake_is_answered_by_an_alert_and_the_end(string bytes, bool hasAlert)
    {
        LoopContext context = Serve(NewProtocol());
        RawPeer peer = ConnectPlain(context);

        peer.Send(bytes);
        string answer = peer.ReadToEnd();
        peer.EndStream();
        Harness.RunUntil(() => context.Thread.ConnectionCount == 0);

        Assert.Equal(hasAlert ? "\x15" : "", answer.Length == 0 ? "" : answer[..1]);
        Assert.Equal(1, Recorder.CountOf(CallbackReason.ClosedHttp));
    }

    [Fact]
    public void A_handshake_that_is_not_finished_ends_at_its_deadline()
    {
        LoopContext context = Serve(NewProtocol());
        RawPeer silent = ConnectPlain(context);
        RawPeer half = ConnectPlain(context);
        half.Send("\x16\x03\x01\x02\x00");
        Harness.RunUntil(() => context.Thread.ConnectionCount == 2);

        Harness.Advance(TimeSpan.FromSeconds(9.9));
        Harness.Settle();
        Assert.Equal(2, context.Thread.ConnectionCount);
        Harness.Advance(TimeSpan.FromSeconds(0.2));

        Harness.RunUntil(() => context.Thread.ConnectionCount == 0 && silent.IsOver && half.IsOver);
        Assert.Equal(2, Recorder.CountOf(CallbackReason.ClosedHttp));
    }

    [Fact]
    public void Each_handshake_that_fails_is_one_line_in_the_log_with_the_reason_in_words()
    {
        Lines lines = new();
        LoopContext context = Own(new LoopContext(new LoopContextOptions { Loop = Loop, Tracer = Recorder, Logger = lines, VirtualHosts = [HostOf(NewProtocol())] }));
        foreach (string bytes in new[] { "\x16\x03\x01\x00\x04\x02\x00\x00\x00", "\x16\x03\x01\x00\x05xxxxx", "" })
        {
            RawPeer peer = ConnectPlain(context);
            peer.Send(bytes);
            peer.EndStream();
            Harness.RunUntil(() => context.Thread.ConnectionCount == 1);
            Harness.RunUntil(() => context.Thread.ConnectionCount == 0);
        }

        RawPeer silent = ConnectPlain(context);
        Harness.RunUntil(() => context.Thread.ConnectionCount == 1);
        Harness.Advance(TimeSpan.FromSeconds(11));
        Harness.RunUntil(() => context.Thread.ConnectionCount == 0 && silent.IsOver);

        Assert.Equal(4, lines.Count(line => line.Contains(": TLS has ended: The TLS handshake failed. (", StringComparison.Ordinal)));
        Assert.Contains(lines, line => line.Contains("(unexpected message)", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("(the peer closed the connection)", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("(not done within 10 s)", StringComparison.Ordinal));
    }

    [Fact]
    public void Half_open_handshakes_in_a_crowd_all_end_at_their_deadline_and_leave_nothing()
    {
        int before = TlsPeer.LiveObjects;
        LoopContext context = Serve(NewProtocol());
        RawPeer[] crowd = [.. Enumerable.Range(0, 200).Select(_ => ConnectPlain(context))];
        foreach (RawPeer peer in crowd) peer.Send("\x16\x03\x01\x02\x00\x01");
        Harness.RunUntil(() => TlsPeer.LiveObjects == before + crowd.Length);

        Harness.Advance(TimeSpan.FromSeconds(11));
        Harness.RunUntil(() => context.Thread.ConnectionCount == 0);

        Assert.Equal(before, TlsPeer.LiveObjects);
    }

    [Fact]
    public void A_connection_that_says_nothing_has_no_engine()
    {
        LoopContext context = Serve(NewProtocol());
        int before = TlsPeer.LiveObjects;
        ConnectPlain(context);

        Harness.RunUntil(() => context.Thread.ConnectionCount == 1);

        Assert.Equal(before, TlsPeer.LiveObjects);
    }

    [Fact]
    public void Http_without_TLS_is_told_that_this_port_speaks_TLS()
    {
        LoopContext context = Serve(NewProtocol());
        RawPeer peer = ConnectPlain(context);

        peer.Send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        string answer = peer.ReadToEnd();

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.EndsWith("The request came without TLS on a port that speaks TLS.\n", answer, StringComparison.Ordinal);
        Assert.False(Recorder.Has(CallbackReason.FilterHttpConnection));
    }

    [Theory]
    [InlineData("GET", 301)]
    [InlineData("POST", 308)]
    public void Http_without_TLS_is_sent_to_https_where_the_host_wants_that(string method, int status)
    {
        LoopContext context = Serve(Secured(redirects: true));
        RawPeer peer = ConnectPlain(context);

        peer.Send($"{method} /a?b=c HTTP/1.1\r\nHost: test:7681\r\n\r\n");
        string answer = peer.ReadToEnd();

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nLocation: https://test:7681/a?b=c\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void Http_without_TLS_is_served_where_the_host_wants_that_and_so_is_TLS()
    {
        LoopContext context = Serve(Secured(serves: true));
        foreach (RawPeer peer in new[] { ConnectPlain(context), Own(TlsPeer.Connect(Harness, EndPointOf(context))).Peer })
        {
            peer.Upgrade(protocols: "test");
            peer.SendText("hello");
        }

        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.Receive) == 2);
    }

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
    public void A_server_that_speaks_no_TLS_is_a_failure_of_that_stage()
    {
        RawListener listener = ListenPlain();
        LoopContext context = NewClientContext();
        context.Connect(new ClientConnectOptions { Uri = Address("ws://test/"), EndPoint = listener.EndPoint, Protocols = [NewProtocol()] });
        RawPeer server = listener.Accept();
        server.Send("HTTP/1.1 400 Bad Request\r\n\r\n");

        Harness.RunUntil(() => Recorder.Failures.Count == 1);

        ConnectFailure failure = Recorder.Failures[0].Failure;
        Assert.Equal((ConnectStage.Tls, ProtocolFault.TlsHandshakeFailed, false), (failure.Stage, failure.Fault, failure.IsTransient));
        Assert.Equal("The TLS handshake failed. (wrong version number)", failure.Reason);
    }

    [Fact]
    public void A_server_that_is_silent_or_closes_during_the_handshake_is_a_failure_of_that_stage()
    {
        RawListener listener = ListenPlain();
        LoopContext context = NewClientContext();
        ClientConnectOptions options = new() { Uri = Address("ws://test/"), EndPoint = listener.EndPoint, Protocols = [NewProtocol()] };
        context.Connect(options);
        listener.Accept().EndStream();
        Harness.RunUntil(() => Recorder.Failures.Count == 1);
        context.Connect(options);
        listener.Accept();
        Harness.Settle();
        Harness.Advance(options.HandshakeTimeout);
        Harness.RunUntil(() => Recorder.Failures.Count == 2);

        Assert.Equal("tls: the server closed the connection during the TLS handshake", Recorder.Failures[0].Failure.ToString());
        Assert.Equal("tls: no TLS within 5 s", Recorder.Failures[1].Failure.ToString());
        Assert.All(Recorder.Failures, failed => Assert.True(failed.Failure.IsTransient));
        Assert.True(Recorder.Failures[1].Failure.IsTimeout);
    }

    [Fact]
    public void A_certificate_that_nobody_vouches_for_is_refused_by_default()
    {
        LoopContext server = Serve(NewProtocol());
        LoopContext context = NewClientContext();
        context.Connect(new ClientConnectOptions { Uri = Address("ws://test/"), EndPoint = EndPointOf(server), Protocols = [NewProtocol()], Tls = new ClientTlsOptions() });

        Harness.RunUntil(() => Recorder.Failures.Count == 1 && server.Thread.ConnectionCount == 0);

        ConnectFailure failure = Recorder.Failures[0].Failure;
        Assert.Equal((ConnectStage.Tls, ProtocolFault.TlsCertificateRefused), (failure.Stage, failure.Fault));
        Assert.Contains("self", failure.Reason, StringComparison.Ordinal);
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

    /// <summary>What was logged.</summary>
    private sealed class Lines : List<string>, ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Add(formatter(state, exception));
    }

    private RawPeer ConnectPlain(LoopContext context) =>
        Own(new RawPeer(Harness.PlainNetwork.Connect(EndPointOf(context), receiveBuffer: 0), isClient: true, Harness));

    private RawListener ListenPlain() => Own(new RawListener(Harness, Harness.PlainNetwork));

    private VirtualHostOptions Secured(bool redirects = false, bool serves = false) => new()
    {
        Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
        Protocols = [NewProtocol()],
        Tls = new TlsOptions
        {
            Certificates = [TlsCertificate.FromPem(TestCertificate.Ecdsa.ChainPem, TestCertificate.Ecdsa.KeyPem)],
            AllowNonTlsOnTlsPort = serves,
            RedirectHttpToHttps = redirects,
        },
    };

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
