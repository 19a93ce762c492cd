using System.Globalization;
using System.Net;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Which mount a request goes to, redirects, and mounts of protocols.</summary>
public abstract class MountSuite(LoopFactory factory) : LoopBench(factory)
{
    [Theory]
    [InlineData("/", "root")]
    [InlineData("/x/y", "root")]
    [InlineData("/app", "app")]
    [InlineData("/app/", "app")]
    [InlineData("/app/x", "app")]
    [InlineData("/application", "root")]
    [InlineData("/app/in", "inner")]
    [InlineData("/app/in/x", "inner")]
    [InlineData("/app/inn", "app")]
    [InlineData("/x/../app/./in/x", "inner")]
    [InlineData("/%61pp/x", "app")]
    [InlineData("/APP", "root")]
    public void The_longest_mount_point_that_covers_a_path_is_taken(string path, string mount)
    {
        LoopContext context = Serve(
            [NewProtocol("zero"), Teller("root"), Teller("app"), Teller("inner")],
            [Callback("/", "root"), Callback("/app", "app"), Callback("/app/in/", "inner")]);

        Assert.Equal(mount, Get(Connect(context), path).Text);
    }

    [Fact]
    public void What_no_mount_covers_goes_to_protocol_0()
    {
        LoopContext context = Serve([Teller("zero"), Teller("app")], [Callback("/app", "app")]);
        RawPeer peer = Connect(context);

        Assert.Equal(["zero", "app", "zero"], new[] { "/", "/app", "/ap" }.Select(path => Get(peer, path).Text), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("GET", "/old/a/b?x=%20&y", 301, "https://example.com/new/a/b?x=%20&y")]
    [InlineData("HEAD", "/old", 301, "https://example.com/new")]
    [InlineData("GET", "/old/%C3%A4%20b", 301, "https://example.com/new/%C3%A4%20b")]
    [InlineData("POST", "/old/", 308, "https://example.com/new/")]
    [InlineData("GET", "/plain/x", 301, "http://other.example:8080/x")]
    [InlineData("GET", "/here/x?y", 301, "https://asked.example/here/x?y")]
    public void A_redirect_keeps_the_rest_of_the_path_and_the_query(string method, string target, int status, string? location)
    {
        LoopContext context = Serve(
            [NewProtocol("zero")],
            [
                new() { MountPoint = "/old", Origin = MountOrigin.RedirectHttps("example.com/new/") },
                new() { MountPoint = "/plain", Origin = MountOrigin.RedirectHttp("other.example:8080") },
                new() { MountPoint = "/here", Origin = MountOrigin.RedirectHttps() },
            ]);
        RawPeer peer = Connect(context);
        peer.Send($"{method} {target} HTTP/1.1\r\nHost: asked.example:7681\r\n\r\n");
        HttpAnswer answer = HttpAnswer.Read(peer);

        Assert.Equal((status, location, "0"), (answer.Status, answer["Location"], answer["Content-Length"]));
    }

    [Fact]
    public void A_redirect_that_keeps_the_host_needs_one()
    {
        LoopContext context = Serve([NewProtocol("zero")], [new() { MountPoint = "/", Origin = MountOrigin.RedirectHttps() }]);
        RawPeer peer = Connect(context);
        peer.Send("GET / HTTP/1.0\r\n\r\n");

        Assert.Equal(400, HttpAnswer.Read(peer).Status);
    }

    [Fact]
    public void The_protocol_of_a_mount_has_a_session_for_each_request_and_gives_the_connection_back()
    {
        TestProtocol zero = Counter("zero");
        TestProtocol app = Counter("app");
        RawPeer peer = Connect(Serve([zero, app], [Callback("/app", "app")]));

        string[] answers = [.. new[] { "/", "/app", "/app", "/" }.Select(path => Get(peer, path).Text)];
        Harness.Settle();
        peer.Close();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal(["zero 1", "app 1", "app 1", "zero 2"], answers, StringComparer.Ordinal);
        Assert.Equal(2, Recorder.Calls.Count(call => call.Reason == CallbackReason.HttpDropProtocol));
        Assert.Equal("29 19 18:1 12:1 18:4 12:4 50 18:4 12:4 50 18:1 12:1 5 30", Recorder.TraceOf(1));
    }

    [Fact]
    public void The_protocol_of_a_mount_gets_the_body_and_the_writable_calls()
    {
        StringBuilder body = new();
        TestProtocol app = NewProtocol("app").On(CallbackReason.Http, _ => { })
            .On(CallbackReason.HttpBody, (_, ref _, in data) =>
            {
                body.Append(Encoding.ASCII.GetString(data.In));
                return CallbackResult.Continue;
            })
            .On(CallbackReason.HttpBodyCompletion, connection => connection.RequestWritable())
            .On(CallbackReason.HttpWriteable, connection =>
            {
                if (body.Length > 0) connection.Respond(200, "text/plain", Encoding.ASCII.GetBytes(body.ToString()));
                body.Clear();
            });
        RawPeer peer = Connect(Serve([NewProtocol("zero"), app], [Callback("/app", "app")]));
        peer.Send("POST /app HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");

        Assert.Equal("hello", HttpAnswer.Read(peer).Text);
    }

    [Fact]
    public void The_protocol_of_a_mount_hears_of_a_request_that_is_cut()
    {
        List<string> heard = [];
        TestProtocol zero = NewProtocol("zero").On(CallbackReason.ClosedHttp, _ => heard.Add("zero closed"));
        TestProtocol app = NewProtocol("app").On(CallbackReason.Http, _ => { }).On(CallbackReason.HttpDropProtocol, _ => heard.Add("app dropped"));
        RawPeer peer = Connect(Serve([zero, app], [Callback("/app", "app")]));
        peer.Send("GET /app HTTP/1.1\r\nHost: test\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.Http));
        peer.Reset();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal(["app dropped", "zero closed"], heard, StringComparer.Ordinal);
    }

    [Fact]
    public void Protocol_0_is_asked_first_and_can_refuse_what_a_mount_would_serve()
    {
        TestProtocol zero = NewProtocol("zero").On(CallbackReason.FilterHttpConnection, (_, ref _, in data) =>
            data.In.SequenceEqual("/app/secret"u8) ? CallbackResult.Close : CallbackResult.Continue);
        LoopContext context = Serve([zero, Teller("app")], [Callback("/app", "app")]);

        Assert.Equal(200, Get(Connect(context), "/app/open").Status);
        Assert.Equal(403, Get(Connect(context), "/app/secret").Status);
    }

    [Fact]
    public void A_mount_with_users_asks_who_comes_and_serves_those_who_may()
    {
        BasicAuthentication users = new("Members", (user, password) => user.SequenceEqual("ann"u8) && password.SequenceEqual("secret"u8));
        LoopContext context = Serve(
            [NewProtocol("zero"), Teller("app")],
            [new Mount { MountPoint = "/app", Origin = MountOrigin.Callback("app"), Authentication = users }]);
        RawPeer peer = Connect(context);

        HttpAnswer stranger = Get(peer, "/app/x");
        Assert.Equal((401, "Basic realm=\"Members\", charset=\"UTF-8\""), (stranger.Status, stranger["WWW-Authenticate"]));
        peer.Send("POST /app HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nAuthorization: Basic YW5uOndyb25n\r\n\r\nabc");
        Assert.Equal(401, HttpAnswer.Read(peer).Status);
        peer.Send("GET /app HTTP/1.1\r\nHost: test\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n\r\n");
        Assert.Equal("app", HttpAnswer.Read(peer).Text);
    }

    public static TheoryData<string, Mount> Mistakes => new()
    {
        { nameof(Mount.MountPoint), new() { MountPoint = "app", Origin = MountOrigin.RedirectHttp("a") } },
        { nameof(Mount.MountPoint), new() { MountPoint = "", Origin = MountOrigin.RedirectHttp("a") } },
        { nameof(Mount.MountPoint), new() { MountPoint = "//", Origin = MountOrigin.RedirectHttp("a") } },
        { nameof(Mount.MountPoint), new() { MountPoint = "/a/../b", Origin = MountOrigin.RedirectHttp("a") } },
        { nameof(Mount.Origin), new() { MountPoint = "/", Origin = MountOrigin.Files("/no/such/folder") } },
        { nameof(Mount.Origin), new() { MountPoint = "/", Origin = MountOrigin.Cgi("/no/such/program") } },
        { nameof(Mount.Origin), new() { MountPoint = "/", Origin = MountOrigin.Callback("nobody") } },
        { nameof(Mount.Origin), new() { MountPoint = "/", Origin = MountOrigin.RedirectHttp("a b") } },
        { nameof(Mount.Origin), new() { MountPoint = "/", Origin = MountOrigin.RedirectHttps("user@host") } },
        { nameof(Mount.DefaultFile), new() { MountPoint = "/", Origin = MountOrigin.RedirectHttp("a"), DefaultFile = "../x" } },
        { nameof(Mount.CacheMaxAge), new() { MountPoint = "/", Origin = MountOrigin.RedirectHttp("a"), CacheMaxAge = TimeSpan.FromSeconds(-1) } },
        { nameof(Mount.CgiTimeout), new() { MountPoint = "/", Origin = MountOrigin.RedirectHttp("a"), CgiTimeout = TimeSpan.Zero } },
        { nameof(Mount.Fields), new() { MountPoint = "/", Origin = MountOrigin.RedirectHttp("a"), Fields = [new HttpField("X", "a\r\nb")] } },
        {
            nameof(Mount.ExtraMimeTypes),
            new() { MountPoint = "/", Origin = MountOrigin.RedirectHttp("a"), ExtraMimeTypes = new Dictionary<string, string>(StringComparer.Ordinal) { ["x"] = "a\nb" } }
        },
        {
            nameof(Mount.CgiEnvironment),
            new() { MountPoint = "/", Origin = MountOrigin.RedirectHttp("a"), CgiEnvironment = new Dictionary<string, string>(StringComparer.Ordinal) { ["A=B"] = "" } }
        },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_in_a_mount_names_the_member(string member, Mount mount)
    {
        ArgumentException mistake = Assert.ThrowsAny<ArgumentException>(() => Serve([NewProtocol("zero")], [mount]));
        Assert.Contains($"Mount.{member}", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_mounts_at_one_place_are_a_mistake()
    {
        ArgumentException mistake = Assert.ThrowsAny<ArgumentException>(
            () => Serve([NewProtocol("zero"), Teller("app")], [Callback("/app", "app"), Callback("/app/", "app")]));
        Assert.Contains("two mounts at '/app/'", mistake.Message, StringComparison.Ordinal);
    }

    private static Mount Callback(string point, string protocol) => new() { MountPoint = point, Origin = MountOrigin.Callback(protocol) };

    private static HttpAnswer Get(RawPeer peer, string path)
    {
        peer.Send($"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        return HttpAnswer.Read(peer);
    }

    /// <summary>Answers with its name.</summary>
    private TestProtocol Teller(string name) => NewProtocol(name).On(CallbackReason.Http, connection => connection.Respond(200, "text/plain", Encoding.ASCII.GetBytes(name)));

    /// <summary>Answers with its name and how many requests its session has seen.</summary>
    private TestProtocol Counter(string name) => NewProtocol(name).On(CallbackReason.Http, (connection, ref session, in _) =>
    {
        connection.Respond(200, "text/plain", Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name} {++session.Number}")));
        return CallbackResult.Continue;
    });

    private LoopContext Serve(IReadOnlyList<Protocol> protocols, IReadOnlyList<Mount> mounts) =>
        Serve(new VirtualHostOptions { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = protocols, Mounts = mounts });
}
