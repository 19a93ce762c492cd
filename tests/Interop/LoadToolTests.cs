using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>
/// The load generators and the slow attackers that others wrote, each for a few seconds: everybody who behaves is answered, and those who do not cost no memory.
/// </summary>
[Collection(AloneOnTheMachine.Name)]
public sealed partial class LoadToolTests : IAsyncLifetime
{
    private const int Slow = 1000;

    // How often another client is served while the slow ones are there.
    private const int Probes = 50;

    // What a thousand connections may hold at most, each a head of 1 KiB, its objects, and what was corked when the kernel took no more: 64 KiB, in an array of up to
    // twice that. The slow readers' answers have ten million bytes each.
    private const long MaxGrowth = Slow * 144 * 1024;

    // From one weighing to the next, with all of them there.
    private const long MaxDrift = 16 * 1024 * 1024;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_longTime = TimeSpan.FromMinutes(10);

    private LoopThread? _server;

    // The slow ones are to stay until all of them are there, however long that takes on a busy machine: with the defaults the first would be dropped by then.
    public async ValueTask InitializeAsync() => _server = await LoopThread.StartAsync(
        new ConnectionLimits { MinDataRate = 0 },
        new ConnectionTimeouts { FirstByte = s_longTime, RequestHead = s_longTime, RequestBody = s_longTime, Write = s_longTime },
        new LoadProtocol());

    public async ValueTask DisposeAsync() => await _server!.DisposeAsync();

    [Fact]
    public async Task Wrk_gets_an_answer_to_each_of_its_requests()
    {
        string output = await RunAsync("wrk", "--threads", "1", "--connections", "64", "--duration", "2s", Url("/greeting"));

        Assert.DoesNotContain("Non-2xx", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Socket errors", output, StringComparison.Ordinal);
        Assert.True(int.Parse(WrkRequests().Match(output).Groups[1].Value, CultureInfo.InvariantCulture) > 0, output);
    }

    [Theory]
    [InlineData("-k")]
    [InlineData("-d")]
    public async Task Ab_gets_all_its_answers_with_and_without_keep_alive(string option)
    {
        string output = await RunAsync("ab", "-q", option, "-n", "2000", "-c", "50", Url("/greeting"));

        Assert.Matches(@"Complete requests:\s+2000\n", output);
        Assert.Matches(@"Failed requests:\s+0\n", output);
        Assert.DoesNotContain("Non-2xx", output, StringComparison.Ordinal);
        if (option == "-k") Assert.Matches(@"Keep-Alive requests:\s+2000\n", output);
    }

    [Theory]
    [InlineData("slow headers", "/greeting", "-H -i 1")]
    [InlineData("slow bodies", "/greeting", "-B -s 100000 -i 1 -t POST")]
    [InlineData("slow readers", "/large", "-X -w 512 -y 1024 -n 1 -z 32 -k 1")]
    public async Task A_thousand_slow_peers_keep_nobody_waiting_and_cost_little(string what, string path, string mode)
    {
        await ProbeAsync();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await using (SampleProcess attack = SampleProcess.StartTool("slowhttptest", ["-c", $"{Slow}", "-r", $"{Slow}", "-l", "600", "-p", "60", "-u", Url(path), .. mode.Split(' ')]))
        {
            int connections = 0;
            await ProbeUntilAsync(attack, () => connections >= Slow, () => connections = _server!.Context.Thread.ConnectionCount);
            long early = GC.GetTotalMemory(forceFullCollection: true);
            Assert.InRange(early - before, long.MinValue, MaxGrowth);
            for (int i = 0; i < Probes; i++) await ProbeAsync();
            await _server!.InvokeAsync(() => connections = _server.Context.Thread.ConnectionCount);
            Assert.True(connections >= Slow, $"{what}: only {connections} connections are left");

            // It asks on a connection of its own as well, and says every few seconds how that went.
            string said = "";
            await ProbeUntilAsync(attack, () => said.Contains("service available:", StringComparison.Ordinal), () => said = Colour().Replace(attack.Output, ""));
            Assert.DoesNotMatch(@"service available:\s+NO", said);
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - early, long.MinValue, MaxDrift);
        }

        await _server.UntilAsync(() => _server.Context.Thread.ConnectionCount <= 1);
    }

    /// <summary>Is a client among the slow ones until something is so that is looked up on the loop's thread.</summary>
    private async Task ProbeUntilAsync(SampleProcess attack, Func<bool> condition, Action look)
    {
        CancellationToken deadline = new CancellationTokenSource(s_patience).Token;
        while (true)
        {
            await _server!.InvokeAsync(look);
            if (condition()) return;

            Assert.False(attack.HasExited || deadline.IsCancellationRequested, $"slowhttptest has not come so far: {attack.Output}");
            await ProbeAsync();
        }
    }

    /// <summary>A client that behaves, on a connection of its own.</summary>
    private async Task ProbeAsync()
    {
        using HttpClient client = new() { Timeout = Waiting.Limit };
        Assert.Equal(LoadProtocol.Greeting, await client.GetStringAsync(new Uri(Url("/greeting"))));
    }

    private string Url(string path) => $"http://{_server!.EndPoint}{path}";

    private static async Task<string> RunAsync(string tool, params string[] arguments)
    {
        await using SampleProcess process = SampleProcess.StartTool(tool, arguments);
        int code = await process.WaitForExitAsync();
        Assert.True(code == 0, $"{tool} ended with {code}: {process.Output}");
        return process.Output;
    }

    [GeneratedRegex(@"(\d+) requests in ")]
    private static partial Regex WrkRequests();

    [GeneratedRegex(@"\e\[[0-9;]*[A-Za-z]")]
    private static partial Regex Colour();

    /// <summary>A few words, what was posted, and an answer of ten million bytes that is written as the peer takes it.</summary>
    private sealed class LoadProtocol() : Protocol<LoadProtocol.Session>("load")
    {
        public const string Greeting = "hello";
        private const int LargeLength = 10_000_000;

        private static readonly byte[] Block = new byte[16 * 1024];

        internal struct Session
        {
            public int Left;
        }

        protected override CallbackResult OnHttp(Connection connection, ref Session session, ReadOnlySpan<byte> path)
        {
            if (connection.RequestContentLength != 0) return CallbackResult.Continue;
            if (!path.SequenceEqual("/large"u8))
            {
                connection.Respond(200, "text/plain", "hello"u8);
                return CallbackResult.Continue;
            }

            session.Left = LargeLength;
            connection.StartResponse(200, "application/octet-stream", LargeLength);
            return OnHttpWritable(connection, ref session);
        }

        protected override CallbackResult OnHttpBodyEnd(Connection connection, ref Session session)
        {
            connection.Respond(200, "text/plain", "hello"u8);
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnHttpWritable(Connection connection, ref Session session)
        {
            while (session.Left > 0)
            {
                int length = Math.Min(session.Left, Block.Length);
                if (connection.WriteBody(Block.AsSpan(0, length)) != WriteResult.Accepted) return CallbackResult.Continue;

                session.Left -= length;
                if (session.Left == 0) connection.EndResponse();
            }

            return CallbackResult.Continue;
        }
    }
}
