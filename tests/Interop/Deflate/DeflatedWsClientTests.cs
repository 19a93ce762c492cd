using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>The client of the library <c>ws</c> against our server, both compressing.</summary>
public sealed partial class DeflatedWsClientTests
{
    public static TheoryData<string> Wishes() => [.. DeflateWishes.All];

    public static TheoryData<DeflateLibrary, string> WithEveryLibrary() => DeflateWishes.WithEveryLibrary();

    [Theory]
    [InlineData("order")]
    [InlineData("sendsFragments")]
    [InlineData("receivesFragments")]
    [InlineData("pings")]
    [InlineData("answersPings")]
    [InlineData("closes")]
    [InlineData("isClosed")]
    [InlineData("isAborted")]
    public Task The_client_finds_what_it_expects(string test) => PassAsync(test, new PermessageDeflate { MinMessageSize = 0 }, "", "");

    [Theory]
    [MemberData(nameof(Wishes))]
    public Task What_the_client_wishes_is_agreed_on_and_every_message_comes_back(string wishes) =>
        PassAsync("sizes", new PermessageDeflate { MinMessageSize = 0 }, wishes, wishes);

    [Theory]
    [MemberData(nameof(WithEveryLibrary))]
    public Task What_the_server_wishes_is_agreed_on_and_every_message_comes_back(DeflateLibrary library, string wishes) =>
        PassAsync("sizes", DeflateWishes.Parse(wishes).ToExtension(library), "", wishes);

    [Fact]
    public Task A_client_may_have_a_window_of_8_bits() => PassAsync("sizes", new PermessageDeflate(), "client_max_window_bits=8", "client_max_window_bits=8");

    [Fact]
    public Task A_server_may_have_a_window_of_8_bits() =>
        PassAsync("sizes", new PermessageDeflate { MinMessageSize = 0 }, "server_max_window_bits=8", "server_max_window_bits=8");

    // The framework's compressor has one window, so that the server could not keep what it agreed to (RFC 7692 7.1.2.1).
    [Fact]
    public Task A_window_that_the_compressor_does_not_have_is_declined_and_the_client_goes_on_without_compression() =>
        PassAsync("sizes", new PermessageDeflate { Library = DeflateLibrary.Framework }, "server_max_window_bits=8", expected: null);

    private static async Task PassAsync(string test, PermessageDeflate deflate, string wishes, string? expected)
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(new EventLoopOptions(), new VirtualHostOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [protocol],
            Extensions = [deflate],
        });
        await using SampleProcess client = WsTool.Start("client.mjs", server.WebSocket().ToString(), test, expected is null ? "declined" : "deflate", wishes);

        int verdict = await client.WaitForExitAsync();

        Assert.True(verdict == 0, client.Output);
        if (expected is not null) DeflateWishes.Parse(expected).AssertAreIn(AgreedLine().Match(client.Output).Groups["extensions"].Value);
        await protocol.Closed.NextAsync();
        Assert.False(protocol.Closed.Reader.TryRead(out _));
    }

    [GeneratedRegex("^agreed: (?<extensions>.*)$", RegexOptions.Multiline)]
    private static partial Regex AgreedLine();
}
