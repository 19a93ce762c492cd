using System.Globalization;
using System.Net;
using Xunit;

namespace EventLoops.Tests.Interop.Tls;

/// <summary>curl against our server with TLS.</summary>
public sealed class CurlTlsTests(TlsSite site) : IClassFixture<TlsSite>
{
    [Theory]
    [InlineData(TestKey.Ecdsa, "--tlsv1.2", "--tls-max", "1.2")]
    [InlineData(TestKey.Rsa, "--tlsv1.2", "--tls-max", "1.2")]
    [InlineData(TestKey.Ecdsa, "--tlsv1.3", "--tls-max", "1.3")]
    [InlineData(TestKey.Rsa, "--tlsv1.3", "--tls-max", "1.3")]
    public async Task It_is_served_in_both_versions_and_with_both_kinds_of_keys(TestKey key, params string[] version)
    {
        IssuedCertificate certificate = key == TestKey.Rsa ? site.Rsa : site.Ecdsa;
        await using LoopThread server = await site.StartAsync(new InteropProtocol(), new TlsOptions { Certificates = [certificate.Tls] });

        (int code, string output) = await CurlAsync(server, [.. version, Url(server, "/greeting")]);
        Assert.Equal((0, InteropProtocol.Greeting), (code, output));
    }

    [Fact]
    public async Task It_uses_one_connection_for_several_requests_and_asks_for_http_1_1()
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await site.StartAsync(protocol);
        (int code, string output) = await CurlAsync(server, "--verbose", Url(server, "/greeting"), Url(server, "/chunks"));

        Assert.True(code == 0, output);
        Assert.Contains("ALPN: server accepted http/1.1", output, StringComparison.Ordinal);
        Assert.Equal(1, protocol.AcceptedCount);
    }

    [Fact]
    public async Task It_gets_a_large_answer_whole_and_sends_one()
    {
        byte[] body = Message.Pattern(3_000_000);
        string sent = Path.Combine(site.Folder, "sent");
        string received = Path.Combine(site.Folder, "received");
        await File.WriteAllBytesAsync(sent, body);
        await using LoopThread server = await site.StartAsync(new InteropProtocol());

        (int code, string output) = await CurlAsync(server, "--data-binary", "@" + sent, "--output", received, Url(server, "/echo"));
        Assert.True(code == 0, output);
        Assert.Equal(body, await File.ReadAllBytesAsync(received));
    }

    [Fact]
    public async Task It_does_not_believe_us_without_our_authority()
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol());
        (int code, _) = await Tool.CurlAsync(Url(server, "/greeting"));

        // CURLE_PEER_FAILED_VERIFICATION.
        Assert.Equal(60, code);
    }

    [Fact]
    public async Task A_client_certificate_lets_it_in_where_one_is_required()
    {
        using IssuedCertificate device = site.Authority.Client("device 7");
        (string chain, string key) = site.Write(device, "device");
        await using LoopThread server = await site.StartAsync(new TlsReporter(), new TlsOptions
        {
            Certificates = [site.Ecdsa.Tls],
            ClientCertificates = ClientCertificateMode.Require,
            ClientCaPem = site.Authority.Pem,
        });

        (int code, string output) = await CurlAsync(server, "--cert", chain, "--key", key, Url(server, "/"));
        Assert.True(code == 0, output);
        Assert.Contains("subject CN=device 7,O=Example", output, StringComparison.Ordinal);
        Assert.Contains("version TLSv1.3", output, StringComparison.Ordinal);
        Assert.Contains("protocol http/1.1", output, StringComparison.Ordinal);

        (int refused, _) = await CurlAsync(server, Url(server, "/"));
        Assert.NotEqual(0, refused);
    }

    [Theory]
    [InlineData("GET", 301)]
    [InlineData("POST", 308)]
    public async Task Plain_http_is_sent_to_https_with_path_and_query(string method, int status)
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol(), new TlsOptions { Certificates = [site.Ecdsa.Tls], RedirectHttpToHttps = true });
        string port = Port(server);
        (int code, string output) = await Tool.CurlAsync(
            "--request", method, "--output", "/dev/null", "--write-out", "%{http_code} %{redirect_url}", $"http://localhost:{port}/greeting?a=b");
        Assert.Equal((0, $"{status} https://localhost:{port}/greeting?a=b\n"), (code, output));

        (int followed, string answer) = await CurlAsync(server, "--location", $"http://localhost:{port}/greeting?a=b");
        Assert.Equal((0, InteropProtocol.Greeting), (followed, answer));
    }

    [Fact]
    public async Task Plain_http_is_refused_in_words_or_served_as_the_host_says()
    {
        await using LoopThread strict = await site.StartAsync(new InteropProtocol());
        await using LoopThread open = await site.StartAsync(new InteropProtocol(), new TlsOptions { Certificates = [site.Ecdsa.Tls], AllowNonTlsOnTlsPort = true });

        (_, string refused) = await Tool.CurlAsync("--output", "/dev/null", "--write-out", "%{http_code}", $"http://localhost:{Port(strict)}/greeting");
        (_, string served) = await Tool.CurlAsync($"http://localhost:{Port(open)}/greeting");
        (_, string secured) = await CurlAsync(open, Url(open, "/greeting"));
        Assert.Equal(("400\n", InteropProtocol.Greeting, InteropProtocol.Greeting), (refused, served, secured));
    }

    [Fact]
    public async Task Two_hosts_of_a_port_are_told_apart_by_the_name_in_the_handshake_and_a_request_for_the_other_is_421()
    {
        using IssuedCertificate a = site.Authority.Server("a.test");
        using IssuedCertificate b = site.Authority.Server("b.test", "*.b.test");
        await using LoopThread server = await LoopThread.StartAsync(
            new EventLoopOptions(), site.Host(new TlsReporter("a"), new TlsOptions { Certificates = [a.Tls] }, "a.test"));
        await server.InvokeAsync(() => server.Context.CreateVirtualHost(
            site.Host(new TlsReporter("b"), new TlsOptions { Certificates = [b.Tls] }, "b.test", server.EndPoint)));
        string port = Port(server);

        Assert.StartsWith("host a\n", await GetAsync("a.test"), StringComparison.Ordinal);
        Assert.StartsWith("host b\n", await GetAsync("b.test"), StringComparison.Ordinal);
        Assert.StartsWith("host b\n", await GetAsync("cats.b.test"), StringComparison.Ordinal);
        Assert.StartsWith("host b\n", await GetAsync("b.test", "--header", "Host: B.TEST"), StringComparison.Ordinal);
        Assert.Equal("421\n", await GetAsync("a.test", "--output", "/dev/null", "--write-out", "%{http_code}", "--header", "Host: b.test"));
        Assert.Equal("421\n", await GetAsync("b.test", "--output", "/dev/null", "--write-out", "%{http_code}", "--header", "Host: a.test"));

        async Task<string> GetAsync(string name, params string[] more)
        {
            (int code, string output) = await CurlAsync(server, ["--connect-to", $"::127.0.0.1:{port}", .. more, $"https://{name}:{port}/"]);
            Assert.True(code == 0, output);
            return output;
        }
    }

    [Fact]
    public async Task Who_stands_behind_a_host_hears_that_the_client_came_by_tls()
    {
        await using LoopThread origin = await LoopThread.StartAsync(new TlsReporter("origin"));
        string script = site.WriteScript("https.cgi", "printf 'Content-Type: text/plain\\n\\nHTTPS is %s' \"$HTTPS\"");
        VirtualHostOptions front = new()
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [new InteropProtocol()],
            Tls = new TlsOptions { Certificates = [site.Ecdsa.Tls] },
            Mounts =
            [
                new Mount { MountPoint = "/cgi", Origin = MountOrigin.Cgi(script) },
                new Mount { MountPoint = "/origin", Origin = MountOrigin.Http(origin.EndPoint.ToString()!) },
            ],
        };
        await using LoopThread server = await LoopThread.StartAsync(new EventLoopOptions(), front);

        Assert.Equal((0, "HTTPS is on\n"), await CurlAsync(server, Url(server, "/cgi")));
        (int code, string output) = await CurlAsync(server, Url(server, "/origin"));
        Assert.Equal(0, code);
        Assert.Contains("\nforwarded https\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_with_tls_asks_an_origin_with_tls_and_believes_only_whom_it_was_told_to()
    {
        await using LoopThread origin = await site.StartAsync(new TlsReporter("origin"));
        string target = $"localhost:{Port(origin)}";
        VirtualHostOptions front = new()
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [new InteropProtocol()],
            Tls = new TlsOptions { Certificates = [site.Ecdsa.Tls] },
            Mounts =
            [
                new Mount { MountPoint = "/known", Origin = MountOrigin.Https(target, new ReverseProxyOptions { Tls = site.Client }) },
                new Mount { MountPoint = "/stranger", Origin = MountOrigin.Https(target) },
            ],
        };
        await using LoopThread server = await LoopThread.StartAsync(new EventLoopOptions(), front);

        (_, string known) = await CurlAsync(server, Url(server, "/known"));
        (_, string stranger) = await CurlAsync(server, "--output", "/dev/null", "--write-out", "%{http_code}", Url(server, "/stranger"));
        Assert.Contains("version TLSv1.3\n", known, StringComparison.Ordinal);
        Assert.Equal("502\n", stranger);
    }

    [Fact]
    public async Task A_host_without_tls_is_no_neighbour_of_one_that_has_it_unless_plain_requests_are_let_in()
    {
        await using LoopThread strict = await site.StartAsync(new InteropProtocol());
        await using LoopThread open = await site.StartAsync(new TlsReporter("a"), new TlsOptions { Certificates = [site.Ecdsa.Tls], AllowNonTlsOnTlsPort = true });
        VirtualHostOptions Plain(EndPoint at) => new() { Name = "plain.test", Endpoints = [at], Protocols = [new TlsReporter("plain")] };

        ArgumentException wrong = await Assert.ThrowsAsync<ArgumentException>(() => strict.InvokeAsync(() => strict.Context.CreateVirtualHost(Plain(strict.EndPoint))));
        Assert.Contains(nameof(VirtualHostOptions.Tls), wrong.Message, StringComparison.Ordinal);

        await open.InvokeAsync(() => open.Context.CreateVirtualHost(Plain(open.EndPoint)));
        (_, string plain) = await Tool.CurlAsync("--header", "Host: plain.test", $"http://127.0.0.1:{Port(open)}/");
        (_, string misdirected) = await CurlAsync(open, "--header", "Host: plain.test", "--output", "/dev/null", "--write-out", "%{http_code}", Url(open, "/"));
        Assert.StartsWith("host plain\n", plain, StringComparison.Ordinal);
        Assert.Equal("421\n", misdirected);
    }

    private static string Port(LoopThread server) => ((IPEndPoint)server.EndPoint).Port.ToString(CultureInfo.InvariantCulture);

    private static string Url(LoopThread server, string path) => $"https://localhost:{Port(server)}{path}";

    private Task<(int Code, string Output)> CurlAsync(LoopThread server, params string[] arguments)
    {
        _ = server;
        return Tool.CurlAsync(["--cacert", site.CaFile, .. arguments]);
    }
}
