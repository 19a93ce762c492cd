using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The test client: against the test server, against servers that misbehave, and without any.</summary>
public sealed class TestClientTests(TestServers servers) : IClassFixture<TestServers>
{
    [Theory]
    [InlineData(TestServers.Poll, "", 1000)]
    [InlineData(TestServers.Poll, "--count 1", 1)]
    [InlineData(TestServers.Poll, "--protocol echo --count 5000 --size 1000", 5000)]
    [InlineData(TestServers.Poll, "--size 1000000 --count 5", 5)]
    [InlineData(TestServers.Poll, "--size 0 --count 10", 10)]
    [InlineData(TestServers.Poll, "--size 5 --count 10", 10)]
    [InlineData(TestServers.Poll, "--rate 200 --count 10", 10)]
    [InlineData(TestServers.Poll, "--protocol lws-mirror-protocol --count 3000", 3000)]
    [InlineData(TestServers.Poll, "--protocol dumb-increment-protocol --count 5", 5)]
    [InlineData(TestServers.Poll, "--protocol lws-echogen", 1)]
    [InlineData(TestServers.Poll, "--protocol fraggle-protocol --count 5", 5)]
    [InlineData(TestServers.Poll, "--protocol lws-status", 1)]
    [InlineData(TestServers.External, "--protocol echo --count 5000", 5000)]
    [InlineData(TestServers.External, "--protocol lws-mirror-protocol --count 3000", 3000)]
    [InlineData(TestServers.External, "--protocol dumb-increment-protocol --count 5", 5)]
    [InlineData(TestServers.External, "--protocol lws-echogen", 1)]
    [InlineData(TestServers.External, "--protocol fraggle-protocol --count 5", 5)]
    [InlineData(TestServers.External, "--protocol lws-status", 1)]
    public async Task It_counts_what_the_server_got_right(string loop, string arguments, int messages)
    {
        await using SampleProcess client = Start(servers[loop], arguments);

        Assert.True(await client.WaitForExitAsync() == 0, client.Output);
        Assert.StartsWith($"{messages} messages, ", client.Output, StringComparison.Ordinal);
        Assert.Contains(" messages/s\n", client.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_tells_how_long_the_answers_took()
    {
        await using SampleProcess client = Start(servers[TestServers.Poll], "--count 100");

        Assert.Equal(0, await client.WaitForExitAsync());
        Assert.Matches(@"\nround trip min [\d.]+ ms, median [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms\n$", client.Output);
    }

    [Fact]
    public async Task It_fetches_a_page_as_curl_does()
    {
        string file = Path.GetTempFileName();
        try
        {
            await using SampleProcess client = SampleProcess.Start("TestClient", new Uri(servers[TestServers.Poll], "/").ToString(), "--output", file);

            Assert.True(await client.WaitForExitAsync() == 0, client.Output);
            Assert.StartsWith("200, ", client.Output, StringComparison.Ordinal);
            Assert.Contains("<html", await File.ReadAllTextAsync(file), StringComparison.OrdinalIgnoreCase);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("--data hello", "POST / HTTP/1.1", "hello")]
    [InlineData("--data hello --method PUT", "PUT / HTTP/1.1", "hello")]
    public async Task It_sends_data_and_prints_what_comes_back(string arguments, string line, string body)
    {
        using TcpListener listener = Listen();
        await using SampleProcess client = SampleProcess.Start("TestClient", [$"http://{listener.LocalEndpoint}/", .. Split(arguments)]);
        using RawPeer server = new(await listener.AcceptSocketAsync().WaitAsync(SampleProcess.Deadline), isClient: false, harness: null);
        Assert.StartsWith(line, server.ReadHead(), StringComparison.Ordinal);
        Assert.Equal(body, server.ReadText(body.Length));
        server.Send("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n");

        Assert.Equal(0, await client.WaitForExitAsync());
        Assert.Contains("not here\n", client.Output, StringComparison.Ordinal);
        Assert.Contains("404, 9 bytes, ", client.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reply_that_is_cut_short_is_a_failure()
    {
        using TcpListener listener = Listen();
        await using SampleProcess client = SampleProcess.Start("TestClient", $"http://{listener.LocalEndpoint}/");
        using RawPeer server = new(await listener.AcceptSocketAsync().WaitAsync(SampleProcess.Deadline), isClient: false, harness: null);
        server.ReadHead();
        server.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        server.Close();

        Assert.Equal(1, await client.WaitForExitAsync());
        Assert.Contains("failed: the reply is not complete: 1006 by remote: The connection ended inside a body.\n", client.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there_is_a_failure()
    {
        using Socket closed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using SampleProcess client = Start(new Uri($"ws://{closed.LocalEndPoint}"));

        Assert.Equal(1, await client.WaitForExitAsync());
        Assert.Equal("failed: connect: ECONNREFUSED (Connection refused)\n", client.Output);
    }

    [Fact]
    public async Task A_protocol_that_the_server_refuses_is_a_failure()
    {
        await using SampleProcess client = Start(servers[TestServers.Poll], "--protocol chat");

        Assert.Equal(1, await client.WaitForExitAsync());
        Assert.StartsWith("failed: handshake: ", client.Output, StringComparison.Ordinal);
        Assert.Contains("400", client.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "wrong")]
    [InlineData("--protocol dumb-increment-protocol", "1")]
    [InlineData("--protocol lws-status", " {\"conns\":[]}")]
    [InlineData("--protocol lws-status", "no JSON")]
    public async Task A_wrong_answer_is_a_failure(string arguments, string answer)
    {
        using TcpListener listener = Listen();
        await using SampleProcess client = Start(AddressOf(listener), arguments);
        using RawPeer server = await AcceptAsync(listener, arguments);
        server.SendText(answer);

        Assert.Equal(1, await client.WaitForExitAsync());
        Assert.Contains("failed: ", client.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sum_that_is_wrong_is_a_failure()
    {
        using TcpListener listener = Listen();
        await using SampleProcess client = Start(AddressOf(listener), "--protocol fraggle-protocol");
        using RawPeer server = await AcceptAsync(listener, "--protocol fraggle-protocol");
        server.SendBinary([1, 2]);
        server.SendBinary([0, 0, 0, 4]);

        Assert.Equal(1, await client.WaitForExitAsync());
        const string Words = "failed: the 2 bytes of message 1 sum up to 3, and a sum of 4 bytes says 4\n";
        Assert.Contains(Words, client.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_goes_away_is_a_failure()
    {
        using TcpListener listener = Listen();
        await using SampleProcess client = Start(AddressOf(listener), "--count 0");
        using RawPeer server = await AcceptAsync(listener, "");
        server.SendClose(1001, "enough");

        Assert.Equal(1, await client.WaitForExitAsync());
        const string Words = "failed: the connection was closed after 0 messages: 1001 by remote: enough\n";
        Assert.Contains(Words, client.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--count 0 --rate 1", 0, "round trip min ")]
    [InlineData("--count 1000 --rate 1", 1, "failed: interrupted after 1 of 1000 messages\n")]
    public async Task Interrupted_it_says_how_far_it_came(string arguments, int exitCode, string words)
    {
        using TcpListener listener = Listen();
        await using SampleProcess client = Start(AddressOf(listener), arguments);
        using RawPeer server = await AcceptAsync(listener, "");
        RawFrame first = server.ReadFrame();
        server.SendFrame(first.Opcode, first.Payload);

        // A pong comes after everything that was sent before the ping was read, and the answer to the message was sent before the ping.
        server.SendFrame(9, "read?"u8);
        server.WaitUntil(() => server.TryReadFrame(out RawFrame frame) && frame.Opcode == 10);
        client.Interrupt();

        RawFrame last = server.ReadFrame();
        while (last.Opcode != RawFrame.CloseOpcode) last = server.ReadFrame();
        server.SendClose(last.CloseCode);
        server.Close();
        Assert.Equal(exitCode, await client.WaitForExitAsync());
        Assert.Contains(words, client.Output, StringComparison.Ordinal);
        Assert.Contains("1 messages, 64 bytes, ", client.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Required argument 'URL' missing for command: 'TestClient'.")]
    [InlineData("ftp://127.0.0.1", "URL takes an address of the form ws://host[:port]/path or http://host[:port]/path, or the same with wss or https, not 'ftp://127.0.0.1'.")]
    [InlineData("nonsense", "URL takes an address of the form ws://host[:port]/path or http://host[:port]/path, or the same with wss or https, not 'nonsense'.")]
    [InlineData("http://127.0.0.1 --protocol echo", "--protocol is for ws:// addresses.")]
    [InlineData("ws://127.0.0.1 --output file", "--output is for http:// addresses.")]
    [InlineData("http://127.0.0.1 --method a/b", "--method takes a method such as PUT, not 'a/b'.")]
    [InlineData("http://127.0.0.1 --data @/nowhere", "--data takes text, or @ and the name of a file that is there, not '@/nowhere'.")]
    [InlineData("ws://127.0.0.1 --retry 0", "--retry takes a number of attempts from 1 to 1000, not '0'.")]
    [InlineData("ws://127.0.0.1 --count many", "--count takes a number of messages, not 'many'.")]
    [InlineData("ws://127.0.0.1 --size -1", "--size takes a number of bytes up to 16777216, not '-1'.")]
    [InlineData("ws://127.0.0.1 --rate 0.0001", "--rate takes 0 or a number from 0.001 to 1000000, not '0.0001'.")]
    [InlineData("ws://127.0.0.1 --protocol a,b", "--protocol takes a name without spaces, not 'a,b'.")]
    [InlineData("ws://127.0.0.1 --protocol lws-mirror-protocol --size 4097", "--size is at most 4096 with lws-mirror-protocol, not 4097.")]
    public async Task A_wrong_argument_is_answered_with_a_sentence(string arguments, string sentence)
    {
        await using SampleProcess client = SampleProcess.Start("TestClient", Split(arguments));

        Assert.Equal(2, await client.WaitForExitAsync());
        Assert.Equal(sentence + "\n", client.Output);
    }

    [Fact]
    public async Task The_help_names_every_option()
    {
        await using SampleProcess client = SampleProcess.Start("TestClient", "--help");

        Assert.Equal(0, await client.WaitForExitAsync());
        foreach (string option in new[] { "<URL>", "--protocol", "--count", "--size", "--rate", "--deflate", "--method", "--data", "--output", "--follow", "--limit-rate", "--retry" })
            Assert.Contains(option, client.Output, StringComparison.Ordinal);
    }

    private static SampleProcess Start(Uri server, string arguments = "") =>
        SampleProcess.Start("TestClient", [new UriBuilder(server) { Scheme = "ws" }.Uri.ToString(), .. Split(arguments)]);

    private static string[] Split(string arguments) => arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static TcpListener Listen()
    {
        TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    private static Uri AddressOf(TcpListener listener) => new($"ws://{listener.LocalEndpoint}");

    /// <summary>Plays the server up to an open WebSocket of the protocol that the client was told to ask for.</summary>
    private static async Task<RawPeer> AcceptAsync(TcpListener listener, string arguments)
    {
        Socket socket = await listener.AcceptSocketAsync().WaitAsync(SampleProcess.Deadline);
        RawPeer server = new(socket, isClient: false, harness: null);
        string[] words = Split(arguments);
        int option = Array.IndexOf(words, "--protocol");
        server.AcceptUpgrade(option < 0 ? null : words[option + 1]);
        return server;
    }
}
