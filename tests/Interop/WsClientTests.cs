using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>The client of the library <c>ws</c> against our server.</summary>
public sealed class WsClientTests
{
    private static readonly string[] s_tests = ["sizes", "order", "sendsFragments", "receivesFragments", "pings", "answersPings", "closes", "isClosed", "isAborted"];

    /// <summary>Every test without compression, and with an offer that our server declines.</summary>
    public static TheoryData<string, string> TestsAndCompressions()
    {
        TheoryData<string, string> data = [];
        foreach (string test in s_tests)
        {
            data.Add(test, "plain");
            data.Add(test, "declined");
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(TestsAndCompressions))]
    public async Task The_client_finds_what_it_expects_and_our_server_hears_the_end_once(string test, string perMessageDeflate)
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        await using SampleProcess client = WsTool.Start("client.mjs", server.WebSocket().ToString(), test, perMessageDeflate);

        int verdict = await client.WaitForExitAsync();

        Assert.True(verdict == 0, client.Output);
        CloseInfo close = await protocol.Closed.NextAsync();
        (int Code, CloseOrigin Origin, bool IsClean) expected = test switch
        {
            "closes" => (4001, CloseOrigin.Remote, true),
            "isClosed" => (4999, CloseOrigin.Local, true),
            "isAborted" => (1006, CloseOrigin.Local, false),
            _ => (1000, CloseOrigin.Remote, true),
        };
        Assert.Equal(expected, ((int)close.Code, close.Origin, close.IsClean));
        Assert.False(protocol.Closed.Reader.TryRead(out _));
        if (test == "answersPings") Assert.Equal("and-you", await protocol.Pongs.NextAsync());
    }

    [Fact]
    public async Task A_test_that_does_not_exist_is_no_test_that_passes()
    {
        await using SampleProcess client = WsTool.Start("client.mjs", "ws://127.0.0.1:1/", "nothing", "plain");

        Assert.Equal(2, await client.WaitForExitAsync());
    }
}
