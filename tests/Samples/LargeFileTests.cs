using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>
/// Files that are larger than anything the server may hold: they arrive as they are, and its memory stays what it was. EVENTLOOPS_LARGE_FILE is their size in
/// MiB; by hand, 2048 is a good one.
/// </summary>
public sealed class LargeFileTests : IAsyncLifetime
{
    private const int Mebibyte = 1024 * 1024;

    // The collector may keep this much more than before; a server that holds what it sends would need the whole file.
    private const long MostGrowth = 64 * Mebibyte;

    private readonly SiteFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(10) };
    private readonly long _size = Mebibyte * long.Parse(Environment.GetEnvironmentVariable("EVENTLOOPS_LARGE_FILE") ?? "256", CultureInfo.InvariantCulture);
    private SampleProcess? _server;
    private SampleProcess? _origin;
    private Uri? _address;
    private byte[]? _hash;

    public async ValueTask InitializeAsync()
    {
        _hash = await _folder.WriteMostlyHoleAsync("large.bin", _size);
        string script = _folder.WriteScript("cat", $"printf 'Content-Type: application/octet-stream\\n\\n'; exec cat {_folder["large.bin"]}");
        _origin = TestServers.Start("--mount", $"/files=file://{_folder.Path}");
        Uri origin = await _origin.WaitForAddressAsync();
        _server = TestServers.Start(
            "--loop", TestServers.Epoll, "--mount", $"/files=file://{_folder.Path}", "--mount", $"/cgi=cgi://{script}", "--mount", $"/proxy=http://{origin.Authority}/files");
        _address = await _server.WaitForAddressAsync(TestServers.Epoll);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_server is not null) await _server.DisposeAsync();
        if (_origin is not null) await _origin.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("/files/large.bin")]
    [InlineData("/cgi")]
    [InlineData("/proxy/large.bin")]
    public async Task It_arrives_whole_and_the_memory_of_the_server_stays_flat(string path)
    {
        _ = await _http.GetStringAsync(new Uri(_address!, "/plaintext"));
        long before = ResidentBytes();

        Assert.Equal(_hash, await HashAsync(path));
        Assert.InRange(ResidentBytes() - before, long.MinValue, MostGrowth);
    }

    [Theory]
    [InlineData("/files/large.bin")]
    [InlineData("/proxy/large.bin")]
    public async Task It_goes_on_where_a_download_was_cut(string path)
    {
        long half = (_size / 2) + 12345;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using (HttpResponseMessage begun = await _http.GetAsync(new Uri(_address!, path), HttpCompletionOption.ResponseHeadersRead))
        {
            await using Stream body = await begun.Content.ReadAsStreamAsync();
            await AppendAsync(hash, body, half);
        }

        using HttpRequestMessage rest = new(HttpMethod.Get, new Uri(_address!, path));
        rest.Headers.Range = new RangeHeaderValue(half, null);
        using HttpResponseMessage answer = await _http.SendAsync(rest, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.PartialContent, _size - half), (answer.StatusCode, answer.Content.Headers.ContentLength));
        await using Stream more = await answer.Content.ReadAsStreamAsync();
        await AppendAsync(hash, more, long.MaxValue);

        Assert.Equal(_hash, hash.GetHashAndReset());
    }

    private async Task<byte[]> HashAsync(string path)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_address!, path));
        using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        return await SHA256.HashDataAsync(body);
    }

    private static async Task AppendAsync(IncrementalHash hash, Stream from, long most)
    {
        byte[] buffer = new byte[256 * 1024];
        while (most > 0)
        {
            int read = await from.ReadAsync(buffer.AsMemory(0, (int)Math.Min(most, buffer.Length)));
            if (read == 0) return;
            hash.AppendData(buffer, 0, read);
            most -= read;
        }
    }

    /// <summary>VmRSS of the server (proc(5)).</summary>
    private long ResidentBytes()
    {
        string line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{_server!.Id}/status")).First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
