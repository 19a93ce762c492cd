using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>curl against our server.</summary>
public sealed class CurlTests : IAsyncLifetime
{
    private readonly InteropProtocol _protocol = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("el-curl-").FullName;
    private LoopThread? _server;

    public async ValueTask InitializeAsync() => _server = await LoopThread.StartAsync(_protocol);

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_get_prints_the_body() => Assert.Equal(InteropProtocol.Greeting, await Curl.RunAsync(Url("/greeting")));

    [Fact]
    public async Task A_head_prints_the_fields_and_ends()
    {
        string head = await Curl.RunAsync("--head", Url("/greeting"));

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        Assert.Contains($"\r\nContent-Length: {InteropProtocol.Greeting.Length}\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_post_with_a_length_is_read_whole() =>
        Assert.Equal("name=value", await Curl.RunAsync("--data", "name=value", Url("/echo")));

    [Theory]
    [InlineData("Expect:")]
    [InlineData("Expect: 100-continue")]
    public async Task A_large_post_is_read_whole_with_and_without_waiting_for_100(string expect)
    {
        byte[] body = Message.Pattern(3_000_000);

        Assert.Equal(body, await UploadAsync(body, "--header", expect, "--expect100-timeout", "30"));
    }

    [Fact]
    public async Task A_post_in_chunks_is_read_whole()
    {
        byte[] body = Message.Pattern(300_000);

        Assert.Equal(body, await UploadAsync(body, "--header", "Transfer-Encoding: chunked", "--header", "Expect:"));
    }

    [Fact]
    public async Task An_answer_in_chunks_is_one_body() => Assert.Equal("one two three\n", await Curl.RunAsync(Url("/chunks")));

    [Fact]
    public async Task An_http_1_0_client_gets_the_body_until_the_end_of_the_stream()
    {
        string answer = await Curl.RunAsync("--http1.0", "--include", Url("/chunks"));

        Assert.DoesNotContain("chunked", answer, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith("\r\n\r\none two three\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_requests_use_one_connection()
    {
        string connects = await Curl.RunAsync("--write-out", "%{num_connects};", Url("/greeting"), Url("/chunks"), Url("/nowhere"), Url("/greeting"));

        Assert.Equal($"{InteropProtocol.Greeting}1;one two three\n0;There is nothing here.\n0;{InteropProtocol.Greeting}0;", connects);
        Assert.Equal(1, _protocol.AcceptedCount);
    }

    [Theory]
    [InlineData("/../greeting", "404")]
    [InlineData("/a/../greeting", "200")]
    [InlineData("/%2e%2e/greeting", "404")]
    [InlineData("/gr%65eting", "200")]
    [InlineData("/%00", "400")]
    public async Task A_path_is_decoded_and_normalised_once(string path, string status) =>
        Assert.Equal(status, await Curl.RunAsync("--path-as-is", "--output", "/dev/null", "--write-out", "%{http_code}", Url(path)));

    [Theory]
    [InlineData("BREW", "501")]
    [InlineData("OPTIONS", "200")]
    public async Task A_method_that_is_not_served_is_501(string method, string status) =>
        Assert.Equal(status, await Curl.RunAsync("--request", method, "--output", "/dev/null", "--write-out", "%{http_code}", Url("/greeting")));

    [Fact]
    public async Task An_upgrade_of_a_version_that_is_not_spoken_is_told_which_one_is()
    {
        string answer = await Curl.RunAsync(
            "--include", "--header", "Connection: Upgrade", "--header", "Upgrade: websocket", "--header", "Sec-WebSocket-Version: 8", Url("/"));

        Assert.StartsWith("HTTP/1.1 426 ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nSec-WebSocket-Version: 13\r\n", answer, StringComparison.Ordinal);
    }

    private string Url(string path) => $"http://{_server!.EndPoint}{path}";

    private async Task<byte[]> UploadAsync(byte[] body, params string[] arguments)
    {
        string sent = Path.Combine(_directory, "sent");
        string received = Path.Combine(_directory, "received");
        await File.WriteAllBytesAsync(sent, body);
        await Curl.RunAsync([.. arguments, "--data-binary", "@" + sent, "--output", received, Url("/echo")]);
        return await File.ReadAllBytesAsync(received);
    }
}
