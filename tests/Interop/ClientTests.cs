using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>What our client must be able to do with any server that speaks the commands of <see cref="InteropProtocol"/>.</summary>
public abstract class ClientTests
{
    public static TheoryData<MessageKind, int> KindsAndSizes() => ClientWebSocketTests.KindsAndSizes();

    [Theory]
    [MemberData(nameof(KindsAndSizes))]
    public async Task A_message_of_any_size_comes_back_as_it_was(MessageKind kind, int size)
    {
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        Conversation conversation = await OpenAsync(client);
        byte[] message = Message.Pattern(size, kind);

        for (int i = 0; i < 3; i++)
        {
            await conversation.SendAsync(new Message(kind, message));
            Message echoed = await conversation.ReceiveAsync();
            Assert.Equal(kind, echoed.Kind);
            Assert.Equal(message, echoed.Bytes);
        }

        await CloseNormallyAsync(conversation);
    }

    [Fact]
    public async Task Messages_that_are_sent_without_waiting_come_back_in_order()
    {
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        Conversation conversation = await OpenAsync(client);

        for (int i = 0; i < 200; i++) await conversation.SendAsync($"message {i}");
        for (int i = 0; i < 200; i++) Assert.Equal($"message {i}", (await conversation.ReceiveAsync()).Text);

        await CloseNormallyAsync(conversation);
    }

    [Fact]
    public async Task A_message_in_fragments_is_one_message()
    {
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        Conversation conversation = await OpenAsync(client);

        await conversation.SendAsync("!fragments 7 100000");

        Message received = await conversation.ReceiveAsync();
        Assert.Equal(MessageKind.Text, received.Kind);
        Assert.Equal(Message.Utf8Pattern(100_000), received.Bytes);
        await CloseNormallyAsync(conversation);
    }

    [Fact]
    public async Task A_ping_is_answered_with_its_payload()
    {
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        Conversation conversation = await OpenAsync(client);

        await conversation.PingAsync("are-you-there");

        Assert.Equal("are-you-there", await conversation.Pongs.NextAsync());
        await CloseNormallyAsync(conversation);
    }

    [Fact]
    public async Task A_close_by_the_server_is_reported_with_code_and_reason()
    {
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        Conversation conversation = await OpenAsync(client);

        await conversation.SendAsync("!close 4001 goodbye, friend");

        CloseInfo close = await conversation.Closed.Task.InTime();
        Assert.Equal((4001, "goodbye, friend", CloseOrigin.Remote, true), ((int)close.Code, close.Reason, close.Origin, close.IsClean));
    }

    [Fact]
    public async Task A_server_that_aborts_is_1006()
    {
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        Conversation conversation = await OpenAsync(client);

        await conversation.SendAsync("!abort");

        CloseInfo close = await conversation.Closed.Task.InTime();
        Assert.Equal((WebSocketCloseCode.Abnormal, false), (close.Code, close.IsClean));
    }

    [Fact]
    public async Task An_abort_by_the_client_is_1006_at_once()
    {
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        Conversation conversation = await OpenAsync(client);

        await conversation.AbortAsync();

        CloseInfo close = await conversation.Closed.Task.InTime();
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Local, false), (close.Code, close.Origin, close.IsClean));
    }

    [Fact]
    public async Task The_subprotocol_is_the_one_that_the_server_chose()
    {
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        ConversationProtocol unknown = new("unknown");
        ConversationProtocol known = new();
        Conversation conversation = await client.ConnectAsync(user => Options(user, unknown, known));

        Assert.Equal("interop", await conversation.Established.Task.InTime());

        Assert.Same(known, conversation.Connection!.Protocol);
        await CloseNormallyAsync(conversation);
    }

    /// <summary>How the server is reached.</summary>
    private protected abstract ClientConnectOptions Options(Conversation user, params Protocol[] protocols);

    private protected async Task<Conversation> OpenAsync(LoopThread client)
    {
        Conversation conversation = await client.ConnectAsync(user => Options(user, new ConversationProtocol()));
        Assert.Equal("interop", await conversation.Established.Task.InTime());
        return conversation;
    }

    private protected static async Task CloseNormallyAsync(Conversation conversation)
    {
        await conversation.CloseAsync(1000, "done");

        CloseInfo close = await conversation.Closed.Task.InTime();
        Assert.Equal((WebSocketCloseCode.Normal, CloseOrigin.Local, true), (close.Code, close.Origin, close.IsClean));
        Assert.False(conversation.Received.Reader.TryRead(out _));
        Assert.False(conversation.Failed.Task.IsCompleted);
    }
}
