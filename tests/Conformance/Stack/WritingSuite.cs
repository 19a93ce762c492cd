using System.Buffers.Binary;
using System.Globalization;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Write when writable: who is called, how often, and what happens to a peer that does not read.</summary>
public abstract class WritingSuite(LoopFactory factory) : LoopBench(factory)
{
    private static readonly CallbackReason[] s_writable = [CallbackReason.ServerWriteable, CallbackReason.ClientWriteable];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_request_leads_to_one_callback_however_often_it_is_made(bool isServer)
    {
        (Connection connection, _) = Open(NewProtocol(), isServer);

        for (int round = 1; round <= 3; round++)
        {
            connection.RequestWritable();
            connection.RequestWritable();
            Harness.RunUntil(() => Recorder.CountOf(s_writable) == round);
            Harness.Settle();
            Assert.Equal(round, Recorder.CountOf(s_writable));
        }
    }

    [Fact]
    public void A_request_inside_the_writable_callback_leads_to_another_one_in_a_later_turn()
    {
        int calls = 0;
        int turns = 0;
        List<int> turnsOfCalls = [];
        TestProtocol protocol = NewProtocol().OnWritable(connection =>
        {
            turnsOfCalls.Add(turns);
            if (++calls < 5) connection.RequestWritable();
        });
        (Connection connection, _) = OpenServer(protocol);

        connection.RequestWritable();
        while (calls < 5)
        {
            turns++;
            Harness.Turn(1);
        }

        Harness.Settle();
        Assert.Equal(5, calls);
        Assert.Equal(turnsOfCalls.Distinct(), turnsOfCalls);
    }

    [Fact]
    public void A_request_that_cannot_be_granted_any_more_ends_with_the_closing_callback()
    {
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol());

        connection.RequestWritable();
        connection.Abort();
        connection.RequestWritable();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Assert.Equal(0, Recorder.CountOf(s_writable));
        Assert.True(connection.IsClosed);
        peer.ReadToEnd();
    }

    [Fact]
    public void A_request_before_a_client_is_open_is_granted_when_it_is()
    {
        LoopContext context = Serve(NewProtocol());
        Connection connection = Dial(context, EndPointOf(context), NewProtocol());

        connection.RequestWritable();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.ClientWriteable));
        Harness.Settle();

        Assert.Equal([CallbackReason.ClientEstablished, CallbackReason.ClientWriteable], Recorder.ReasonsOf(connection)[^2..]);
    }

    [Theory]
    [InlineData(true, 100)]
    [InlineData(true, 10_000)]
    [InlineData(true, 300_000)]
    [InlineData(false, 100)]
    [InlineData(false, 10_000)]
    [InlineData(false, 300_000)]
    public void T04_a_peer_that_does_not_read_is_told_busy_within_bounds_and_gets_everything_in_order_later(bool isServer, int size)
    {
        int written = 0;
        byte[] message = new byte[size];
        const long Bound = 64_000_000;
        bool isBusy = false;
        TestProtocol protocol = NewProtocol().OnWritable(connection =>
        {
            while ((long)written * size < Bound)
            {
                BinaryPrimitives.WriteInt32LittleEndian(message, written);
                if (connection.Write(message, MessageKind.Binary) != WriteResult.Accepted)
                {
                    isBusy = true;
                    return;
                }

                written++;
            }
        });
        (Connection connection, RawPeer peer) = Open(protocol, isServer);
        peer.IsReading = false;

        connection.RequestWritable();
        for (int turn = 0; turn < 1000 && !isBusy && (long)written * size < Bound; turn++)
        {
            connection.RequestWritable();
            Harness.Turn();
        }

        Assert.True(isBusy);
        Assert.InRange((long)written * size, 1, Bound - 1);
        int writtenWhileClosed = written;
        Assert.Equal(WriteResult.Busy, connection.TrySend(message, MessageKind.Binary));
        Harness.Settle();
        Assert.Equal(writtenWhileClosed, written);

        protocol.OnWritable(_ => { });
        peer.IsReading = true;
        for (int number = 0; number < written; number++)
        {
            RawFrame frame = peer.ReadFrame();
            Assert.Equal((size, number), (frame.Payload.Length, BinaryPrimitives.ReadInt32LittleEndian(frame.Payload)));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void When_the_kernel_has_taken_what_was_kept_there_is_one_callback_that_nobody_asked_for(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        peer.IsReading = false;
        byte[] large = new byte[9_000_000];
        Assert.Equal(WriteResult.Accepted, connection.TrySend(large, MessageKind.Binary));
        Harness.Settle();
        Assert.Equal(WriteResult.Busy, connection.TrySend("more"u8, MessageKind.Text));
        Assert.Equal(0, Recorder.CountOf(s_writable));

        peer.IsReading = true;
        Assert.Equal(large.Length, peer.ReadFrame().Payload.Length);
        Harness.Settle();

        Assert.Equal(1, Recorder.CountOf(s_writable));
        Assert.Equal(WriteResult.Accepted, connection.TrySend("more"u8, MessageKind.Text));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Writing_from_timers_and_posted_work_until_busy_is_bounded(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        peer.IsReading = false;
        byte[] message = new byte[100_000];
        int accepted = 0;

        Loop.Post(_ =>
        {
            while (accepted < 1000 && connection.TrySend(message, MessageKind.Binary) == WriteResult.Accepted) accepted++;
        }, null);
        Harness.Settle();

        Assert.InRange(accepted, 1, 999);
        peer.IsReading = true;
        for (int i = 0; i < accepted; i++) Assert.Equal(message.Length, peer.ReadFrame().Payload.Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_in_parts_is_sent_as_fragments(bool isServer)
    {
        TestProtocol protocol = NewProtocol().OnWritable(connection =>
        {
            connection.Write("one "u8, MessageKind.Text, MessagePart.First);
            connection.Write("two "u8, MessageKind.Text, MessagePart.Middle);
            connection.Write("three"u8, MessageKind.Text, MessagePart.Last);
        });
        (Connection connection, RawPeer peer) = Open(protocol, isServer);

        connection.RequestWritable();
        RawFrame[] frames = [peer.ReadFrame(), peer.ReadFrame(), peer.ReadFrame()];

        Assert.Equal([(false, 1), (false, 0), (true, 0)], frames.Select(frame => (frame.IsFinal, (int)frame.Opcode)));
        Assert.Equal("one two three", string.Concat(frames.Select(frame => frame.Text)));
        Assert.All(frames, frame => Assert.Equal(!isServer, frame.IsMasked));
    }

    [Fact]
    public void W21_a_callers_mistake_is_an_exception_and_nothing_is_on_the_wire()
    {
        List<Exception?> thrown = [];
        TestProtocol protocol = NewProtocol().OnWritable(connection =>
        {
            thrown.Add(Record.Exception(() => { connection.Write([0xFF, 0xFE], MessageKind.Text); }));
            thrown.Add(Record.Exception(() => { connection.Write(new byte[200], MessageKind.Binary); }));
            thrown.Add(Record.Exception(() => { connection.Ping(new byte[126]); }));
            thrown.Add(Record.Exception(() => { connection.Write("x"u8, MessageKind.Text, MessagePart.Last); }));
            connection.Write("open"u8, MessageKind.Text, MessagePart.First);
            thrown.Add(Record.Exception(() => { connection.Write("x"u8, MessageKind.Text); }));
            thrown.Add(Record.Exception(() => { connection.Write("x"u8, MessageKind.Binary, MessagePart.Last); }));
            connection.Write("ed"u8, MessageKind.Text, MessagePart.Last);
        });
        (Connection connection, RawPeer peer) = OpenServer(protocol, new ConnectionLimits { MaxWriteSize = 150 });

        connection.RequestWritable();
        RawFrame[] frames = [peer.ReadFrame(), peer.ReadFrame()];
        Harness.Settle();

        Assert.Equal(6, thrown.Count);
        Assert.All(thrown, exception => Assert.True(exception is ArgumentException or InvalidOperationException));
        Assert.Equal("opened", frames[0].Text + frames[1].Text);
        Assert.Empty(peer.ReadAll());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pings_are_answered_with_their_payload_also_between_fragments(bool isServer)
    {
        (_, RawPeer peer) = Open(NewProtocol(), isServer);

        peer.SendFrame(1, "be"u8, isFinal: false);
        peer.SendFrame(9, "first"u8);
        peer.SendFrame(9, []);
        peer.SendFrame(0, "gin"u8);
        RawFrame[] pongs = [peer.ReadFrame(), peer.ReadFrame()];
        Harness.RunUntil(() => Recorder.Texts.Count == 2);

        Assert.Equal([(10, "first"), (10, "")], pongs.Select(pong => ((int)pong.Opcode, pong.Text)));
    }

    [Theory]
    [InlineData(true, 10, 10)]
    [InlineData(true, 40, 16)]
    [InlineData(false, 40, 16)]
    public void T12_pongs_for_a_peer_that_does_not_read_wait_in_order_and_of_too_many_only_the_newest(bool isServer, int pings, int answered)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        peer.IsReading = false;
        byte[] large = new byte[9_000_000];
        connection.TrySend(large, MessageKind.Binary);
        Harness.Settle();

        for (int number = 0; number < pings; number++) peer.SendFrame(9, System.Text.Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        Harness.Settle();
        peer.IsReading = true;
        Assert.Equal(large.Length, peer.ReadFrame().Payload.Length);
        string[] pongs = [.. Enumerable.Range(0, answered).Select(_ => peer.ReadFrame()).Where(frame => frame.Opcode == 10).Select(frame => frame.Text)];
        Harness.Settle();

        string[] expected = [.. Enumerable.Range(0, answered).Select(number => number.ToString(CultureInfo.InvariantCulture))];
        expected[^1] = (pings - 1).ToString(CultureInfo.InvariantCulture);
        Assert.Equal(expected, pongs);
        Assert.Empty(peer.ReadAll());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_ping_of_our_own_is_answered_by_a_pong_callback(bool isServer)
    {
        List<string> pongs = [];
        CallbackHook note = (Connection _, ref TestSession _, in CallbackData data) =>
        {
            pongs.Add(System.Text.Encoding.ASCII.GetString(data.In));
            return CallbackResult.Continue;
        };
        TestProtocol protocol = NewProtocol().On(CallbackReason.ReceivePong, note).On(CallbackReason.ClientReceivePong, note);
        (Connection connection, RawPeer peer) = Open(protocol, isServer);

        connection.Ping("are you there"u8);
        RawFrame ping = peer.ReadFrame();
        peer.SendFrame(10, ping.Payload);
        Harness.RunUntil(() => pongs.Count == 1);

        Assert.Equal((9, "are you there"), (ping.Opcode, pongs[0]));
    }

    [Fact]
    public void A_request_for_all_reaches_every_open_connection_of_the_protocol_the_newest_first()
    {
        List<long> called = [];
        TestProtocol protocol = NewProtocol("a").OnWritable(connection => called.Add(connection.Id));
        TestProtocol other = NewProtocol("b").OnWritable(_ => called.Add(-1));
        LoopContext context = Serve(protocol, other);
        for (int i = 0; i < 3; i++) Open(context, "a");
        Open(context, "b");
        RawPeer gone = Open(context, "a");
        gone.Reset();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        context.RequestWritableAll(protocol);
        Harness.RunUntil(() => called.Count == 3);
        Harness.Settle();
        long[] byContext = [.. called];
        called.Clear();
        context.VirtualHosts[0].RequestWritableAll(protocol);
        Harness.RunUntil(() => called.Count == 3);
        Harness.Settle();

        Assert.Equal([1, 2, 3], byContext.Order());
        Assert.Equal([1, 2, 3], called.Order());

        // Where somebody else's table decides which descriptor comes first, only the wishes are made in that order.
        if (Loop.ServicesWritesInTurn) Assert.Equal([3, 2, 1], byContext);
    }

    [Fact]
    public void A_request_for_all_reaches_clients_too_the_newest_first_and_no_others()
    {
        List<long> called = [];
        TestProtocol protocol = NewProtocol("a").OnWritable(connection => called.Add(connection.Id));
        TestProtocol other = NewProtocol("b").OnWritable(_ => called.Add(-1));
        LoopContext server = Serve(NewProtocol("a"), NewProtocol("b"));
        LoopContext context = NewClientContext();
        Connection[] clients = [.. Enumerable.Range(0, 4).Select(_ => Dial(context, EndPointOf(server), protocol))];
        Connection unlike = Dial(context, EndPointOf(server), other);
        Harness.RunUntil(() => clients.Append(unlike).All(client => client.State == ConnectionState.Established));
        clients[1].Abort();
        Harness.RunUntil(() => Recorder.Closes.Count >= 2);

        context.RequestWritableAll(protocol);
        server.RequestWritableAll(protocol);
        Harness.RunUntil(() => called.Count == 3);
        Harness.Settle();

        Assert.Equal([clients[0].Id, clients[2].Id, clients[3].Id], called.Order());
        Assert.Equal(3, called.Count);
        foreach (Connection client in clients) client.Abort();
        Harness.RunUntil(() => clients.All(client => client.IsClosed));
        context.RequestWritableAll(protocol);
        Harness.Settle();
        Assert.Equal(3, called.Count);
    }
}
