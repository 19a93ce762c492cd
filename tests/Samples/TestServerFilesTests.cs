using System.Net;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>What the test server gives out of the folder that it was told, and what it keeps to itself.</summary>
public sealed class TestServerFilesTests : IAsyncLifetime
{
    private const string Secret = "this lies beside the folder and must not be seen";

    private readonly string _folder = Directory.CreateTempSubdirectory("eventloops-site-").FullName;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private SampleProcess? _process;
    private Uri? _server;

    private string Root => Path.Combine(_folder, "root");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(Root, "inner"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "secret.txt"), Secret);
        await File.WriteAllTextAsync(Path.Combine(Root, "index.html"), "<p>outer</p>");
        await File.WriteAllTextAsync(Path.Combine(Root, "inner", "index.html"), "<p>inner</p>");
        _process = TestServers.Start("--root", Root);
        _server = await _process.WaitForAddressAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_folder_has_a_page()
    {
        Assert.Equal("<p>outer</p>", await _http.GetStringAsync(_server));
        Assert.Equal("<p>inner</p>", await _http.GetStringAsync(new Uri(_server!, "/inner/")));
    }

    [Fact]
    public async Task A_file_that_was_changed_is_served_changed()
    {
        string path = Path.Combine(Root, "index.html");
        Assert.Equal("<p>outer</p>", await _http.GetStringAsync(_server));

        await File.WriteAllTextAsync(path, "<p>other</p>");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(-5));

        Assert.Equal("<p>other</p>", await _http.GetStringAsync(_server));
    }

    [Fact]
    public async Task A_large_file_comes_as_it_is()
    {
        byte[] large = new byte[5_000_000];
        new Random(1).NextBytes(large);
        await File.WriteAllBytesAsync(Path.Combine(Root, "large.bin"), large);
        using HttpResponseMessage answer = await _http.GetAsync(new Uri(_server!, "/large.bin"));

        Assert.Equal("application/octet-stream", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(large.Length, answer.Content.Headers.ContentLength);
        Assert.Equal(large, await answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task An_empty_file_is_a_file()
    {
        await File.WriteAllTextAsync(Path.Combine(Root, "empty.txt"), "");
        using HttpResponseMessage answer = await _http.GetAsync(new Uri(_server!, "/empty.txt"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(0, answer.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task A_link_is_followed_inside_of_the_folder_and_not_out_of_it()
    {
        File.CreateSymbolicLink(Path.Combine(Root, "inside.html"), "inner/index.html");
        File.CreateSymbolicLink(Path.Combine(Root, "outside.txt"), "../secret.txt");
        Directory.CreateSymbolicLink(Path.Combine(Root, "outside"), _folder);

        Assert.Equal("<p>inner</p>", await _http.GetStringAsync(new Uri(_server!, "/inside.html")));
        foreach (string path in new[] { "/outside.txt", "/outside/secret.txt", "/outside/root/../secret.txt" })
        {
            using HttpResponseMessage answer = await _http.GetAsync(new Uri(_server!, path));
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_folder_that_is_itself_reached_by_a_link_is_served()
    {
        string link = Path.Combine(_folder, "link");
        Directory.CreateSymbolicLink(link, Root);
        await using SampleProcess process = TestServers.Start("--root", link);

        Assert.Equal("<p>outer</p>", await _http.GetStringAsync(await process.WaitForAddressAsync()));
    }

    [Theory]
    [InlineData("/../secret.txt")]
    [InlineData("/inner/../../secret.txt")]
    [InlineData("/%2e%2e/secret.txt")]
    [InlineData("/%2E%2E%2Fsecret.txt")]
    [InlineData("/..%2fsecret.txt")]
    [InlineData("/inner/%2e%2e/%2e%2e/secret.txt")]
    [InlineData("/%252e%252e/secret.txt")]
    [InlineData("/..%5csecret.txt")]
    [InlineData("/..\\secret.txt")]
    [InlineData("/.../secret.txt")]
    [InlineData("/....//secret.txt")]
    [InlineData("//secret.txt")]
    [InlineData("/%c0%ae%c0%ae/secret.txt")]
    [InlineData("/../secret.txt%00.html")]
    [InlineData("/./../secret.txt")]
    [InlineData("http://test/../secret.txt")]
    public void No_path_leads_out_of_the_folder(string target)
    {
        using RawPeer peer = RawPeer.Connect(IPEndPoint.Parse(_server!.Authority));
        peer.Send($"GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");

        string answer = peer.ReadToEnd();
        Assert.Matches("^HTTP/1.1 40[0-9] ", answer);
        Assert.DoesNotContain(Secret, answer, StringComparison.Ordinal);
    }
}
