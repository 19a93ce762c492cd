using System.Net;
using System.Net.WebSockets;
using Xunit;
using static EventLoops.Tests.Interop.Waiting;

namespace EventLoops.Tests.Interop;

/// <summary>The runtime's own WebSocket client against our server, both compressing.</summary>
public sealed class DeflatedClientWebSocketTests
{
    public static TheoryData<string> WithEveryWindow() => DeflateWishes.WithEveryWindow();

    public static TheoryData<DeflateLibrary, string> WithEveryLibrary() => DeflateWishes.WithEveryLibrary();

    [Theory]
    [MemberData(nameof(WithEveryWindow))]
    public Task What_the_client_wishes_is_agreed_on_and_every_message_comes_back(string wishes) =>
        TalkAsync(new PermessageDeflate { MinMessageSize = 0 }, DeflateWishes.Parse(wishes).ToClientOptions(), wishes);

    [Theory]
    [MemberData(nameof(WithEveryLibrary))]
    public Task What_the_server_wishes_is_agreed_on_and_every_message_comes_back(DeflateLibrary library, string wishes) =>
        TalkAsync(DeflateWishes.Parse(wishes).ToExtension(library), new WebSocketDeflateOptions(), wishes);

    [Theory]
    [InlineData(7, 7)]
    [InlineData(16, 9)]
    public Task Every_message_comes_back_through_buffers_of_any_size(int receiveBits, int sendBits) => TalkAsync(
        new PermessageDeflate { ReceiveBufferBits = receiveBits, SendBufferBits = sendBits, MinMessageSize = 0 }, new WebSocketDeflateOptions(), "");

    [Fact]
    public async Task A_client_that_offers_compression_to_a_server_without_it_is_served_without()
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server, new WebSocketDeflateOptions());

        Assert.False(client.HttpResponseHeaders!.ContainsKey("Sec-WebSocket-Extensions"));
        await TalkAsync(client);
        await ClientWebSocketTests.CloseNormallyAsync(client, protocol);
    }

    private static async Task TalkAsync(PermessageDeflate deflate, WebSocketDeflateOptions options, string expected)
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(new EventLoopOptions(), new VirtualHostOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [protocol],
            Extensions = [deflate],
        });
        using ClientWebSocket client = await ConnectAsync(server, options);
        DeflateWishes.Parse(expected).AssertAreIn(client.HttpResponseHeaders!["Sec-WebSocket-Extensions"].Single());
        await TalkAsync(client);
        await ClientWebSocketTests.CloseNormallyAsync(client, protocol);
    }

    private static async Task<ClientWebSocket> ConnectAsync(LoopThread server, WebSocketDeflateOptions deflate)
    {
        ClientWebSocket client = new() { Options = { CollectHttpResponseDetails = true, DangerousDeflateOptions = deflate } };
        await client.ConnectAsync(server.WebSocket(), UntilDeadline);
        return client;
    }

    private static async Task TalkAsync(ClientWebSocket client)
    {
        foreach (Message message in DeflateMessages.All())
        {
            await SendAsync(client, message);
            Message echoed = await ClientWebSocketTests.ReceiveAsync(client);
            Assert.Equal(message.Kind, echoed.Kind);
            Assert.Equal(message.Bytes, echoed.Bytes);
        }

        await client.SendAsync("!fragments 9 150000"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, UntilDeadline);
        Assert.Equal(Message.Utf8Pattern(150_000), (await ClientWebSocketTests.ReceiveAsync(client)).Bytes);

        // One message past compression, as a program sends a secret.
        await client.SendAsync("secret"u8.ToArray(), WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage | WebSocketMessageFlags.DisableCompression, UntilDeadline);
        Assert.Equal("secret", (await ClientWebSocketTests.ReceiveAsync(client)).Text);
    }

    private static async Task SendAsync(ClientWebSocket client, Message message)
    {
        WebSocketMessageType type = message.Kind == MessageKind.Text ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
        for (int i = 0; i < message.Fragments; i++)
        {
            int start = (int)((long)message.Bytes.Length * i / message.Fragments);
            int end = (int)((long)message.Bytes.Length * (i + 1) / message.Fragments);
            await client.SendAsync(message.Bytes.AsMemory(start, end - start), type, endOfMessage: i == message.Fragments - 1, UntilDeadline);
        }
    }
}
