using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Peers that have silently gone: found by pings after silence, and given up after more of it.</summary>
public abstract class KeepAliveSuite(LoopFactory factory) : KeepAliveBench(factory)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_silent_peer_is_pinged_and_one_that_does_not_answer_is_given_up(bool isServer)
    {
        (_, RawPeer peer) = OpenWith(On(), isServer);
        Pass(SilenceUntilPing - TimeSpan.FromSeconds(1));
        Assert.Empty(peer.ReadAll());

        Pass(TimeSpan.FromSeconds(1));
        RawFrame ping = peer.ReadFrame();
        Assert.Equal((9, "", !isServer), (ping.Opcode, ping.Text, ping.IsMasked));
        Pass(SilenceUntilEnd - TimeSpan.FromSeconds(1));
        Assert.Empty(Recorder.Closes);
        Pass(TimeSpan.FromSeconds(1));

        CloseInfo close = Assert.Single(Recorder.Closes).Close;
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Timeout, false), (close.Code, close.Origin, close.IsClean));
        peer.WaitUntil(() => peer.IsOver);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_answers_stays_for_as_long_as_it_does_and_the_user_sees_its_pongs(bool isServer)
    {
        (_, RawPeer peer) = OpenWith(On(), isServer);
        for (int round = 1; round <= 5; round++)
        {
            Pass(SilenceUntilPing);
            Assert.Equal(9, peer.ReadFrame().Opcode);
            peer.SendFrame(10, []);
            Harness.RunUntil(() => Pongs.Count == round);
        }

        // The last answer was the last sign of life: the next ping is due after the silence that follows it, and nobody is given up before.
        Pass(SilenceUntilPing);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        Pass(SilenceUntilEnd);
        Assert.Single(Recorder.Closes);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    [InlineData(true, 3)]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    public void Any_byte_counts_as_life_also_a_part_of_a_frame(bool isServer, int bytes)
    {
        (_, RawPeer peer) = OpenWith(On(), isServer);
        byte[] wire = peer.Frame(2, new byte[1000]);
        int sent = 0;
        for (int i = 0; i < 20; i++)
        {
            Pass(SilenceUntilPing - TimeSpan.FromSeconds(1));
            peer.Send(wire.AsSpan(sent, bytes));
            sent += bytes;
            Harness.Settle();
        }

        Assert.Empty(peer.ReadAll());
        Assert.Empty(Recorder.Closes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_byte_after_the_ping_counts_as_an_answer_though_it_is_no_pong(bool isServer)
    {
        (_, RawPeer peer) = OpenWith(On(), isServer);
        Pass(SilenceUntilPing);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        Pass(SilenceUntilEnd - TimeSpan.FromSeconds(1));
        peer.SendText("busy");
        Harness.RunUntil(() => Recorder.Texts.Count == 1);

        Pass(SilenceUntilPing - TimeSpan.FromSeconds(1));
        Assert.Empty(Recorder.Closes);
        Assert.Empty(peer.ReadAll());
        Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(9, peer.ReadFrame().Opcode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nobody_is_asked_or_given_up_while_receiving_is_paused(bool isServer)
    {
        (Connection connection, RawPeer peer) = OpenWith(On(), isServer);
        connection.PauseReceive();
        peer.SendText("said meanwhile");
        Pass(TimeSpan.FromHours(1));
        Assert.Empty(peer.ReadAll());
        Assert.Empty(Recorder.Closes);

        connection.ResumeReceive();
        Harness.RunUntil(() => Recorder.Texts.Count == 1);
        Pass(SilenceUntilPing);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        Pass(SilenceUntilEnd);
        Assert.Single(Recorder.Closes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pause_between_ping_and_pong_does_not_cost_the_peer_its_life(bool isServer)
    {
        (Connection connection, RawPeer peer) = OpenWith(On(), isServer);
        Pass(SilenceUntilPing);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        connection.PauseReceive();
        peer.SendFrame(10, []);
        Pass(SilenceUntilEnd - TimeSpan.FromMilliseconds(1));

        connection.ResumeReceive();
        Harness.Advance(TimeSpan.FromMilliseconds(1));
        Harness.Settle();

        Assert.Empty(Recorder.Closes);
        Assert.Equal([""], Pongs);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_nobody_has_listened_to_has_its_whole_time_once_somebody_does(bool isServer)
    {
        (Connection connection, RawPeer peer) = OpenWith(On(), isServer);
        Pass(SilenceUntilPing);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        connection.PauseReceive();
        Pass(SilenceUntilEnd - TimeSpan.FromMilliseconds(1));
        connection.ResumeReceive();

        // Nothing has come when the time that began with the ping is over; it counts from the moment at which something could have been heard.
        Pass(SilenceUntilPing - TimeSpan.FromMilliseconds(1));
        Assert.Empty(Recorder.Closes);
        Assert.Empty(peer.ReadAll());
        Pass(TimeSpan.FromMilliseconds(1));
        Assert.Equal(9, peer.ReadFrame().Opcode);
        Pass(SilenceUntilEnd);

        Assert.Single(Recorder.Closes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_takes_nothing_and_says_nothing_is_given_up_though_no_ping_could_leave(bool isServer)
    {
        (Connection connection, RawPeer peer) = OpenWith(On(), isServer);
        peer.IsReading = false;
        connection.TrySend(new byte[9_000_000], MessageKind.Binary);
        Harness.Settle();

        Pass(SilenceUntilPing);
        Pass(SilenceUntilEnd - TimeSpan.FromSeconds(1));
        Assert.Empty(Recorder.Closes);
        Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(CloseOrigin.Timeout, Assert.Single(Recorder.Closes).Close.Origin);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_ping_that_had_no_room_leaves_when_there_is_some_and_the_peer_has_its_time_from_then_on(bool isServer)
    {
        (Connection connection, RawPeer peer) = OpenWith(On(), isServer);
        peer.IsReading = false;
        byte[] large = new byte[9_000_000];
        connection.TrySend(large, MessageKind.Binary);
        Harness.Settle();
        Pass(SilenceUntilPing);
        Pass(SilenceUntilEnd - TimeSpan.FromSeconds(1));

        peer.IsReading = true;
        Assert.Equal(large.Length, peer.ReadFrame().Payload.Length);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        Pass(SilenceUntilEnd - TimeSpan.FromSeconds(1));
        Assert.Empty(Recorder.Closes);
        Pass(TimeSpan.FromSeconds(1));

        Assert.Single(Recorder.Closes);
    }
}
