using System.Net;
using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>Our client against our server, both compressing.</summary>
public sealed class DeflatedOwnServerTests : DeflatedClientTests
{
    private LoopThread? _server;

    private protected override Uri Address => _server!.WebSocket();

    [Theory]
    [MemberData(nameof(WithEveryLibrary))]
    public async Task What_the_server_wishes_is_agreed_on_and_every_message_comes_back(DeflateLibrary library, string wishes)
    {
        await StopServerAsync();
        await StartServerAsync(DeflateWishes.Parse(wishes).ToExtension(library));
        await TalkAsync(new PermessageDeflate { MinMessageSize = 0 }, DeflateWishes.Parse(wishes));
    }

    private protected override Task StartServerAsync(DeflateWishes wishes) => StartServerAsync(wishes.ToExtension(DeflateLibrary.Auto));

    private protected override async Task StopServerAsync() => await _server!.DisposeAsync();

    private async Task StartServerAsync(PermessageDeflate deflate) => _server = await LoopThread.StartAsync(new EventLoopOptions(), new VirtualHostOptions
    {
        Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
        Protocols = [new InteropProtocol()],
        Extensions = [deflate],
    });
}
