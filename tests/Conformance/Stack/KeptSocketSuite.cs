using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Sockets that replies leave open for the next request: when they are used again, and when they must not be (RFC 9112 9.3).</summary>
public abstract class KeptSocketSuite(LoopFactory factory) : LoopBench(factory)
{
    private const string Empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody")]
    public void The_next_request_to_the_same_place_uses_the_socket_of_the_last(string reply)
    {
        RawListener listener = Listen();
        LoopContext context = NewClientContext();
        Ask(context, listener);
        RawPeer server = listener.Accept();
        for (int i = 0; i < 3; i++)
        {
            if (i > 0) Ask(context, listener);
            Assert.DoesNotContain("Connection:", server.ReadHead(), StringComparison.Ordinal);
            server.Send(reply);
            Harness.RunUntil(() => Recorder.Closes.Count == i + 1);
        }

        Assert.All(Recorder.Closes, close => Assert.True(close.Close.IsClean));
        Assert.Equal(1, Io.CountOf(SystemCall.Connect));
        Assert.Equal(3, Recorder.CountOf(CallbackReason.WsiDestroy));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody")]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\nmore")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\nmore")]
    public void A_socket_that_is_not_good_for_another_request_is_closed(string reply)
    {
        RawListener listener = Listen();
        LoopContext context = NewClientContext();
        Ask(context, listener);
        RawPeer server = listener.Accept();
        server.ReadHead();
        server.Send(reply);
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        server.WaitUntil(() => server.IsOver);

        Ask(context, listener);
        server = listener.Accept();
        server.ReadHead();
        server.Send(Empty);
        Harness.RunUntil(() => Recorder.Closes.Count == 2);
        Assert.Equal(2, Io.CountOf(SystemCall.Connect));
    }

    [Fact]
    public void Who_wants_no_reuse_says_so_to_the_server()
    {
        RawListener listener = Listen();
        LoopContext context = NewClientContext();
        Ask(context, listener, reuse: false);
        RawPeer server = listener.Accept();

        Assert.Contains("\r\nConnection: close\r\n", server.ReadHead(), StringComparison.Ordinal);
        server.Send(Empty);
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        server.WaitUntil(() => server.IsOver);
        Assert.Empty(Io.OpenDescriptors);
    }

    [Fact]
    public void A_socket_that_the_server_closes_meanwhile_is_not_used()
    {
        RawListener listener = Listen();
        LoopContext context = NewClientContext();
        Ask(context, listener);
        RawPeer server = listener.Accept();
        server.ReadHead();
        server.Send(Empty);
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        server.EndStream();
        Harness.RunUntil(() => Io.OpenDescriptors.Count == 0);

        Ask(context, listener);
        server = listener.Accept();
        server.ReadHead();
        server.Send(Empty);
        Harness.RunUntil(() => Recorder.Closes.Count == 2);
        Assert.Empty(Recorder.Failures);
    }

    [Theory]
    [InlineData("GET", true)]
    [InlineData("PUT", true)]
    [InlineData("POST", false)]
    public void A_server_that_closes_instead_of_answering_is_asked_again_when_that_is_harmless(string method, bool isRepeated)
    {
        RawListener listener = Listen();
        LoopContext context = NewClientContext();
        Ask(context, listener);
        RawPeer server = listener.Accept();
        server.ReadHead();
        server.Send(Empty);
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        // The request reaches the server just as it closes.
        Ask(context, listener, method, "x"u8.ToArray());
        server.ReadHead();
        server.EndStream();
        if (!isRepeated)
        {
            Harness.RunUntil(() => Recorder.Failures.Count == 1);
            Assert.True(Recorder.Failures[0].Failure.IsTransient);
            return;
        }

        server = listener.Accept();
        Assert.StartsWith(method + " ", server.ReadHead(), StringComparison.Ordinal);
        Assert.Equal("x", server.ReadText(1));
        server.Send(Empty);
        Harness.RunUntil(() => Recorder.Closes.Count == 2);
        Assert.Empty(Recorder.Failures);
    }

    [Fact]
    public void A_server_that_always_closes_is_asked_once_more_and_no_oftener()
    {
        RawListener listener = Listen();
        LoopContext context = NewClientContext();
        Ask(context, listener);
        RawPeer server = listener.Accept();
        server.ReadHead();
        server.Send(Empty);
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Ask(context, listener);
        server.ReadHead();
        server.EndStream();
        server = listener.Accept();
        server.ReadHead();
        server.EndStream();
        Harness.RunUntil(() => Recorder.Failures.Count == 1);
        Assert.Equal(2, Io.CountOf(SystemCall.Connect));
    }

    [Fact]
    public void A_socket_waits_for_four_seconds()
    {
        RawListener listener = Listen();
        Ask(NewClientContext(), listener);
        RawPeer server = listener.Accept();
        server.ReadHead();
        server.Send(Empty);
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        Harness.Settle();

        Harness.Advance(TimeSpan.FromSeconds(3.9));
        Harness.Settle();
        Assert.Single(Io.OpenDescriptors);
        Harness.Advance(TimeSpan.FromSeconds(0.2));
        Harness.Settle();

        Assert.Empty(Io.OpenDescriptors);
        server.WaitUntil(() => server.IsOver);
    }

    [Fact]
    public void No_more_sockets_wait_than_the_option_allows_and_the_oldest_goes_first()
    {
        RawListener[] listeners = [Listen(), Listen(), Listen()];
        LoopContext context = Own(new LoopContext(new LoopContextOptions { Loop = Loop, Tracer = Recorder, ClientPoolSize = 2 }));
        for (int i = 0; i < 3; i++)
        {
            Ask(context, listeners[i]);
            RawPeer server = listeners[i].Accept();
            server.ReadHead();
            server.Send(Empty);
            Harness.RunUntil(() => Recorder.Closes.Count == i + 1);
        }

        Harness.Settle();
        Assert.Equal(2, Io.OpenDescriptors.Count);
        Ask(context, listeners[0]);
        Harness.RunUntil(() => Io.CountOf(SystemCall.Connect) == 4);
    }

    [Fact]
    public void Another_host_another_port_and_another_local_address_are_other_places()
    {
        RawListener listener = Listen();
        LoopContext context = NewClientContext();
        Uri here = Address($"http://{listener.EndPoint}/");
        ClientConnectOptions[] all =
        [
            new() { Uri = here, Protocols = [NewProtocol()] },
            new() { Uri = Address("http://test/"), EndPoint = listener.EndPoint, Protocols = [NewProtocol()] },
            new() { Uri = Address("http://other.test/"), EndPoint = listener.EndPoint, Protocols = [NewProtocol()] },
            new() { Uri = here, LocalEndPoint = new IPEndPoint(IPAddress.Loopback, 0), Protocols = [NewProtocol()] },
        ];
        for (int i = 0; i < all.Length; i++)
        {
            context.Connect(all[i]);
            RawPeer server = listener.Accept();
            server.ReadHead();
            server.Send(Empty);
            Harness.RunUntil(() => Recorder.Closes.Count == i + 1);
        }

        Assert.Equal(4, Io.CountOf(SystemCall.Connect));
    }

    [Fact]
    public void A_redirect_goes_over_the_same_socket_when_it_can()
    {
        RawListener listener = Listen();
        NewClientContext().Connect(new ClientConnectOptions { Uri = Address($"http://{listener.EndPoint}/a"), Protocols = [NewProtocol()], FollowRedirects = true });
        RawPeer server = listener.Accept();
        server.ReadHead();
        server.Send("HTTP/1.1 302 Elsewhere\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");

        Assert.StartsWith("GET /b ", server.ReadHead(), StringComparison.Ordinal);
        server.Send(Empty);
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        Assert.Equal(1, Io.CountOf(SystemCall.Connect));
    }

    private Connection Ask(LoopContext context, RawListener listener, string? method = null, byte[]? body = null, bool reuse = true) =>
        context.Connect(new ClientConnectOptions
        {
            Uri = Address($"http://{listener.EndPoint}/"),
            Protocols = [NewProtocol()],
            Method = method,
            Body = body,
            ReuseConnection = reuse,
        });
}
