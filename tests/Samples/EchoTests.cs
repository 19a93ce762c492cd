using System.Net.WebSockets;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The smallest sample.</summary>
public sealed partial class EchoTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_echoes_until_a_signal_ends_it(bool terminate)
    {
        await using SampleProcess sample = SampleProcess.Start("Echo", "0");
        Uri address = new((await sample.WaitForLineAsync(Ready())).Groups["address"].Value);
        using WebSocketClient client = await WebSocketClient.ConnectAsync(address, "echo");

        await client.SendAsync("first");
        await client.SendAsync(new byte[1024 * 1024], WebSocketMessageType.Binary);
        await client.SendAsync("");
        Assert.Equal("first", await client.ReceiveTextAsync());
        Assert.Equal(new byte[1024 * 1024], (await client.ReceiveAsync()).Bytes);
        Assert.Equal("", await client.ReceiveTextAsync());

        if (terminate) sample.Terminate();
        else sample.Interrupt();
        Assert.Equal(1001, (await client.ReceiveCloseAsync()).Code);
        Assert.Equal(0, await sample.WaitForExitAsync());
    }

    [Fact]
    public void It_stays_short() => Assert.InRange(RepositoryFiles.Read("samples/Echo/Program.cs").Split('\n').Length, 1, 50);

    [GeneratedRegex(@"^echoing on (?<address>ws://\S+)$")]
    private static partial Regex Ready();
}
