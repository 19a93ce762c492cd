using System.Globalization;
using System.Net.WebSockets;
using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>
/// Our client takes a large reply more slowly than the server could send it: what it does not take stays with the server, and the loop has time for others.
/// EVENTLOOPS_DOWNLOAD_MB is the size in MiB; by hand, 1024 is a good one.
/// </summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class DownloadTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Mebibyte = 1024 * 1024;

    // Less than the smallest download, which a client that does not slow the server down would hold almost whole. It is for the collector and the compiler.
    private const long MostGrowth = 32 * Mebibyte;

    // One in ten of the reader's ticks, since the machine may be busy.
    private const int FewestEchoes = 20;

    private readonly SiteFolder _folder = new();
    private readonly long _size = Mebibyte * long.Parse(Environment.GetEnvironmentVariable("EVENTLOOPS_DOWNLOAD_MB") ?? "48", CultureInfo.InvariantCulture);
    private LoopThread? _loop;

    public async ValueTask InitializeAsync() => _loop = await LoopThread.StartAsync(new InteropProtocol());

    public async ValueTask DisposeAsync()
    {
        await _loop!.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_slow_reader_of_nginx_costs_no_memory_and_keeps_nobody_waiting()
    {
        await using NginxServer server = await NginxServer.StartAsync(_folder);

        await DownloadAsync(new Uri($"http://127.0.0.1:{server.Port}/"));
    }

    [Fact]
    public async Task A_slow_reader_of_Kestrel_costs_no_memory_and_keeps_nobody_waiting()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(files: _folder);

        await DownloadAsync(new Uri($"http://127.0.0.1:{server.Port}/files/"));
    }

    private async Task DownloadAsync(Uri files)
    {
        byte[] small = await _folder.WriteMostlyHoleAsync("small.bin", Mebibyte);
        byte[] large = await _folder.WriteMostlyHoleAsync("large.bin", _size);
        using ClientWebSocket other = new();
        await other.ConnectAsync(_loop!.WebSocket(), Waiting.UntilDeadline);

        // Once with little, so that what is compiled and rented for good is there before it is measured.
        Assert.Equal(small, (await FollowAsync(new Uri(files, "small.bin"), other)).Hash);
        Memory before = Memory.Now();
        (byte[] hash, int echoes, Memory most) = await FollowAsync(new Uri(files, "large.bin"), other);

        output.WriteLine($"{_size} bytes, {echoes} echoes, before: {before}, at most: {most}");
        Assert.Equal(large, hash);
        Assert.True(echoes >= FewestEchoes, $"only {echoes} messages came back during the download");
        Assert.InRange(most.Managed - before.Managed, long.MinValue, MostGrowth);
        Assert.InRange(most.Resident - before.Resident, long.MinValue, MostGrowth);
    }

    /// <summary>Downloads, and meanwhile sends a message over another connection of the same loop whenever there is more, and weighs the process now and then.</summary>
    private async Task<(byte[] Hash, int Echoes, Memory Most)> FollowAsync(Uri file, ClientWebSocket other)
    {
        // At a fifth of the reader's own pace it is still in time.
        TimeSpan timeout = Waiting.Limit + TimeSpan.FromSeconds(5.0 * _size / 10_000_000);
        ThrottledDownload download = new();
        await _loop!.InvokeAsync(() => download.Start(_loop.Context, file, timeout));

        int echoes = 0;
        long nextWeighing = 0;
        Memory most = default;
        await foreach (long received in download.Progress.ReadAllAsync(CancellationToken.None))
        {
            await EchoAsync(other, received);
            if (!download.Hash.IsCompleted) echoes++;
            if (received < nextWeighing) continue;

            nextWeighing = received + (4 * Mebibyte);
            most = most.Max(Memory.Now());
        }

        return (await download.Hash, echoes, most);
    }

    private static async Task EchoAsync(ClientWebSocket socket, long received)
    {
        byte[] message = BitConverter.GetBytes(received);
        byte[] echo = new byte[message.Length];
        await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, Waiting.UntilDeadline);
        WebSocketReceiveResult result = await socket.ReceiveAsync(echo, Waiting.UntilDeadline);
        Assert.Equal((message.Length, true), (result.Count, result.EndOfMessage));
        Assert.Equal(message, echo);
    }

    /// <summary>What the process holds, in bytes: on the managed heap, and in pages of memory, which is VmRSS (proc(5)).</summary>
    private readonly record struct Memory(long Managed, long Resident)
    {
        public static Memory Now()
        {
            long managed = GC.GetTotalMemory(forceFullCollection: true);
            string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return new Memory(managed, 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
        }

        public Memory Max(Memory other) => new(Math.Max(Managed, other.Managed), Math.Max(Resident, other.Resident));
    }
}
