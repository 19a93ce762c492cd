using System.Net.Sockets;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Receive flow control: whatever is paused and resumed, nothing is lost and nothing changes its place.</summary>
public abstract class ReceivingSuite(LoopFactory factory) : LoopBench(factory)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pause_inside_a_read_of_many_messages_holds_the_others_back(bool isServer)
    {
        TestProtocol protocol = NewProtocol().OnReceive(Pause);
        (Connection connection, RawPeer peer) = Open(protocol, isServer);

        peer.Send(Frames(peer, "a", "b", "c"));
        Harness.RunUntil(() => Recorder.Texts.Count == 1);
        Harness.Settle();
        Assert.Equal(["a"], Recorder.Texts);

        for (int resumed = 2; resumed <= 3; resumed++)
        {
            connection.ResumeReceive();
            Assert.Equal(resumed - 1, Recorder.Texts.Count);
            Harness.RunUntil(() => Recorder.Texts.Count == resumed);
            Harness.Settle();
            Assert.Equal(resumed, Recorder.Texts.Count);
        }

        Assert.Equal(["a", "b", "c"], Recorder.Texts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_message_a_turn_resumed_in_the_writable_callback_keeps_the_order(bool isServer)
    {
        TestProtocol protocol = NewProtocol().OnReceive((connection, ref _, in _) =>
        {
            connection.PauseReceive();
            connection.RequestWritable();
            return CallbackResult.Continue;
        });
        protocol.OnWritable(connection => connection.ResumeReceive());
        (_, RawPeer peer) = Open(protocol, isServer);
        string[] numbers = [.. Enumerable.Range(0, 200).Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture))];

        peer.Send(Frames(peer, numbers[..100]));
        Harness.RunUntil(() => Recorder.Texts.Count > 10);
        peer.Send(Frames(peer, numbers[100..]));
        Harness.RunUntil(() => Recorder.Texts.Count == numbers.Length);

        Assert.Equal(numbers, Recorder.Texts);
    }

    [Fact]
    public void Pausing_and_resuming_inside_one_callback_changes_nothing()
    {
        TestProtocol protocol = NewProtocol().OnReceive((connection, ref _, in _) =>
        {
            connection.PauseReceive();
            connection.ResumeReceive();
            return CallbackResult.Continue;
        });
        (_, RawPeer peer) = OpenServer(protocol);

        peer.Send(Frames(peer, "a", "b", "c"));
        Harness.RunUntil(() => Recorder.Texts.Count == 3);
        peer.SendText("d");
        Harness.RunUntil(() => Recorder.Texts.Count == 4);

        Assert.Equal(["a", "b", "c", "d"], Recorder.Texts);
    }

    [Fact]
    public void A_part_of_a_frame_that_is_held_back_is_continued_where_it_stopped()
    {
        StringBuilder whole = new();
        TestProtocol protocol = new("test", null) { ReceiveBufferSize = 10 };
        protocol.OnReceive((connection, ref _, in data) =>
        {
            Assert.InRange(data.In.Length, 1, 10);
            whole.Append(Encoding.ASCII.GetString(data.In));
            connection.PauseReceive();
            Loop.Post(_ => connection.ResumeReceive(), null);
            return CallbackResult.Continue;
        });
        (_, RawPeer peer) = OpenServer(protocol);
        string sent = string.Concat(Enumerable.Range(0, 40).Select(number => number.ToString("00000 ", System.Globalization.CultureInfo.InvariantCulture)));

        peer.SendText(sent);
        Harness.RunUntil(() => whole.Length == sent.Length);

        Assert.Equal(sent, whole.ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void While_paused_nothing_is_read_and_the_peer_is_held_up_by_the_kernel(bool isServer)
    {
        long received = 0;
        TestProtocol protocol = new("test", null);
        protocol.OnReceive((_, ref _, in data) =>
        {
            received += data.In.Length;
            return CallbackResult.Continue;
        });
        (Connection connection, RawPeer peer) = Open(protocol, isServer);
        connection.PauseReceive();
        byte[] large = new byte[12_000_000];

        peer.SendBinary(large);
        Harness.Settle();
        long reads = Io.CountOf(SystemCall.Receive);
        Harness.Settle();
        Assert.False(peer.HasSentAll);
        Assert.Equal(0, received);
        Assert.Equal(reads, Io.CountOf(SystemCall.Receive));
        Assert.False(Harness.Turn());

        connection.ResumeReceive();
        Harness.RunUntil(() => received == large.Length);
    }

    [Fact]
    public void Pings_pongs_and_close_frames_wait_while_receiving_is_paused()
    {
        TestProtocol protocol = NewProtocol();
        (Connection connection, RawPeer peer) = OpenServer(protocol);
        connection.PauseReceive();

        peer.SendFrame(9, "ping"u8);
        peer.SendFrame(10, "pong"u8);
        peer.SendClose(4001);
        Harness.Settle();
        Assert.Empty(peer.ReadAll());
        Assert.False(Recorder.Has(CallbackReason.ReceivePong));

        connection.ResumeReceive();
        Assert.Equal("ping", peer.ReadFrame().Text);
        Assert.Equal(4001, peer.ReadFrame().CloseCode);
        Assert.True(Recorder.Has(CallbackReason.ReceivePong));
    }

    [Fact]
    public void A_peer_that_ends_its_stream_while_receiving_is_paused_is_read_to_the_end_first()
    {
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol().OnReceive(Pause));

        peer.Send(Frames(peer, "a", "b"));
        peer.EndStream();
        Harness.Settle();
        Assert.Equal(["a"], Recorder.Texts);
        Assert.Empty(Recorder.Closes);

        connection.ResumeReceive();
        Harness.Settle();
        Assert.Empty(Recorder.Closes);
        connection.ResumeReceive();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Assert.Equal(["a", "b"], Recorder.Texts);
    }

    [Fact]
    public void A_peer_that_resets_while_receiving_is_paused_ends_the_connection_without_keeping_the_loop_busy()
    {
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol());
        connection.PauseReceive();
        Harness.Settle();

        peer.Reset();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Assert.Equal(CloseOrigin.Error, Recorder.Closes[0].Close.Origin);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_close_of_our_own_hears_the_peers_answer_although_receiving_is_paused(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        connection.PauseReceive();

        connection.Close();
        Assert.Equal(1000, peer.ReadFrame().CloseCode);
        peer.SendClose(1000);
        peer.EndStream();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Assert.True(Recorder.Closes[0].Close.IsClean);
    }

    [Fact]
    public void On_a_unix_socket_a_hang_up_does_not_overtake_what_is_held_back()
    {
        string path = Path.Combine(Path.GetTempPath(), $"el-{Guid.NewGuid():N}");
        TestProtocol protocol = NewProtocol().OnReceive((connection, ref _, in _) =>
        {
            connection.PauseReceive();
            connection.RequestWritable();
            return CallbackResult.Continue;
        });
        protocol.OnWritable(connection => connection.ResumeReceive());
        try
        {
            LoopContext context = Serve(new VirtualHostOptions { Endpoints = [new UnixDomainSocketEndPoint(path)], Protocols = [protocol] });
            for (int round = 0; round < 20; round++)
            {
                Recorder.Texts.Clear();
                RawPeer peer = Open(context);
                peer.Send(Frames(peer, "a", "b", "c"));
                Harness.RunUntil(() => Recorder.Texts.Count == 1);
                peer.Send(Frames(peer, "d", "e"));
                for (int turn = 0; turn < round % 5; turn++) Harness.Turn();
                peer.Close();
                Harness.RunUntil(() => context.Thread.ConnectionCount == 0);

                // A socket that is closed without having read everything is a reset, which may cut the end off, but never the middle out.
                Assert.Equal(new[] { "a", "b", "c", "d", "e" }.Take(Recorder.Texts.Count), Recorder.Texts, StringComparer.Ordinal);
                Assert.Equal(5, Recorder.Texts.Count);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Any_order_of_pauses_and_resumes_loses_nothing(int seed)
    {
        Random random = new(seed);
        TestProtocol protocol = NewProtocol().OnReceive((connection, ref _, in _) =>
        {
            if (random.Next(2) == 0) connection.PauseReceive();
            if (random.Next(4) == 0) connection.ResumeReceive();
            if (random.Next(3) == 0) connection.RequestWritable();
            return CallbackResult.Continue;
        });
        protocol.OnWritable(connection =>
        {
            if (random.Next(2) == 0) connection.ResumeReceive();
            if (random.Next(5) == 0) connection.PauseReceive();
        });
        (Connection connection, RawPeer peer) = OpenServer(protocol);
        string[] numbers = [.. Enumerable.Range(0, 300).Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture))];
        byte[] wire = Frames(peer, numbers);

        for (int sent = 0; sent < wire.Length;)
        {
            int size = Math.Min(random.Next(1, 40), wire.Length - sent);
            peer.Send(wire.AsSpan(sent, size));
            sent += size;
            Harness.Turn();
            if (random.Next(3) == 0) connection.ResumeReceive();
        }

        Harness.RunUntil(() =>
        {
            connection.ResumeReceive();
            return Recorder.Texts.Sum(part => part.Length) == numbers.Sum(number => number.Length);
        });
        Assert.Equal(string.Concat(numbers), string.Concat(Recorder.Texts));
    }

    [Fact]
    public void T08_a_connection_that_always_has_more_does_not_keep_another_one_waiting()
    {
        long received = 0;
        TestProtocol protocol = new("busy", null);
        protocol.OnReceive((_, ref _, in data) =>
        {
            received += data.In.Length;
            return CallbackResult.Continue;
        });
        LoopContext context = Serve(protocol, new SendingEcho());
        RawPeer busy = Open(context, "busy");
        RawPeer other = Open(context, "echo");
        busy.SendBinary(new byte[8_000_000]);

        other.SendText("my turn");
        Assert.Equal("my turn", other.ReadFrame().Text);

        Assert.InRange(received, 0, 7_900_000);
    }

    private static CallbackResult Pause(Connection connection, ref TestSession session, in CallbackData data)
    {
        connection.PauseReceive();
        return CallbackResult.Continue;
    }

    private static byte[] Frames(RawPeer peer, params string[] texts) => [.. texts.SelectMany(text => peer.Frame(1, Encoding.UTF8.GetBytes(text)))];
}
