using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary><c>samples/Fraggle</c>: its two halves against each other, and against peers that cannot add up.</summary>
public sealed partial class FraggleTests
{
    private const string Protocol = "fraggle-both-ways";

    [Theory]
    [InlineData("--seed 1", "")]
    [InlineData("--count 50 --fragments 1", "--fragments 1")]
    [InlineData("--count 50 --fragments 2001 --size 1", "")]
    [InlineData("--count 3 --fragments 3 --size 300000", "--fragments 3 --size 1000000")]
    public async Task A_server_and_a_client_find_nothing_wrong(string ofClient, string ofServer)
    {
        await using SampleProcess server = StartServer(ofServer);
        Uri address = await AddressOfAsync(server);
        await using SampleProcess client = StartClient(address, ofClient);

        Assert.True(await client.WaitForExitAsync() == 0, client.Output);
        Assert.Contains(": 1000 by local\n", client.Output, StringComparison.Ordinal);
        await server.WaitForLineAsync(CheckedLine());
        server.Interrupt();

        Assert.True(await server.WaitForExitAsync() == 0, server.Output);
        Assert.DoesNotContain("failed", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_clients_are_checked_at_once_and_a_signal_ends_a_run_without_an_end_well()
    {
        await using SampleProcess server = StartServer("");
        Uri address = await AddressOfAsync(server);
        await using SampleProcess endless = StartClient(address, "--count 0");
        await using SampleProcess first = StartClient(address, "");
        await using SampleProcess second = StartClient(address, "");

        Assert.True(await first.WaitForExitAsync() == 0, first.Output);
        Assert.True(await second.WaitForExitAsync() == 0, second.Output);
        await endless.WaitForLineAsync(WithLine());
        endless.Interrupt();
        Assert.True(await endless.WaitForExitAsync() == 0, endless.Output);
        server.Terminate();
        Assert.True(await server.WaitForExitAsync() == 0, server.Output);
    }

    [Fact]
    public async Task A_client_that_is_interrupted_before_its_count_has_failed()
    {
        using TcpListener listener = Listen();
        await using SampleProcess client = StartClient(AddressOf(listener), "--count 20");
        using RawPeer server = await AcceptAsync(listener);
        server.ReadFrame();
        client.Interrupt();
        server.WaitUntil(() => ReadClose(server) == 1000);
        server.SendClose(1000);
        server.EndStream();

        Assert.Equal(1, await client.WaitForExitAsync());
        Assert.Contains("failed: the connection was closed: 1000 by local\n", client.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 }, new byte[] { 0, 0, 0, 7 }, "the 3 bytes of message 1 sum up to 6, and a sum of 4 bytes says 7")]
    [InlineData(new byte[] { 255, 255 }, new byte[] { 1, 254 }, "the 2 bytes of message 1 sum up to 510, and a sum of 2 bytes says 510")]
    public async Task A_client_that_finds_a_wrong_checksum_says_so_and_closes_with_4001(byte[] message, byte[] sum, string why)
    {
        using TcpListener listener = Listen();
        await using SampleProcess client = StartClient(AddressOf(listener), "");
        using RawPeer server = await AcceptAsync(listener);
        server.SendBinary(message);
        server.SendBinary(sum);
        server.WaitUntil(() => ReadClose(server) == 4001);
        server.SendClose(4001);
        server.EndStream();

        Assert.Equal(1, await client.WaitForExitAsync());
        Assert.Contains($"failed: {why}\n", client.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_finds_a_wrong_checksum_says_so_and_goes_on_and_its_exit_code_tells()
    {
        await using SampleProcess server = StartServer("");
        Uri address = await AddressOfAsync(server);
        using RawPeer liar = RawPeer.Connect(IPEndPoint.Parse(address.Authority));
        liar.Upgrade(protocols: Protocol);
        liar.SendBinary([1]);
        liar.SendBinary([0, 0, 0, 2]);
        liar.WaitUntil(() => ReadClose(liar) == 4001);
        liar.SendClose(4001);
        liar.ReadToEnd();
        await using SampleProcess honest = StartClient(address, "");
        Assert.True(await honest.WaitForExitAsync() == 0, honest.Output);
        server.Interrupt();

        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Contains("failed: the 1 bytes of message 1 sum up to 1, and a sum of 4 bytes says 2\n", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_seed_sends_the_same_fragments()
    {
        byte[] first = await FirstBytesAsync("--seed 42");
        byte[] second = await FirstBytesAsync("--seed 42");
        byte[] other = await FirstBytesAsync("--seed 43");

        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public async Task Nobody_there_is_a_failure()
    {
        using Socket closed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using SampleProcess client = StartClient(new Uri($"ws://{closed.LocalEndPoint}"), "");

        Assert.Equal(1, await client.WaitForExitAsync());
        Assert.EndsWith("failed: connect: ECONNREFUSED (Connection refused)\n", client.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--client http://a", "--client takes an address of the form ws://host[:port], not 'http://a'.\n")]
    [InlineData("--fragments 0", "--fragments takes a number from 1 to 60000, not '0'.\n")]
    [InlineData("--size 0", "--size takes a number of bytes from 1 to 16777216, not '0'.\n")]
    [InlineData("--port 65536", "--port takes a port from 0 to 65535, not '65536'.\n")]
    [InlineData("--seed x", "--seed takes a whole number, not 'x'.\n")]
    public async Task A_wrong_argument_is_answered_with_a_sentence(string arguments, string sentence)
    {
        await using SampleProcess fraggle = SampleProcess.Start("Fraggle", arguments.Split(' '));

        Assert.Equal(2, await fraggle.WaitForExitAsync());
        Assert.Equal(sentence, fraggle.Output);
    }

    /// <summary>Takes a frame if one is there. Returns the code of a close frame, otherwise 0.</summary>
    private static int ReadClose(RawPeer peer)
    {
        int code = 0;
        while (code == 0 && peer.TryReadFrame(out RawFrame frame)) code = frame.CloseCode;
        return code;
    }

    private static SampleProcess StartServer(string arguments) => SampleProcess.Start("Fraggle", ["--port", "0", .. Words(arguments)]);

    private static SampleProcess StartClient(Uri server, string arguments) =>
        SampleProcess.Start("Fraggle", ["--client", server.ToString(), .. Words(arguments)]);

    private static string[] Words(string arguments) => arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<Uri> AddressOfAsync(SampleProcess server) => new((await server.WaitForLineAsync(ReadyLine())).Groups["address"].Value);

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
        server.AcceptUpgrade(Protocol);
        return server;
    }

    private static async Task<byte[]> FirstBytesAsync(string arguments)
    {
        await using SampleProcess server = StartServer(arguments);
        Uri address = await AddressOfAsync(server);
        using RawPeer client = RawPeer.Connect(IPEndPoint.Parse(address.Authority));
        client.Upgrade(protocols: Protocol);
        return client.ReadBytes(2000);
    }

    [GeneratedRegex(@"^fraggling on (?<address>ws://\S+) \(seed: -?\d+\)$")]
    private static partial Regex ReadyLine();

    /// <summary>What a client says when signals come to it.</summary>
    [GeneratedRegex(@"^fraggling with ")]
    private static partial Regex WithLine();

    [GeneratedRegex(@"^checked \d+ messages of \d+ bytes, sent \d+ of \d+ bytes: 1000 by remote$")]
    private static partial Regex CheckedLine();
}
