using System.Globalization;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Pings, pongs and close frames: told to the user, counted, and on their way also when nothing else is.</summary>
public abstract class ControlSuite(LoopFactory factory) : LoopBench(factory)
{
    private readonly List<string> _pings = [];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_ping_is_answered_and_told_with_its_payload(bool isServer)
    {
        (_, RawPeer peer) = Open(NotingPings(), isServer);

        peer.SendFrame(9, "first"u8);
        peer.SendFrame(1, "a"u8, isFinal: false);
        peer.SendFrame(9, []);
        peer.SendFrame(0, "b"u8);

        RawFrame[] answers = [peer.ReadFrame(), peer.ReadFrame()];
        Assert.Equal([(10, "first"), (10, "")], answers.Select(answer => ((int)answer.Opcode, answer.Text)));
        Harness.RunUntil(() => Recorder.Texts.Count == 2);
        Assert.Equal(["first", ""], _pings);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_user_may_answer_a_ping_with_a_message_and_the_pong_comes_first(bool isServer)
    {
        TestProtocol protocol = NewProtocol();
        foreach (CallbackReason reason in new[] { CallbackReason.ReceivePing, CallbackReason.ClientReceivePing })
            protocol.On(reason, connection => connection.TrySend("told"u8, MessageKind.Text));
        (_, RawPeer peer) = Open(protocol, isServer);

        peer.SendFrame(9, "ping"u8);

        Assert.Equal("ping told", $"{peer.ReadFrame().Text} {peer.ReadFrame().Text}");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void T12_as_many_pings_as_the_limit_are_answered_and_one_more_within_a_second_is_1008(bool isServer)
    {
        (_, RawPeer peer) = Open(NotingPings(), isServer, new ConnectionLimits { MaxControlRate = 5 });
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 5; i++) peer.SendFrame(9, "ping"u8);
            for (int i = 0; i < 5; i++) Assert.Equal("ping", peer.ReadFrame().Text);
            Harness.Advance(TimeSpan.FromSeconds(1));
        }

        for (int i = 0; i < 6; i++) peer.SendFrame(9, "many"u8);
        for (int i = 0; i < 5; i++) Assert.Equal("many", peer.ReadFrame().Text);

        Assert.Equal(1008, peer.ReadFrame().CloseCode);
        peer.EndStream();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        CloseInfo close = Recorder.Closes[0].Close;
        Assert.Equal((1008, CloseOrigin.Error, ProtocolFault.TooManyControlFrames), ((int)close.Code, close.Origin, close.Fault));
        Assert.Equal(20, _pings.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void T12_pongs_count_unless_they_answer_a_ping_of_ours(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer, new ConnectionLimits { MaxControlRate = 5 });
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(WriteResult.Accepted, connection.Ping("mine"u8));
            peer.SendFrame(10, peer.ReadFrame().Payload);
        }

        for (int i = 0; i < 5; i++) peer.SendFrame(10, "unasked"u8);
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.ReceivePong, CallbackReason.ClientReceivePong) == 25);
        Assert.Equal(ConnectionState.Established, connection.State);

        peer.SendFrame(10, "unasked"u8);

        Assert.Equal(1008, peer.ReadFrame().CloseCode);
        Assert.Equal(25, Recorder.CountOf(CallbackReason.ReceivePong, CallbackReason.ClientReceivePong));
    }

    [Fact]
    public void T12_data_frames_do_not_count()
    {
        (_, RawPeer peer) = OpenServer(NewProtocol(), new ConnectionLimits { MaxControlRate = 5 });

        for (int i = 0; i < 50; i++) peer.SendText("text");
        Harness.RunUntil(() => Recorder.Texts.Count == 50);

        Assert.Empty(Recorder.Closes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_close_is_possible_while_the_kernel_takes_no_more_and_comes_after_the_pongs_that_wait(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NotingPings(), isServer);
        byte[] large = Choke(connection, peer);
        for (int number = 0; number < 3; number++) peer.SendFrame(9, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        Harness.RunUntil(() => _pings.Count == 3);
        Assert.Equal(WriteResult.Busy, connection.TrySend("no room"u8, MessageKind.Text));
        Assert.Equal(WriteResult.Busy, connection.Ping());

        connection.Close((WebSocketCloseCode)4000, "enough"u8);
        connection.Close((WebSocketCloseCode)4001, "twice"u8);
        Assert.Equal(WriteResult.Closed, connection.TrySend("late"u8, MessageKind.Text));
        Assert.Equal(WriteResult.Closed, connection.Ping());

        peer.IsReading = true;
        Assert.Equal(large.Length, peer.ReadFrame().Payload.Length);
        Assert.Equal("0 1 2", $"{peer.ReadFrame().Text} {peer.ReadFrame().Text} {peer.ReadFrame().Text}");
        RawFrame close = peer.ReadFrame();
        Assert.Equal((4000, "enough"), (close.CloseCode, close.CloseReason));
        peer.SendClose(4000);
        peer.EndStream();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        Assert.True(Recorder.Closes[0].Close.IsClean);
        Assert.Empty(peer.ReadToEnd());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_close_to_a_peer_that_never_reads_is_over_at_the_deadline(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        Choke(connection, peer);

        connection.Close();
        Harness.Settle();
        Harness.Advance(TimeSpan.FromSeconds(4.9));
        Harness.Settle();
        Assert.Empty(Recorder.Closes);
        Harness.Advance(TimeSpan.FromSeconds(0.2));
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        CloseInfo close = Recorder.Closes[0].Close;
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Timeout, false), (close.Code, close.Origin, close.IsClean));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_closes_while_it_does_not_read_gets_its_answer_behind_the_pongs(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        byte[] large = Choke(connection, peer);
        peer.SendFrame(9, "last"u8);
        peer.SendClose(4002);
        Harness.Settle();

        peer.IsReading = true;
        Assert.Equal(large.Length, peer.ReadFrame().Payload.Length);
        Assert.Equal("last", peer.ReadFrame().Text);
        Assert.Equal(4002, peer.ReadFrame().CloseCode);
        if (!peer.IsClient) peer.EndStream();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Assert.True(Recorder.Closes[0].Close.IsClean);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_ping_that_finds_out_that_the_peer_is_gone_says_so_in_time(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        peer.Reset();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Assert.Equal(WriteResult.Closed, connection.Ping("anybody?"u8));
    }

    /// <summary>Writes more than the kernel takes for a peer that does not read.</summary>
    private byte[] Choke(Connection connection, RawPeer peer)
    {
        peer.IsReading = false;
        byte[] large = new byte[9_000_000];
        Assert.Equal(WriteResult.Accepted, connection.TrySend(large, MessageKind.Binary));
        Harness.Settle();
        return large;
    }

    private TestProtocol NotingPings()
    {
        CallbackHook note = (Connection _, ref TestSession _, in CallbackData data) =>
        {
            _pings.Add(Encoding.UTF8.GetString(data.In));
            return CallbackResult.Continue;
        };
        return NewProtocol().On(CallbackReason.ReceivePing, note).On(CallbackReason.ClientReceivePing, note);
    }
}
