using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What a reverse proxy mount asks its origin, and what it makes of the answer.</summary>
public abstract class ReverseProxySuite(LoopFactory factory) : ReverseProxyBench(factory)
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    [Theory]
    [InlineData("/app", "", "/")]
    [InlineData("/app/", "", "/")]
    [InlineData("/app/x/y?a=%20&b", "", "/x/y?a=%20&b")]
    [InlineData("/app?x", "/base/", "/base?x")]
    [InlineData("/app/x", "/base/", "/base/x")]
    [InlineData("/app/a%2Fb%20c//d;e=1", "/base", "/base/a%2Fb%20c//d;e=1")]
    [InlineData("/%61pp/%7Ex", "/base", "/base/%7Ex")]
    [InlineData("http://front.test/app/x?y", "", "/x?y")]
    [InlineData("/app/a/../b%20c", "/base", "/base/b%20c")]
    [InlineData("/app/x%2f..%2f%2e%2e/app/y", "/base", "/base/y")]
    [InlineData("/other/../app/y", "/base", "/base/y")]
    public void What_follows_the_mount_point_is_asked_for_below_the_path_of_the_origin(string target, string basePath, string asked) =>
        Assert.StartsWith($"GET {asked} HTTP/1.1\r\n", Forward($"GET {target} HTTP/1.1\r\nHost: front.test\r\n\r\n", Proxy(basePath)), StringComparison.Ordinal);

    [Theory]
    [InlineData("/application")]
    [InlineData("/app/../other")]
    [InlineData("/app%2f..%2fother")]
    public void A_path_that_is_not_below_the_mount_point_goes_elsewhere(string target)
    {
        RawPeer client = Connect(Proxy());
        client.Send($"GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
        Assert.Equal("zero", HttpAnswer.Read(client).Text);
        Assert.Equal(0, Io.CountOf(SystemCall.Connect));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_origin_is_told_its_own_host_or_that_of_the_client(bool keeps)
    {
        string head = ForwardGet("", Proxy(options: new ReverseProxyOptions { KeepsHost = keeps }));
        Assert.Equal(keeps ? "front.test" : Origin.EndPoint.ToString(), ValuesOf(head, "Host").Single());
        Assert.Equal("front.test", ValuesOf(head, "X-Forwarded-Host").Single());
    }

    [Fact]
    public void Fields_about_the_connection_and_the_framing_end_at_the_proxy()
    {
        string head = ForwardGet(
            "Connection: keep-alive, X-Secret,te\r\nConnection: x-other\r\nX-Secret: 1\r\nx-OTHER: 2\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Connection: x\r\n" +
            "Proxy-Authorization: Basic eA==\r\nUpgrade: h2c\r\nX_Forwarded_For: 6.6.6.6\r\nContent_Length: 5\r\nTrailer: x\r\n" +
            "Accept: text/html\r\nX-Own: \xE4 b\r\nX-Own: 2\r\nCookie: a=1\r\nAuthorization: Basic eA==\r\nVia: 1.1 first\r\n");

        Assert.Equal(
            ["Accept", "Authorization", "Cookie", "Forwarded", "Host", "Via", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Own", "X-Own"],
            NamesOf(head), StringComparer.Ordinal);
        Assert.Equal(["\xE4 b", "2"], ValuesOf(head, "X-Own"), StringComparer.Ordinal);
        string[] via = ValuesOf(head, "Via");
        Assert.Equal("1.1 first", via[0]);
        Assert.StartsWith("1.1 eventloops-", via[1], StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_client_says_of_itself_is_replaced()
    {
        string head = ForwardGet(
            "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Port: 1\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n");

        Assert.Equal(["127.0.0.1"], ValuesOf(head, "X-Forwarded-For"), StringComparer.Ordinal);
        Assert.Equal([Scheme], ValuesOf(head, "X-Forwarded-Proto"), StringComparer.Ordinal);
        Assert.Equal(["front.test"], ValuesOf(head, "X-Forwarded-Host"), StringComparer.Ordinal);
        Assert.Equal([$"for=127.0.0.1;host=\"front.test\";proto={Scheme}"], ValuesOf(head, "Forwarded"), StringComparer.Ordinal);
        Assert.Empty(ValuesOf(head, "X-Forwarded-Port"));
        Assert.Empty(ValuesOf(head, "X-Real-IP"));
    }

    [Fact]
    public void What_a_proxy_of_ones_own_says_is_extended_when_that_is_wanted()
    {
        string head = ForwardGet(
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\nX-Forwarded-Proto: https\r\nForwarded: for=192.0.2.1;proto=https\r\nX-Real-IP: 192.0.2.1\r\n",
            Proxy(options: new ReverseProxyOptions { ExtendsForwarded = true }));

        Assert.Equal(["192.0.2.1, 192.0.2.2, 127.0.0.1"], ValuesOf(head, "X-Forwarded-For"), StringComparer.Ordinal);
        Assert.Equal(["https"], ValuesOf(head, "X-Forwarded-Proto"), StringComparer.Ordinal);
        Assert.Equal(["front.test"], ValuesOf(head, "X-Forwarded-Host"), StringComparer.Ordinal);
        Assert.Equal([$"for=192.0.2.1;proto=https, for=127.0.0.1;host=\"front.test\";proto={Scheme}"], ValuesOf(head, "Forwarded"), StringComparer.Ordinal);
        Assert.Equal(["192.0.2.1"], ValuesOf(head, "X-Real-IP"), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 5\r\n\r\nhello", "Content-Length: 5", "hello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=1\r\nllo\r\n0\r\n\r\n", "Transfer-Encoding: chunked", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", "Transfer-Encoding: chunked", "0\r\nX-Sum: 1\r\n\r\n")]
    [InlineData("Content-Length: 0\r\n\r\n", "Content-Length: 0", "")]
    public void A_body_is_framed_anew(string rest, string framing, string end)
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), "POST /app HTTP/1.1\r\nHost: test\r\n" + rest);
        string head = server.ReadHead();
        Assert.Contains($"\r\n{framing}\r\n", head, StringComparison.Ordinal);
        Assert.Single(head.Split("\r\n"), line => line.StartsWith("Content-Length", StringComparison.Ordinal) || line.StartsWith("Transfer-Encoding", StringComparison.Ordinal));
        server.WaitUntil(() => server.Received.EndsWith(System.Text.Encoding.ASCII.GetBytes(end)));
        Assert.DoesNotContain(";x=1", server.ReadAll(), StringComparison.Ordinal);

        server.Send(Ok);
        Assert.Equal(200, HttpAnswer.Read(client).Status);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", 200, "body", "Content-Length: 4")]
    [InlineData("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", 404, "body", "Transfer-Encoding: chunked")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nbody", 200, "body", "Transfer-Encoding: chunked")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 200, "", "Transfer-Encoding: chunked")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 204, "", "")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 9\r\n\r\n", 304, "", "Content-Length: 9")]
    [InlineData("HTTP/1.1 503 Wait\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", 503, "", "Content-Length: 0")]
    [InlineData("HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", "Content-Length: 0")]
    [InlineData("HTTP/1.1 301 Moved\r\nLocation: http://elsewhere.test/\r\nContent-Length: 0\r\n\r\n", 301, "", "Location: http://elsewhere.test/")]
    public void An_answer_comes_through_by_every_framing(string reply, int status, string body, string field)
    {
        HttpAnswer answer = Relay(reply, ends: true);
        Assert.Equal((status, body), (answer.Status, answer.Text));
        Assert.Contains(field, answer.Head, StringComparison.Ordinal);
        Assert.Null(answer["Connection"]);
    }

    [Fact]
    public void Interim_answers_come_through_before_the_answer_with_the_fields_that_they_have()
    {
        (RawPeer client, RawPeer server) = Begin(Proxy("/base"), "GET /app HTTP/1.1\r\nHost: test\r\n\r\n");
        server.ReadHead();
        server.Send("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nX-Gone: 1\r\nConnection: X-Gone\r\n\r\n");
        string first = client.ReadHead();
        Assert.StartsWith("HTTP/1.1 103 Early Hints\r\n", first, StringComparison.Ordinal);
        Assert.Equal(["Link"], NamesOf(first), StringComparer.Ordinal);

        server.Send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Location: /base/x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Assert.StartsWith("HTTP/1.1 102 ", client.ReadHead(), StringComparison.Ordinal);
        Assert.Contains("Content-Location: /app/x\r\n", client.ReadHead(), StringComparison.Ordinal);
        HttpAnswer answer = HttpAnswer.Read(client);
        Assert.Equal((200, "ok"), (answer.Status, answer.Text));
    }

    [Fact]
    public void A_client_of_http_1_0_gets_no_interim_answer()
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), "GET /app HTTP/1.0\r\nHost: test\r\n\r\n");
        server.ReadHead();
        server.Send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Assert.StartsWith("HTTP/1.1 200 ", client.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_origin_that_sends_interim_answers_without_end_has_failed()
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), "GET /app HTTP/1.1\r\nHost: test\r\n\r\n");
        server.ReadHead();
        server.Send(string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 9)));
        for (int i = 0; i < 8; i++)
            Assert.StartsWith("HTTP/1.1 103 ", client.ReadHead(), StringComparison.Ordinal);
        Assert.Equal(502, HttpAnswer.Read(client).Status);
    }

    [Theory]
    [InlineData("/base", "a=b", "a=b")]
    [InlineData("/base", "a=b; Path=/base; HttpOnly", "a=b; Path=/app; HttpOnly")]
    [InlineData("/base", "a=b; Secure; PATH = /base/x/ ; Max-Age=5", "a=b; Secure; Path=/app/x/; Max-Age=5")]
    [InlineData("/base", "a=b; Path=/base/", "a=b; Path=/app")]
    [InlineData("/base", "a=b; Path=/basement", "a=b; Path=/basement")]
    [InlineData("/base", "a=b; Path=/", "a=b; Path=/")]
    [InlineData("/base", "a=b; Path=/app", "a=b; Path=/app")]
    [InlineData("/base", "a=b; Path=", "a=b; Path=")]
    [InlineData("", "a=b; Path=/x", "a=b; Path=/app/x")]
    [InlineData("", "a=b; Path=/", "a=b; Path=/")]
    [InlineData("", "a=b; Path=x", "a=b; Path=x")]
    [InlineData("/base", "a=Path=/base", "a=Path=/base")]
    [InlineData("/base", "__Host-a=b; Path=/base; Secure", "__Host-a=b; Path=/base; Secure")]
    [InlineData("/base", "a=b; Domain=127.0.0.1; Secure", "a=b; Secure")]
    [InlineData("/base", "a=b; Domain=front.test; Path=/base", "a=b; Domain=front.test; Path=/app")]
    [InlineData("/base", "a=b; Domain=elsewhere.test", "a=b; Domain=elsewhere.test")]
    public void A_cookie_for_the_place_of_the_origin_is_for_the_mount(string basePath, string cookie, string seen)
    {
        HttpAnswer answer = Relay($"HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\nContent-Length: 0\r\n\r\n", context: Proxy(basePath));
        Assert.Equal(seen, answer["Set-Cookie"]);
    }

    [Fact]
    public void A_cookie_of_an_origin_that_is_mounted_at_the_root_is_for_the_root()
    {
        LoopContext context = Proxy("/base", null, origin => new Mount { MountPoint = "/", Origin = origin });
        HttpAnswer answer = Relay("HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/base\r\nContent-Length: 0\r\n\r\n", context: context);
        Assert.Equal("a=b; Path=/", answer["Set-Cookie"]);
    }

    [Fact]
    public void An_answer_to_head_keeps_the_length_that_it_tells()
    {
        HttpAnswer answer = Relay("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", "HEAD");
        Assert.Equal("1234", answer["Content-Length"]);
    }

    [Fact]
    public void An_answer_keeps_its_fields_and_gets_those_of_the_mount()
    {
        LoopContext context = Proxy(mount: origin => new Mount { MountPoint = "/app", Origin = origin, Fields = [new HttpField("X-Frame-Options", "DENY")] });
        HttpAnswer answer = Relay(
            "HTTP/1.1 200 Fine\r\nServer: theirs\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Gone: 1\r\nConnection: X-Gone\r\n" +
            "Keep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
            context: context);

        Assert.Equal(["Content-Length", "Date", "Server", "Set-Cookie", "Set-Cookie", "X-Frame-Options"], NamesOf(answer.Head), StringComparer.Ordinal);
        Assert.Equal("Thu, 01 Jan 1970 00:00:00 GMT", answer["Date"]);
    }

    [Fact]
    public void An_answer_without_a_date_gets_one_and_no_server_of_ours()
    {
        HttpAnswer answer = Relay(Ok);
        Assert.NotNull(answer["Date"]);
        Assert.Null(answer["Server"]);
    }

    [Fact]
    public void Trailers_of_an_answer_come_through()
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), "GET /app HTTP/1.1\r\nHost: test\r\n\r\n");
        server.ReadHead();
        server.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 7\r\n\r\n");
        client.ReadHead();
        client.WaitUntil(() => client.Received.EndsWith("0\r\nX-Sum: 7\r\n\r\n"u8));
    }

    [Theory]
    [InlineData("/base", "{scheme}://{origin}/base/x?y#z", "/app/x?y#z")]
    [InlineData("/base", "{scheme}://{origin}/base", "/app")]
    [InlineData("/base", "//{origin}/base/x", "/app/x")]
    [InlineData("/base", "/base/x", "/app/x")]
    [InlineData("/base", "/basement", "/basement")]
    [InlineData("/base", "{scheme}://{origin}/elsewhere", "{scheme}://{origin}/elsewhere")]
    [InlineData("", "/login", "/app/login")]
    [InlineData("", "{scheme}://{origin}", "/app")]
    [InlineData("", "x/y", "x/y")]
    [InlineData("", "?page=2", "?page=2")]
    [InlineData("", "ftp://{origin}/x", "ftp://{origin}/x")]
    [InlineData("", "http://elsewhere.test/x", "http://elsewhere.test/x")]
    [InlineData("", "mailto:x@y", "mailto:x@y")]
    public void A_location_that_leads_to_the_origin_leads_to_the_mount(string basePath, string location, string seen)
    {
        string origin = Origin.EndPoint.ToString()!;
        HttpAnswer answer = Relay($"HTTP/1.1 302 Found\r\nLocation: {Filled(location)}\r\nContent-Length: 0\r\n\r\n", context: Proxy(basePath));
        Assert.Equal(Filled(seen), answer["Location"]);

        string Filled(string text) => text.Replace("{origin}", origin, StringComparison.Ordinal).Replace("{scheme}", Scheme, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/base//elsewhere.test/x", "/.//elsewhere.test/x")]
    [InlineData("/base", "/")]
    [InlineData("/base?x", "/?x")]
    [InlineData("http://front.test/base/x", "/x")]
    [InlineData("https://front.test/base/x", "/x")]
    [InlineData("https://front.test.evil/base/x", "https://front.test.evil/base/x")]
    public void A_location_at_the_root_never_becomes_another_host(string location, string seen)
    {
        LoopContext context = Proxy("/base", new ReverseProxyOptions { KeepsHost = true }, origin => new Mount { MountPoint = "/", Origin = origin });
        Assert.Equal(seen, Relay($"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n", context: context)["Location"]);
    }

    [Fact]
    public void Requests_on_one_connection_share_one_socket_to_the_origin()
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), "GET /app/1 HTTP/1.1\r\nHost: test\r\n\r\nGET /app/2 HTTP/1.1\r\nHost: test\r\n\r\nGET /app/3 HTTP/1.1\r\nHost: test\r\n\r\n");
        for (int i = 1; i <= 3; i++)
        {
            string head = server.ReadHead();
            Assert.StartsWith($"GET /{i} ", head, StringComparison.Ordinal);
            Assert.Empty(ValuesOf(head, "Connection"));
            server.Send($"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{i}");
            Assert.Equal(i.ToString(System.Globalization.CultureInfo.InvariantCulture), HttpAnswer.Read(client).Text);
        }

        Assert.Equal(1, Io.CountOf(SystemCall.Connect));
    }

    [Fact]
    public void Without_kept_sockets_each_request_has_a_connection_of_its_own()
    {
        LoopContext context = Proxy(options: new ReverseProxyOptions { KeptSockets = 0 });
        (RawPeer client, RawPeer server) = Begin(context, "GET /app/1 HTTP/1.1\r\nHost: test\r\n\r\n");
        Assert.Equal(["close"], ValuesOf(server.ReadHead(), "Connection"), StringComparer.Ordinal);
        server.Send(Ok);
        HttpAnswer.Read(client);
        server.WaitUntil(() => server.IsOver);

        client.Send("GET /app/2 HTTP/1.1\r\nHost: test\r\n\r\n");
        server = Origin.Accept();
        server.ReadHead();
        server.Send(Ok);
        Assert.Equal(200, HttpAnswer.Read(client).Status);
    }

    [Fact]
    public void A_client_of_http_1_0_gets_the_end_of_the_stream_for_the_end_of_the_body()
    {
        (RawPeer client, RawPeer server) = Begin(Proxy(), "GET /app HTTP/1.0\r\n\r\n");
        Assert.Equal(Origin.EndPoint.ToString(), ValuesOf(server.ReadHead(), "Host").Single());
        server.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
        Assert.EndsWith("\r\n\r\nbody", client.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Credentials_are_asked_for_before_the_origin_is()
    {
        BasicAuthentication users = new("Members", (_, password) => password.SequenceEqual("secret"u8));
        LoopContext context = Proxy(mount: origin => new Mount { MountPoint = "/app", Origin = origin, Authentication = users });
        RawPeer stranger = Connect(context);
        stranger.Send("GET /app HTTP/1.1\r\nHost: test\r\n\r\n");
        Assert.Equal(401, HttpAnswer.Read(stranger).Status);
        Assert.Equal(0, Io.CountOf(SystemCall.Connect));

        Assert.Equal(["Basic YW5uOnNlY3JldA=="], ValuesOf(ForwardGet("Authorization: Basic YW5uOnNlY3JldA==\r\n", context), "Authorization"), StringComparer.Ordinal);
    }

    [Fact]
    public void A_proxy_whose_origin_is_itself_ends_the_circle()
    {
        using SiteFolder folder = new();
        UnixDomainSocketEndPoint itself = new(folder["itself"]);
        LoopContext context = Serve(new VirtualHostOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0), itself],
            Protocols = [NewProtocol("zero")],
            Mounts = [new Mount { MountPoint = "/", Origin = OriginAt("circle.test", new ReverseProxyOptions { EndPoint = itself }) }],
        });
        RawPeer client = Connect(context);
        client.Send("GET /x HTTP/1.1\r\nHost: circle.test\r\n\r\n");

        Assert.Equal(508, HttpAnswer.Read(client).Status);
        Assert.Equal(1, Io.CountOf(SystemCall.Connect));
        context.Dispose();
    }

    [Theory]
    [InlineData("TRACE /app HTTP/1.1\r\nHost: test\r\n\r\n", 405)]
    [InlineData("OPTIONS /app HTTP/1.1\r\nHost: test\r\nMax-Forwards: 0\r\n\r\n", 204)]
    public void Some_requests_go_no_further(string request, int status)
    {
        RawPeer client = Connect(Proxy());
        client.Send(request);
        Assert.Equal(status, HttpAnswer.Read(client).Status);
        Assert.Equal(0, Io.CountOf(SystemCall.Connect));
    }

    [Fact]
    public void A_hop_is_counted() =>
        Assert.Equal(["4"], ValuesOf(Forward("OPTIONS /app HTTP/1.1\r\nHost: test\r\nMax-Forwards: 5\r\n\r\n"), "Max-Forwards"), StringComparer.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("localhost:99999")]
    [InlineData("localhost?x")]
    [InlineData("user@localhost")]
    [InlineData("https://localhost")]
    public void An_origin_that_is_no_host_is_refused_when_the_context_is_made(string origin)
    {
        ArgumentException wrong = Assert.ThrowsAny<ArgumentException>(() => Proxy(mount: _ => new Mount { MountPoint = "/app", Origin = MountOrigin.Http(origin) }));
        Assert.True(origin.Length == 0 || wrong.Message.Contains("Mount.Origin", StringComparison.Ordinal));
    }

    [Fact]
    public void Options_of_the_origin_are_checked_with_the_mount()
    {
        ArgumentException wrong = Assert.ThrowsAny<ArgumentException>(() => Proxy(options: new ReverseProxyOptions { KeptSockets = -1 }));
        Assert.Contains("ReverseProxyOptions.KeptSockets", wrong.Message, StringComparison.Ordinal);
        wrong = Assert.ThrowsAny<ArgumentException>(() => Proxy(options: new ReverseProxyOptions { Timeout = TimeSpan.FromSeconds(-5) }));
        Assert.Contains("ReverseProxyOptions.Timeout", wrong.Message, StringComparison.Ordinal);
        wrong = Assert.ThrowsAny<ArgumentException>(() => Proxy(options: new ReverseProxyOptions { EndPoint = new DnsEndPoint("x", 1) }));
        Assert.Contains("EndPoint", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_destroyed_host_leaves_no_socket_to_its_origin()
    {
        LoopContext context = Proxy();
        Relay(Ok, context: context);
        context.VirtualHosts[0].Destroy();
        Harness.RunUntil(() => Io.OpenDescriptors.Count == 0);
    }
}
