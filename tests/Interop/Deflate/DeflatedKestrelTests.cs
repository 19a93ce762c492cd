using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>Our client against Kestrel's WebSocket middleware, both compressing.</summary>
public sealed class DeflatedKestrelTests : DeflatedClientTests
{
    private KestrelServer? _server;

    private protected override Uri Address => new($"ws://127.0.0.1:{_server!.Port}/socket");

    // What a Kestrel can wish for: its own half.
    [Theory]
    [InlineData("server_no_context_takeover")]
    [InlineData("server_max_window_bits=9")]
    [InlineData("server_max_window_bits=12")]
    [InlineData("server_no_context_takeover; server_max_window_bits=10")]
    public async Task What_the_server_wishes_is_agreed_on_and_every_message_comes_back(string wishes) => await TalkToServerThatWishesAsync(wishes);

    private protected override async Task StartServerAsync(DeflateWishes wishes) => _server = await KestrelServer.StartAsync(wishes);

    private protected override async Task StopServerAsync() => await _server!.DisposeAsync();
}
