using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>A reverse proxy mount under load and in trouble: slow sides, sides that go, origins that fail.</summary>
public abstract class ReverseProxyFlowSuite(LoopFactory factory) : ReverseProxyBench(factory)
{
    private const string Get = "GET /app/x HTTP/1.1\r\nHost: test\r\n\r\n";

    // More than the kernel's buffers of two connections hold.
    private const int Large = 24_000_000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_large_answer_comes_whole_and_a_slow_client_slows_the_origin(bool isChunked)
    {
        byte[] body = RandomNumberGenerator.GetBytes(Large);
        LoopContext context = Proxy();
        (RawPeer client, RawPeer server) = Begin(context, Get, receiveBuffer: 16 * 1024);
        client.IsReading = false;
        server.ReadHead();
        server.Send(isChunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" : $"HTTP/1.1 200 OK\r\nContent-Length: {Large}\r\n\r\n");
        foreach (byte[] part in body.Chunk(1_000_000))
        {
            if (isChunked) server.Send(part.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n");
            server.Send(part);
            if (isChunked) server.Send("\r\n");
        }

        if (isChunked) server.Send("0\r\n\r\n");

        // Nobody reads, so nothing is taken from the origin any more, and it cannot send.
        Harness.RunUntil(() => Io.CountOf(SystemCall.Send) > 0);
        Harness.Settle();
        Assert.False(server.HasSentAll);
        ServesOthers(context);
        Assert.False(server.HasSentAll);

        client.IsReading = true;
        Assert.Equal(SHA256.HashData(body), SHA256.HashData(HttpAnswer.Read(client).Body));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_large_body_comes_whole_and_a_slow_origin_slows_the_client(bool isChunked)
    {
        byte[] body = RandomNumberGenerator.GetBytes(Large);
        LoopContext context = Proxy();
        string framing = isChunked ? "Transfer-Encoding: chunked" : $"Content-Length: {Large}";
        (RawPeer client, RawPeer server) = Begin(context, $"PUT /app/x HTTP/1.1\r\nHost: test\r\n{framing}\r\n\r\n");
        server.IsReading = false;
        foreach (byte[] part in body.Chunk(1_000_000))
        {
            if (isChunked) client.Send(part.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n");
            client.Send(part);
            if (isChunked) client.Send("\r\n");
        }

        if (isChunked) client.Send("0\r\n\r\n");
        Harness.Settle();
        Assert.False(client.HasSentAll);
        ServesOthers(context);
        Assert.False(client.HasSentAll);

        server.IsReading = true;
        HttpAnswer received = HttpAnswer.Read(server);
        Assert.Equal(SHA256.HashData(body), SHA256.HashData(received.Body));
        server.Send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(201, HttpAnswer.Read(client).Status);
    }

    [Fact]
    public void An_answer_comes_through_cut_at_every_byte()
    {
        const string Reply = "HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\nX-Sum: 5\r\n\r\n";
        LoopContext context = Proxy();
        (RawPeer client, RawPeer server) = Begin(context, Get);
        for (int cut = 1; cut < Reply.Length; cut++)
        {
            server.ReadHead();
            server.Send(Reply[..cut]);
            Harness.Settle();
            server.Send(Reply[cut..]);
            HttpAnswer answer = HttpAnswer.Read(client);
            Assert.Equal((200, "1", "abcde"), (answer.Status, answer["X-A"], answer.Text));
            client.ReadText("X-Sum: 5\r\n\r\n".Length - 2);
            client.Send(Get);
        }

        server.ReadHead();
        server.Send("HTTP/1.1 204 No Content\r\n\r\n");
        Assert.Equal(204, HttpAnswer.Read(client).Status);
    }

    [Fact]
    public void An_origin_that_ends_at_any_byte_never_leaves_a_client_with_half_an_answer_that_looks_whole()
    {
        const string Reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n";
        LoopContext context = Proxy(options: new ReverseProxyOptions { KeptSockets = 0 });
        int headLength = Reply.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        for (int cut = 0; cut < Reply.Length; cut++)
        {
            (RawPeer client, RawPeer server) = Begin(context, Get);
            server.ReadHead();
            server.Send(Reply[..cut]);
            server.EndStream();
            if (cut < headLength)
            {
                Assert.Equal(502, HttpAnswer.Read(client).Status);
                continue;
            }

            client.WaitUntil(() => client.IsOver);
            Assert.False(client.Received.EndsWith("0\r\n\r\n"u8), $"cut at {cut}");
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "GET /app HTTP/1.1\r\nHost: test\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "GET /app HTTP/1.1\r\nHost: test\r\n\r\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "GET /app HTTP/1.0\r\n\r\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nabc", "GET /app HTTP/1.0\r\n\r\n", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", "GET /app HTTP/1.1\r\nHost: test\r\n\r\n", false)]
    public void An_answer_that_breaks_off_cuts_the_client_off(string reply, string request, bool resets)
    {
        LoopContext context = Proxy();
        (RawPeer client, RawPeer server) = Begin(context, request);
        server.ReadHead();
        server.Send(reply);
        client.WaitUntil(() => client.Received.IndexOf("\r\n\r\n"u8) > 0 && (client.Received.EndsWith("abc"u8) || client.Received.EndsWith("abc\r\n"u8) || client.IsOver));
        if (resets) server.Reset();
        else server.EndStream();
        client.WaitUntil(() => client.IsOver);

        // A body that ends with the stream can only be cut off by a reset.
        if (request.Contains("HTTP/1.0", StringComparison.Ordinal)) Assert.True(client.IsReset);
        Assert.False(client.Received.EndsWith("0\r\n\r\n"u8));
        ServesOthers(context);
    }

    [Theory]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\nb\r\n\r\n")]
    [InlineData("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")]
    [InlineData("\x15\x03\x03 TLS")]
    public void An_origin_that_does_not_speak_http_is_502(string reply)
    {
        LoopContext context = Proxy();
        HttpAnswer answer = Relay(reply, context: context);
        Assert.Equal(502, answer.Status);
        ServesOthers(context);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")]
    public void An_origin_that_does_not_speak_TLS_where_it_should_is_502(string answer)
    {
        RawListener plain = Own(new RawListener(Harness, Harness.PlainNetwork));
        LoopContext context = Proxy(mount: _ => new Mount { MountPoint = "/app", Origin = MountOrigin.Https(plain.EndPoint.ToString()!) });
        RawPeer client = Connect(context);
        client.Send(Get);
        RawPeer server = plain.Accept();
        server.Send(answer);
        server.EndStream();
        Assert.Equal(502, HttpAnswer.Read(client).Status);
        ServesOthers(context);
    }

    [Fact]
    public void An_origin_that_resets_is_502_and_the_connection_goes_on()
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), Get);
        server.ReadHead();
        server.Reset();
        Assert.Equal(502, HttpAnswer.Read(client).Status);

        client.Send(Get);
        server = Origin.Accept();
        server.ReadHead();
        server.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(200, HttpAnswer.Read(client).Status);
    }

    [Theory]
    [InlineData(Errno.ECONNREFUSED, 502)]
    [InlineData(Errno.EMFILE, 502)]
    [InlineData(Errno.ETIMEDOUT, 502)]
    public void An_origin_that_cannot_be_reached_is_502(Errno errno, int status)
    {
        LoopContext context = Proxy();
        RawPeer client = Connect(context);
        Io.Fail(errno == Errno.EMFILE ? SystemCall.OpenStream : SystemCall.Connect, errno);
        client.Send(Get);
        Assert.Equal(status, HttpAnswer.Read(client).Status);
        ServesOthers(context);
    }

    [Fact]
    public void An_origin_that_does_not_answer_is_504()
    {
        LoopContext context = Proxy(options: new ReverseProxyOptions { Timeout = TimeSpan.FromSeconds(10) });
        (RawPeer client, RawPeer server) = Begin(context, Get);
        server.ReadHead();
        Harness.Settle();
        Harness.Advance(TimeSpan.FromSeconds(9));
        Harness.Settle();
        Assert.True(client.Received.IsEmpty);
        Harness.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(504, HttpAnswer.Read(client).Status);
        server.WaitUntil(() => server.IsOver);
    }

    [Fact]
    public void An_origin_that_falls_silent_within_its_answer_is_left_and_one_that_goes_on_is_not()
    {
        LoopContext context = Proxy(options: new ReverseProxyOptions { Timeout = TimeSpan.FromSeconds(10) });
        (RawPeer client, RawPeer server) = Begin(context, Get);
        server.ReadHead();
        server.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        client.ReadHead();
        for (int i = 0; i < 3; i++)
        {
            server.Send("x");
            client.ReadText(1);
            Harness.Advance(TimeSpan.FromSeconds(8));
            Harness.Settle();
        }

        Assert.False(client.IsOver);
        Harness.Advance(TimeSpan.FromSeconds(3));
        client.WaitUntil(() => client.IsOver);
        server.WaitUntil(() => server.IsOver);
    }

    [Fact]
    public void A_client_that_takes_its_time_is_not_the_silence_of_the_origin()
    {
        LoopContext context = Proxy(
            options: new ReverseProxyOptions { Timeout = TimeSpan.FromSeconds(10) },
            timeouts: new ConnectionTimeouts { RequestBody = Timeout.InfiniteTimeSpan, DataRateGrace = Timeout.InfiniteTimeSpan });
        (RawPeer client, RawPeer server) = Begin(context, "POST /app HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\na");
        server.ReadHead();
        server.ReadText(1);
        Harness.Advance(TimeSpan.FromSeconds(60));
        Harness.Settle();
        client.Send("b");
        server.ReadText(1);
        server.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(200, HttpAnswer.Read(client).Status);
    }

    [Fact]
    public void A_client_that_goes_ends_the_request_of_the_origin()
    {
        LoopContext context = Proxy();
        (RawPeer client, RawPeer server) = Begin(context, Get);
        server.ReadHead();
        client.Reset();
        server.WaitUntil(() => server.IsOver);

        (client, server) = Begin(context, "POST /app HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc");
        server.ReadHead();
        server.ReadText(3);
        client.EndStream();
        server.WaitUntil(() => server.IsOver);
        ServesOthers(context);
    }

    [Fact]
    public void A_client_that_goes_while_the_origin_is_being_connected_to_leaves_nothing()
    {
        LoopContext context = Proxy();
        RawPeer client = Connect(context);
        client.Send(Get);
        client.Reset();
        Harness.Settle();
        ServesOthers(context);
    }

    [Fact]
    public void A_client_that_asks_first_is_told_to_go_on_once_there_is_somebody_to_take_the_body()
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), "POST /app HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
        Assert.Empty(ValuesOf(server.ReadHead(), "Expect"));
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", client.ReadHead());
        client.Send("hello");
        Assert.Equal("hello", server.ReadText(5));
        server.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(200, HttpAnswer.Read(client).Status);
    }

    [Fact]
    public void A_client_that_asks_first_need_not_send_its_body_to_an_origin_that_is_not_there()
    {
        RawPeer client = Connect(Proxy());
        Io.Fail(SystemCall.Connect, Errno.ECONNREFUSED);
        client.Send("POST /app HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
        HttpAnswer answer = HttpAnswer.Read(client);
        Assert.Equal((502, "close"), (answer.Status, answer["Connection"]));
    }

    [Fact]
    public void An_origin_may_refuse_a_body_before_it_has_come()
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), "POST /app HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n");
        server.ReadHead();
        server.Send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        server.EndStream();
        Assert.Equal(413, HttpAnswer.Read(client).Status);

        client.Send(new byte[1_000_000]);
        client.Send("GET /other HTTP/1.1\r\nHost: test\r\n\r\n");
        Assert.Equal("zero", HttpAnswer.Read(client).Text);
    }

    [Theory]
    [InlineData("GET", 200)]
    [InlineData("POST", 502)]
    public void A_kept_socket_that_the_origin_closes_just_then_costs_a_repetition_when_that_is_harmless(string method, int status)
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), Get);
        server.ReadHead();
        server.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        HttpAnswer.Read(client);

        client.Send($"{method} /app/again HTTP/1.1\r\nHost: test\r\n\r\n");
        server.ReadHead();
        server.EndStream();
        if (status == 200)
        {
            server = Origin.Accept();
            Assert.StartsWith("GET /again ", server.ReadHead(), StringComparison.Ordinal);
            server.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }

        Assert.Equal(status, HttpAnswer.Read(client).Status);
    }

    [Fact]
    public void A_context_may_go_with_requests_under_way()
    {
        LoopContext context = Proxy();
        (RawPeer client, RawPeer server) = Begin(context, Get);
        server.ReadHead();
        context.Dispose();
        client.WaitUntil(() => client.IsOver);
        server.WaitUntil(() => server.IsOver);
    }

    [Fact]
    public void An_origin_on_a_unix_socket_is_asked_as_any_other()
    {
        using SiteFolder folder = new();
        RawListener origin = Listen(new UnixDomainSocketEndPoint(folder["origin"]));
        LoopContext context = Proxy(mount: _ => new Mount
        {
            MountPoint = "/app",
            Origin = OriginAt("inside.test/base", new ReverseProxyOptions { EndPoint = origin.EndPoint }),
        });
        RawPeer client = Connect(context);
        client.Send(Get);
        RawPeer server = origin.Accept();
        string head = server.ReadHead();
        Assert.StartsWith("GET /base/x HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.Equal(["inside.test"], ValuesOf(head, "Host"), StringComparer.Ordinal);
        server.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
        Assert.Equal("body", HttpAnswer.Read(client).Text);
    }
}
