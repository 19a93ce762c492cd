using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>Our client against the server of the library <c>ws</c>, both compressing.</summary>
public sealed partial class DeflatedWsServerTests : DeflatedClientTests
{
    private SampleProcess? _server;
    private Uri? _address;

    public static TheoryData<string> Wishes() => [.. DeflateWishes.All];

    private protected override Uri Address => _address!;

    [Theory]
    [MemberData(nameof(Wishes))]
    [InlineData("server_max_window_bits=8")]
    [InlineData("client_max_window_bits=8")]
    public async Task What_the_server_wishes_is_agreed_on_and_every_message_comes_back(string wishes) => await TalkToServerThatWishesAsync(wishes);

    private protected override async Task StartServerAsync(DeflateWishes wishes)
    {
        _server = WsTool.Start("server.mjs", "deflate", wishes.ToString());
        _address = new Uri((await _server.WaitForLineAsync(ListeningLine())).Groups["address"].Value);
    }

    private protected override async Task StopServerAsync()
    {
        await _server!.DisposeAsync();
        Assert.DoesNotContain("error:", _server.Output.Replace("error: read ECONNRESET", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^listening on (?<address>ws://\S+)$")]
    private static partial Regex ListeningLine();
}
