using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>W13 to W17: how a WebSocket ends.</summary>
public abstract class CloseRows(LoopFactory factory) : ReliabilityRows(factory)
{
    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W13_a_close_frame_with_one_byte_is_answered_1002(Side side)
    {
        RawPeer peer = Open(side);
        peer.SendFrame(8, [3]);
        AssertFailed(peer, 1002, ProtocolFault.ClosePayloadTooShort);
        Assert.Equal(0, CountOf(CallbackReason.WsPeerInitiatedClose));
    }

    [Theory]
    [MemberData(nameof(ForbiddenCodes))]
    public void W13_a_close_code_that_must_not_be_sent_is_answered_1002(Side side, int code)
    {
        RawPeer peer = Open(side);
        peer.SendClose(code);
        AssertFailed(peer, 1002, ProtocolFault.CloseCodeInvalid);
        Assert.Equal(0, CountOf(CallbackReason.WsPeerInitiatedClose));
    }

    public static TheoryData<Side, int> ForbiddenCodes() => OnBothSides(0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535);

    [Theory]
    [InlineData(Side.Server, "FF")]
    [InlineData(Side.Server, "6865C3")]
    [InlineData(Side.Server, "EDA080")]
    [InlineData(Side.Client, "FF")]
    public void W13_a_close_reason_that_is_not_UTF_8_is_answered_1007(Side side, string hex)
    {
        RawPeer peer = Open(side);
        peer.SendFrame(8, [.. RawFrame.ClosePayload(1000), .. Convert.FromHexString(hex)]);
        AssertFailed(peer, 1007, ProtocolFault.CloseReasonInvalid);
    }

    [Theory]
    [MemberData(nameof(AllowedCodes))]
    public void W14_a_close_code_that_may_be_sent_is_echoed(Side side, int code)
    {
        RawPeer peer = Open(side);
        peer.SendClose(code, "why");

        RawFrame echo = peer.ReadFrame();
        Assert.Equal((RawFrame.CloseOpcode, code), (echo.Opcode, echo.CloseCode));
        AssertEndsWithNothingMore(peer, side);
        CloseInfo close = AwaitClosed(peer);
        Assert.Equal((code, "why", CloseOrigin.Remote, true, ProtocolFault.None), ((int)close.Code, close.Reason, close.Origin, close.IsClean, close.Fault));
        Assert.Equal(1, CountOf(CallbackReason.WsPeerInitiatedClose));
    }

    public static TheoryData<Side, int> AllowedCodes() =>
        OnBothSides(1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999);

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W14_a_close_frame_without_a_code_is_answered_with_one_without_a_code(Side side)
    {
        RawPeer peer = Open(side);
        peer.SendFrame(8, default);

        RawFrame echo = peer.ReadFrame();
        Assert.Equal((RawFrame.CloseOpcode, 0), (echo.Opcode, echo.Payload.Length));
        AssertEndsWithNothingMore(peer, side);
        CloseInfo close = AwaitClosed(peer);
        Assert.Equal((WebSocketCloseCode.NoStatus, true), (close.Code, close.IsClean));
    }

    [Theory]
    [InlineData(Side.Server, true)]
    [InlineData(Side.Server, false)]
    [InlineData(Side.Client, true)]
    [InlineData(Side.Client, false)]
    public void W15_data_and_pings_after_the_peers_close_frame_are_ignored(Side side, bool inOnePacket)
    {
        RawPeer peer = Open(side);
        byte[] more = [.. peer.Frame(1, "late"u8), .. peer.Frame(9, "ping"u8), .. peer.Frame(10, "pong"u8), 0xFF, 0xFF];
        if (inOnePacket)
        {
            peer.Send([.. peer.Frame(8, RawFrame.ClosePayload(1000)), .. more]);
        }
        else
        {
            peer.SendClose();
            peer.Send(more);
        }

        Assert.Equal(1000, peer.ReadFrame().CloseCode);
        AssertEndsWithNothingMore(peer, side);
        CloseInfo close = AwaitClosed(peer);
        Assert.Equal((WebSocketCloseCode.Normal, true), (close.Code, close.IsClean));
        Assert.Empty(Messages);
        Assert.Empty(Pongs);
        Assert.Equal(0, CountOf(side == Side.Server ? CallbackReason.ReceivePing : CallbackReason.ClientReceivePing));
    }

    [Fact]
    public void W15_the_echo_arrives_although_the_peer_goes_on_sending_without_end()
    {
        RawPeer peer = OpenToServer();
        peer.Send([.. peer.Frame(8, RawFrame.ClosePayload(1000)), .. peer.Frame(2, new byte[4 * 1024 * 1024])]);

        Assert.Equal(1000, peer.ReadFrame().CloseCode);
        peer.WaitUntil(() => peer.IsOver);
        Assert.True((AwaitClosed(peer)).IsClean);
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W16_a_close_that_is_never_answered_ends_at_the_deadline(Side side)
    {
        RawPeer peer = Open(side);
        Opened!.Close((WebSocketCloseCode)4000, "bye"u8);
        Assert.Equal(4000, peer.ReadFrame().CloseCode);
        Advance(TimeSpan.FromSeconds(4.9));
        Assert.Empty(Recorder.Closes);

        Advance(TimeSpan.FromSeconds(0.2));

        peer.WaitUntil(() => peer.IsOver);
        CloseInfo close = Assert.Single(Recorder.Closes).Close;
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Timeout, false), (close.Code, close.Origin, close.IsClean));
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W16_a_peer_that_goes_on_sending_instead_of_answering_our_close_gains_no_time(Side side)
    {
        RawPeer peer = Open(side);
        Opened!.Close();
        Assert.Equal(1000, peer.ReadFrame().CloseCode);
        for (int i = 0; i < 6; i++)
        {
            peer.SendText("late");
            Advance(TimeSpan.FromSeconds(1));
        }

        peer.WaitUntil(() => peer.IsOver);
        Assert.Equal(CloseOrigin.Timeout, Assert.Single(Recorder.Closes).Close.Origin);
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W16_data_before_the_answer_to_our_close_is_dropped_and_a_ping_is_answered_without_being_told(Side side)
    {
        RawPeer peer = Open(side);
        Opened!.Close((WebSocketCloseCode)4000, "bye"u8);
        Assert.Equal(4000, peer.ReadFrame().CloseCode);

        peer.SendText("late");
        peer.SendFrame(9, "ping"u8);
        peer.SendFrame(10, "pong"u8);
        peer.SendClose(4000);

        // RFC 6455 5.5.2: only a close frame that was received ends the duty to answer.
        RawFrame answer = peer.ReadFrame();
        Assert.Equal((10, "ping"), (answer.Opcode, answer.Text));
        AssertEndsWithNothingMore(peer, side);
        CloseInfo close = AwaitClosed(peer);
        Assert.Equal((4000, "bye", CloseOrigin.Local, true), ((int)close.Code, close.Reason, close.Origin, close.IsClean));
        Assert.Empty(Messages);
        Assert.Empty(Pongs);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W17_both_sides_that_close_at_once_end_cleanly(Side side)
    {
        RawPeer peer = Open(side);
        peer.SendClose(1001);
        Opened!.Close((WebSocketCloseCode)4000);

        Assert.Equal(4000, peer.ReadFrame().CloseCode);
        AssertEndsWithNothingMore(peer, side);
        CloseInfo close = AwaitClosed(peer);
        Assert.Equal((4000, CloseOrigin.Local, true), ((int)close.Code, close.Origin, close.IsClean));
        Assert.Equal(0, CountOf(CallbackReason.WsPeerInitiatedClose));
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W17_a_reset_after_the_peers_close_frame_was_seen_is_clean(Side side)
    {
        RawPeer peer = Open(side);
        Protocol.On(CallbackReason.WsPeerInitiatedClose, _ => peer.Reset());
        peer.SendClose(1001);
        Harness.RunUntil(() => peer.IsReset);

        CloseInfo close = AwaitClosed(peer);

        Assert.Equal((1001, CloseOrigin.Remote, true), ((int)close.Code, close.Origin, close.IsClean));
    }

    [Fact]
    public void W17_a_reset_instead_of_the_end_of_the_stream_is_clean_after_both_close_frames()
    {
        RawPeer peer = OpenToClient();
        peer.SendClose(1001);
        Assert.Equal(1001, peer.ReadFrame().CloseCode);
        peer.Reset();

        CloseInfo close = AwaitClosed(peer);

        Assert.Equal((1001, CloseOrigin.Remote, true), ((int)close.Code, close.Origin, close.IsClean));
    }

    [Theory]
    [InlineData(Side.Server, false)]
    [InlineData(Side.Server, true)]
    [InlineData(Side.Client, false)]
    [InlineData(Side.Client, true)]
    public void W17_the_end_of_the_stream_without_a_close_frame_is_1006(Side side, bool insideAMessage)
    {
        RawPeer peer = Open(side);
        if (insideAMessage) peer.Send(peer.Frame(1, "not all of this"u8).AsSpan(0, 12));
        peer.EndStream();

        Assert.Equal("", peer.ReadToEnd());
        Assert.False(peer.IsReset);
        CloseInfo close = AwaitClosed(peer);
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Remote, false), (close.Code, close.Origin, close.IsClean));
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W17_a_reset_without_a_close_frame_is_1006_with_the_errno(Side side)
    {
        RawPeer peer = Open(side);
        peer.Reset();

        CloseInfo close = AwaitClosed(peer);

        Assert.Equal(
            (WebSocketCloseCode.Abnormal, CloseOrigin.Error, false, Errno.ECONNRESET),
            (close.Code, close.Origin, close.IsClean, close.SystemError));
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W17_the_end_of_the_stream_instead_of_an_answer_to_our_close_is_1006(Side side)
    {
        RawPeer peer = Open(side);
        Opened!.Close();
        Assert.Equal(1000, peer.ReadFrame().CloseCode);
        peer.EndStream();

        CloseInfo close = AwaitClosed(peer);

        Assert.Equal((WebSocketCloseCode.Abnormal, false), (close.Code, close.IsClean));
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void A_peer_that_never_ends_its_half_after_a_fault_is_dropped_after_the_linger(Side side)
    {
        RawPeer peer = Open(side);
        peer.Send([0xFF, 0xFF]);
        Assert.Equal(1002, peer.ReadFrame().CloseCode);
        Assert.Equal("", peer.ReadToEnd());
        Assert.Empty(Recorder.Closes);

        peer.Send(new byte[100_000]);
        Advance(TimeSpan.FromSeconds(2.1));

        Assert.Equal(1002, (int)Assert.Single(Recorder.Closes).Close.Code);
    }

    /// <summary>Nothing follows our close frame. A server ends the stream then; a client leaves that to the server (RFC 6455 7.1.1).</summary>
    private void AssertEndsWithNothingMore(RawPeer peer, Side side)
    {
        if (side == Side.Client)
        {
            Harness.Settle();
            Assert.False(peer.IsOver);
            peer.EndStream();
        }

        Assert.Equal("", peer.ReadToEnd());
    }

    private static TheoryData<Side, int> OnBothSides(params ReadOnlySpan<int> codes)
    {
        TheoryData<Side, int> data = [];
        foreach (int code in codes)
        {
            data.Add(Side.Server, code);
            data.Add(Side.Client, code);
        }

        return data;
    }
}
