using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary><c>benchmarks/Load</c>, which measures nothing that it has not checked: each mode against the test server, and servers that do wrong.</summary>
public sealed partial class LoadGeneratorTests(TestServers servers) : IClassFixture<TestServers>
{
    private static readonly string Generator = Path.Combine(RepositoryFiles.Root, "benchmarks/Load/bin/Release/net10.0/EventLoops.Benchmarks.Load.dll");

    [Theory]
    [InlineData("echo --protocol echo --pipeline 3")]
    [InlineData("echo --protocol echo --size 300000 --connections 4")]
    [InlineData("echo --protocol echo --rate 500 --pipeline 4")]
    [InlineData("churn --protocol echo --sources 4")]
    [InlineData("idle --protocol echo --connections 150")]
    [InlineData("http --path /plaintext --pipeline 3")]
    [InlineData("fanout --protocol lws-mirror-protocol --pipeline 2")]
    public async Task Each_mode_counts_what_came_back_and_finds_no_fault(string arguments)
    {
        SampleProcess server = servers.Process(TestServers.Epoll);
        JsonElement result = JsonDocument.Parse(await MeasureAsync(servers[TestServers.Epoll].Port, $"{arguments} --pid {server.Id}", "--connections 8")).RootElement;
        Assert.Equal(0, result.GetProperty("faults").GetInt32());
        Assert.True(result.GetProperty("count").GetInt64() > 0);
        Assert.True(result.GetProperty("latencyP50").GetDouble() > 0);
        Assert.True(arguments.StartsWith("idle", StringComparison.Ordinal) || result.GetProperty("serverCpu").GetDouble() > 0);
    }

    [Fact]
    public async Task It_speaks_TLS()
    {
        await using SampleProcess server = TestServers.Start("--loop", TestServers.Epoll, "--self-signed");
        Uri address = await server.WaitForAddressAsync(TestServers.Epoll);

        await MeasureAsync(address.Port, "echo --protocol echo --size 40000 --pipeline 2 --tls", "--connections 8");
    }

    [Fact]
    public async Task The_yardstick_echoes_right_at_every_size()
    {
        await using SampleProcess floor = SampleProcess.StartTool("dotnet", Generator, "floor", "--port", "0");
        int port = int.Parse((await floor.WaitForLineAsync(ListeningLine())).Groups["port"].Value, CultureInfo.InvariantCulture);

        foreach (int size in (int[])[1, 125, 126, 65535, 65536, 1_000_000])
            await MeasureAsync(port, $"echo --size {size} --pipeline 2", "--connections 4");
    }

    [Theory]
    [InlineData("changes", "Message 0 came back changed")]
    [InlineData("closes", "The server closed the connection.")]
    [InlineData("refuses", "The server refused the handshake: HTTP/1.1 404 Not Found")]
    public async Task A_server_that_does_wrong_is_not_measured(string how, string sentence)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        await using SampleProcess load = Start(((IPEndPoint)listener.LocalEndpoint).Port, "echo", "--connections 1");
        using CancellationTokenSource late = new(SampleProcess.Deadline);
        using RawPeer server = new(await listener.AcceptSocketAsync(late.Token), isClient: false, harness: null);
        if (how == "refuses")
        {
            server.ReadHead();
            server.Send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        }
        else
        {
            server.AcceptUpgrade();
            server.ReadFrame();
            if (how == "changes") server.SendFrame(2, new byte[64]);
            else server.EndStream();
        }

        Assert.Equal(1, await load.WaitForExitAsync());
        Assert.Contains(sentence, load.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--connections 0", "--connections lies between 1 and 1000000.")]
    [InlineData("--host 192.0.2.1", "--host is an IPv4 address of the loopback.")]
    [InlineData("--rate -1", "--rate lies between 0 and 10000000.")]
    public async Task Arguments_that_are_wrong_are_named(string arguments, string sentence)
    {
        await using SampleProcess load = Start(1, $"echo {arguments}", "");

        Assert.Equal(2, await load.WaitForExitAsync());
        Assert.Contains(sentence, load.Output, StringComparison.Ordinal);
    }

    /// <summary>Runs it, and longer when nothing came back in a time that is enough on a machine without other work. Returns what it printed.</summary>
    private static async Task<string> MeasureAsync(int port, string arguments, string usual)
    {
        foreach (string seconds in (string[])["0.3", "3"])
        {
            await using SampleProcess shorter = Start(port, arguments, usual, seconds);
            if (await shorter.WaitForExitAsync() == 0) return shorter.Output;
            Assert.Contains("Nothing came back in the measured time.", shorter.Output, StringComparison.Ordinal);
        }

        await using SampleProcess longest = Start(port, arguments, usual, "30");
        Assert.True(await longest.WaitForExitAsync() == 0, longest.Output);
        return longest.Output;
    }

    private static SampleProcess Start(int port, string arguments, string usual, string seconds = "0.3")
    {
        // What a case says itself is not said again.
        string all = arguments.Contains("--connections", StringComparison.Ordinal) ? arguments : $"{arguments} {usual}";
        string[] words = [.. all.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--port", $"{port}", "--duration", seconds, "--warm-up", "0.1"];
        return SampleProcess.StartTool("dotnet", [Generator, .. words]);
    }

    [GeneratedRegex("^listening on .*:(?<port>[0-9]+)$", RegexOptions.ExplicitCapture)]
    private static partial Regex ListeningLine();
}
