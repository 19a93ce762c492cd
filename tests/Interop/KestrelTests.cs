using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>Our client against Kestrel.</summary>
public sealed class KestrelTests : ClientTests, IAsyncLifetime
{
    private KestrelServer? _server;

    public async ValueTask InitializeAsync() => _server = await KestrelServer.StartAsync();

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    [Theory]
    [InlineData("/nowhere", 404)]
    public async Task A_refusal_is_a_failure_that_names_the_status(string path, int status)
    {
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        Conversation conversation = await client.ConnectAsync(user => Options(user, path, new ConversationProtocol()));

        ConnectFailure failure = await conversation.Failed.Task.InTime();

        Assert.Equal(
            (ConnectStage.Handshake, ProtocolFault.ReplyStatusNot101, status, false),
            (failure.Stage, failure.Fault, failure.HttpStatus, failure.IsTimeout));
        Assert.False(conversation.Established.Task.IsCompleted);
        Assert.False(conversation.Closed.Task.IsCompleted);
    }

    [Fact]
    public async Task A_server_that_chooses_no_subprotocol_gets_the_first_one()
    {
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        ConversationProtocol first = new("first");
        Conversation conversation = await client.ConnectAsync(user => Options(user, first, new ConversationProtocol("second")));

        Assert.Equal("", await conversation.Established.Task.InTime());

        Assert.Same(first, conversation.Connection!.Protocol);
        await CloseNormallyAsync(conversation);
    }

    [Fact]
    public async Task A_name_is_resolved_and_its_addresses_are_tried()
    {
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());

        // Kestrel listens on 127.0.0.1 only; where localhost is ::1 as well, that attempt is refused and the next one is made.
        Conversation conversation = await client.ConnectAsync(user => new ClientConnectOptions
        {
            Uri = new Uri($"ws://localhost:{_server!.Port}/socket"),
            Protocols = [new ConversationProtocol()],
            UserData = user,
            ConnectTimeout = Waiting.Limit,
            HandshakeTimeout = Waiting.Limit,
        });

        Assert.Equal("interop", await conversation.Established.Task.InTime());
        await CloseNormallyAsync(conversation);
    }

    private protected override ClientConnectOptions Options(Conversation user, params Protocol[] protocols) => Options(user, "/socket", protocols);

    private ClientConnectOptions Options(Conversation user, string path, params Protocol[] protocols) => new()
    {
        Uri = new Uri($"ws://127.0.0.1:{_server!.Port}{path}"),
        Protocols = protocols,
        UserData = user,
        ConnectTimeout = Waiting.Limit,
        HandshakeTimeout = Waiting.Limit,
    };
}
