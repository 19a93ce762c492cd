using System.Net;
using System.Net.WebSockets;
using System.Text;
using Xunit;
using static EventLoops.Tests.Interop.Waiting;

namespace EventLoops.Tests.Interop;

/// <summary>The runtime's own WebSocket client against our server.</summary>
public sealed class ClientWebSocketTests
{
    public static TheoryData<MessageKind, int> KindsAndSizes()
    {
        TheoryData<MessageKind, int> data = [];
        foreach (int size in Message.Sizes)
        {
            data.Add(MessageKind.Text, size);
            data.Add(MessageKind.Binary, size);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(KindsAndSizes))]
    public async Task A_message_of_any_size_comes_back_as_it_was(MessageKind kind, int size)
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server);
        byte[] message = Message.Pattern(size, kind);

        for (int i = 0; i < 3; i++)
        {
            await client.SendAsync(message, TypeOf(kind), endOfMessage: true, UntilDeadline);
            Message echoed = await ReceiveAsync(client);
            Assert.Equal(kind, echoed.Kind);
            Assert.Equal(message, echoed.Bytes);
        }

        await CloseNormallyAsync(client, protocol);
    }

    [Theory]
    [InlineData(2, 10)]
    [InlineData(7, 1000)]
    [InlineData(100, 400_000)]
    public async Task A_message_that_the_client_sends_in_fragments_is_one_message(int fragments, int size)
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server);
        byte[] message = Message.Utf8Pattern(size);

        int length = (size + fragments - 1) / fragments;
        for (int start = 0; start < size; start += length)
        {
            ArraySegment<byte> part = new(message, start, Math.Min(length, size - start));
            await client.SendAsync(part, WebSocketMessageType.Text, endOfMessage: start + length >= size, UntilDeadline);
        }

        Assert.Equal(message, (await ReceiveAsync(client)).Bytes);
        await CloseNormallyAsync(client, protocol);
    }

    [Theory]
    [InlineData(2, 10)]
    [InlineData(7, 1000)]
    [InlineData(100, 1_000_000)]
    public async Task A_message_that_the_server_sends_in_fragments_is_one_message(int fragments, int size)
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server);

        await SendTextAsync(client, $"!fragments {fragments} {size}");

        Message received = await ReceiveAsync(client);
        Assert.Equal(MessageKind.Text, received.Kind);
        Assert.Equal(Message.Utf8Pattern(size), received.Bytes);
        await CloseNormallyAsync(client, protocol);
    }

    [Fact]
    public async Task A_close_by_the_client_is_echoed_and_reported_with_code_and_reason()
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server);

        await client.CloseAsync((WebSocketCloseStatus)4001, "goodbye, friend", UntilDeadline);

        Assert.Equal(WebSocketState.Closed, client.State);
        Assert.Equal((WebSocketCloseStatus)4001, client.CloseStatus);
        CloseInfo close = await protocol.Closed.NextAsync();
        Assert.Equal((4001, "goodbye, friend", CloseOrigin.Remote, true), ((int)close.Code, close.Reason, close.Origin, close.IsClean));
    }

    [Theory]
    [InlineData(1000, "")]
    [InlineData(1001, "going away")]
    [InlineData(4999, "ä€😀")]
    public async Task A_close_by_the_server_reaches_the_client_with_code_and_reason(int code, string reason)
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server);

        await SendTextAsync(client, $"!close {code} {reason}");
        WebSocketReceiveResult result = await client.ReceiveAsync(new byte[100], UntilDeadline);

        Assert.Equal(WebSocketMessageType.Close, result.MessageType);
        Assert.Equal(code, (int)client.CloseStatus!);
        Assert.Equal(reason, client.CloseStatusDescription ?? "");
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, UntilDeadline);
        CloseInfo close = await protocol.Closed.NextAsync();
        Assert.Equal((code, reason, CloseOrigin.Local, true), ((int)close.Code, close.Reason, close.Origin, close.IsClean));
    }

    [Fact]
    public async Task A_callback_that_returns_Close_says_1000()
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server);

        await SendTextAsync(client, "!return");
        await client.ReceiveAsync(new byte[100], UntilDeadline);

        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, UntilDeadline);
        Assert.True((await protocol.Closed.NextAsync()).IsClean);
    }

    [Fact]
    public async Task An_abort_by_the_server_is_an_error_for_the_client_and_1006_for_the_server()
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server);

        await SendTextAsync(client, "!abort");

        await Assert.ThrowsAsync<WebSocketException>(() => client.ReceiveAsync(new byte[100], UntilDeadline));
        CloseInfo close = await protocol.Closed.NextAsync();
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Local, false), (close.Code, close.Origin, close.IsClean));
    }

    [Fact]
    public async Task A_client_that_aborts_is_closed_once_with_1006()
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server);

        client.Abort();

        CloseInfo close = await protocol.Closed.NextAsync();
        Assert.Equal((WebSocketCloseCode.Abnormal, false), (close.Code, close.IsClean));
        Assert.False(protocol.Closed.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_receive_that_the_client_cancels_ends_the_connection_once()
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server);
        using CancellationTokenSource cancelling = new();

        Task<WebSocketReceiveResult> receiving = client.ReceiveAsync(new byte[100], cancelling.Token);
        await cancelling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving.InTime());
        Assert.Equal(WebSocketCloseCode.Abnormal, (await protocol.Closed.NextAsync()).Code);
        Assert.False(protocol.Closed.Reader.TryRead(out _));
    }

    [Fact]
    public async Task The_first_of_the_clients_subprotocols_that_is_served_is_chosen()
    {
        InteropProtocol first = new("first");
        InteropProtocol second = new("second");
        await using LoopThread server = await LoopThread.StartAsync(first, second);
        using ClientWebSocket client = await ConnectAsync(server, options =>
        {
            options.AddSubProtocol("unknown");
            options.AddSubProtocol("second");
            options.AddSubProtocol("first");
        });

        Assert.Equal("second", client.SubProtocol);
        await CloseNormallyAsync(client, second);
    }

    [Fact]
    public async Task A_client_that_names_no_subprotocol_is_told_none()
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server);

        Assert.Null(client.SubProtocol);
        await CloseNormallyAsync(client, protocol);
    }

    [Fact]
    public async Task A_client_that_names_only_unknown_subprotocols_is_refused()
    {
        await using LoopThread server = await LoopThread.StartAsync(new InteropProtocol());
        using ClientWebSocket client = new() { Options = { CollectHttpResponseDetails = true } };
        client.Options.AddSubProtocol("unknown");

        await Assert.ThrowsAsync<WebSocketException>(() => client.ConnectAsync(server.WebSocket(), UntilDeadline));

        Assert.Equal(HttpStatusCode.BadRequest, client.HttpStatusCode);
    }

    [Fact]
    public async Task A_ping_of_the_server_is_answered_by_the_client()
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server);

        await SendTextAsync(client, "!ping are-you-there");
        Task<WebSocketReceiveResult> receiving = client.ReceiveAsync(new byte[100], UntilDeadline);

        Assert.Equal("are-you-there", await protocol.Pongs.NextAsync());
        await SendTextAsync(client, "still here");
        Assert.Equal(10, (await receiving).Count);
        await CloseNormallyAsync(client, protocol);
    }

    [Fact]
    public async Task The_clients_unasked_keep_alive_pongs_arrive_as_pongs()
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);
        using ClientWebSocket client = await ConnectAsync(server, options => options.KeepAliveInterval = TimeSpan.FromMilliseconds(10));

        for (int i = 0; i < 5; i++) Assert.Equal("", await protocol.Pongs.NextAsync());
        await CloseNormallyAsync(client, protocol);
    }

    [Fact]
    public async Task The_clients_keep_alive_pings_are_answered_so_that_it_stays_connected()
    {
        InteropProtocol protocol = new();
        CountingSocketIo io = new();
        await using LoopThread server = await LoopThread.StartAsync(
            new EventLoopOptions { SocketIo = io },
            new VirtualHostOptions { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = [protocol] });
        using ClientWebSocket client = await ConnectAsync(server, options =>
        {
            options.KeepAliveInterval = TimeSpan.FromMilliseconds(10);
            options.KeepAliveTimeout = Limit;
        });
        Task<WebSocketReceiveResult> receiving = client.ReceiveAsync(new byte[100], UntilDeadline);

        // The client sends nothing but its pings, so each send of the server after the 101 is a pong.
        await server.UntilAsync(() => io.CountOf(SystemCall.Send) >= 6);

        await SendTextAsync(client, "still here");
        Assert.Equal(10, (await receiving).Count);
        Assert.Equal(WebSocketState.Open, client.State);
        await CloseNormallyAsync(client, protocol);
    }

    [Fact]
    public async Task Many_clients_at_once_each_get_their_own_messages()
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await LoopThread.StartAsync(protocol);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(async number =>
        {
            using ClientWebSocket client = await ConnectAsync(server);
            for (int i = 0; i < 20; i++)
            {
                await SendTextAsync(client, $"client {number}, message {i}");
                Assert.Equal($"client {number}, message {i}", (await ReceiveAsync(client)).Text);
            }

            await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, UntilDeadline);
        }));

        for (int i = 0; i < 50; i++) Assert.True((await protocol.Closed.NextAsync()).IsClean);
    }

    private static WebSocketMessageType TypeOf(MessageKind kind) =>
        kind == MessageKind.Text ? WebSocketMessageType.Text : WebSocketMessageType.Binary;

    private static async Task<ClientWebSocket> ConnectAsync(LoopThread server, Action<ClientWebSocketOptions>? configure = null)
    {
        ClientWebSocket client = new();
        configure?.Invoke(client.Options);
        await client.ConnectAsync(server.WebSocket(), UntilDeadline);
        return client;
    }

    private static Task SendTextAsync(ClientWebSocket client, string text) =>
        client.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, UntilDeadline);

    internal static async Task<Message> ReceiveAsync(ClientWebSocket client)
    {
        using MemoryStream bytes = new();
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            WebSocketReceiveResult part = await client.ReceiveAsync(buffer, UntilDeadline);
            Assert.NotEqual(WebSocketMessageType.Close, part.MessageType);
            bytes.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
                return new Message(part.MessageType == WebSocketMessageType.Text ? MessageKind.Text : MessageKind.Binary, bytes.ToArray());
        }
    }

    internal static async Task CloseNormallyAsync(ClientWebSocket client, InteropProtocol protocol)
    {
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", UntilDeadline);

        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        CloseInfo close = await protocol.Closed.NextAsync();
        Assert.Equal((WebSocketCloseCode.Normal, "done", true), (close.Code, close.Reason, close.IsClean));
        Assert.False(protocol.Closed.Reader.TryRead(out _));
    }
}
