using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What a user may decide about a request to become a WebSocket, and which origins are let in.</summary>
public abstract class UpgradingSuite(LoopFactory factory) : LoopBench(factory)
{
    [Fact]
    public void A_user_may_refuse_with_a_status_and_fields_of_its_own()
    {
        TestProtocol protocol = Upgrading(connection => connection.RefuseUpgrade(503, new HttpField("Retry-After", "120"), new HttpField("X-Why", "full")));
        RawPeer peer = Connect(Serve(protocol));
        peer.RequestUpgrade();

        string answer = peer.ReadToEnd();

        Assert.StartsWith("HTTP/1.1 503 Service Unavailable\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nRetry-After: 120\r\nX-Why: full\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", answer, StringComparison.Ordinal);
        peer.Close();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        Assert.Equal("29 19 20 5 30", Recorder.TraceOf(1));
    }

    [Theory]
    [InlineData(CallbackResult.Continue)]
    [InlineData(CallbackResult.Close)]
    public void What_was_refused_is_refused_whatever_is_returned(CallbackResult result)
    {
        TestProtocol protocol = Upgrading(connection =>
        {
            Assert.Equal(CallbackResult.Close, connection.RefuseUpgrade(302, new HttpField("Location", "/elsewhere")));
            return result;
        });
        RawPeer peer = Connect(Serve(protocol));
        peer.RequestUpgrade();

        Assert.StartsWith("HTTP/1.1 302 ", peer.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_exception_after_a_refusal_is_500()
    {
        RawPeer peer = Connect(Serve(Upgrading(connection =>
        {
            connection.RefuseUpgrade(401);
            throw new NotSupportedException();
        })));
        peer.RequestUpgrade();

        Assert.StartsWith("HTTP/1.1 500 ", peer.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_user_may_add_fields_to_the_101()
    {
        TestProtocol protocol = Upgrading(connection =>
        {
            connection.AddReplyField("Set-Cookie", "a=1");
            connection.AddReplyField("Set-Cookie", "b=ü");
            return CallbackResult.Continue;
        });
        RawPeer peer = Connect(Serve(protocol));
        peer.RequestUpgrade();

        string head = peer.ReadHead();

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nSet-Cookie: a=1\r\nSet-Cookie: b=ü\r\n", head, StringComparison.Ordinal);
        peer.SendText("open");
        Harness.RunUntil(() => Recorder.Texts.Count == 1);
    }

    [Fact]
    public void What_one_request_was_given_is_not_given_to_the_next()
    {
        int requests = 0;
        TestProtocol protocol = Upgrading(connection =>
        {
            if (++requests == 1) connection.AddReplyField("X-First", "only");
            return CallbackResult.Continue;
        });
        LoopContext context = Serve(protocol);

        Assert.Contains("X-First", Head(), StringComparison.Ordinal);
        Assert.DoesNotContain("X-First", Head(), StringComparison.Ordinal);

        string Head()
        {
            RawPeer peer = Connect(context);
            peer.RequestUpgrade();
            return peer.ReadHead();
        }
    }

    [Theory]
    [InlineData("X-Bad", "line\nbreak")]
    [InlineData("X-Bad", "return\rhere")]
    [InlineData("X-Bad", "nul\0")]
    [InlineData("X-Bad", "€")]
    [InlineData("X Bad", "blank")]
    [InlineData("X-Bad:", "colon")]
    [InlineData("", "nameless")]
    [InlineData("connection", "close")]
    [InlineData("Content-Length", "7")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("Upgrade", "h2c")]
    [InlineData("Sec-WebSocket-Accept", "mine")]
    [InlineData("sec-websocket-protocol", "mine")]
    [InlineData("Sec-WebSocket-Extensions", "mine")]
    public void A_field_that_cannot_be_sent_is_refused_and_the_upgrade_goes_on_without_it(string name, string value)
    {
        List<Exception?> thrown = [];
        TestProtocol protocol = Upgrading(connection =>
        {
            thrown.Add(Record.Exception(() => connection.AddReplyField(name, value)));
            thrown.Add(Record.Exception(() => { connection.RefuseUpgrade(400, new HttpField(name, value)); }));
            return CallbackResult.Continue;
        });
        RawPeer peer = Connect(Serve(protocol));
        peer.RequestUpgrade();

        string head = peer.ReadHead();

        Assert.All(thrown, exception => Assert.IsAssignableFrom<ArgumentException>(exception));
        Assert.Equal(2, thrown.Count);
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Bad", head, StringComparison.Ordinal);
        Assert.DoesNotContain("mine", head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(101)]
    [InlineData(200)]
    [InlineData(299)]
    [InlineData(600)]
    [InlineData(-1)]
    public void A_status_that_is_no_refusal_is_refused(int status)
    {
        Exception? thrown = null;
        RawPeer peer = Connect(Serve(Upgrading(connection =>
        {
            thrown = Record.Exception(() => { connection.RefuseUpgrade(status); });
            return CallbackResult.Continue;
        })));
        peer.RequestUpgrade();

        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        Assert.IsType<ArgumentOutOfRangeException>(thrown);
    }

    [Fact]
    public void Fields_that_are_too_long_together_are_refused_by_then()
    {
        int added = 0;
        RawPeer peer = Connect(Serve(Upgrading(connection =>
        {
            Assert.Throws<ArgumentException>(() =>
            {
                for (; added < 100; added++) connection.AddReplyField("X-Long", new string('x', 1000));
            });
            return CallbackResult.Continue;
        })));
        peer.RequestUpgrade();

        string head = peer.ReadHead();

        Assert.InRange(added, 10, 16);
        Assert.Equal(added, head.Split("X-Long").Length - 1);
        Assert.InRange(head.Length, added * 1000, 16 * 1024);
    }

    [Fact]
    public void Outside_of_the_callback_there_is_nothing_to_decide()
    {
        List<Exception?> thrown = [];
        TestProtocol protocol = NewProtocol();
        foreach (CallbackReason reason in new[] { CallbackReason.ServerNewClientInstantiated, CallbackReason.Http, CallbackReason.Established, CallbackReason.Closed })
        {
            protocol.On(reason, connection =>
            {
                thrown.Add(Record.Exception(() => connection.AddReplyField("X-Late", "1")));
                thrown.Add(Record.Exception(() => { connection.RefuseUpgrade(503); }));
                if (reason == CallbackReason.Http) connection.Respond(200, null, []);
            });
        }

        RawPeer peer = Connect(Serve(protocol));
        peer.Send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        peer.ReadHead();
        peer.Upgrade();
        peer.Reset();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Assert.Equal(8, thrown.Count);
        Assert.All(thrown, exception => Assert.IsType<InvalidOperationException>(exception));
    }

    [Theory]
    [InlineData(OriginPolicy.SameHost, "", "https://test", 101)]
    [InlineData(OriginPolicy.SameHost, "", "http://other", 403)]
    [InlineData(OriginPolicy.SameHost, "https://other", "https://test", 101)]
    [InlineData(OriginPolicy.SameHost, "https://other", "https://OTHER", 101)]
    [InlineData(OriginPolicy.SameHost, "https://other", "http://other", 403)]
    [InlineData(OriginPolicy.SameHost, "https://other", "https://other:8443", 403)]
    [InlineData(OriginPolicy.SameHost, "https://other", "https://other.example", 403)]
    [InlineData(OriginPolicy.SameHost, "https://other", "null", 403)]
    [InlineData(OriginPolicy.SameHost, "null", "null", 101)]
    [InlineData(OriginPolicy.Listed, "", "https://test", 403)]
    [InlineData(OriginPolicy.Listed, "http://a http://b:8080", "http://b:8080", 101)]
    [InlineData(OriginPolicy.Listed, "http://a http://b:8080", "http://b", 403)]
    [InlineData(OriginPolicy.Listed, "", null, 101)]
    [InlineData(OriginPolicy.Any, "", "http://other", 101)]
    public void U08_an_origin_is_let_in_by_the_policy_and_by_the_list(OriginPolicy policy, string allowed, string? origin, int status)
    {
        VirtualHostOptions host = new()
        {
            Endpoints = [new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0)],
            Protocols = [NewProtocol()],
            Origin = policy,
            AllowedOrigins = allowed.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        };
        RawPeer peer = Connect(Serve(host));
        peer.RequestUpgrade(fields: origin is null ? "" : $"Origin: {origin}\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", peer.ReadHead(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("example.org")]
    [InlineData("https://example.org/")]
    [InlineData("https://example.org/path")]
    [InlineData("https://example.org:443")]
    [InlineData("https://")]
    [InlineData("*")]
    [InlineData("")]
    public void What_no_browser_would_write_as_an_origin_is_refused_when_the_context_is_made(string origin)
    {
        VirtualHostOptions host = new() { Protocols = [NewProtocol()], AllowedOrigins = [origin] };

        ArgumentException refused = Assert.Throws<ArgumentException>(() => Serve(host));

        Assert.Equal(nameof(VirtualHostOptions.AllowedOrigins), refused.ParamName);
    }

    private TestProtocol Upgrading(Func<Connection, CallbackResult> decide) =>
        NewProtocol().On(CallbackReason.FilterProtocolConnection, (Connection connection, ref TestSession _, in CallbackData _) => decide(connection));
}
