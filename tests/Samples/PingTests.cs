using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary><c>samples/Ping</c>: against the test server, against servers that answer badly, and without any.</summary>
public sealed partial class PingTests(TestServers servers) : IClassFixture<TestServers>
{
    public static TheoryData<string> Loops => [.. TestServers.Loops];

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task It_prints_each_pong_and_the_statistics(string loop)
    {
        await using SampleProcess ping = Start(servers[loop], "--count 3 --interval 0.01 --size 8 --timeout 60");

        Assert.True(await ping.WaitForExitAsync() == 0, ping.Output);
        string[] lines = ping.Output.Split('\n');
        Assert.Matches(@"^PING ws://\S+ \(\S+\), 8 bytes of data$", lines[0]);
        for (int i = 1; i <= 3; i++) Assert.Matches($@"^8 bytes from \S+: seq={i} time=[\d.]+ ms$", lines[i]);
        Assert.Matches(@"^--- ws://\S+ ping statistics ---$", lines[4]);
        Assert.Matches(@"^3 pings sent, 3 pongs received, 0% loss, time \d+ ms$", lines[5]);
        Assert.Matches(@"^rtt min/avg/max/mdev = [\d.]+/[\d.]+/[\d.]+/[\d.]+ ms$", lines[6]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    public async Task A_ping_may_carry_anything_from_nothing_to_125_bytes(int size)
    {
        await using SampleProcess ping = Start(servers[TestServers.Poll], $"-c 300 -i 0.001 -q -s {size} -W 60");

        Assert.True(await ping.WaitForExitAsync() == 0, ping.Output);
        Assert.Contains("300 pings sent, 300 pongs received, 0% loss", ping.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("seq=", ping.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_sends_the_next_ping_with_each_pong_and_draws_dots()
    {
        await using SampleProcess ping = Start(servers[TestServers.Poll], "--flood --count 5000 --timeout 60");

        Assert.True(await ping.WaitForExitAsync() == 0, ping.Output);
        Assert.Contains("5000 pings sent, 5000 pongs received, 0% loss", ping.Output, StringComparison.Ordinal);
        Assert.Contains(".\b", ping.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_signal_ends_it_with_the_statistics(bool terminate)
    {
        await using SampleProcess ping = Start(servers[TestServers.Poll], "--interval 0.01");
        await ping.WaitForLineAsync(ThirdPong());

        if (terminate) ping.Terminate();
        else ping.Interrupt();

        Assert.True(await ping.WaitForExitAsync() == 0, ping.Output);
        Assert.Contains(" pongs received, ", ping.Output, StringComparison.Ordinal);
        Assert.Contains("rtt min/avg/max/mdev = ", ping.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_single_pong_the_exit_code_is_1()
    {
        using TcpListener listener = Listen();
        await using SampleProcess ping = Start(AddressOf(listener), "--count 2 --interval 0.01 --timeout 0.1");
        using RawPeer server = await AcceptAsync(listener);

        Assert.Equal(1, await ping.WaitForExitAsync());
        Assert.Contains("2 pings sent, 0 pongs received, 100% loss", ping.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("rtt", ping.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pong_that_is_lost_counts_as_loss_and_one_that_comes_twice_as_duplicate()
    {
        using TcpListener listener = Listen();
        await using SampleProcess ping = Start(AddressOf(listener), "--count 4 --interval 0.01 --timeout 60");
        using RawPeer server = await AcceptAsync(listener);
        server.SendFrame(10, "nobody asked for this"u8);
        for (int number = 1; number <= 4; number++)
        {
            RawFrame frame = server.ReadFrame();
            Assert.Equal((9, 64, number), (frame.Opcode, frame.Payload.Length, frame.Payload[0]));
            if (number == 2) continue;

            server.SendFrame(10, frame.Payload);
            if (number == 1) server.SendFrame(10, frame.Payload);
        }

        // The one that is lost would be waited for.
        await ping.WaitForLineAsync(FourthPong());
        ping.Interrupt();
        Assert.True(await ping.WaitForExitAsync() == 0, ping.Output);
        Assert.Contains("seq=1 (DUP!)\n", ping.Output, StringComparison.Ordinal);
        Assert.Contains("4 pings sent, 3 pongs received, +1 duplicates, 25% loss", ping.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_closes_is_an_error_with_the_statistics_so_far()
    {
        using TcpListener listener = Listen();
        await using SampleProcess ping = Start(AddressOf(listener), "--interval 0.01");
        using RawPeer server = await AcceptAsync(listener);
        server.SendFrame(10, server.ReadFrame().Payload);
        server.SendClose(1001, "closing time");
        server.ReadToEnd();

        Assert.Equal(2, await ping.WaitForExitAsync());
        Assert.Contains("failed: the connection was closed: 1001 by remote: closing time\n", ping.Output, StringComparison.Ordinal);
        Assert.Contains(" pings sent, 1 pongs received, ", ping.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there_is_an_error()
    {
        using Socket closed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using SampleProcess ping = Start(new Uri($"ws://{closed.LocalEndPoint}"), "");

        Assert.Equal(2, await ping.WaitForExitAsync());
        Assert.Equal("failed: connect: ECONNREFUSED (Connection refused)\n", ping.Output);
    }

    [Theory]
    [InlineData("ws://a --size 126", "--size takes a number of bytes up to 125, not '126'.\n")]
    [InlineData("ws://a -s -1", "--size takes a number of bytes up to 125, not '-1'.\n")]
    [InlineData("ws://a --count 0", "--count takes a number of pings, at least 1, not '0'.\n")]
    [InlineData("ws://a --interval 0", "--interval takes a number of seconds from 0.001 to 86400, not '0'.\n")]
    [InlineData("http://a", "URL takes an address of the form ws://host[:port]/path, not 'http://a'.\n")]
    public async Task A_wrong_argument_is_answered_with_a_sentence(string arguments, string sentence)
    {
        await using SampleProcess ping = SampleProcess.Start("Ping", arguments.Split(' '));

        Assert.Equal(2, await ping.WaitForExitAsync());
        Assert.Equal(sentence, ping.Output);
    }

    [Fact]
    public async Task Its_help_names_every_option()
    {
        await using SampleProcess ping = SampleProcess.Start("Ping", "--help");

        Assert.Equal(0, await ping.WaitForExitAsync());
        foreach (string option in new[] { "--count", "--interval", "--size", "--timeout", "--flood", "--quiet", "--protocol" })
            Assert.Contains(option, ping.Output, StringComparison.Ordinal);
    }

    private static SampleProcess Start(Uri server, string arguments) =>
        SampleProcess.Start("Ping", [new UriBuilder(server) { Scheme = "ws" }.Uri.ToString(), .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    private static TcpListener Listen()
    {
        TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    private static Uri AddressOf(TcpListener listener) => new($"ws://{listener.LocalEndpoint}");

    private static async Task<RawPeer> AcceptAsync(TcpListener listener)
    {
        using CancellationTokenSource late = new(SampleProcess.Deadline);
        RawPeer server = new(await listener.AcceptSocketAsync(late.Token), isClient: false, harness: null);
        server.AcceptUpgrade();
        return server;
    }

    [GeneratedRegex(@"seq=3 ")]
    private static partial Regex ThirdPong();

    [GeneratedRegex(@"seq=4 ")]
    private static partial Regex FourthPong();
}
