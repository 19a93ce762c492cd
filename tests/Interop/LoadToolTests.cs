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
    // What a thousand connections may hold at most: a head of 1 KiB, their objects, and bytes that the kernel does not take.
    private const long MaxGrowth = 64 * 1024 * 1024;

    private LoopThread? _server;

    public async ValueTask InitializeAsync() => _server = await LoopThread.StartAsync(new LoadProtocol());

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
    [InlineData("slow headers", "-H -i 1")]
    [InlineData("slow bodies", "-B -s 100000 -i 1 -t POST")]
    [InlineData("slow readers", "-X -w 512 -y 1024 -n 1 -z 32 -k 1")]
    public async Task A_thousand_slow_peers_keep_nobody_waiting_and_cost_little(string what, string mode)
    {
        await ProbeAsync();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        string path = mode.StartsWith("-X", StringComparison.Ordinal) ? "/large" : "/greeting";
        await using SampleProcess attack = SampleProcess.StartTool("slowhttptest", ["-c", "1000", "-r", "1000", "-l", "6", "-p", "20", "-u", Url(path), .. mode.Split(' ')]);

        int probes = 0;
        int most = 0;
        while (!attack.HasExited)
        {
            await ProbeAsync();
            await _server!.InvokeAsync(() => most = Math.Max(most, _server.Context.Thread.ConnectionCount));
            probes++;
        }

        Assert.True(probes > 10, $"{what}: only {probes} probes");

        // How many of the thousand it brings about in its six seconds depends on the machine.
        Assert.True(most > 200, $"{what}: only {most} connections came");
        string said = Colour().Replace(attack.Output, "");
        Assert.Matches(@"service available:\s+YES", said);
        Assert.DoesNotMatch(@"service available:\s+NO", said);
        await _server!.UntilAsync(() => _server.Context.Thread.ConnectionCount <= 1);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, MaxGrowth);
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
