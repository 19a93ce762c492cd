using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The mirror of the test server, on each of its loops.</summary>
public sealed class TestServerMirrorTests(TestServers servers) : IClassFixture<TestServers>
{
    private const string Mirror = "lws-mirror-protocol";

    public static TheoryData<string> Loops => [.. TestServers.All];

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task What_one_sends_everybody_gets(string loop)
    {
        using WebSocketClient first = await JoinAsync(servers[loop]);
        using WebSocketClient second = await JoinAsync(servers[loop], first);

        await first.SendAsync("c #ff0000 1 2 3;");
        Assert.Equal("c #ff0000 1 2 3;", await first.ReceiveTextAsync());
        Assert.Equal("c #ff0000 1 2 3;", await second.ReceiveTextAsync());

        await second.SendAsync("d #00ff00 1 2 3 4;"u8.ToArray(), WebSocketMessageType.Binary);
        Assert.Equal("d #00ff00 1 2 3 4;", await first.ReceiveTextAsync());
        Assert.Equal("d #00ff00 1 2 3 4;", await second.ReceiveTextAsync());
        await first.CloseAsync();
        await second.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Who_joins_sees_what_comes_later(string loop)
    {
        using WebSocketClient first = await JoinAsync(servers[loop]);
        await first.SendAsync("early");
        Assert.Equal("early", await first.ReceiveTextAsync());

        using WebSocketClient second = await JoinAsync(servers[loop], first);
        await first.SendAsync("late");
        Assert.Equal("late", await second.ReceiveTextAsync());
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Bytes_that_are_no_text_are_mirrored_as_bytes(string loop)
    {
        using WebSocketClient client = await WebSocketClient.ConnectAsync(servers[loop], Mirror);
        await client.SendAsync(new byte[] { 1, 0xFF, 2 }, WebSocketMessageType.Binary);

        (WebSocketMessageType kind, byte[] bytes) = await client.ReceiveAsync();
        Assert.Equal(WebSocketMessageType.Binary, kind);
        Assert.Equal([1, 0xFF, 2], bytes);
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task A_long_text_comes_back_in_pieces_that_are_text(string loop)
    {
        string text = string.Concat(Enumerable.Repeat("a€😀", 2000));
        using WebSocketClient client = await WebSocketClient.ConnectAsync(servers[loop], Mirror);
        await client.SendAsync(text);

        // The framework's client would refuse a piece that is no text.
        StringBuilder pieces = new();
        while (pieces.Length < text.Length)
        {
            string piece = await client.ReceiveTextAsync();
            Assert.InRange(Encoding.UTF8.GetByteCount(piece), 1, 4096);
            pieces.Append(piece);
        }

        Assert.Equal(text, pieces.ToString());
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void A_sender_that_does_not_read_is_stopped_and_gets_all_of_its_messages_in_the_end(string loop)
    {
        const int Count = 10_000;
        using RawPeer sender = Open(loop, receiveBuffer: 16 * 1024);
        sender.IsReading = false;
        sender.Send([.. Enumerable.Range(0, Count).SelectMany(i => sender.Frame(1, Encoding.UTF8.GetBytes(Numbered(i))))]);

        // With 4 KiB each they are far more than the ring holds and the kernel takes.
        sender.WaitUntil(() => !sender.Socket.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectWrite));
        Assert.False(sender.HasSentAll);

        sender.IsReading = true;
        for (int i = 0; i < Count; i++) Assert.Equal(Numbered(i), sender.ReadFrame().Text);
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void Whoever_reads_misses_nothing_of_what_two_others_send_at_once(string loop)
    {
        const int Count = 3000;
        using RawPeer reader = Open(loop);
        using RawPeer first = Open(loop);
        using RawPeer second = Open(loop);
        first.Send([.. Enumerable.Range(0, Count).SelectMany(i => first.Frame(1, Encoding.UTF8.GetBytes($"1 {i}")))]);
        second.Send([.. Enumerable.Range(0, Count).SelectMany(i => second.Frame(1, Encoding.UTF8.GetBytes($"2 {i}")))]);

        Dictionary<string, int> next = new(StringComparer.Ordinal) { ["1"] = 0, ["2"] = 0 };
        for (int i = 0; i < 2 * Count; i++)
        {
            first.Pump();
            second.Pump();
            string[] words = reader.ReadFrame().Text.Split(' ');
            Assert.Equal(next[words[0]]++.ToString(), words[1]);
        }
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void A_reader_that_pauses_while_three_others_flood_misses_nothing(string loop)
    {
        const int Count = 1500;
        using RawPeer reader = Open(loop, receiveBuffer: 16 * 1024);
        reader.IsReading = false;
        RawPeer[] senders = [Open(loop), Open(loop), Open(loop)];
        for (int who = 0; who < senders.Length; who++)
            senders[who].Send([.. Enumerable.Range(0, Count).SelectMany(i => senders[who].Frame(1, Encoding.UTF8.GetBytes($"{who} {Numbered(i)}"[..4096])))]);

        // All of it is far more than the ring holds and the kernel takes for a reader, so the senders are stopped long before the end.
        senders[0].WaitUntil(() =>
        {
            foreach (RawPeer sender in senders) sender.Pump();
            return senders[0].Received.Length > 0 && !senders[0].Socket.Poll(TimeSpan.FromMilliseconds(300), SelectMode.SelectRead);
        });
        Assert.InRange(senders[0].Received.Length, 1, (senders.Length * Count * 4096) - 1);

        reader.IsReading = true;
        int[] next = new int[senders.Length];
        for (int i = 0; i < senders.Length * Count; i++)
        {
            foreach (RawPeer sender in senders) sender.Pump();
            string[] words = reader.ReadFrame().Text.TrimEnd('.').Split(' ');
            Assert.Equal(next[int.Parse(words[0])]++.ToString(), words[1]);
        }

        foreach (RawPeer sender in senders) sender.Dispose();
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public void A_reader_that_never_reads_again_is_sent_away_and_the_others_go_on(string loop)
    {
        const int Count = 8000;
        using RawPeer sleeper = Open(loop, receiveBuffer: 16 * 1024);
        sleeper.IsReading = false;
        using RawPeer sender = Open(loop);
        sender.Send([.. Enumerable.Range(0, Count).SelectMany(i => sender.Frame(1, Encoding.UTF8.GetBytes(Numbered(i))))]);

        for (int i = 0; i < Count; i++) Assert.Equal(Numbered(i), sender.ReadFrame().Text);
    }

    /// <summary>
    /// Joins and waits until the server has noted it: a client is open a moment before, and with several threads what another one sends meanwhile would pass it by. What
    /// it says comes back to it, and to those who are there already.
    /// </summary>
    internal static async Task<WebSocketClient> JoinAsync(Uri server, params IEnumerable<WebSocketClient> others)
    {
        WebSocketClient client = await WebSocketClient.ConnectAsync(server, Mirror);
        await client.SendAsync("here I am");
        foreach (WebSocketClient reader in others.Append(client)) Assert.Equal("here I am", await reader.ReceiveTextAsync());
        return client;
    }

    private static string Numbered(int number) => number.ToString().PadRight(4096, '.');

    private RawPeer Open(string loop, int receiveBuffer = 0)
    {
        RawPeer peer = RawPeer.Connect(IPEndPoint.Parse(servers[loop].Authority), receiveBuffer: receiveBuffer);
        peer.Upgrade(protocols: Mirror);

        // Whoever answers a ping has joined the peer to the mirror.
        peer.SendFrame(9, ""u8);
        Assert.Equal(10, peer.ReadFrame().Opcode);
        return peer;
    }
}
