using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The test server on a native loop that the program makes and runs itself.</summary>
public sealed partial class TestServerForeignLoopTests
{
    public static MatrixTheoryData<string, bool> LoopsAndSignals => new(["libuv", "libev"], [true, false]);

    [Theory]
    [MemberData(nameof(LoopsAndSignals))]
    public async Task It_serves_on_the_loop_of_the_program_which_runs_before_and_after_it(string loop, bool terminate)
    {
        await using SampleProcess server = TestServers.Start("--loop", loop, "--foreign", "--log-level", "err");
        Uri address = await server.WaitForAddressAsync($"hosted {loop}");
        using WebSocketClient client = await WebSocketClient.ConnectAsync(address, "echo");
        await client.SendAsync("hello, guest");
        Assert.Equal("hello, guest", await client.ReceiveTextAsync());
        using HttpClient http = new();
        Assert.Equal("Hello, World!", await http.GetStringAsync(new Uri(address, "/plaintext")));

        if (terminate) server.Terminate();
        else server.Interrupt();

        Assert.Equal(1001, (await client.ReceiveCloseAsync()).Code);
        Assert.Equal(0, await server.WaitForExitAsync());
        Assert.Matches(Story(), server.Output);
    }

    [Theory]
    [InlineData("libuv")]
    [InlineData("libev")]
    public async Task A_port_that_is_taken_ends_the_loop_of_the_program_and_leaves_nothing_on_it(string loop)
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using SampleProcess server = SampleProcess.Start("TestServer", "--loop", loop, "--foreign", "--port", $"{port}");

        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Contains($"127.0.0.1:{port} failed: EADDRINUSE", server.Output, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^5 ticks [a-z' ]+, before the server\nlistening on http://[0-9.:]+ \(loop: [a-z ]+\)\n5 ticks [a-z' ]+, after the server\n$")]
    private static partial Regex Story();
}
