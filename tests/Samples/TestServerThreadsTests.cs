using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The test server on several service threads.</summary>
public sealed partial class TestServerThreadsTests : IDisposable
{
    private const int Connections = 4000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SiteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Four_thousand_connections_are_spread_over_four_threads_and_all_of_them_echo()
    {
        await using SampleProcess server = TestServers.Start("--loop", TestServers.Epoll, "--threads", "4");
        Uri address = await server.WaitForAddressAsync(TestServers.Epoll);
        int[] before = WatchesByLoop(server);
        Assert.Equal(4, before.Length);
        using Crowd crowd = new();

        crowd.Open(address, Connections);

        // What a loop of epoll watches can be read in /proc (proc(5), fdinfo). Before, one of them had the listener.
        int[] connections = [.. WatchesByLoop(server).Zip(before, (now, then) => now - then)];
        Assert.Equal(Connections, connections.Sum());
        Assert.InRange(connections.Max() - connections.Min(), 0, 1);
        crowd.EchoOnce();
        crowd.EchoOnce();
        crowd.Close();
        Assert.Empty(crowd.Failures);
        await WaitUntilAsync(() => WatchesByLoop(server).SequenceEqual(before));

        server.Interrupt();
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    [Theory]
    [InlineData(TestServers.Poll)]
    [InlineData(TestServers.Epoll)]
    [InlineData(TestServers.LibUv)]
    [InlineData(TestServers.LibEv)]
    [InlineData(TestServers.External)]
    [InlineData("io_uring")]
    public async Task Every_loop_can_be_had_several_times(string loop)
    {
        await using SampleProcess server = TestServers.Start("--loop", loop, "-j", "3");
        Uri address = await server.WaitForAddressAsync(loop);
        using Crowd crowd = new();
        crowd.Open(address, 30);
        crowd.EchoOnce();
        crowd.Close();
        Assert.Empty(crowd.Failures);

        server.Terminate();

        Assert.Equal(0, await server.WaitForExitAsync());
    }

    [Theory]
    [InlineData("--threads", "33")]
    [InlineData("--threads", "0")]
    [InlineData("--threads", "four")]
    [InlineData("--loop", "libuv", "--foreign", "--threads", "2")]
    public async Task Threads_that_cannot_be_had_are_refused_in_words(params string[] arguments)
    {
        await using SampleProcess server = TestServers.Start(arguments);

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.Contains("--threads", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_may_say_how_many_threads_there_are_and_then_the_command_line_may_not()
    {
        string config = Describe(3);
        await using SampleProcess server = SampleProcess.Start("TestServer", "--config", config);
        await server.WaitForLineAsync(ThreeThreads());
        await using SampleProcess twice = SampleProcess.Start("TestServer", "--config", config, "--threads", "2");
        Assert.Equal(2, await twice.WaitForExitAsync());
        Assert.Contains("--threads", twice.Output, StringComparison.Ordinal);

        await using SampleProcess tooMany = SampleProcess.Start("TestServer", "--config", Describe(33));
        Assert.Equal(2, await tooMany.WaitForExitAsync());
        Assert.Contains("$.threads", tooMany.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_one_mirrors_is_seen_on_every_thread()
    {
        await using SampleProcess server = TestServers.Start("--loop", TestServers.Epoll, "--threads", "4");
        Uri address = await server.WaitForAddressAsync(TestServers.Epoll);
        List<WebSocketClient> clients = [];
        try
        {
            while (clients.Count < 8) clients.Add(await TestServerMirrorTests.JoinAsync(address, clients));
            for (int sender = 0; sender < clients.Count; sender++)
            {
                string text = string.Create(CultureInfo.InvariantCulture, $"d {sender};");
                await clients[sender].SendAsync(text);
                foreach (WebSocketClient reader in clients) Assert.Equal(text, await reader.ReceiveTextAsync());
            }
        }
        finally
        {
            foreach (WebSocketClient client in clients) client.Dispose();
        }
    }

    [GeneratedRegex("^service threads: 3$")]
    private static partial Regex ThreeThreads();

    private string Describe(int threads) => _folder.Write(
        string.Create(CultureInfo.InvariantCulture, $"site{threads}.json"),
        string.Create(CultureInfo.InvariantCulture, $$"""{ "threads": {{threads}}, "hosts": [{ "listen": ["127.0.0.1:0"] }] }"""));

    private static int[] WatchesByLoop(SampleProcess process) =>
    [
        .. Directory.GetFiles($"/proc/{process.Id}/fd")
            .Where(path => new FileInfo(path).LinkTarget == "anon_inode:[eventpoll]")
            .Select(path => File.ReadLines($"/proc/{process.Id}/fdinfo/{Path.GetFileName(path)}").Count(line => line.StartsWith("tfd:", StringComparison.Ordinal)))
            .Where(watches => watches > 0),
    ];

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, "This did not come true in time.");

            // It is another process that it has to come true in, and nothing tells when.
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }
}
