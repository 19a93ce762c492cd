using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What a callback of the way to a WebSocket, or of a request, brings about when it does not want to go on.</summary>
public abstract class RefusalSuite(LoopFactory factory) : LoopBench(factory)
{
    private const string Post = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc";

    [Fact]
    public void A_descriptor_that_is_refused_after_accepting_has_no_connection()
    {
        TestProtocol protocol = NewProtocol();
        protocol.FilterNetwork = (_, _) => CallbackResult.Close;
        RawPeer peer = Connect(Serve(protocol));

        peer.ReadToEnd();

        Assert.Equal([CallbackReason.ProtocolInit, CallbackReason.FilterNetworkConnection], Recorder.Calls.Select(call => call.Reason));
    }

    [Theory]
    [InlineData(CallbackReason.ServerNewClientInstantiated, "", "29 19 5 30")]
    [InlineData(CallbackReason.FilterHttpConnection, "HTTP/1.1 403 ", "29 19 18:1 5 30")]
    [InlineData(CallbackReason.Http, "", "29 19 18:1 12:1 5 30")]
    [InlineData(CallbackReason.HttpBody, "", "29 19 18:1 12:1 13:3 5 30")]
    [InlineData(CallbackReason.HttpBodyCompletion, "", "29 19 18:1 12:1 13:3 14 5 30")]
    [InlineData(CallbackReason.HttpWriteable, "", "29 19 18:1 12:1 13:3 14 16 5 30")]
    public void A_callback_of_a_request_that_returns_Close_ends_it(CallbackReason reason, string answer, string trace)
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, _ => { })
            .On(CallbackReason.HttpBodyCompletion, connection => connection.RequestWritable());
        protocol.On(reason, (_, ref _, in _) => CallbackResult.Close);

        Assert.StartsWith(answer, AnswerTo(Post, protocol), StringComparison.Ordinal);
        Assert.Equal(trace, Recorder.TraceOf(1));
    }

    [Theory]
    [InlineData(CallbackReason.ServerNewClientInstantiated, "", "29 19 5 30")]
    [InlineData(CallbackReason.FilterHttpConnection, "HTTP/1.1 500 ", "29 19 18:1 5 30")]
    [InlineData(CallbackReason.Http, "HTTP/1.1 500 ", "29 19 18:1 12:1 5 30")]
    [InlineData(CallbackReason.HttpBody, "HTTP/1.1 500 ", "29 19 18:1 12:1 13:3 5 30")]
    [InlineData(CallbackReason.HttpBodyCompletion, "HTTP/1.1 500 ", "29 19 18:1 12:1 13:3 14 5 30")]
    [InlineData(CallbackReason.HttpWriteable, "HTTP/1.1 500 ", "29 19 18:1 12:1 13:3 14 16 5 30")]
    [InlineData(CallbackReason.ClosedHttp, "HTTP/1.1 200 ", "29 19 18:1 12:1 13:3 14 16 5 30")]
    public void L06_a_callback_of_a_request_that_throws_is_answered_500_as_long_as_nothing_was_answered(CallbackReason reason, string answer, string trace)
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, _ => { })
            .On(CallbackReason.HttpBodyCompletion, connection => connection.RequestWritable())
            .On(CallbackReason.HttpWriteable, connection => connection.Respond(200, null, []));
        protocol.On(reason, (_, ref _, in _) => throw new NotSupportedException());

        Assert.StartsWith(answer, AnswerTo(Post, protocol), StringComparison.Ordinal);
        Assert.Equal(trace, Recorder.TraceOf(1));
    }

    [Fact]
    public void L06_an_exception_after_the_answer_has_begun_drops_the_connection()
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, connection =>
        {
            connection.StartResponse(200, null, 10);
            connection.WriteBody("part"u8);
            throw new NotSupportedException();
        });

        string answer = AnswerTo("GET / HTTP/1.1\r\nHost: test\r\n\r\n", protocol);

        Assert.DoesNotContain("500", answer, StringComparison.Ordinal);
        Assert.Equal("29 19 18:1 12:1 5 30", Recorder.TraceOf(1));
    }

    [Theory]
    [InlineData(false, "HTTP/1.1 403 ")]
    [InlineData(true, "HTTP/1.1 500 ")]
    public void An_upgrade_that_is_refused_or_throws_was_never_a_websocket(bool throws, string answer)
    {
        TestProtocol chosen = NewProtocol("chosen");
        chosen.On(CallbackReason.FilterProtocolConnection, (_, ref _, in _) => throws ? throw new NotSupportedException() : CallbackResult.Close);
        List<int> numbers = [];
        TestProtocol zero = NewProtocol("zero")
            .On(CallbackReason.ServerNewClientInstantiated, (_, ref session, in _) =>
            {
                session.Number = 7;
                return CallbackResult.Continue;
            })
            .On(CallbackReason.ClosedHttp, (_, ref session, in _) =>
            {
                numbers.Add(session.Number);
                return CallbackResult.Continue;
            });

        Assert.StartsWith(answer, AnswerTo(RawPeer.UpgradeRequest(protocols: "chosen"), zero, chosen), StringComparison.Ordinal);
        Assert.Equal("29 19 20 5 30", Recorder.TraceOf(1));
        Assert.Equal([7], numbers);
    }

    [Theory]
    [InlineData(CallbackReason.ClientAppendHandshakeHeader, false, "29 24 1 30")]
    [InlineData(CallbackReason.ClientAppendHandshakeHeader, true, "29 24 1 30")]
    [InlineData(CallbackReason.ClientFilterPreEstablish, false, "29 24 2 1 30")]
    [InlineData(CallbackReason.ClientFilterPreEstablish, true, "29 24 2 1 30")]
    public void A_client_that_is_given_up_on_its_way_fails_once(CallbackReason reason, bool throws, string trace)
    {
        TestProtocol client = NewProtocol().On(reason, (_, ref _, in _) => throws ? throw new NotSupportedException() : CallbackResult.Close);
        LoopContext context = Serve(NewProtocol());

        Connection connection = Dial(context, EndPointOf(context), client);
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.WsiDestroy, connection) == 1);

        Assert.Equal(trace, string.Join(' ', Recorder.ReasonsOf(connection).Select(reason => (int)reason)));
        Assert.Equal(ConnectStage.Handshake, Assert.Single(Recorder.Failures).Failure.Stage);
        Harness.RunUntil(() => context.Thread.ConnectionCount == 0);
    }

    [Theory]
    [InlineData(CallbackReason.Established)]
    [InlineData(CallbackReason.Receive)]
    [InlineData(CallbackReason.ReceivePing)]
    [InlineData(CallbackReason.ReceivePong)]
    [InlineData(CallbackReason.ServerWriteable)]
    [InlineData(CallbackReason.WsPeerInitiatedClose)]
    [InlineData(CallbackReason.ClientEstablished)]
    [InlineData(CallbackReason.ClientReceive)]
    [InlineData(CallbackReason.ClientReceivePing)]
    [InlineData(CallbackReason.ClientReceivePong)]
    [InlineData(CallbackReason.ClientWriteable)]
    public void L06_a_callback_of_a_websocket_that_throws_closes_its_own_connection_with_1011(CallbackReason reason)
    {
        bool isServer = reason is CallbackReason.Established or CallbackReason.Receive or CallbackReason.ReceivePing or CallbackReason.ReceivePong
            or CallbackReason.ServerWriteable or CallbackReason.WsPeerInitiatedClose;
        RawPeer witness = Open(Serve(new SendingEcho()));
        AssertEchoes(witness);

        TestProtocol protocol = NewProtocol();
        if (reason is CallbackReason.ServerWriteable or CallbackReason.ClientWriteable) protocol.OnReceive(AskToWrite);
        protocol.On(reason, (_, ref _, in _) => throw new NotSupportedException());
        (Connection connection, RawPeer peer) = Open(protocol, isServer);
        peer.SendText("go");
        peer.SendFrame(10, "pong"u8);
        if (reason == CallbackReason.WsPeerInitiatedClose) peer.SendClose(1000);
        if (reason is CallbackReason.ReceivePing or CallbackReason.ClientReceivePing)
        {
            peer.SendFrame(9, "ping"u8);
            Assert.Equal("ping", peer.ReadFrame().Text);
        }

        Assert.Equal(1011, peer.ReadFrame().CloseCode);
        peer.EndStream();
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.WsiDestroy, connection) == 1);

        Assert.Single(Recorder.Closes);
        AssertEchoes(witness);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void L06_a_closing_callback_that_throws_ends_like_any_other(bool isServer)
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.Closed, _ => throw new NotSupportedException());
        (Connection connection, RawPeer peer) = Open(protocol, isServer);

        peer.Reset();
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.WsiDestroy, connection) == 1);

        Assert.True(connection.IsClosed);
    }

    [Fact]
    public void L06_a_network_filter_that_throws_counts_as_a_refusal()
    {
        TestProtocol protocol = NewProtocol();
        protocol.FilterNetwork = (_, _) => throw new NotSupportedException();
        LoopContext context = Serve(protocol);

        Assert.Empty(Connect(context).ReadToEnd());
        Assert.Equal(0, context.Thread.ConnectionCount);
    }

    private static CallbackResult AskToWrite(Connection connection, ref TestSession session, in CallbackData data)
    {
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    private static void AssertEchoes(RawPeer peer)
    {
        peer.SendText("still there?");
        Assert.Equal("still there?", peer.ReadFrame().Text);
    }

    /// <summary>Sends a request to a server of these protocols, reads what comes until the end of the stream, and waits for the end of the connection.</summary>
    private string AnswerTo(string request, params IReadOnlyList<Protocol> protocols)
    {
        RawPeer peer = Connect(Serve(protocols));
        peer.Send(request);
        peer.WaitUntil(() => peer.IsOver || peer.Received.IndexOf("\r\n\r\n"u8) >= 0, "an answer");
        string answer = peer.ReadAll();
        peer.EndStream();
        peer.ReadToEnd();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        return answer;
    }
}
