using System.Net.WebSockets;
using EventLoops.IoUring;
using EventLoops.Tests.Samples;
using Xunit;

namespace EventLoops.Tests.Aot;

/// <summary>The test server without a runtime: what the trimmer or the compiler has lost would be missed here.</summary>
public sealed class TestServerTests(PublishedTestServer published) : IDisposable
{
    private readonly SiteFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>Every loop that can be chosen; io_uring where the kernel has it and allows it.</summary>
    public static TheoryData<string> Loops =>
        ["poll", "epoll", "libuv", "libev", "external", .. LoopRegistry.Default.AddIoUring().FindMissing(LoopKind.IoUring) is null ? ["io_uring"] : Array.Empty<string>()];

    [Fact]
    public void It_is_a_program_of_its_own_and_the_compiler_warned_of_nothing()
    {
        byte[] start = new byte[4];
        using FileStream program = File.OpenRead(published.Program);
        program.ReadExactly(start);

        Assert.Equal("\u007fELF"u8, start);
        Assert.False(File.Exists(published.Program + ".dll"));
        Assert.DoesNotContain("warning", published.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task It_serves_a_page_and_echoes_until_a_signal_ends_it(string loop)
    {
        await using SampleProcess server = published.Start("--loop", loop, "--deflate", "--log-level", "err");
        Uri address = await server.WaitForAddressAsync(loop);
        using WebSocketClient client = await WebSocketClient.ConnectAsync(address, "echo");
        byte[] large = new byte[100_000];
        new Random(1).NextBytes(large);

        await client.SendAsync("ahead of time");
        await client.SendAsync(large, WebSocketMessageType.Binary);

        Assert.Equal("ahead of time", await client.ReceiveTextAsync());
        Assert.Equal(large, (await client.ReceiveAsync()).Bytes);
        Assert.Equal("Hello, World!", await _http.GetStringAsync(new Uri(address, "/plaintext")));
        Assert.Contains("<title>", await _http.GetStringAsync(address), StringComparison.Ordinal);
        server.Terminate();
        Assert.Equal(1001, (await client.ReceiveCloseAsync()).Code);
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    [Theory]
    [InlineData("libuv")]
    [InlineData("libev")]
    public async Task It_is_a_guest_on_a_loop_that_the_program_made(string loop)
    {
        await using SampleProcess server = published.Start("--loop", loop, "--foreign");
        using WebSocketClient client = await WebSocketClient.ConnectAsync(await server.WaitForAddressAsync($"hosted {loop}"), "echo");

        await client.SendAsync("a guest");

        Assert.Equal("a guest", await client.ReceiveTextAsync());
    }

    [Fact]
    public async Task It_reads_a_description_of_hosts()
    {
        _folder.Write("one/index.html", "from a file");
        string config = _folder.Write("site.json", """
            { "hosts": [ { "listen": ["127.0.0.1:0"], "mounts": [ { "mountPoint": "/", "origin": "file://one" } ] } ] }
            """);
        await using SampleProcess server = SampleProcess.StartTool(published.Program, "--config", config);

        Assert.Equal("from a file", await _http.GetStringAsync(await server.WaitForAddressAsync()));
    }

    [Fact]
    public async Task It_goes_into_the_background_and_leaves_no_lock_when_it_ends()
    {
        using DaemonProcess daemon = new();

        Assert.Equal((0, ""), await daemon.StartAsync([published.Program]));

        int id = daemon.Id;
        Assert.Equal($"{id}\n", daemon.LockText);
        Assert.Equal("HTTP/1.1 200 OK", daemon.Ask());
        Assert.Equal((1, $"The lock file {daemon.LockFile} is held by process {id}, which runs.\n"), await daemon.StartAsync([published.Program]));
        daemon.End(id, DaemonProcess.Terminated);
        Assert.False(File.Exists(daemon.LockFile));
    }

    [Theory]
    [InlineData("--help", 0, "--loop <poll|")]
    [InlineData("--loop=spiral", 2, "--loop takes a loop that this build has (poll, epoll, ")]
    public async Task It_explains_its_arguments(string argument, int code, string words)
    {
        await using SampleProcess server = SampleProcess.StartTool(published.Program, argument);

        Assert.Equal(code, await server.WaitForExitAsync());
        Assert.Contains(words, server.Output, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _http.Dispose();
    }
}
