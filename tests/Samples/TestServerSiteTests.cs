using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>What the test server answers to HTTP requests, on each of its loops.</summary>
public sealed class TestServerSiteTests(TestServers servers) : IClassFixture<TestServers>, IDisposable
{
    private const string Allowed = "GET, HEAD, POST, PUT, OPTIONS";

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };

    public static TheoryData<string> Loops => [.. TestServers.All];

    public static TheoryData<string, string, string> Files => Combine(
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"));

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task The_plain_text_is_thirteen_bytes(string loop)
    {
        using HttpResponseMessage answer = await SendAsync(loop, "GET", "/plaintext");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(13, answer.Content.Headers.ContentLength);
        Assert.Equal("Hello, World!", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_has_its_type_and_its_bytes(string loop, string path, string type)
    {
        string name = path == "/" ? "index.html" : path[1..];
        byte[] expected = await File.ReadAllBytesAsync(Path.Combine(RepositoryFiles.Root, "samples/TestServer/wwwroot", name));
        using HttpResponseMessage answer = await SendAsync(loop, "GET", path);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(type, answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(expected, await answer.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void A_head_has_the_length_of_the_file_and_no_body(string loop)
    {
        long length = new FileInfo(Path.Combine(RepositoryFiles.Root, "samples/TestServer/wwwroot/index.html")).Length;
        using RawPeer peer = RawPeer.Connect(EndPointOf(loop));
        peer.Send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\nGET /plaintext HTTP/1.1\r\nHost: test\r\n\r\n");

        string head = peer.ReadHead();
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        Assert.Contains($"\r\nContent-Length: {length}\r\n", head, StringComparison.Ordinal);

        // What follows the head is the next answer.
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", peer.ReadHead(), StringComparison.Ordinal);
        Assert.Equal("Hello, World!", peer.ReadText(13));
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task What_is_not_there_is_not_found(string loop)
    {
        using HttpResponseMessage answer = await SendAsync(loop, "GET", "/no/such/file.html");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [InlineData(TestServers.Poll, "/")]
    [InlineData(TestServers.Poll, "/any/path")]
    [InlineData(TestServers.External, "/")]
    public async Task Options_tell_what_is_allowed(string loop, string path)
    {
        using HttpResponseMessage answer = await SendAsync(loop, "OPTIONS", path);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(Allowed, string.Join(", ", answer.Content.Headers.Allow));
    }

    [Theory]
    [InlineData(TestServers.Poll, "DELETE")]
    [InlineData(TestServers.Poll, "PATCH")]
    [InlineData(TestServers.External, "DELETE")]
    public async Task Another_method_is_refused_with_what_is_allowed(string loop, string method)
    {
        using HttpResponseMessage answer = await SendAsync(loop, method, "/");

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(Allowed, string.Join(", ", answer.Content.Headers.Allow));
    }

    [Theory]
    [InlineData(TestServers.Poll, "POST", 0)]
    [InlineData(TestServers.Poll, "POST", 1)]
    [InlineData(TestServers.Poll, "PUT", 1000)]
    [InlineData(TestServers.Poll, "POST", 5_000_000)]
    [InlineData(TestServers.External, "POST", 0)]
    [InlineData(TestServers.External, "POST", 5_000_000)]
    public async Task A_body_comes_back_with_its_length_and_type(string loop, string method, int size)
    {
        byte[] body = Bytes(size);
        using HttpRequestMessage request = Request(loop, method, "/anything", new ByteArrayContent(body));
        request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse("application/x-test; part=1");
        using HttpResponseMessage answer = await _http.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(size, answer.Content.Headers.ContentLength);
        Assert.Equal("application/x-test; part=1", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(body, await answer.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData(TestServers.Poll, 0)]
    [InlineData(TestServers.Poll, 3_000_000)]
    [InlineData(TestServers.External, 3_000_000)]
    public async Task A_body_of_unknown_length_comes_back_in_chunks(string loop, int size)
    {
        byte[] body = Bytes(size);
        using HttpRequestMessage request = Request(loop, "POST", "/", new ByteArrayContent(body));
        request.Headers.TransferEncodingChunked = true;
        using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Headers.TransferEncodingChunked);
        Assert.Null(answer.Content.Headers.ContentLength);
        Assert.Equal(body, await answer.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task A_client_that_waits_for_100_gets_it_before_the_answer(string loop)
    {
        using HttpRequestMessage request = Request(loop, "POST", "/", new StringContent("patience"));
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage answer = await _http.SendAsync(request);

        Assert.Equal("patience", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void A_body_is_not_taken_from_a_client_that_does_not_read_it_back(string loop)
    {
        const int Size = 25_000_000;
        byte[] body = Bytes(Size);
        using RawPeer peer = RawPeer.Connect(EndPointOf(loop), receiveBuffer: 16 * 1024);
        peer.IsReading = false;
        peer.Send($"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {Size}\r\n\r\n");
        peer.Send(body);

        // The server holds one part, the kernel some megabytes; then nothing more goes in.
        peer.WaitUntil(() => !peer.Socket.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectWrite));
        Assert.False(peer.HasSentAll);

        peer.IsReading = true;
        Assert.Contains($"\r\nContent-Length: {Size}\r\n", peer.ReadHead(), StringComparison.Ordinal);
        Assert.Equal(body, peer.ReadBytes(Size));
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void The_header_fields_of_a_request_are_told_line_by_line(string loop)
    {
        using RawPeer peer = RawPeer.Connect(EndPointOf(loop));
        peer.Send("GET /echo HTTP/1.1\r\nHost: test\r\nX-One:  1 \r\nx-two: a, b\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", peer.ReadHead(), StringComparison.Ordinal);
        Assert.Equal("Host: test\nX-One: 1\nx-two: a, b\nConnection: close\n", peer.ReadToEnd());
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void The_cookies_of_a_request_are_told_line_by_line(string loop)
    {
        using RawPeer peer = RawPeer.Connect(EndPointOf(loop));
        peer.Send("GET /cookie HTTP/1.1\r\nHost: test\r\nCookie: a=1; b=x=y\r\nCookie: c=\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", peer.ReadHead(), StringComparison.Ordinal);
        Assert.Equal("a=1\nb=x=y\nc=\n", peer.ReadToEnd());
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void What_the_heap_has_handed_out_is_told_and_never_shrinks(string loop)
    {
        long first = Allocated();
        Assert.InRange(first, 1, long.MaxValue);
        Assert.InRange(Allocated(), first, long.MaxValue);

        long Allocated()
        {
            using RawPeer peer = RawPeer.Connect(EndPointOf(loop));
            peer.Send("GET /allocated HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200 OK\r\n", peer.ReadHead(), StringComparison.Ordinal);
            return long.Parse(peer.ReadToEnd(), CultureInfo.InvariantCulture);
        }
    }

    public void Dispose() => _http.Dispose();

    private static TheoryData<string, string, string> Combine(params (string Path, string Type)[] files)
    {
        TheoryData<string, string, string> data = [];
        foreach (string loop in TestServers.Loops)
        {
            foreach ((string path, string type) in files) data.Add(loop, path, type);
        }

        return data;
    }

    private static byte[] Bytes(int size)
    {
        byte[] bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    private IPEndPoint EndPointOf(string loop) => IPEndPoint.Parse(servers[loop].Authority);

    private HttpRequestMessage Request(string loop, string method, string path, HttpContent? body = null) =>
        new(System.Net.Http.HttpMethod.Parse(method), new Uri(servers[loop], path)) { Content = body };

    private async Task<HttpResponseMessage> SendAsync(string loop, string method, string path)
    {
        using HttpRequestMessage request = Request(loop, method, path);
        return await _http.SendAsync(request);
    }
}
