using System.Security.Cryptography;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>WebSockets through a reverse proxy mount: the handshake is the origin's, and behind it every byte.</summary>
public abstract class ReverseProxyTunnelSuite(LoopFactory factory) : ReverseProxyBench(factory)
{
    private const int Large = 24_000_000;

    [Fact]
    public void The_handshake_is_the_origins()
    {
        (RawPeer client, RawPeer server) = Begin(
            Proxy("/base"),
            RawPeer.UpgradeRequest("/app/chat?x", "one, two", "Sec-WebSocket-Extensions: permessage-deflate\r\nOrigin: http://front.test\r\nX_Odd: 1\r\n"));
        string request = server.AcceptUpgrade("two", "Sec-WebSocket-Extensions: permessage-deflate\r\nX-Own: 1\r\n");
        Assert.StartsWith("GET /base/chat?x HTTP/1.1\r\n", request, StringComparison.Ordinal);
        Assert.Equal(
            ["Connection", "Forwarded", "Host", "Origin", "Sec-WebSocket-Extensions", "Sec-WebSocket-Key", "Sec-WebSocket-Protocol", "Sec-WebSocket-Version", "Upgrade", "Via",
                "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"],
            NamesOf(request), StringComparer.Ordinal);
        Assert.Equal(["Upgrade"], ValuesOf(request, "Connection"), StringComparer.Ordinal);

        string reply = client.ReadHead();
        Assert.Equal(["Connection", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Upgrade", "X-Own"], NamesOf(reply), StringComparer.Ordinal);
        Assert.Equal(["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="], ValuesOf(reply, "Sec-WebSocket-Accept"), StringComparer.Ordinal);
    }

    [Fact]
    public void Every_byte_goes_through_as_it_is_both_ways()
    {
        (RawPeer client, RawPeer server) = OpenTunnel();
        client.Send([0, 1, 2, 0xFF]);
        Assert.Equal([0, 1, 2, 0xFF], server.ReadBytes(4));
        server.SendFrame(1, "hello"u8);
        Assert.Equal("hello", client.ReadFrame().Text);
    }

    [Fact]
    public void What_either_side_sends_with_its_head_goes_through_as_well()
    {
        LoopContext context = Proxy();
        (RawPeer client, RawPeer server) = Begin(context, RawPeer.UpgradeRequest("/app") + "early");
        string request = server.ReadHead();
        Assert.True(server.Received.IsEmpty);
        server.Send(RawPeer.UpgradeReply(request) + "first");
        client.ReadHead();
        Assert.Equal("first", client.ReadText(5));
        Assert.Equal("early", server.ReadText(5));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_slow_side_slows_the_other(bool fromServer)
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(Large);
        LoopContext context = Proxy();
        (RawPeer client, RawPeer server) = OpenTunnel(context);
        (RawPeer from, RawPeer to) = fromServer ? (server, client) : (client, server);
        to.IsReading = false;
        foreach (byte[] part in bytes.Chunk(1_000_000))
            from.Send(part);
        Harness.Settle();
        Assert.False(from.HasSentAll);
        ServesOthers(context);
        to.Send("the other way is free");
        Assert.Equal("the other way is free", from.ReadText(21));

        to.IsReading = true;
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(to.ReadBytes(Large)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_side_may_end_its_half_and_still_hear_the_other(bool fromServer)
    {
        (RawPeer client, RawPeer server) = OpenTunnel();
        (RawPeer from, RawPeer to) = fromServer ? (server, client) : (client, server);
        from.Send(new byte[1_000_000]);
        from.EndStream();
        to.ReadBytes(1_000_000);
        to.WaitUntil(() => to.IsEnded);

        to.Send("still here");
        Assert.Equal("still here", from.ReadText(10));
        to.EndStream();
        from.WaitUntil(() => from.IsEnded);
        Assert.False(from.IsReset || to.IsReset);
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.WsiDestroy) == 2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_side_that_resets_resets_the_other(bool fromServer)
    {
        LoopContext context = Proxy();
        (RawPeer client, RawPeer server) = OpenTunnel(context);
        (RawPeer from, RawPeer to) = fromServer ? (server, client) : (client, server);
        from.Reset();
        to.WaitUntil(() => to.IsReset);
        ServesOthers(context);
    }

    [Fact]
    public void A_side_that_is_silent_after_the_other_has_ended_is_left_in_time()
    {
        LoopContext context = Proxy(options: new ReverseProxyOptions { Timeout = TimeSpan.FromSeconds(10) });
        (RawPeer client, RawPeer server) = OpenTunnel(context);
        Harness.Advance(TimeSpan.FromHours(1));
        client.Send("x");
        Assert.Equal("x", server.ReadText(1));

        client.EndStream();
        server.WaitUntil(() => server.IsEnded);
        for (int i = 0; i < 3; i++)
        {
            Harness.Advance(TimeSpan.FromSeconds(8));
            server.Send("y");
            client.ReadText(1);
        }

        Assert.False(client.IsOver);
        Harness.Advance(TimeSpan.FromSeconds(11));
        client.WaitUntil(() => client.IsReset);
        server.WaitUntil(() => server.IsOver);
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\nX-Why: no\r\nContent-Length: 2\r\n\r\nno", 403)]
    [InlineData("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nContent-Length: 2\r\n\r\nno", 426)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", 200)]
    public void A_refusal_is_passed_on_and_the_connection_goes_on(string reply, int status)
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), RawPeer.UpgradeRequest("/app"));
        server.ReadHead();
        server.Send(reply);
        HttpAnswer answer = HttpAnswer.Read(client);
        Assert.Equal((status, "no"), (answer.Status, answer.Text));
        Assert.Equal(status == 426 ? "websocket" : null, answer["Upgrade"]);

        // What follows is a request again, and never reaches the origin unread.
        client.Send("GET /other HTTP/1.1\r\nHost: test\r\n\r\n");
        Assert.Equal("zero", HttpAnswer.Read(client).Text);
    }

    [Fact]
    public void Bytes_behind_a_request_that_is_refused_are_the_next_request_and_not_the_origins()
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), RawPeer.UpgradeRequest("/app") + "GET /other HTTP/1.1\r\nHost: test\r\n\r\n");
        server.ReadHead();
        server.Send("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(426, HttpAnswer.Read(client).Status);
        Assert.Equal("zero", HttpAnswer.Read(client).Text);
        server.WaitUntil(() => server.IsOver);
        Assert.True(server.Received.IsEmpty);
    }

    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n")]
    [InlineData("HTTP/1.1 101")]
    public void A_switch_to_something_else_is_no_tunnel(string reply)
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), RawPeer.UpgradeRequest("/app"));
        server.ReadHead();
        server.Send(reply);
        server.EndStream();
        Assert.Equal(502, HttpAnswer.Read(client).Status);
    }

    [Fact]
    public void Credentials_are_asked_for_as_for_any_other_request()
    {
        BasicAuthentication users = new("Members", (_, password) => password.SequenceEqual("secret"u8));
        LoopContext context = Proxy(mount: origin => new Mount { MountPoint = "/app", Origin = origin, Authentication = users });
        RawPeer stranger = Connect(context);
        stranger.RequestUpgrade("/app");
        Assert.Equal(401, HttpAnswer.Read(stranger).Status);
        Assert.Equal(0, Io.CountOf(SystemCall.Connect));

        (RawPeer client, RawPeer server) = Begin(context, RawPeer.UpgradeRequest("/app", fields: "Authorization: Basic YW5uOnNlY3JldA==\r\n"));
        server.AcceptUpgrade();
        client.ReadHead();
    }

    [Fact]
    public void A_page_from_elsewhere_is_refused_when_the_host_refuses_such_pages()
    {
        RawPeer client = Connect(Proxy(policy: OriginPolicy.SameHost));
        client.RequestUpgrade("/app", fields: "Origin: http://evil.test\r\n");
        Assert.Equal(403, HttpAnswer.Read(client).Status);
        Assert.Equal(0, Io.CountOf(SystemCall.Connect));
    }

    [Fact]
    public void A_websocket_that_is_not_below_the_mount_is_ours()
    {
        RawPeer client = Connect(Proxy());
        client.Upgrade("/other");
        Assert.Equal(0, Io.CountOf(SystemCall.Connect));
    }

    [Fact]
    public void A_request_with_a_body_is_no_upgrade()
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), RawPeer.UpgradeRequest("/app", fields: "Content-Length: 2\r\n") + "ab");
        string head = server.ReadHead();
        Assert.Empty(ValuesOf(head, "Upgrade"));
        Assert.Equal("ab", server.ReadText(2));
        server.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(200, HttpAnswer.Read(client).Status);
    }

    [Fact]
    public void A_context_may_go_with_a_tunnel_open()
    {
        LoopContext context = Proxy();
        (RawPeer client, RawPeer server) = OpenTunnel(context);
        context.Dispose();
        client.WaitUntil(() => client.IsOver);
        server.WaitUntil(() => server.IsOver);
    }

    private (RawPeer Client, RawPeer Server) OpenTunnel(LoopContext? context = null)
    {
        (RawPeer client, RawPeer server) = Begin(context ?? Proxy(), RawPeer.UpgradeRequest("/app"));
        server.AcceptUpgrade();
        client.ReadHead();
        return (client, server);
    }
}
