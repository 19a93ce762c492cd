using System.Globalization;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What the system does at its worst: short reads and writes, calls that would block, errors at any place.</summary>
public abstract class FaultSuite(LoopFactory factory) : LoopBench(factory)
{
    [Theory]
    [InlineData(1, int.MaxValue, 0)]
    [InlineData(int.MaxValue, 1, 0)]
    [InlineData(int.MaxValue, 7, 0)]
    [InlineData(1, 1, 0)]
    [InlineData(int.MaxValue, int.MaxValue, 2)]
    [InlineData(3, 5, 2)]
    [InlineData(1, 1, 3)]
    public void O03_whatever_the_kernel_takes_and_brings_at_a_time_everything_arrives_in_order(int maxReceive, int maxSend, int againEvery)
    {
        LoopContext context = Serve(new WritableEcho("echo"));
        Io.MaxReceive = maxReceive;
        Io.MaxSend = maxSend;
        Io.AgainEvery = againEvery;
        List<string> echoed = [];
        string[] sent = [.. Enumerable.Range(0, 30).Select(number => number.ToString(CultureInfo.InvariantCulture) + new string('x', number * 7))];
        int next = 0;
        TestProtocol client = NewProtocol("echo").On(CallbackReason.ClientEstablished, connection => connection.RequestWritable());
        client.OnWritable(connection =>
        {
            while (next < sent.Length && connection.Write(Encoding.ASCII.GetBytes(sent[next]), MessageKind.Text) == WriteResult.Accepted) next++;
            if (next < sent.Length) connection.RequestWritable();
        });
        StringBuilder message = new();
        client.OnReceive((connection, ref _, in data) =>
        {
            message.Append(Encoding.ASCII.GetString(data.In));
            if (!data.Message.IsFinalFragment) return CallbackResult.Continue;

            echoed.Add(message.ToString());
            message.Clear();
            if (echoed.Count == sent.Length) connection.Close((WebSocketCloseCode)4001);
            return CallbackResult.Continue;
        });

        Connection connection = Dial(context, EndPointOf(context), client);
        Harness.RunUntil(() => context.Thread.ConnectionCount == 0 && echoed.Count > 0);

        Assert.Equal(sent, echoed, StringComparer.Ordinal);
        (int id, CloseInfo close) = Assert.Single(Recorder.Closes);
        Assert.Equal((Recorder.NumberOf(connection), (WebSocketCloseCode)4001, true), (id, close.Code, close.IsClean));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void O03_http_survives_short_reads_and_writes(int bytes)
    {
        LoopContext context = Serve(NewProtocol().On(CallbackReason.Http, (connection, ref _, in data) =>
        {
            connection.Respond(200, "text/plain", data.In);
            return CallbackResult.Continue;
        }));
        RawPeer peer = Connect(context);
        Io.MaxReceive = Io.MaxSend = bytes;

        peer.Send("GET /one HTTP/1.1\r\nHost: test\r\n\r\nGET /two HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        string all = peer.ReadToEnd();

        Assert.Equal(2, all.Split("HTTP/1.1 200 ").Length - 1);
        Assert.True(all.IndexOf("/one", StringComparison.Ordinal) < all.IndexOf("/two", StringComparison.Ordinal));
        Assert.EndsWith("/two", all, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SystemCall.Receive, Errno.ECONNRESET)]
    [InlineData(SystemCall.Receive, Errno.ETIMEDOUT)]
    [InlineData(SystemCall.Send, Errno.EPIPE)]
    [InlineData(SystemCall.Send, Errno.ECONNRESET)]
    public void O04_an_error_at_the_nth_read_or_write_ends_one_connection_once(SystemCall call, Errno errno)
    {
        for (int nth = 1; nth <= 12; nth++)
        {
            int connections = Recorder.Connections.Count;
            int ends = Recorder.CountOf(CallbackReason.WsiDestroy);
            LoopContext context = Serve(new WritableEcho("echo"));
            Io.Fail(call, errno, nth);
            TestProtocol client = NewProtocol("echo").On(CallbackReason.ClientEstablished, connection => connection.RequestWritable());
            client.OnReceive((connection, ref _, in _) =>
            {
                connection.RequestWritable();
                return CallbackResult.Continue;
            });
            client.OnWritable(connection => connection.Write("again"u8, MessageKind.Text));

            Dial(context, EndPointOf(context), client);
            Harness.RunUntil(() => context.Thread.ConnectionCount == 0 && Recorder.CountOf(CallbackReason.WsiDestroy) > ends);
            Io.Heal();
            context.Dispose();

            Assert.InRange(Recorder.Connections.Count - connections, 0, 2);
        }
    }

    [Fact]
    public void O02_readiness_without_data_does_nothing()
    {
        RawPeer peer = Open(Serve(new SendingEcho()));
        Harness.Settle();
        Io.Fail(SystemCall.Receive, Errno.EAGAIN, times: 5);

        peer.SendText("sixth time lucky");

        Assert.Equal("sixth time lucky", peer.ReadFrame().Text);
    }

    [Theory]
    [InlineData(Errno.EMFILE)]
    [InlineData(Errno.ENFILE)]
    [InlineData(Errno.ENOBUFS)]
    [InlineData(Errno.ENOMEM)]
    public void O05_a_system_that_is_full_turns_one_away_pauses_and_goes_on(Errno errno)
    {
        LoopContext context = Serve(new SendingEcho());
        RawPeer witness = Open(context);
        Harness.Settle();
        Io.ResetCounts();
        Io.Fail(SystemCall.Accept, errno);
        RawPeer unlucky = Connect(context);
        Assert.Empty(unlucky.ReadToEnd());
        RawPeer patient = Connect(context);
        patient.RequestUpgrade();
        Harness.Settle();
        long accepts = Io.CountOf(SystemCall.Accept);

        // The listener is readable all the while, and nobody asks.
        for (int turn = 0; turn < 10; turn++) Assert.False(Harness.Turn());
        Assert.Equal(accepts, Io.CountOf(SystemCall.Accept));
        witness.SendText("I was here before");
        Assert.Equal("I was here before", witness.ReadFrame().Text);

        Harness.Advance(TimeSpan.FromMilliseconds(100));
        Assert.StartsWith("HTTP/1.1 101 ", patient.ReadHead(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Errno.ECONNABORTED)]
    [InlineData(Errno.EPROTO)]
    [InlineData(Errno.EPERM)]
    public void O06_a_connection_that_was_gone_before_it_was_accepted_does_not_stop_the_next(Errno errno)
    {
        LoopContext context = Serve(new SendingEcho());
        Io.Fail(SystemCall.Accept, errno);

        RawPeer peer = Open(context);
        peer.SendText("next");

        Assert.Equal("next", peer.ReadFrame().Text);
    }

    [Theory]
    [InlineData(SystemCall.OpenStream, Errno.EMFILE)]
    [InlineData(SystemCall.Connect, Errno.ENETUNREACH)]
    [InlineData(SystemCall.GetPendingError, Errno.ECONNREFUSED)]
    public void O10_a_client_whose_socket_fails_is_told_once_with_what_the_system_said(SystemCall call, Errno errno)
    {
        RawListener listener = Listen();
        LoopContext context = NewClientContext();
        Io.Fail(call, errno);

        Dial(context, listener.EndPoint, NewProtocol());
        Harness.RunUntil(() => context.Thread.ConnectionCount == 0);

        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Connect, errno), (failure.Stage, failure.SystemError));
    }

    [Fact]
    public void O10_a_reply_that_is_cut_off_fails_the_client_at_the_handshake()
    {
        RawListener listener = Listen();
        LoopContext context = NewClientContext();
        Dial(context, listener.EndPoint, NewProtocol());
        RawPeer peer = listener.Accept();
        peer.ReadHead();

        peer.Send("HTTP/1.1 101 Switching");
        peer.EndStream();
        Harness.RunUntil(() => context.Thread.ConnectionCount == 0);

        Assert.Equal(ConnectStage.Handshake, Assert.Single(Recorder.Failures).Failure.Stage);
    }

    [Fact]
    public void O17_a_callback_that_runs_out_of_memory_ends_its_own_connection_with_1011()
    {
        // No string is that long: the runtime says at once that there is no memory for it.
        TestProtocol protocol = NewProtocol().OnReceive((_, ref _, in data) =>
            data.In.SequenceEqual("much"u8) && new string('a', int.MaxValue).Length > 0 ? CallbackResult.Close : CallbackResult.Continue);
        LoopContext context = Serve(protocol);
        RawPeer greedy = Open(context);
        RawPeer other = Open(context);

        greedy.SendText("much");

        Assert.Equal(1011, greedy.ReadFrame().CloseCode);
        other.SendText("little");
        Harness.RunUntil(() => Recorder.Texts.Contains("little"));
    }

    [Theory]
    [InlineData(SystemCall.Receive, Errno.EIO)]
    [InlineData(SystemCall.Send, Errno.ENOBUFS)]
    [InlineData(SystemCall.Accept, Errno.EMFILE)]
    [InlineData(SystemCall.Accept, Errno.ECONNABORTED)]
    [InlineData(SystemCall.OpenStream, Errno.ENFILE)]
    [InlineData(SystemCall.Connect, Errno.EACCES)]
    [InlineData(SystemCall.GetPendingError, Errno.EHOSTUNREACH)]
    [InlineData(SystemCall.SetOption, Errno.ENOPROTOOPT)]
    [InlineData(SystemCall.ShutdownWrite, Errno.ENOTCONN)]
    public void O18_a_conversation_whose_nth_call_fails_comes_to_its_end_whatever_the_call(SystemCall call, Errno errno)
    {
        for (int nth = 1; nth <= 8; nth++)
        {
            LoopContext context = Serve(NewProtocol("zero"), new WritableEcho("echo"));
            TestProtocol client = NewProtocol("echo").On(CallbackReason.ClientEstablished, connection => connection.RequestWritable());
            client.OnWritable(connection => connection.Write("hello"u8, MessageKind.Text)).On(CallbackReason.ClientReceive, connection => connection.Close());
            RawPeer http = Connect(context);
            http.Send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");

            Io.Fail(call, errno, nth);
            Connection connection = Dial(context, EndPointOf(context), client);
            Harness.Settle();
            http.EndStream();
            for (int patience = 0; context.Thread.ConnectionCount > 0; patience++)
            {
                Assert.InRange(patience, 0, 5);
                Harness.Advance(TimeSpan.FromMinutes(1));
                Harness.Settle();
            }

            Io.Heal();
            context.Dispose();
            Assert.True(connection.IsClosed);
        }
    }

    [Theory]
    [InlineData(SystemCall.OpenStream, 1)]
    [InlineData(SystemCall.SetOption, 1)]
    [InlineData(SystemCall.SetOption, 2)]
    [InlineData(SystemCall.Bind, 1)]
    [InlineData(SystemCall.Listen, 1)]
    public void O18_a_context_whose_nth_call_fails_is_not_made_and_leaves_nothing(SystemCall call, int nth)
    {
        Io.Fail(call, Errno.EACCES, nth);

        LoopFaultException fault = Assert.Throws<LoopFaultException>(() => Serve(NewProtocol()));

        Assert.Equal(Errno.EACCES, fault.Errno);
        Assert.Equal(0, Loop.WatchCount);
    }
}
