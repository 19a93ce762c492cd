using System.IO.Compression;
using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>What the test server serves beside its own page: mounts of the command line, and virtual hosts of a file.</summary>
public sealed partial class TestServerConfigTests : IDisposable
{
    private readonly SiteFolder _folder = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30) };

    [Fact]
    public async Task Mounts_of_the_command_line_are_served_beside_the_page_or_instead_of_it()
    {
        _folder.Write("files/a.txt", "a file");
        string script = _folder.WriteScript("hello", "printf 'Content-Type: text/plain\\n\\nhello from a program'");
        ZipFile.CreateFromDirectory(_folder["files"], _folder["files.zip"]);
        await using SampleProcess server = TestServers.Start(
            "--mount", $"/files=file://{_folder["files"]}", "--mount", $"/zip=zip://{_folder["files.zip"]}", "--mount", $"/hello=cgi://{script}",
            "--mount", "/away=>https://example.com/there");
        Uri address = await server.WaitForAddressAsync();

        Assert.Equal("a file", await _http.GetStringAsync(new Uri(address, "/files/a.txt")));
        Assert.Equal("a file", await _http.GetStringAsync(new Uri(address, "/zip/a.txt")));
        Assert.Equal("hello from a program", await _http.GetStringAsync(new Uri(address, "/hello")));
        using HttpResponseMessage away = await _http.GetAsync(new Uri(address, "/away/x?y"));
        Assert.Equal("https://example.com/there/x?y", away.Headers.Location?.OriginalString);
        Assert.Contains("<title>", await _http.GetStringAsync(address), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_describes_hosts_with_mounts_and_protocols_of_their_own()
    {
        _folder.Write("one/start.html", "one");
        _folder.Write("two/index.html", "two");
        string config = _folder.Write("site.json", """
            {
              // Two sites on one port, told apart by the name that clients ask for.
              "hosts": [
                {
                  "name": "one.example",
                  "listen": ["127.0.0.1:0"],
                  "protocols": ["lws-mirror-protocol"],
                  "mounts": [
                    { "mountPoint": "/", "origin": "file://one", "defaultFile": "start.html", "cacheReusable": true, "cacheMaxAge": 60,
                      "mimeTypes": { "html": "text/x-own" }, "fields": { "X-Own": "yes" } },
                    { "mountPoint": "/plaintext", "origin": "callback://site" },
                  ],
                },
                { "name": "two.example", "listen": ["127.0.0.1:0"], "mounts": [ { "mountPoint": "/", "origin": "file://two" } ] },
              ],
            }
            """);
        await using SampleProcess server = SampleProcess.Start("TestServer", "--config", config);
        Uri one = await server.WaitForAddressAsync();
        Uri two = new((await server.WaitForLineAsync(SecondAddress(one))).Groups["address"].Value);

        using HttpResponseMessage answer = await _http.GetAsync(one);
        Assert.Equal(("one", "text/x-own", "max-age=60, private"), (await answer.Content.ReadAsStringAsync(), answer.Content.Headers.ContentType?.ToString(), answer.Headers.CacheControl?.ToString()));
        Assert.Equal("yes", Assert.Single(answer.Headers.GetValues("X-Own")));
        Assert.Equal("Hello, World!", await _http.GetStringAsync(new Uri(one, "/plaintext")));
        Assert.Equal("two", await _http.GetStringAsync(two));

        using WebSocketClient mirror = await WebSocketClient.ConnectAsync(one, "lws-mirror-protocol");
        using RawPeer peer = RawPeer.Connect(IPEndPoint.Parse(one.Authority));
        peer.RequestUpgrade(protocols: "dumb-increment-protocol");
        Assert.StartsWith("HTTP/1.1 400 ", peer.ReadHead(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_host_of_a_file_compresses_when_the_command_line_says_so(bool saysItFirst)
    {
        string config = _folder.Write("site.json", """{ "hosts": [ { "listen": ["127.0.0.1:0"] }, { "name": "second", "listen": ["127.0.0.1:0"] } ] }""");
        string[] arguments = saysItFirst ? ["--deflate", "--config", config] : ["--config", config, "--deflate"];
        await using SampleProcess server = SampleProcess.Start("TestServer", arguments);
        Uri first = await server.WaitForAddressAsync();
        Uri second = new((await server.WaitForLineAsync(SecondAddress(first))).Groups["address"].Value);

        foreach (Uri host in new[] { first, second })
        {
            using RawPeer peer = RawPeer.Connect(IPEndPoint.Parse(host.Authority));
            Assert.Contains("Sec-WebSocket-Extensions: permessage-deflate", peer.Upgrade(fields: "Sec-WebSocket-Extensions: permessage-deflate\r\n"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_file_of_the_document_is_one_that_the_server_runs()
    {
        string text = RepositoryFiles.Read("docs/test-server.md");
        int start = text.IndexOf("```json\n", StringComparison.Ordinal) + 8;
        text = text[start..text.IndexOf("```", start, StringComparison.Ordinal)]
            .Replace("[::1]:7681", "127.0.0.2:0", StringComparison.Ordinal).Replace("127.0.0.1:7681", "127.0.0.1:0", StringComparison.Ordinal);
        _folder.Write("wwwroot/index.html", "the page");
        _folder.Write("users.txt", "ann:{PLAIN}secret\n");
        await using SampleProcess server = SampleProcess.Start("TestServer", "--config", _folder.Write("site.json", text));
        Uri address = await server.WaitForAddressAsync();

        Assert.Equal("the page", await _http.GetStringAsync(address));
        Assert.Equal("Hello, World!", await _http.GetStringAsync(new Uri(address, "/plaintext")));
        using HttpResponseMessage stranger = await _http.GetAsync(new Uri(address, "/git/x"));
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
    }

    [Fact]
    public async Task Other_servers_are_asked_by_host_and_by_unix_socket_and_websockets_go_through()
    {
        string behind = _folder.Write("behind.json", """
            { "hosts": [ { "listen": ["127.0.0.1:0", "unix:behind"], "origin": "any", "mounts": [ { "mountPoint": "/app", "origin": "file://files" },
              { "mountPoint": "/plaintext", "origin": "callback://site" } ] } ] }
            """);
        _folder.Write("files/page.html", "the page");
        await using SampleProcess origin = SampleProcess.Start("TestServer", "--config", behind);
        Uri place = await origin.WaitForAddressAsync();
        await origin.WaitForLineAsync(new Regex("unix"));
        await using SampleProcess front = SampleProcess.Start(
            "TestServer", "--port", "0", "--mount", $"/tcp=http://{place.Authority}/app", "--mount", $"/unix=http+unix://{_folder["behind"]}");
        Uri address = await front.WaitForAddressAsync();

        Assert.Equal("the page", await _http.GetStringAsync(new Uri(address, "/tcp/page.html")));
        Assert.Equal("the page", await _http.GetStringAsync(new Uri(address, "/unix/app/page.html")));
        Assert.Equal("Hello, World!", await _http.GetStringAsync(new Uri(address, "/unix/plaintext")));
        using RawPeer peer = RawPeer.Connect(IPEndPoint.Parse(address.Authority));
        Assert.Contains("Sec-WebSocket-Protocol: dumb-increment-protocol", peer.Upgrade("/tcp", "dumb-increment-protocol"), StringComparison.Ordinal);
        Assert.NotEmpty(peer.ReadFrame().Text);

        string config = _folder.Write("front.json", """
            { "hosts": [ { "listen": ["127.0.0.1:0"], "mounts": [ { "mountPoint": "/", "origin": "http://inside/app",
              "reverseProxy": { "socket": "behind", "keepsHost": true, "extendsForwarded": true, "connectTimeout": 30, "timeout": 30.5, "keptSockets": 1 } } ] } ] }
            """);
        await using SampleProcess second = SampleProcess.Start("TestServer", "--config", config);
        Assert.Equal("the page", await _http.GetStringAsync(new Uri(await second.WaitForAddressAsync(), "/page.html")));
    }

    [Theory]
    [InlineData("""{ "hosts": [] }""", 1, "$.hosts", "at least one host is needed.")]
    [InlineData("{\n  \"hosts\": 7\n}", 2, "$.hosts", "The JSON value could not be converted to")]
    [InlineData("{\n\n  \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"], \"colour\": \"red\" } ]\n}", 3, "$.hosts[0].colour", "The JSON property 'colour' could not be mapped")]
    [InlineData("{\n  \"hosts\": [\n    { \"name\": \"a\" }\n  ]\n}", 3, "$.hosts[0]", "listen")]
    [InlineData("{\n  \"hosts\": [\n    { \"listen\": [\"127.0.0.1:0\",\n \"here\"] }\n  ]\n}", 4, "$.hosts[0].listen[1]", "'here' is no address with a port")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1\"] } ] }", 1, "$.hosts[0].listen[0]", "'127.0.0.1' is no address with a port")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"],\n \"origin\": \"some\" } ] }", 2, "$.hosts[0].origin", "'some' is neither")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"],\n \"protocols\": [\"echo\",\n\"spiral\"] } ] }", 3, "$.hosts[0].protocols[1]", "'spiral' is none of")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"],\n \"mounts\": [ { \"mountPoint\": \"/\",\n \"origin\": \"file:///no/such\" } ] } ] }", 3, "$.hosts[0].mounts[0].origin", "'file:///no/such' is no origin")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"], \"mounts\": [ {\n \"origin\": \">http://a\",\n \"mountPoint\": \"a\" } ] } ] }", 3, "$.hosts[0].mounts[0].mountPoint", "'a' is no path")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"], \"mounts\": [ { \"mountPoint\": \"/\", \"origin\": \">http://a\",\n \"fields\": { \"a b\": \"c\" } } ] } ] }", 2, "$.hosts[0].mounts[0].fields", "token")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"], \"mounts\": [ { \"mountPoint\": \"/\", \"origin\": \">http://a\",\n \"cgiTimeout\": 0 } ] } ] }", 2, "$.hosts[0].mounts[0].cgiTimeout", "between 1 ms and 24 days")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"], \"mounts\": [ { \"mountPoint\": \"/\",\n \"origin\": \"callback://nobody\" } ] } ] }", 2, "$.hosts[0].mounts[0].origin", "'nobody' is none of the protocols")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"], \"mounts\": [ { \"mountPoint\": \"/\", \"origin\": \">http://a\", \"authentication\": { \"realm\": \"x\",\n \"passwords\": \"/no/such\" } } ] } ] }", 2, "$.hosts[0].mounts[0].authentication.passwords", "/no/such")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"], \"mounts\": [ { \"mountPoint\": \"/\", \"origin\": \"http://a\",\n \"reverseProxy\": {\n \"timeout\": 0 } } ] } ] }", 3, "$.hosts[0].mounts[0].reverseProxy.timeout", "between 1 ms and 24 days")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"], \"mounts\": [ { \"mountPoint\": \"/\", \"origin\": \"http://a\",\n \"reverseProxy\": {\n \"keptSockets\": -1 } } ] } ] }", 3, "$.hosts[0].mounts[0].reverseProxy.keptSockets", "between 0 and 1024")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"], \"mounts\": [ { \"mountPoint\": \"/\", \"origin\": \">http://a\",\n \"reverseProxy\": { } } ] } ] }", 2, "$.hosts[0].mounts[0].reverseProxy", "is no http://HOST")]
    [InlineData("{ \"hosts\": [ { \"listen\": [\"127.0.0.1:0\"], \"mounts\": [ { \"mountPoint\": \"/\",\n \"origin\": \"http://a b\" } ] } ] }", 2, "$.hosts[0].mounts[0].origin", "'a b' is no host")]
    [InlineData("{ \"hosts\": [\n ] ", 2, "$", "Expected")]
    [InlineData("", 1, "$", "does not contain any JSON")]
    public async Task A_mistake_in_the_file_is_told_with_its_line_and_member(string text, int line, string member, string sentence)
    {
        string config = _folder.Write("site.json", text);
        await using SampleProcess server = SampleProcess.Start("TestServer", "--config", config);

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.StartsWith($"{config}, line {line}, {member}", server.Output, StringComparison.Ordinal);
        Assert.Contains(sentence, server.Output, StringComparison.Ordinal);
        Assert.Single(server.Output.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("--config /no/such/file", "--config takes a file that can be read, not '/no/such/file'.")]
    [InlineData("--mount /a", "--mount takes a path and an origin that exists")]
    [InlineData("--mount /a=file:///no/such/folder", "--mount takes a path and an origin that exists")]
    [InlineData("--mount /a=http://x:y", "--mount takes a path and an origin that exists")]
    [InlineData("--mount /a=gopher://x", "--mount takes a path and an origin that exists")]
    public async Task A_wrong_argument_is_answered_with_a_sentence(string arguments, string sentence)
    {
        await using SampleProcess server = SampleProcess.Start("TestServer", arguments.Split(' '));

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.StartsWith(sentence, server.Output, StringComparison.Ordinal);
        Assert.Single(server.Output.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task What_the_file_says_is_not_said_a_second_time()
    {
        string config = _folder.Write("site.json", """{ "hosts": [ { "listen": ["127.0.0.1:0"] } ] }""");
        await using SampleProcess server = SampleProcess.Start("TestServer", "--config", config, "--port", "0");

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.Equal("--port is said by the file of --config, so one of the two is too much.\n", server.Output);
    }

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    private static Regex SecondAddress(Uri first) =>
        new($@"^listening on (?<address>http://(?!{Regex.Escape(first.Authority)})\S+) ", RegexOptions.None, TimeSpan.FromSeconds(10));
}
