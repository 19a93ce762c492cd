using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Xunit;
using static EventLoops.Tests.Interop.Waiting;

namespace EventLoops.Tests.Interop;

/// <summary>
/// Our server in front of servers that others wrote, and clients that others wrote before it. EVENTLOOPS_DOWNLOAD_MB is the size of the large file in MiB; by hand,
/// 2048 is a good one.
/// </summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class ReverseProxyTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Mebibyte = 1024 * 1024;

    // Less than the smallest download, which a proxy that does not wait for its client would hold almost whole. It is for the collector and the compiler.
    private const long MostGrowth = 32 * Mebibyte;

    private readonly SiteFolder _folder = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromMinutes(10) };
    private readonly long _size = Mebibyte * long.Parse(Environment.GetEnvironmentVariable("EVENTLOOPS_DOWNLOAD_MB") ?? "48", CultureInfo.InvariantCulture);
    private KestrelServer? _kestrel;
    private NginxServer? _nginx;
    private LoopThread? _front;

    public async ValueTask InitializeAsync()
    {
        _kestrel = await KestrelServer.StartAsync(new DeflateWishes(ServerForgets: false, ClientForgets: false, ServerBits: 15, ClientBits: 15), _folder);
        _nginx = await NginxServer.StartAsync(_folder);
        _front = await LoopThread.StartAsync(new EventLoopOptions(), new VirtualHostOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [new InteropProtocol()],
            Mounts =
            [
                new Mount { MountPoint = "/kestrel", Origin = MountOrigin.Http($"127.0.0.1:{_kestrel.Port}") },
                new Mount { MountPoint = "/nginx", Origin = MountOrigin.Http($"http://127.0.0.1:{_nginx.Port}/") },
            ],
        });
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_front is not null) await _front.DisposeAsync();
        if (_nginx is not null) await _nginx.DisposeAsync();
        if (_kestrel is not null) await _kestrel.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task AspNet_believes_the_proxy_about_its_client_and_not_the_client()
    {
        string said = await Curl.RunAsync("--header", "Host: front.test", "--header", "X-Forwarded-For: 6.6.6.6", "--header", "X-Forwarded-Host: evil.test", Url("/kestrel/who"));
        Assert.Equal("127.0.0.1 http://front.test", said);
    }

    [Fact]
    public async Task A_redirect_of_the_origin_leads_curl_back_through_the_proxy()
    {
        string said = await Curl.RunAsync("--location", "--write-out", " %{url_effective} %{num_connects}", Url("/kestrel/away"));
        Assert.Equal($"127.0.0.1 http://{_front!.EndPoint} {Url("/kestrel/who")} 1", said);
    }

    [Theory]
    [InlineData("Content-Type: x")]
    [InlineData("Transfer-Encoding: chunked")]
    [InlineData("Expect: 100-continue")]
    public async Task A_large_body_comes_back_whole_from_Kestrel(string field)
    {
        byte[] body = Message.Pattern(5_000_000);
        _folder.Write("sent", "");
        await File.WriteAllBytesAsync(_folder["sent"], body);
        await Curl.RunAsync("--data-binary", "@" + _folder["sent"], "--header", field, "--output", _folder["received"], Url("/kestrel/echo"));
        Assert.Equal(body, await File.ReadAllBytesAsync(_folder["received"]));
    }

    [Fact]
    public async Task What_nginx_knows_about_a_file_its_client_knows()
    {
        _folder.Write("page.html", "<p>the page</p>");
        using HttpResponseMessage whole = await _http.GetAsync(new Uri(Url("/nginx/page.html")));
        Assert.Equal(("<p>the page</p>", "text/html"), (await whole.Content.ReadAsStringAsync(), whole.Content.Headers.ContentType?.MediaType));
        Assert.StartsWith("nginx", whole.Headers.Server.ToString(), StringComparison.Ordinal);

        using HttpRequestMessage again = new(HttpMethod.Get, new Uri(Url("/nginx/page.html")));
        again.Headers.IfNoneMatch.Add(whole.Headers.ETag!);
        using HttpResponseMessage unchanged = await _http.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        using HttpRequestMessage head = new(HttpMethod.Head, new Uri(Url("/nginx/page.html")));
        using HttpResponseMessage told = await _http.SendAsync(head);
        Assert.Equal(15, told.Content.Headers.ContentLength);
        using HttpResponseMessage missing = await _http.GetAsync(new Uri(Url("/nginx/missing")));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task Many_clients_share_few_sockets_to_the_origin()
    {
        _folder.Write("small.txt", "small");
        string said = await RunAbAsync(Url("/nginx/small.txt"));
        Assert.Matches(@"Complete requests:\s+3000\n", said);
        Assert.Matches(@"Failed requests:\s+0\n", said);
        Assert.DoesNotContain("Non-2xx", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nginx/large.bin")]
    [InlineData("/kestrel/files/large.bin")]
    public async Task A_large_file_arrives_whole_and_costs_no_memory(string path)
    {
        byte[] large = await _folder.WriteMostlyHoleAsync("large.bin", _size);
        _ = await HashAsync(path, 4 * Mebibyte);
        long before = Resident();
        long most = 0;
        byte[] hash = await HashAsync(path, long.MaxValue, () => most = Math.Max(most, Resident()));

        output.WriteLine($"{_size} bytes, resident before: {before / 1024} KiB, at most: {most / 1024} KiB");
        Assert.Equal(large, hash);
        Assert.InRange(most - before, long.MinValue, MostGrowth);
    }

    [Fact]
    public async Task A_download_that_was_cut_goes_on_where_it_was()
    {
        byte[] large = await _folder.WriteMostlyHoleAsync("large.bin", _size);
        long half = (_size / 2) + 12345;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((RangeHeaderValue? range, long most) in new (RangeHeaderValue?, long)[] { (null, half), (new RangeHeaderValue(half, null), long.MaxValue) })
        {
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(Url("/nginx/large.bin")));
            request.Headers.Range = range;
            using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(range is null ? HttpStatusCode.OK : HttpStatusCode.PartialContent, answer.StatusCode);
            await using Stream body = await answer.Content.ReadAsStreamAsync();
            await AppendAsync(hash, body, most);
        }

        Assert.Equal(large, hash.GetHashAndReset());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_WebSocket_of_Kestrel_answers_through_the_proxy(bool compresses)
    {
        using ClientWebSocket socket = new();
        if (compresses) socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        socket.Options.AddSubProtocol("interop");
        await socket.ConnectAsync(_front!.WebSocket("/kestrel/socket"), UntilDeadline);
        Assert.Equal("interop", socket.SubProtocol);
        foreach (int size in Message.Sizes)
        {
            byte[] message = Message.Pattern(size);
            await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, UntilDeadline);
            Assert.Equal(message, await ReceiveAsync(socket));
        }

        await socket.SendAsync("!close 4001 goodbye"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, UntilDeadline);
        Assert.Empty(await ReceiveAsync(socket));
        Assert.Equal((4001, "goodbye"), ((int)socket.CloseStatus!, socket.CloseStatusDescription));
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, UntilDeadline);
        await _front!.UntilAsync(() => _front.Context.Thread.ConnectionCount == 0);
    }

    [Fact]
    public async Task A_WebSocket_that_the_origin_or_the_client_aborts_is_over_for_the_other()
    {
        using ClientWebSocket aborted = new();
        await aborted.ConnectAsync(_front!.WebSocket("/kestrel/socket"), UntilDeadline);
        await aborted.SendAsync("!abort"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, UntilDeadline);
        await Assert.ThrowsAsync<WebSocketException>(() => aborted.ReceiveAsync(new byte[10], UntilDeadline));

        using ClientWebSocket aborting = new();
        await aborting.ConnectAsync(_front.WebSocket("/kestrel/socket"), UntilDeadline);
        aborting.Abort();
        await _front.UntilAsync(() => _front.Context.Thread.ConnectionCount == 0);
    }

    [Fact]
    public async Task A_refusal_of_Kestrel_is_the_refusal_that_the_client_sees()
    {
        using ClientWebSocket socket = new();
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(_front!.WebSocket("/kestrel/nowhere"), UntilDeadline));
        Assert.Equal(HttpStatusCode.NotFound, socket.HttpStatusCode);
    }

    private string Url(string path) => $"http://{_front!.EndPoint}{path}";

    private static async Task<string> RunAbAsync(string url)
    {
        await using SampleProcess ab = SampleProcess.StartTool("ab", "-q", "-k", "-n", "3000", "-c", "50", url);
        int code = await ab.WaitForExitAsync();
        Assert.True(code == 0, $"ab ended with {code}: {ab.Output}");
        return ab.Output;
    }

    private async Task<byte[]> HashAsync(string path, long most, Action? now = null)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using HttpResponseMessage answer = await _http.GetAsync(new Uri(Url(path)), HttpCompletionOption.ResponseHeadersRead);
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        await AppendAsync(hash, body, most, now);
        return hash.GetHashAndReset();
    }

    private static async Task AppendAsync(IncrementalHash hash, Stream from, long most, Action? now = null)
    {
        byte[] buffer = new byte[256 * 1024];
        long nextWeighing = 0;
        for (long total = 0; total < most;)
        {
            int read = await from.ReadAsync(buffer.AsMemory(0, (int)Math.Min(most - total, buffer.Length)));
            if (read == 0) return;

            hash.AppendData(buffer, 0, read);
            total += read;
            if (total < nextWeighing) continue;

            nextWeighing = total + (4 * Mebibyte);
            now?.Invoke();
        }
    }

    private static async Task<byte[]> ReceiveAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[64 * 1024];
        using MemoryStream message = new();
        while (true)
        {
            WebSocketReceiveResult part = await socket.ReceiveAsync(buffer, UntilDeadline);
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage) return message.ToArray();
        }
    }

    /// <summary>VmRSS of this process (proc(5)), which has the proxy and the client in it.</summary>
    private static long Resident()
    {
        // What is garbage already is not what is held.
        GC.Collect();
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
