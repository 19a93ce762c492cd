using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;
using static EventLoops.Tests.Interop.Waiting;

namespace EventLoops.Tests.Interop;

/// <summary>The runtime's own HTTP client against our server.</summary>
public sealed class HttpClientTests : IAsyncLifetime
{
    private readonly InteropProtocol _protocol = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler()) { Timeout = Limit };
    private LoopThread? _server;

    public async ValueTask InitializeAsync() => _server = await LoopThread.StartAsync(_protocol);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server!.DisposeAsync();
    }

    [Fact]
    public async Task A_get_is_answered_with_status_fields_and_body()
    {
        using HttpResponseMessage response = await _client.GetAsync(_server!.Http("/greeting?a=b"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(InteropProtocol.Greeting.Length, response.Content.Headers.ContentLength);
        Assert.Equal("loop", Assert.Single(response.Headers.GetValues("X-Served-By")));
        Assert.NotNull(response.Headers.Date);
        Assert.Equal(InteropProtocol.Greeting, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_head_has_the_fields_of_the_get_and_no_body()
    {
        using HttpRequestMessage request = new(HttpMethod.Head, _server!.Http("/greeting"));
        using HttpResponseMessage response = await _client.SendAsync(request);

        Assert.Equal(InteropProtocol.Greeting.Length, response.Content.Headers.ContentLength);
        Assert.Equal("", await response.Content.ReadAsStringAsync());
        Assert.Equal(InteropProtocol.Greeting, await _client.GetStringAsync(_server.Http("/greeting")));
        Assert.Equal(1, _protocol.AcceptedCount);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(5_000_000)]
    public async Task A_post_with_a_length_is_read_whole(int size)
    {
        byte[] body = Message.Pattern(size);
        using ByteArrayContent content = new(body);
        using HttpResponseMessage response = await _client.PostAsync(_server!.Http("/echo"), content);

        Assert.Equal(body, await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(5_000_000)]
    public async Task A_post_in_chunks_is_read_whole(int size)
    {
        byte[] body = Message.Pattern(size);
        using HttpRequestMessage request = new(HttpMethod.Post, _server!.Http("/echo")) { Content = new ByteArrayContent(body) };
        request.Headers.TransferEncodingChunked = true;
        using HttpResponseMessage response = await _client.SendAsync(request);

        Assert.Equal(body, await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_post_that_waits_for_100_is_told_to_go_on()
    {
        byte[] body = Message.Pattern(100_000);
        using HttpClient patient = new(new SocketsHttpHandler { Expect100ContinueTimeout = Limit }) { Timeout = Limit };
        using HttpRequestMessage request = new(HttpMethod.Post, _server!.Http("/echo")) { Content = new ByteArrayContent(body) };
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage response = await patient.SendAsync(request);

        Assert.Equal(body, await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task An_answer_in_chunks_is_one_body()
    {
        using HttpResponseMessage response = await _client.GetAsync(_server!.Http("/chunks"));

        Assert.True(response.Headers.TransferEncodingChunked);
        Assert.Equal("one two three\n", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task An_answer_that_is_larger_than_the_socket_takes_arrives_whole()
    {
        byte[] body = await _client.GetByteArrayAsync(_server!.Http("/large"));

        Assert.Equal(InteropProtocol.LargeBody, body.Length);
        byte[] piece = Message.Pattern(64 * 1024);
        Assert.All(body.Chunk(piece.Length), chunk => Assert.Equal(piece, chunk));
    }

    [Fact]
    public async Task Requests_one_after_the_other_use_one_connection()
    {
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(InteropProtocol.Greeting, await _client.GetStringAsync(_server!.Http("/greeting")));
            Assert.Equal("one two three\n", await _client.GetStringAsync(_server.Http("/chunks")));
            using HttpResponseMessage missing = await _client.GetAsync(_server.Http("/nowhere"));
            Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        }

        Assert.Equal(1, _protocol.AcceptedCount);
    }

    [Fact]
    public async Task A_client_that_wants_the_connection_closed_gets_it_closed()
    {
        for (int i = 1; i <= 3; i++)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, _server!.Http("/greeting"));
            request.Headers.ConnectionClose = true;
            using HttpResponseMessage response = await _client.SendAsync(request);

            Assert.True(response.Headers.ConnectionClose);
            Assert.Equal(InteropProtocol.Greeting, await response.Content.ReadAsStringAsync());
            Assert.Equal(i, _protocol.AcceptedCount);
        }
    }

    [Fact]
    public async Task An_http_1_0_client_is_answered_and_closed()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, _server!.Http("/chunks")) { Version = HttpVersion.Version10 };
        using HttpResponseMessage response = await _client.SendAsync(request);

        Assert.NotEqual(true, response.Headers.TransferEncodingChunked);
        Assert.Equal("one two three\n", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Many_requests_at_once_each_get_their_own_answer()
    {
        await Task.WhenAll(Enumerable.Range(1, 64).Select(async number =>
        {
            byte[] body = Message.Pattern(number * 1000);
            using ByteArrayContent content = new(body);
            using HttpResponseMessage response = await _client.PostAsync(_server!.Http("/echo"), content);
            Assert.Equal(body, await response.Content.ReadAsByteArrayAsync());
        }));
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_their_order()
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_server!.EndPoint, UntilDeadline);
        StringBuilder requests = new();
        for (int i = 0; i < 100; i++)
            requests.Append($"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n{i:D3}");
        requests.Append("GET /greeting HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        await socket.SendAsync(Encoding.ASCII.GetBytes(requests.ToString()), UntilDeadline);

        await using NetworkStream stream = new(socket);
        using StreamReader reader = new(stream, Encoding.ASCII);
        string answers = await reader.ReadToEndAsync(UntilDeadline);
        string[] bodies = [.. answers.Split("HTTP/1.1 200 OK\r\n").Skip(1).Select(answer => answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])];
        Assert.Equal([.. Enumerable.Range(0, 100).Select(number => $"{number:D3}"), InteropProtocol.Greeting], bodies);
    }
}
