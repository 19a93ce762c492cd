using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Redirects: which are followed, with what, how far, and what does not go along (RFC 9110 15.4).</summary>
public abstract class RedirectSuite(LoopFactory factory) : LoopBench(factory)
{
    [Theory]
    [InlineData(301, "GET", "GET")]
    [InlineData(302, "HEAD", "HEAD")]
    [InlineData(303, "DELETE", "GET")]
    [InlineData(303, "HEAD", "HEAD")]
    [InlineData(307, "OPTIONS", "OPTIONS")]
    [InlineData(308, "GET", "GET")]
    public void A_redirect_is_followed_with_the_method_that_it_leaves(int status, string method, string next)
    {
        RawListener listener = Listen();
        Connection connection = Follow($"http://{listener.EndPoint}/first?a=1", method);
        RawPeer server = listener.Accept();
        server.ReadHead();
        server.Send($"HTTP/1.1 {status} Elsewhere\r\nLocation: /second\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

        server = listener.Accept();
        Assert.StartsWith($"{next} /second HTTP/1.1\r\n", server.ReadHead(), StringComparison.Ordinal);
        server.Send("HTTP/1.1 204 No Content\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("29 24 24 2 44 47 45 30", Recorder.TraceOf(connection));
        Assert.Equal($"http://{listener.EndPoint}/second", connection.RequestUri!.ToString());
    }

    [Theory]
    [InlineData(301, false)]
    [InlineData(302, false)]
    [InlineData(303, false)]
    [InlineData(307, true)]
    [InlineData(308, true)]
    public void A_body_goes_along_when_the_method_stays(int status, bool isKept)
    {
        RawListener listener = Listen();
        Follow($"http://{listener.EndPoint}/first", "POST", body: "the body"u8.ToArray(), fields: [new("Content-Type", "text/plain"), new("X-Key", "1")]);
        RawPeer server = listener.Accept();
        server.ReadHead();
        Assert.Equal("the body", server.ReadText(8));
        server.Send($"HTTP/1.1 {status} Elsewhere\r\nLocation: second\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

        server = listener.Accept();
        string head = server.ReadHead();
        Assert.StartsWith(isKept ? "POST /second " : "GET /second ", head, StringComparison.Ordinal);
        Assert.Equal(isKept, head.Contains("\r\nContent-Length: 8\r\n", StringComparison.Ordinal));
        Assert.Equal(isKept, head.Contains("\r\nContent-Type: ", StringComparison.Ordinal));
        Assert.Contains("\r\nX-Key: 1\r\n", head, StringComparison.Ordinal);
        if (isKept) Assert.Equal("the body", server.ReadText(8));
    }

    [Fact]
    public void A_redirect_that_wants_a_written_body_again_is_a_reply()
    {
        RawListener listener = Listen();
        Connection connection = Follow($"http://{listener.EndPoint}/", "POST", bodyLength: 4);
        connection.UserData = "body";
        RawPeer server = listener.Accept();
        server.ReadHead();
        server.ReadText(4);
        server.Send("HTTP/1.1 307 Elsewhere\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("29 24 57 2 44 47 45 30", Recorder.TraceOf(connection));
    }

    [Fact]
    public void Keys_and_credentials_stay_with_the_origin_that_they_were_given_for()
    {
        RawListener first = Listen();
        RawListener second = Listen();
        Follow($"http://me:secret@{first.EndPoint}/", "GET", fields: [new("Cookie", "c=1"), new("X-Api-Key", "k"), new("Accept", "text/html")]);
        RawPeer server = first.Accept();
        string head = server.ReadHead();
        Assert.Contains("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nCookie: c=1\r\nX-Api-Key: k\r\nAccept: text/html\r\n", head, StringComparison.Ordinal);
        server.Send($"HTTP/1.1 302 Elsewhere\r\nLocation: http://you:other@{second.EndPoint}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

        server = second.Accept();
        head = server.ReadHead();
        Assert.Contains($"\r\nHost: {second.EndPoint}\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nAccept: text/html\r\n", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Cookie", head, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Api-Key", head, StringComparison.Ordinal);
        server.Send($"HTTP/1.1 302 Back\r\nLocation: http://{first.EndPoint}/home\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

        Assert.Contains("\r\nX-Api-Key: k\r\n", first.Accept().ReadHead(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("ws")]
    public void U12_a_loop_of_redirects_is_one_failure_after_five(string scheme)
    {
        RawListener listener = Listen();
        Connection connection = Follow($"{scheme}://{listener.EndPoint}/");
        for (int i = 0; i < 6; i++)
        {
            RawPeer server = listener.Accept();
            server.ReadHead();
            server.Send("HTTP/1.1 302 Elsewhere\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }

        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Handshake, ProtocolFault.TooManyRedirects, 302), (failure.Stage, failure.Fault, failure.HttpStatus));
        Assert.Equal(6, Io.CountOf(SystemCall.Connect));
        Assert.False(Recorder.Has(CallbackReason.EstablishedClientHttp));
        Assert.True(connection.IsClosed);
    }

    [Theory]
    [InlineData("http", "ftp://test/")]
    [InlineData("http", "ws://test/")]
    [InlineData("http", "file:///etc/passwd")]
    [InlineData("http", "http://")]
    [InlineData("http", "")]
    [InlineData("ws", "ftp://test/")]
    public void A_redirect_to_what_cannot_be_asked_is_a_failure(string scheme, string location)
    {
        RawListener listener = Listen();
        Follow($"{scheme}://{listener.EndPoint}/");
        RawPeer server = listener.Accept();
        server.ReadHead();
        server.Send($"HTTP/1.1 301 Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");

        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        Assert.Equal(ProtocolFault.InvalidRedirect, Assert.Single(Recorder.Failures).Failure.Fault);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ws:")]
    [InlineData("http:")]
    public void A_websocket_follows_to_another_server(string prefix)
    {
        RawListener first = Listen();
        RawListener second = Listen();
        Connection connection = Follow($"ws://{first.EndPoint}/a");
        RawPeer server = first.Accept();
        server.ReadHead();
        server.Send($"HTTP/1.1 308 Elsewhere\r\nLocation: {prefix}//{second.EndPoint}/b\r\nContent-Length: 3\r\n\r\nbye");

        server = second.Accept();
        Assert.StartsWith("GET /b HTTP/1.1\r\n", server.AcceptUpgrade("test"), StringComparison.Ordinal);
        server.SendText("here");
        Harness.RunUntil(() => Recorder.Texts.Count == 1);

        Assert.Equal("29 24 24 2 3 8:4", Recorder.TraceOf(connection));
        Assert.Equal($"ws://{second.EndPoint}/b", connection.RequestUri!.ToString());
    }

    [Fact]
    public void Without_the_option_a_redirect_is_a_reply_or_a_failure_with_its_status()
    {
        foreach (string scheme in new[] { "http", "ws" })
        {
            RawListener listener = Listen();
            NewClientContext().Connect(new ClientConnectOptions { Uri = Address($"{scheme}://{listener.EndPoint}/"), Protocols = [NewProtocol()] });
            RawPeer server = listener.Accept();
            server.ReadHead();
            server.Send("HTTP/1.1 302 Elsewhere\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
        }

        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.WsiDestroy) == 2);
        Assert.Equal(302, Assert.Single(Recorder.Failures).Failure.HttpStatus);
        Assert.Equal(1, Recorder.CountOf(CallbackReason.EstablishedClientHttp));
    }

    [Fact]
    public void A_status_that_is_no_redirect_is_not_followed()
    {
        foreach (string head in new[] { "300 Choices\r\nLocation: /", "304 Not Modified\r\nLocation: /", "302 Nowhere", "201 Created\r\nLocation: /" })
        {
            RawListener listener = Listen();
            Follow($"http://{listener.EndPoint}/");
            RawPeer server = listener.Accept();
            server.ReadHead();
            server.Send($"HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
        }

        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.WsiDestroy) == 4);
        Assert.Equal(4, Recorder.CountOf(CallbackReason.CompletedClientHttp));
    }

    private Connection Follow(
        string uri, string? method = null, ReadOnlyMemory<byte> body = default, long? bodyLength = null, IReadOnlyList<HttpField>? fields = null)
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.ClientHttpWriteable, connection =>
        {
            connection.WriteBody(System.Text.Encoding.ASCII.GetBytes((string)connection.UserData!));
            connection.EndRequest();
        });
        return NewClientContext().Connect(new ClientConnectOptions
        {
            Uri = Address(uri),
            Protocols = [protocol],
            Method = method,
            Body = body,
            BodyLength = bodyLength,
            Fields = fields ?? [],
            FollowRedirects = true,
        });
    }
}
