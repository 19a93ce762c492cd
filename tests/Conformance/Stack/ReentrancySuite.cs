using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What users do with connections in places where they should not, or may: inside callbacks, from other threads, after the end.</summary>
public abstract class ReentrancySuite(LoopFactory factory) : LoopBench(factory)
{
    public enum Ending
    {
        Close,
        CloseTwice,
        CloseAndReturnClose,
        Abort,
        AbortAndClose,
    }

    public static TheoryData<CallbackReason, Ending> Endings
    {
        get
        {
            TheoryData<CallbackReason, Ending> all = [];
            CallbackReason[] reasons =
            [
                CallbackReason.ServerNewClientInstantiated, CallbackReason.FilterProtocolConnection, CallbackReason.Established, CallbackReason.Receive,
                CallbackReason.ReceivePing, CallbackReason.ReceivePong, CallbackReason.ServerWriteable, CallbackReason.WsPeerInitiatedClose,
                CallbackReason.Closed,
            ];
            foreach (CallbackReason reason in reasons)
            {
                foreach (Ending ending in Enum.GetValues<Ending>()) all.Add(reason, ending);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public void L01_a_user_who_ends_the_connection_inside_a_callback_hears_of_the_end_once_and_after_the_callback(CallbackReason reason, Ending ending)
    {
        bool isInside = false;
        bool endedInside = false;
        TestProtocol protocol = NewProtocol();
        protocol.On(CallbackReason.Receive, connection => connection.RequestWritable());
        protocol.On(CallbackReason.Closed, _ => endedInside |= isInside);
        protocol.On(CallbackReason.ClosedHttp, _ => endedInside |= isInside);
        protocol.On(reason, (connection, ref _, in _) =>
        {
            isInside = true;
            CallbackResult result = End(connection, ending);
            isInside = false;
            return result;
        });
        LoopContext context = Serve(protocol);
        RawPeer peer = Connect(context);

        // Everything at once, so that each of the callbacks has a chance to come, also those that must not come any more.
        peer.Send([
            .. System.Text.Encoding.ASCII.GetBytes(RawPeer.UpgradeRequest()), .. peer.Frame(9, "ping"u8), .. peer.Frame(10, "pong"u8),
            .. peer.Frame(1, "text"u8),
        ]);
        Harness.Settle();
        if (!peer.IsOver) peer.SendClose(1000);
        Harness.Settle();
        if (!peer.IsOver) peer.EndStream();
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.Closed, CallbackReason.ClosedHttp) == 1 && context.Thread.ConnectionCount == 0);

        Assert.False(endedInside);
    }

    [Fact]
    public void L02_the_event_of_a_connection_that_another_one_ends_in_the_same_batch_is_not_delivered()
    {
        List<Connection> open = [];
        TestProtocol protocol = NewProtocol().On(CallbackReason.Established, open.Add);
        protocol.On(CallbackReason.Receive, connection => open.Find(other => other != connection)!.Abort());
        LoopContext context = Serve(protocol);
        RawPeer first = Open(context);
        RawPeer second = Open(context);
        Harness.Settle();

        first.SendText("both");
        second.SendText("both");
        Harness.RunUntil(() => context.Thread.ConnectionCount == 1);
        Harness.Settle();

        Assert.Single(Recorder.Texts);
        Assert.Single(Recorder.Closes);
    }

    [Theory]
    [InlineData(CallbackReason.ServerNewClientInstantiated)]
    [InlineData(CallbackReason.FilterProtocolConnection)]
    [InlineData(CallbackReason.Established)]
    [InlineData(CallbackReason.Receive)]
    [InlineData(CallbackReason.ReceivePing)]
    [InlineData(CallbackReason.ReceivePong)]
    [InlineData(CallbackReason.ServerWriteable)]
    public void L03_flow_control_writable_requests_and_timeouts_are_allowed_in_each_callback(CallbackReason reason)
    {
        int asked = 0;
        int writable = 0;
        TestProtocol protocol = NewProtocol();
        protocol.On(CallbackReason.ServerWriteable, _ => writable++);
        protocol.On(reason, connection =>
        {
            if (reason == CallbackReason.ServerWriteable) writable++;
            if (asked++ > 0) return;

            connection.SetTimeout(TimeSpan.FromSeconds(100));
            connection.SetTimeout(Timeout.InfiniteTimeSpan);
            connection.PauseReceive();
            connection.PauseReceive();
            connection.RequestWritable();
            connection.RequestWritable();
            Loop.Post(_ => connection.ResumeReceive(), null);
        });
        if (reason == CallbackReason.ServerWriteable) protocol.On(CallbackReason.Receive, connection => connection.RequestWritable());
        RawPeer peer = Open(Serve(protocol));

        peer.SendFrame(9, "ping"u8);
        peer.SendFrame(10, "pong"u8);
        peer.SendText("one");
        Harness.RunUntil(() => asked > 0 && writable > 0);
        peer.SendText("two");
        Harness.RunUntil(() => Recorder.Texts.Count == 2);
        Harness.Settle();

        Assert.Equal(["one", "two"], Recorder.Texts);
        Assert.Equal(reason == CallbackReason.ServerWriteable ? 3 : 1, writable);
        Assert.Empty(Recorder.Closes);
    }

    [Fact]
    public void L03_a_pause_before_the_first_byte_holds_everything_back_without_keeping_the_loop_busy()
    {
        Connection? accepted = null;
        TestProtocol protocol = NewProtocol().On(CallbackReason.ServerNewClientInstantiated, connection =>
        {
            accepted = connection;
            connection.PauseReceive();
        });
        RawPeer peer = Connect(Serve(protocol));
        peer.RequestUpgrade();
        Harness.Settle();
        Assert.Equal(0, Io.CountOf(SystemCall.Receive));
        Assert.False(Harness.Turn());

        accepted!.ResumeReceive();

        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CallbackReason.FilterProtocolConnection)]
    [InlineData(CallbackReason.Established)]
    [InlineData(CallbackReason.Receive)]
    [InlineData(CallbackReason.ReceivePong)]
    public void L03_writing_outside_of_the_writable_callback_is_refused_before_any_effect(CallbackReason reason)
    {
        List<Exception?> refused = [];
        List<WriteResult> results = [];
        TestProtocol protocol = NewProtocol().On(reason, connection =>
            refused.Add(Record.Exception(() => results.Add(connection.Write("not now"u8, MessageKind.Text)))));
        RawPeer peer = Open(Serve(protocol));
        peer.SendFrame(10, "pong"u8);
        peer.SendText("text");
        Harness.RunUntil(() => refused.Count == 1);
        Harness.Settle();

        // Before the WebSocket is open there is nothing to write to, which is no mistake of the caller.
        if (reason == CallbackReason.FilterProtocolConnection) Assert.Equal([WriteResult.Closed], results);
        else Assert.IsType<InvalidOperationException>(Assert.Single(refused));
        Assert.Empty(peer.ReadAll());
    }

    [Fact]
    public void L05_serving_the_context_or_turning_the_loop_inside_a_callback_is_refused()
    {
        List<Exception?> refused = [];
        LoopContext? context = null;
        TestProtocol protocol = NewProtocol().On(CallbackReason.Receive, _ =>
        {
            refused.Add(Record.Exception(() => { context!.Service(0); }));
            refused.Add(Record.Exception(() => context!.Run(TestContext.Current.CancellationToken)));
            refused.Add(Record.Exception(() => Harness.Turn()));
        });
        context = Serve(protocol);
        RawPeer peer = Open(context);

        peer.SendText("go");
        Harness.RunUntil(() => refused.Count == 3);

        Assert.All(refused, exception => Assert.IsType<InvalidOperationException>(exception));
    }

    [Fact]
    public void L08_every_member_throws_on_another_thread_and_nothing_happens()
    {
        TestProtocol protocol = NewProtocol();
        LoopContext context = Serve(protocol);
        RawPeer peer = Open(context);
        Harness.RunUntil(() => protocol.Newest is not null);
        Connection connection = protocol.Newest!;
        List<Exception?> thrown = [];
        Thread other = new(() => thrown.AddRange(new Action[]
        {
            () => connection.Write("x"u8, MessageKind.Text),
            () => connection.TrySend("x"u8, MessageKind.Text),
            () => connection.Ping(),
            () => connection.BeginMessage(MessageKind.Text),
            () => connection.AddReplyField("X", "y"),
            () => connection.RefuseUpgrade(503),
            () => connection.RequestWritable(),
            () => connection.PauseReceive(),
            () => connection.ResumeReceive(),
            () => connection.SetTimeout(TimeSpan.Zero),
            () => connection.Close(),
            () => connection.Abort(),
            () => connection.Respond(200, null, []),
            () => context.RequestWritableAll(protocol),
            () => context.VirtualHosts[0].RequestWritableAll(protocol),
            () => Dial(context, EndPointOf(context), protocol),
        }.Select(Record.Exception)));
        other.Start();
        other.Join();
        Harness.Settle();

        Assert.All(thrown, exception => Assert.IsType<InvalidOperationException>(exception));
        Assert.Equal(16, thrown.Count);
        Assert.Equal(ConnectionState.Established, connection.State);
        Assert.Empty(peer.ReadAll());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void L09_a_connection_that_is_kept_after_its_end_does_nothing_and_is_never_another_one(bool isServer)
    {
        TestProtocol protocol = NewProtocol();
        (Connection kept, RawPeer peer) = Open(protocol, isServer);
        int fd = kept.Fd;
        peer.Reset();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        (Connection next, RawPeer nextPeer) = Open(protocol, isServer);

        Assert.True(kept.IsClosed);
        Assert.Equal(WriteResult.Closed, kept.Write("x"u8, MessageKind.Text));
        Assert.Equal(WriteResult.Closed, kept.TrySend("x"u8, MessageKind.Text));
        Assert.Equal(WriteResult.Closed, kept.Ping());
        MessageWriter writer = kept.BeginMessage(MessageKind.Text);
        Assert.Equal((WriteResult.Closed, WriteResult.Closed), (writer.TrySend("x"u8), writer.TryEnd()));
        kept.RequestWritable();
        kept.PauseReceive();
        kept.ResumeReceive();
        kept.SetTimeout(TimeSpan.Zero);
        kept.Close();
        kept.Abort();
        Assert.Equal(0, kept.Headers.Count);
        Assert.Equal((-1, null, null), (kept.Fd, kept.RemoteEndPoint, kept.LocalEndPoint));
        Harness.Settle();

        Assert.True(fd >= 0);
        Assert.Equal(ConnectionState.Established, next.State);
        Assert.Single(Recorder.Closes);
        nextPeer.SendText("alive");
        Harness.RunUntil(() => Recorder.Texts.Count == 1);
    }

    [Fact]
    public void L09_members_do_nothing_inside_the_closing_callback()
    {
        List<WriteResult> results = [];
        TestProtocol protocol = NewProtocol().On(CallbackReason.Closed, connection =>
        {
            results.Add(connection.TrySend("x"u8, MessageKind.Text));
            connection.RequestWritable();
            connection.PauseReceive();
            connection.ResumeReceive();
            connection.SetTimeout(TimeSpan.FromSeconds(1));
            connection.Close();
            connection.Abort();
        });
        (_, RawPeer peer) = OpenServer(protocol);

        peer.Reset();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        Harness.Settle();

        Assert.Equal([WriteResult.Closed], results);
    }

    private static CallbackResult End(Connection connection, Ending ending)
    {
        switch (ending)
        {
            case Ending.Close:
                connection.Close();
                return CallbackResult.Continue;
            case Ending.CloseTwice:
                connection.Close((WebSocketCloseCode)4001);
                connection.Close((WebSocketCloseCode)4002);
                return CallbackResult.Continue;
            case Ending.CloseAndReturnClose:
                connection.Close((WebSocketCloseCode)4001);
                return CallbackResult.Close;
            case Ending.Abort:
                connection.Abort();
                return CallbackResult.Continue;
            default:
                connection.Abort();
                connection.Close();
                return CallbackResult.Close;
        }
    }
}
