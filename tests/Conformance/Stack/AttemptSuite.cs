using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Clients that try again, clients that give up, and the time for all attempts together.</summary>
public abstract class AttemptSuite(LoopFactory factory) : LoopBench(factory)
{
    [Fact]
    public void The_overall_limit_is_for_everything_until_the_websocket_is_open()
    {
        RawListener listener = Listen();
        Connection connection = NewClientContext().Connect(new ClientConnectOptions
        {
            Uri = listener.Uri,
            Protocols = [NewProtocol()],
            HandshakeTimeout = TimeSpan.FromSeconds(30),
            OverallTimeout = TimeSpan.FromSeconds(12),
        });
        RawPeer server = listener.Accept();
        server.ReadHead();
        Harness.Settle();
        Harness.Advance(TimeSpan.FromSeconds(11.9));
        Harness.Settle();
        Assert.False(connection.IsClosed);

        Harness.Advance(TimeSpan.FromSeconds(0.2));
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Handshake, true, "not done within the 12 s for everything together"), (failure.Stage, failure.IsTimeout, failure.Reason));
    }

    [Fact]
    public void The_overall_limit_leaves_an_open_websocket_alone_and_ends_a_reply_that_is_not_complete()
    {
        RawListener listener = Listen();
        LoopContext context = NewClientContext();
        Connection socket = context.Connect(new ClientConnectOptions { Uri = listener.Uri, Protocols = [NewProtocol()], OverallTimeout = TimeSpan.FromSeconds(10) });
        listener.Accept().AcceptUpgrade("test");
        Uri http = new($"http://{listener.EndPoint}/");
        Connection request = context.Connect(new ClientConnectOptions { Uri = http, Protocols = [NewProtocol()], OverallTimeout = TimeSpan.FromSeconds(10) });
        RawPeer server = listener.Accept();
        server.ReadHead();
        server.Send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        server.Send(new byte[99_999]);
        Harness.Settle();

        Harness.Advance(TimeSpan.FromSeconds(10.1));
        Harness.RunUntil(() => request.IsClosed);
        Harness.Settle();

        Assert.Equal(ConnectionState.Established, socket.State);
        CloseInfo close = Assert.Single(Recorder.Closes).Close;
        Assert.Equal((CloseOrigin.Timeout, false), (close.Origin, close.IsClean));
    }

    [Fact]
    public void A_server_that_is_not_there_yet_is_tried_again_after_times_that_double()
    {
        RawListener listener = Listen();
        Io.Fail(SystemCall.Connect, Errno.ECONNREFUSED, times: 3);
        RetryPolicy retry = new() { FirstDelay = TimeSpan.FromSeconds(1), Jitter = () => 1 };
        Connection connection = NewClientContext().Connect(new ClientConnectOptions { Uri = listener.Uri, Protocols = [NewProtocol()], Retry = retry });
        foreach (int seconds in new[] { 1, 2, 4 })
        {
            Harness.Settle();
            long before = Io.CountOf(SystemCall.Connect);
            Assert.Equal(ConnectionState.Resolving, connection.State);
            Harness.Advance(TimeSpan.FromSeconds(seconds - 0.01));
            Harness.Settle();
            Assert.Equal(before, Io.CountOf(SystemCall.Connect));
            Harness.Advance(TimeSpan.FromSeconds(0.02));
        }

        listener.Accept().AcceptUpgrade("test");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.ClientEstablished));

        Assert.Equal("29 24 2 3", Recorder.TraceOf(connection));
        Assert.Empty(Recorder.Failures);
        Assert.Equal(3, retry.Failures);
    }

    [Fact]
    public void Giving_up_is_one_failure_with_the_last_reason()
    {
        Io.Fail(SystemCall.Connect, Errno.ECONNREFUSED, times: 2);
        Io.Fail(SystemCall.Connect, Errno.ENETUNREACH);
        RetryPolicy retry = new() { MaxAttempts = 3 };
        Connection connection = NewClientContext().Connect(new ClientConnectOptions { Uri = Address("ws://127.0.0.1:1/"), Protocols = [NewProtocol()], Retry = retry });
        for (int i = 0; i < 3; i++)
        {
            Harness.Settle();
            Harness.Advance(TimeSpan.FromSeconds(30));
        }

        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        Assert.Equal(Errno.ENETUNREACH, Assert.Single(Recorder.Failures).Failure.SystemError);
        Assert.Equal("29 1:" + Recorder.Failures[0].Failure.Reason.Length + " 30", Recorder.TraceOf(connection));
        Assert.Equal(3, Io.CountOf(SystemCall.Connect));
        Assert.Equal(3, retry.Failures);
    }

    [Theory]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 1)]
    [InlineData("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", 1)]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 2)]
    [InlineData("nonsense\r\n\r\n", 1)]
    [InlineData("", 2)]
    public void Only_what_may_end_better_is_repeated(string reply, int attempts)
    {
        RawListener listener = Listen();
        RetryPolicy retry = new() { MaxAttempts = 2, Jitter = () => 0 };
        NewClientContext().Connect(new ClientConnectOptions { Uri = listener.Uri, Protocols = [NewProtocol()], Retry = retry });
        for (int i = 0; i < attempts; i++)
        {
            RawPeer server = listener.Accept();
            server.ReadHead();
            server.Send(reply);
            server.EndStream();
        }

        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        Assert.Single(Recorder.Failures);
        Assert.Equal(attempts, Io.CountOf(SystemCall.Connect));
    }

    [Fact]
    public void A_connection_that_did_not_last_makes_the_next_call_wait_and_one_that_did_does_not()
    {
        RawListener listener = Listen();
        RetryPolicy retry = new() { FirstDelay = TimeSpan.FromSeconds(3), ResetAfter = TimeSpan.FromSeconds(60), Jitter = () => 1 };
        LoopContext context = NewClientContext();
        ClientConnectOptions options = new() { Uri = listener.Uri, Protocols = [NewProtocol()], Retry = retry };

        context.Connect(options);
        RawPeer server = listener.Accept();
        server.AcceptUpgrade("test");
        server.EndStream();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        Assert.Equal(1, retry.Failures);

        context.Connect(options);
        Harness.Settle();
        Assert.Equal(1, Io.CountOf(SystemCall.Connect));
        Harness.Advance(TimeSpan.FromSeconds(3.1));
        server = listener.Accept();
        server.AcceptUpgrade("test");
        Harness.Settle();
        Harness.Advance(TimeSpan.FromSeconds(61));
        server.EndStream();
        Harness.RunUntil(() => Recorder.Closes.Count == 2);
        Assert.Equal(0, retry.Failures);

        context.Connect(options);
        Harness.RunUntil(() => Io.CountOf(SystemCall.Connect) == 3);
    }

    [Fact]
    public void A_client_that_is_given_up_between_two_attempts_fails_once()
    {
        Io.Fail(SystemCall.Connect, Errno.ECONNREFUSED);
        RetryPolicy retry = new() { Jitter = () => 1 };
        Connection connection = NewClientContext().Connect(new ClientConnectOptions { Uri = Address("ws://127.0.0.1:1/"), Protocols = [NewProtocol()], Retry = retry });
        Harness.Settle();
        Assert.Equal(ConnectionState.Resolving, connection.State);

        connection.Close();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("given up by the program", Assert.Single(Recorder.Failures).Failure.Reason);
        Assert.Equal(1, Io.CountOf(SystemCall.Connect));
    }
}
