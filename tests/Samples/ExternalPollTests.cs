using System.Globalization;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The frame loop of a game.</summary>
public sealed class ExternalPollTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Players_see_the_ball_move_and_turn_it_round_until_a_signal_ends_the_game(bool terminate)
    {
        await using SampleProcess sample = SampleProcess.Start("ExternalPoll", "0");
        Uri address = await sample.WaitForAddressAsync("external");
        using WebSocketClient player = await WebSocketClient.ConnectAsync(address, "game");

        int direction = await ReceiveDirectionAsync(player);
        await player.SendAsync("turn");
        while (await ReceiveDirectionAsync(player) == direction)
        {
        }

        if (terminate) sample.Terminate();
        else sample.Interrupt();
        Assert.Equal(1001, (await player.ReceiveCloseAsync()).Code);
        Assert.Equal(0, await sample.WaitForExitAsync());
    }

    /// <summary>Whether the ball goes to the right, 1, or to the left, -1.</summary>
    private static async Task<int> ReceiveDirectionAsync(WebSocketClient player)
    {
        int start = await ReceivePositionAsync(player);
        int position = start;
        while (position == start) position = await ReceivePositionAsync(player);
        return Math.Sign(position - start);
    }

    private static async Task<int> ReceivePositionAsync(WebSocketClient player) =>
        int.Parse(await player.ReceiveTextAsync(), CultureInfo.InvariantCulture);
}
