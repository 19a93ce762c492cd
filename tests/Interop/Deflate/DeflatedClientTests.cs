using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>Our client with permessage-deflate against a server that agrees to it, in everything that a client must be able to do and in every agreement.</summary>
public abstract class DeflatedClientTests : ClientTests, IAsyncLifetime
{
    private PermessageDeflate _deflate = new() { MinMessageSize = 0 };

    public static TheoryData<DeflateLibrary, string> WithEveryLibrary() => DeflateWishes.WithEveryLibrary();

    public async ValueTask InitializeAsync() => await StartServerAsync(DeflateWishes.Parse(""));

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await StopServerAsync();
    }

    [Theory]
    [MemberData(nameof(WithEveryLibrary))]
    public async Task What_the_client_wishes_is_agreed_on_and_every_message_comes_back(DeflateLibrary library, string wishes)
    {
        await TalkAsync(DeflateWishes.Parse(wishes).ToExtension(library), DeflateWishes.Parse(wishes));
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(10, 16)]
    [InlineData(16, 9)]
    public async Task Every_message_comes_back_through_buffers_of_any_size(int receiveBits, int sendBits)
    {
        await TalkAsync(new PermessageDeflate { ReceiveBufferBits = receiveBits, SendBufferBits = sendBits, MinMessageSize = 0 }, DeflateWishes.Parse(""));
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(9, 1)]
    [InlineData(6, 9)]
    public async Task Every_message_comes_back_however_hard_the_client_tries(int level, int memoryLevel)
    {
        await TalkAsync(new PermessageDeflate { CompressionLevel = level, MemoryLevel = memoryLevel, MinMessageSize = 0 }, DeflateWishes.Parse(""));
    }

    [Fact]
    public async Task A_megabyte_of_one_letter_crosses_the_wire_in_a_few_kilobytes_each_way()
    {
        const int Piece = 1000;
        CountingSocketIo io = new() { MaxReceive = Piece, MaxSend = Piece };
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions { SocketIo = io });
        Conversation conversation = await OpenAsync(client);
        byte[] message = new byte[1 << 20];
        message.AsSpan().Fill((byte)'a');
        long sends = io.CountOf(SystemCall.Send);
        long receives = io.CountOf(SystemCall.Receive);

        await conversation.SendAsync(new Message(MessageKind.Text, message));
        Assert.Equal(message, (await conversation.ReceiveAsync()).Bytes);

        Assert.InRange(io.CountOf(SystemCall.Send) - sends, 1, 30);
        Assert.InRange(io.CountOf(SystemCall.Receive) - receives, 1, 30);
        await CloseNormallyAsync(conversation);
    }

    /// <summary>Starts the server, or another one instead of it.</summary>
    private protected abstract Task StartServerAsync(DeflateWishes wishes);

    private protected abstract Task StopServerAsync();

    private protected abstract Uri Address { get; }

    private protected async Task TalkToServerThatWishesAsync(string wishes)
    {
        await StopServerAsync();
        await StartServerAsync(DeflateWishes.Parse(wishes));
        await TalkAsync(new PermessageDeflate { MinMessageSize = 0 }, DeflateWishes.Parse(wishes));
    }

    private protected override ClientConnectOptions Options(Conversation user, params Protocol[] protocols) => new()
    {
        Uri = Address,
        Protocols = protocols,
        Extensions = [_deflate],
        UserData = user,
        ConnectTimeout = Waiting.Limit,
        HandshakeTimeout = Waiting.Limit,
    };

    private protected async Task TalkAsync(PermessageDeflate deflate, DeflateWishes expected)
    {
        _deflate = deflate;
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        Conversation conversation = await OpenAsync(client);
        expected.AssertAreIn(conversation.Extensions);

        foreach (Message message in DeflateMessages.All())
        {
            await conversation.SendAsync(message);
            Message echoed = await conversation.ReceiveAsync();
            Assert.Equal(message.Kind, echoed.Kind);
            Assert.Equal(message.Bytes, echoed.Bytes);
        }

        await conversation.SendAsync("!fragments 9 150000");
        Assert.Equal(Message.Utf8Pattern(150_000), (await conversation.ReceiveAsync()).Bytes);
        await CloseNormallyAsync(conversation);
    }
}
