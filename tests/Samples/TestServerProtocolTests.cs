using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The protocols of the test server but the mirror, spoken by the framework's client, on each of its loops.</summary>
public sealed class TestServerProtocolTests(TestServers servers) : IClassFixture<TestServers>
{
    private const string Increment = "dumb-increment-protocol";
    private const int EchogenTotal = 993_840;

    public static TheoryData<string> Loops => [.. TestServers.All];

    public static MatrixTheoryData<string, WebSocketMessageType, int> Messages => new(
        TestServers.All,
        [WebSocketMessageType.Text, WebSocketMessageType.Binary],
        [0, 1, 125, 126, 65_535, 65_536, 1024 * 1024]);

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task A_message_is_echoed_as_it_was(string loop, WebSocketMessageType kind, int size)
    {
        byte[] message = kind == WebSocketMessageType.Text ? Letters(size) : Bytes(size);
        using WebSocketClient client = await WebSocketClient.ConnectAsync(servers[loop], "echo");
        Assert.Equal("echo", client.Protocol);

        await client.SendAsync(message, kind);

        (WebSocketMessageType echoedKind, byte[] echoed) = await client.ReceiveAsync();
        Assert.Equal(kind, echoedKind);
        Assert.Equal(message, echoed);
        await client.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task A_client_that_asks_for_no_protocol_gets_the_echo(string loop)
    {
        using WebSocketClient client = await WebSocketClient.ConnectAsync(servers[loop]);
        Assert.Null(client.Protocol);

        await client.SendAsync("anybody?");
        Assert.Equal("anybody?", await client.ReceiveTextAsync());
        await client.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task A_protocol_that_is_not_served_is_refused(string loop)
    {
        WebSocketException refused = await Assert.ThrowsAsync<WebSocketException>(
            () => WebSocketClient.ConnectAsync(servers[loop], "chat"));
        Assert.Contains("400", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task A_fragmented_message_is_echoed_as_one_message(string loop)
    {
        using WebSocketClient client = await WebSocketClient.ConnectAsync(servers[loop], "echo");

        // The second cut goes through a character.
        byte[] text = "one €uro"u8.ToArray();
        await client.SendAsync(text.AsMemory(0, 2), WebSocketMessageType.Text, isLast: false);
        await client.SendAsync(text.AsMemory(2, 3), WebSocketMessageType.Text, isLast: false);
        await client.SendAsync(text.AsMemory(5), WebSocketMessageType.Text);

        Assert.Equal("one €uro", await client.ReceiveTextAsync());
        await client.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void Fragments_come_back_in_the_same_places_and_a_whole_message_in_one_frame(string loop)
    {
        using RawPeer peer = Open(loop, "echo");
        byte[][] frames = [peer.Frame(1, "whole"u8), peer.Frame(2, "fi"u8, isFinal: false), peer.Frame(0, "rst"u8), peer.Frame(1, ""u8)];
        peer.Send([.. frames.SelectMany(frame => frame)]);

        AssertFrame(peer.ReadFrame(), opcode: 1, isFinal: true, "whole");
        AssertFrame(peer.ReadFrame(), opcode: 2, isFinal: false, "fi");
        AssertFrame(peer.ReadFrame(), opcode: 0, isFinal: true, "rst");
        AssertFrame(peer.ReadFrame(), opcode: 1, isFinal: true, "");
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void The_echo_of_whole_messages_joins_fragments_and_sends_a_large_one_in_one_frame(string loop)
    {
        using RawPeer peer = Open(loop, "echo-whole");
        byte[] large = Numbered(1, 300_000);
        peer.Send([.. peer.Frame(1, "who"u8, isFinal: false), .. peer.Frame(0, "le"u8), .. peer.Frame(2, large)]);

        AssertFrame(peer.ReadFrame(), opcode: 1, isFinal: true, "whole");
        RawFrame frame = peer.ReadFrame();
        Assert.True(frame.IsFinal);
        Assert.Equal(large, frame.Payload);
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void A_client_that_does_not_read_its_echoes_loses_none_of_them(string loop)
    {
        const int Count = 400;
        const int Size = 64 * 1024;
        using RawPeer peer = Open(loop, "echo", receiveBuffer: 16 * 1024);
        peer.IsReading = false;
        peer.Send([.. Enumerable.Range(0, Count).SelectMany(i => peer.Frame(2, Numbered(i, Size)))]);

        // The server reads no further while its answers are not read.
        peer.WaitUntil(() => !peer.Socket.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectWrite));
        Assert.False(peer.HasSentAll);

        peer.IsReading = true;
        for (int i = 0; i < Count; i++) Assert.Equal(Numbered(i, Size), ReadMessage(peer));
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task The_number_counts_and_starts_again_when_it_is_reset(string loop)
    {
        using WebSocketClient client = await WebSocketClient.ConnectAsync(servers[loop], Increment);
        for (int i = 0; i < 6; i++) Assert.Equal(i.ToString(), await client.ReceiveTextAsync());

        await client.SendAsync("reset");
        await client.SendAsync("reset\n\n");
        await client.SendAsync("reset\n");

        // Neither of the two others was the word: the number falls once, to zero, and counts on.
        string number = await client.ReceiveTextAsync();
        for (int next = 6; number != "0"; next++)
        {
            Assert.Equal(next.ToString(), number);
            number = await client.ReceiveTextAsync();
        }

        Assert.Equal("1", await client.ReceiveTextAsync());
        await client.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Each_connection_has_a_number_of_its_own(string loop)
    {
        using WebSocketClient first = await WebSocketClient.ConnectAsync(servers[loop], Increment);
        for (int i = 0; i < 3; i++) Assert.Equal(i.ToString(), await first.ReceiveTextAsync());

        using WebSocketClient second = await WebSocketClient.ConnectAsync(servers[loop], Increment);
        Assert.Equal("0", await second.ReceiveTextAsync());
        await first.CloseAsync();
        Assert.Equal("1", await second.ReceiveTextAsync());
        await second.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task The_server_closes_who_asks_for_it(string loop)
    {
        using WebSocketClient client = await WebSocketClient.ConnectAsync(servers[loop], Increment);
        await client.SendAsync("close"u8.ToArray(), WebSocketMessageType.Text, isLast: false);
        await client.SendAsync("me\n"u8.ToArray(), WebSocketMessageType.Text);

        Assert.Equal((1001, "seeya"), await client.ReceiveCloseAsync());
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task The_status_names_everybody_the_newest_first(string loop)
    {
        // A visitor of another test, whose connection is over, may still be listed for a moment by another thread.
        using WebSocketClient first = await WebSocketClient.ConnectAsync(servers[loop], "lws-status", userAgent: "First/1.0");
        string alone = await first.ReceiveTextAsync();
        while (CountVisitors(alone) > 1) alone = await first.ReceiveTextAsync();
        AssertStatus(alone, "First/1.0");

        using WebSocketClient second = await WebSocketClient.ConnectAsync(servers[loop], "lws-status");
        AssertStatus(await first.ReceiveTextAsync(), "unknown", "First/1.0");
        AssertStatus(await second.ReceiveTextAsync(), "unknown", "First/1.0");

        await first.CloseAsync();
        AssertStatus(await second.ReceiveTextAsync(), "unknown");
        await second.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Who_asks_for_live_numbers_gets_them_again_and_again(string loop)
    {
        using WebSocketClient client = await WebSocketClient.ConnectAsync(servers[loop], "lws-status");
        await client.ReceiveTextAsync();
        await client.SendAsync("live");

        // Somebody else may come or go meanwhile, and that is told as well.
        List<long> frames = [];
        while (frames.Count < 3)
        {
            using JsonDocument text = JsonDocument.Parse(await client.ReceiveTextAsync());
            if (text.RootElement.TryGetProperty("metrics", out JsonElement numbers))
                frames.Add(numbers.GetProperty("frames received text").GetInt64());
        }

        Assert.True(frames[0] >= 1);
        Assert.Equal(frames.Order(), frames);
        await client.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task The_long_message_is_one_and_the_server_is_done_when_it_has_it_back(string loop)
    {
        using WebSocketClient client = await WebSocketClient.ConnectAsync(servers[loop], "lws-echogen");
        string text = await client.ReceiveTextAsync();
        Assert.Equal(EchogenTotal, text.Length);

        await client.SendAsync(text[..^1]);
        await client.SendAsync(text[^1..]);

        Assert.Equal((1000, "done"), await client.ReceiveCloseAsync());
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void The_long_message_comes_in_frames_of_two_kilobytes(string loop)
    {
        using RawPeer peer = Open(loop, "lws-echogen");
        int total = 0;
        RawFrame frame;
        do
        {
            frame = peer.ReadFrame();
            Assert.Equal(total == 0 ? 1 : 0, frame.Opcode);
            total += frame.Payload.Length;
            Assert.Equal(frame.IsFinal ? EchogenTotal % 2048 : 2048, frame.Payload.Length);
        }
        while (!frame.IsFinal);

        Assert.Equal(EchogenTotal, total);
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task After_random_fragments_comes_their_sum(string loop)
    {
        using WebSocketClient client = await WebSocketClient.ConnectAsync(servers[loop], "fraggle-protocol");
        for (int i = 0; i < 10; i++)
        {
            (WebSocketMessageType kind, byte[] message) = await client.ReceiveAsync();
            (WebSocketMessageType sumKind, byte[] sum) = await client.ReceiveAsync();

            Assert.Equal((WebSocketMessageType.Binary, WebSocketMessageType.Binary), (kind, sumKind));
            Assert.InRange(message.Length, 1, 1024 * 512);
            Assert.Equal(sizeof(uint), sum.Length);
            Assert.Equal((uint)message.Sum(value => value), BinaryPrimitives.ReadUInt32BigEndian(sum));
        }
    }

    private static void AssertFrame(RawFrame frame, int opcode, bool isFinal, string text) =>
        Assert.Equal((opcode, isFinal, text), (frame.Opcode, frame.IsFinal, frame.Text));

    private static int CountVisitors(string text)
    {
        using JsonDocument status = JsonDocument.Parse(text);
        return status.RootElement.GetProperty("conns").GetArrayLength();
    }

    private static void AssertStatus(string text, params string[] userAgents)
    {
        Assert.StartsWith(" {", text, StringComparison.Ordinal);
        using JsonDocument status = JsonDocument.Parse(text);
        JsonElement root = status.RootElement;
        Assert.StartsWith("EventLoops ", root.GetProperty("version").GetString(), StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(root.GetProperty("hostname").GetString()));
        JsonElement.ArrayEnumerator connections = root.GetProperty("conns").EnumerateArray();
        Assert.Equal($"{userAgents.Length}", root.GetProperty("wsi").GetString());
        Assert.Equal(userAgents, connections.Select(connection => connection.GetProperty("ua").GetString()!).ToArray());
        foreach (JsonElement connection in connections)
        {
            Assert.Equal("127.0.0.1", connection.GetProperty("peer").GetString());
            Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d UTC$", connection.GetProperty("time").GetString());
        }
    }

    private static byte[] ReadMessage(RawPeer peer)
    {
        List<byte> message = [];
        while (true)
        {
            RawFrame frame = peer.ReadFrame();
            message.AddRange(frame.Payload);
            if (frame.IsFinal) return [.. message];
        }
    }

    private static byte[] Letters(int size) =>
        [.. Enumerable.Range(0, size).Select(i => (byte)('a' + (i % 26)))];

    private static byte[] Bytes(int size) => Numbered(size, size);

    private static byte[] Numbered(int number, int size)
    {
        byte[] bytes = new byte[size];
        new Random(number).NextBytes(bytes);
        return bytes;
    }

    private RawPeer Open(string loop, string protocol, int receiveBuffer = 0)
    {
        RawPeer peer = RawPeer.Connect(IPEndPoint.Parse(servers[loop].Authority), receiveBuffer: receiveBuffer);
        peer.Upgrade(protocols: protocol);
        return peer;
    }
}
