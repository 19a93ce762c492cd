using System.Net;
using Microsoft.Extensions.Logging;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Handshakes that come to nothing, on either side, and peers that speak something else than TLS.</summary>
public abstract class TlsHandshakeSuite(LoopFactory factory) : TlsBench(factory)
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

    /// <summary>What was logged.</summary>
    private sealed class Lines : List<string>, ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Add(formatter(state, exception));
    }
}
