using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Through an HTTP proxy: a tunnel for WebSockets, forwarding for requests.</summary>
public abstract class ProxySuite(LoopFactory factory) : LoopBench(factory)
{
    [Fact]
    public void A_websocket_goes_through_a_tunnel()
    {
        Connection connection = Through("ws://far.test:8080/chat", out RawPeer proxy, "me:a%20secret@");
        Assert.Equal("CONNECT far.test:8080 HTTP/1.1\r\nHost: far.test:8080\r\nProxy-Authorization: Basic bWU6YSBzZWNyZXQ=\r\n\r\n", proxy.ReadHead());
        Assert.Equal(ConnectionState.AwaitingProxy, connection.State);
        proxy.Send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Connection established\r\nVia: raw\r\n\r\n");

        string head = proxy.AcceptUpgrade("test");
        Assert.StartsWith("GET /chat HTTP/1.1\r\nHost: far.test:8080\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Proxy-", head, StringComparison.Ordinal);
        proxy.SendText("hello");
        Harness.RunUntil(() => Recorder.Texts.Count == 1);

        Assert.Equal("29 24 2 3 8:5", Recorder.TraceOf(connection));
    }

    [Fact]
    public void A_request_is_given_to_the_proxy_with_the_whole_address()
    {
        Connection connection = Through("http://far.test/a?b", out RawPeer proxy, "me:secret@");

        string head = proxy.ReadHead();
        Assert.StartsWith("GET http://far.test/a?b HTTP/1.1\r\nHost: far.test\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n", head, StringComparison.Ordinal);
        proxy.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("29 24 2 44 46 48:2 47 45 30", Recorder.TraceOf(connection));
    }

    [Theory]
    [InlineData("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", ProtocolFault.ProxyRefused, 407, false)]
    [InlineData("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", ProtocolFault.ProxyRefused, 502, true)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n", ProtocolFault.UnexpectedUpgrade, 0, false)]
    [InlineData("SSH-2.0-OpenSSH\r\n", ProtocolFault.InvalidVersion, 0, false)]
    [InlineData("\u0015\u0003\u0001", ProtocolFault.ReplyIsTls, 0, false)]
    public void A_proxy_that_refuses_is_one_failure_of_its_stage(string reply, ProtocolFault fault, int status, bool isTransient)
    {
        Connection connection = Through("ws://far.test/", out RawPeer proxy);
        proxy.ReadHead();
        proxy.Send(reply);
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Proxy, fault, status, isTransient), (failure.Stage, failure.Fault, failure.HttpStatus, failure.IsTransient));
        Assert.True(connection.IsClosed);
        Assert.False(Recorder.Has(CallbackReason.ClientAppendHandshakeHeader));
    }

    [Fact]
    public void A_proxy_that_is_silent_closes_or_resets_is_one_failure_of_its_stage()
    {
        Through("ws://far.test/", out RawPeer silent);
        silent.ReadHead();
        Through("ws://far.test/", out RawPeer closing);
        closing.ReadHead();
        closing.EndStream();
        Harness.RunUntil(() => Recorder.Failures.Count == 1);
        Through("ws://far.test/", out RawPeer resetting);
        resetting.ReadHead();
        resetting.Reset();
        Harness.RunUntil(() => Recorder.Failures.Count == 2);
        Harness.Settle();

        Harness.Advance(TimeSpan.FromSeconds(5.1));
        Harness.RunUntil(() => Recorder.Failures.Count == 3);

        Assert.All(Recorder.Failures, failure => Assert.Equal(ConnectStage.Proxy, failure.Failure.Stage));
        Assert.Equal([false, false, true], Recorder.Failures.Select(failure => failure.Failure.IsTimeout));
        Assert.Equal(Errno.ECONNRESET, Recorder.Failures[1].Failure.SystemError);
    }

    [Fact]
    public void A_proxy_that_is_not_there_is_named_by_the_failure()
    {
        using PeerListener listener = Harness.Network.BindWithoutListening();
        NewClientContext().Connect(new ClientConnectOptions { Uri = Address("ws://far.test/"), Proxy = new Uri($"http://{listener.EndPoint}"), Protocols = [NewProtocol()] });
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Connect, $"proxy {listener.EndPoint}: ECONNREFUSED (Connection refused)"), (failure.Stage, failure.Reason));
    }

    [Fact]
    public void What_the_other_side_says_first_reaches_the_next_stage()
    {
        Connection connection = Through("ws://far.test/", out RawPeer proxy);
        proxy.ReadHead();
        proxy.Send("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        Harness.RunUntil(() => connection.IsClosed);
        Harness.Settle();

        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Handshake, 400), (failure.Stage, failure.HttpStatus));
    }

    private Connection Through(string uri, out RawPeer proxy, string credentials = "")
    {
        RawListener listener = Listen();
        Connection connection = NewClientContext().Connect(new ClientConnectOptions
        {
            Uri = Address(uri),
            Proxy = new Uri($"http://{credentials}{listener.EndPoint}"),
            Protocols = [NewProtocol()],
        });
        proxy = listener.Accept();
        return connection;
    }
}
