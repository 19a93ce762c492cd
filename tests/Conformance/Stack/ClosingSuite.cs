using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Every way in which a WebSocket ends, on both sides: one closing callback, with the truth about the end.</summary>
public abstract class ClosingSuite(LoopFactory factory) : LoopBench(factory)
{
    [Theory]
    [InlineData(CallbackReason.Established)]
    [InlineData(CallbackReason.Receive)]
    [InlineData(CallbackReason.ReceivePing)]
    [InlineData(CallbackReason.ReceivePong)]
    [InlineData(CallbackReason.ServerWriteable)]
    [InlineData(CallbackReason.ClientEstablished)]
    [InlineData(CallbackReason.ClientReceive)]
    [InlineData(CallbackReason.ClientReceivePing)]
    [InlineData(CallbackReason.ClientReceivePong)]
    [InlineData(CallbackReason.ClientWriteable)]
    public void A_callback_that_returns_Close_closes_with_1000(CallbackReason reason)
    {
        TestProtocol protocol = NewProtocol();
        if (reason is CallbackReason.ServerWriteable or CallbackReason.ClientWriteable) protocol.OnReceive(AskToWrite);
        protocol.On(reason, ReturnClose);
        (_, RawPeer peer) = Open(protocol, IsServerReason(reason));
        peer.SendText("go");
        peer.SendFrame(10, "pong"u8);
        if (reason is CallbackReason.ReceivePing or CallbackReason.ClientReceivePing)
        {
            peer.SendFrame(9, "ping"u8);
            Assert.Equal("ping", peer.ReadFrame().Text);
        }

        Assert.Equal(1000, peer.ReadFrame().CloseCode);
        peer.SendClose(1000);
        CloseInfo close = ReadEnd(peer);

        Assert.Equal(WebSocketCloseCode.Normal, close.Code);
        Assert.Equal(CloseOrigin.Local, close.Origin);
        Assert.True(close.IsClean);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_code_and_a_reason_reach_the_peer_and_the_closing_callback(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);

        connection.Close((WebSocketCloseCode)4001, "grüße"u8);
        RawFrame frame = peer.ReadFrame();
        peer.SendClose(4001);
        CloseInfo close = ReadEnd(peer);

        Assert.Equal((4001, "grüße"), (frame.CloseCode, frame.CloseReason));
        Assert.Equal(!isServer, frame.IsMasked);
        Assert.Equal(((WebSocketCloseCode)4001, "grüße", CloseOrigin.Local, true), (close.Code, close.Reason, close.Origin, close.IsClean));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_closes_is_echoed_and_told_of_once(bool isServer)
    {
        (_, RawPeer peer) = Open(NewProtocol(), isServer);

        peer.SendClose(4002, "over");
        RawFrame echo = peer.ReadFrame();
        CloseInfo close = ReadEnd(peer);

        Assert.Equal(4002, echo.CloseCode);
        Assert.Equal(((WebSocketCloseCode)4002, "over", CloseOrigin.Remote, true), (close.Code, close.Reason, close.Origin, close.IsClean));
        Assert.Equal(1, Recorder.CountOf(CallbackReason.WsPeerInitiatedClose));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void W14_a_close_frame_without_a_code_is_echoed_without_one(bool isServer)
    {
        (_, RawPeer peer) = Open(NewProtocol(), isServer);

        peer.SendFrame(RawFrame.CloseOpcode, []);
        RawFrame echo = peer.ReadFrame();
        CloseInfo close = ReadEnd(peer);

        Assert.Empty(echo.Payload);
        Assert.Equal((WebSocketCloseCode.NoStatus, true), (close.Code, close.IsClean));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_closes_is_answered_with_the_users_own_code(bool isServer)
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.WsPeerInitiatedClose, connection => connection.Close((WebSocketCloseCode)4010));
        (_, RawPeer peer) = Open(protocol, isServer);

        peer.SendClose(4002);

        Assert.Equal(4010, peer.ReadFrame().CloseCode);
        Assert.True(ReadEnd(peer).IsClean);
    }

    [Fact]
    public void A_user_who_refuses_the_peers_close_ends_the_connection_without_an_echo()
    {
        (_, RawPeer peer) = OpenServer(NewProtocol().On(CallbackReason.WsPeerInitiatedClose, ReturnClose));

        peer.SendClose(4002);
        string rest = peer.ReadToEnd();

        Assert.Empty(rest);
        Assert.False(ReadEnd(peer).IsClean);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void W17_close_frames_that_cross_each_other_are_a_clean_end(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);

        peer.SendClose(4002);
        connection.Close((WebSocketCloseCode)4001);
        RawFrame frame = peer.ReadFrame();
        CloseInfo close = ReadEnd(peer);

        Assert.Equal(4001, frame.CloseCode);
        Assert.Equal(((WebSocketCloseCode)4001, true), (close.Code, close.IsClean));
        Assert.Empty(peer.ReadAll());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void W17_the_end_of_the_stream_without_a_close_frame_is_1006(bool isServer)
    {
        (_, RawPeer peer) = Open(NewProtocol(), isServer);

        peer.SendText("last words");
        peer.EndStream();
        CloseInfo close = ReadEnd(peer);

        Assert.Equal(["last words"], Recorder.Texts);
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Remote, false), (close.Code, close.Origin, close.IsClean));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void O04_a_reset_is_1006_with_what_the_system_said(bool isServer)
    {
        (_, RawPeer peer) = Open(NewProtocol(), isServer);

        peer.Reset();
        CloseInfo close = ReadEnd(peer);

        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Error, Errno.ECONNRESET), (close.Code, close.Origin, close.SystemError));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_abort_resets_the_connection_and_says_nothing(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);

        connection.Abort();
        string rest = peer.ReadToEnd();

        Assert.True(peer.IsReset);
        Assert.Empty(rest);
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Local), (ReadEnd(peer).Code, ReadEnd(peer).Origin));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void W16_a_peer_that_never_answers_our_close_is_dropped_at_the_deadline(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        connection.Close();
        Assert.Equal(1000, peer.ReadFrame().CloseCode);
        peer.SendText("I do not listen");
        Harness.Advance(TimeSpan.FromSeconds(4));
        Harness.Settle();
        Assert.Empty(Recorder.Closes);

        Harness.Advance(TimeSpan.FromSeconds(1));
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        CloseInfo close = ReadEnd(peer);

        Assert.Equal((CloseOrigin.Timeout, false), (close.Origin, close.IsClean));
        Assert.Empty(Recorder.Texts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_answers_our_close_by_ending_the_stream_is_1006(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        connection.Close();
        peer.ReadFrame();

        peer.EndStream();

        Assert.Equal((WebSocketCloseCode.Abnormal, false), (ReadEnd(peer).Code, ReadEnd(peer).IsClean));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void W17_a_reset_after_both_close_frames_is_still_a_clean_end(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        connection.Close();
        peer.ReadFrame();

        peer.SendClose(1000);
        if (isServer) Harness.Settle();
        else Harness.RunUntil(() => connection.State != ConnectionState.Closing);
        peer.Reset();

        Assert.True(ReadEnd(peer).IsClean);
    }

    [Fact]
    public void A_client_waits_for_the_server_to_end_the_stream_but_not_for_ever()
    {
        (Connection connection, RawPeer peer) = OpenClient(NewProtocol());
        connection.Close();
        peer.ReadFrame();
        peer.SendClose(1000);
        Harness.Settle();
        Assert.Empty(Recorder.Closes);

        Harness.Advance(TimeSpan.FromSeconds(2));

        Assert.True(ReadEnd(peer).IsClean);
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("abort")]
    [InlineData("end of the context")]
    public void What_broke_a_rule_is_still_why_it_ended_whatever_comes_after_it(string after)
    {
        TestProtocol protocol = NewProtocol();
        LoopContext context = Serve(protocol);
        RawPeer peer = Open(context);
        Harness.RunUntil(() => protocol.Newest is not null);
        peer.SendFrame(3, "?"u8);
        Assert.Equal(1002, peer.ReadFrame().CloseCode);

        if (after == "reset") peer.Reset();
        else if (after == "abort") protocol.Newest!.Abort();
        else context.Dispose();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        CloseInfo close = Recorder.Closes[0].Close;
        Assert.Equal((WebSocketCloseCode.ProtocolError, CloseOrigin.Error), (close.Code, close.Origin));
        Assert.NotEqual(ProtocolFault.None, close.Fault);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_rule_that_is_broken_after_our_close_ends_with_the_code_that_we_sent(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        connection.Close((WebSocketCloseCode)4001);
        Assert.Equal(4001, peer.ReadFrame().CloseCode);

        peer.SendFrame(3, "?"u8);
        if (isServer) peer.EndStream();
        CloseInfo close = ReadEnd(peer);

        Assert.Equal(((WebSocketCloseCode)4001, false), (close.Code, close.IsClean));
        Assert.NotEqual(ProtocolFault.None, close.Fault);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Closing_twice_sends_one_close_frame(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);

        connection.Close((WebSocketCloseCode)4001);
        connection.Close((WebSocketCloseCode)4002);
        RawFrame frame = peer.ReadFrame();
        peer.SendClose(4001);
        ReadEnd(peer);

        Assert.Equal(4001, frame.CloseCode);
        Assert.Empty(peer.ReadAll());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_was_written_before_the_close_arrives_before_it(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        byte[] large = new byte[3_000_000];
        peer.IsReading = false;

        Assert.Equal(WriteResult.Accepted, connection.TrySend(large, MessageKind.Binary));
        connection.Close((WebSocketCloseCode)4001);
        Harness.Settle();
        peer.IsReading = true;

        Assert.Equal(large.Length, peer.ReadFrame().Payload.Length);
        Assert.Equal(4001, peer.ReadFrame().CloseCode);
        peer.SendClose(4001);
        Assert.True(ReadEnd(peer).IsClean);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void W15_nothing_after_the_peers_close_frame_is_told_or_answered(bool isServer)
    {
        (_, RawPeer peer) = Open(NewProtocol(), isServer);

        peer.Send([.. peer.Frame(RawFrame.CloseOpcode, RawFrame.ClosePayload(1000)), .. peer.Frame(1, "late"u8), .. peer.Frame(9, "ping"u8)]);
        RawFrame echo = peer.ReadFrame();
        ReadEnd(peer);

        Assert.Equal(1000, echo.CloseCode);
        Assert.Empty(peer.ReadAll());
        Assert.Empty(Recorder.Texts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_close_that_finds_out_that_the_peer_is_gone_ends_once(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        Assert.Equal(WriteResult.Accepted, connection.TrySend(new byte[400_000], MessageKind.Binary));
        peer.Reset();

        connection.Close();

        Assert.Equal(WebSocketCloseCode.Abnormal, ReadEnd(peer).Code);
    }

    [Fact]
    public void A_close_that_may_not_be_sent_is_refused_before_anything_happens()
    {
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol());

        Assert.Throws<ArgumentException>(() => connection.Close(WebSocketCloseCode.Abnormal));
        Assert.Throws<ArgumentException>(() => connection.Close((WebSocketCloseCode)999));
        Assert.Throws<ArgumentException>(() => connection.Close(WebSocketCloseCode.Normal, new byte[124]));
        Assert.Throws<ArgumentException>(() => connection.Close(WebSocketCloseCode.Normal, [0xFF]));
        Harness.Settle();

        Assert.Equal(ConnectionState.Established, connection.State);
        Assert.Empty(Encoding.Latin1.GetBytes(peer.ReadAll()));
    }

    private static CallbackResult ReturnClose(Connection connection, ref TestSession session, in CallbackData data) => CallbackResult.Close;

    private static CallbackResult AskToWrite(Connection connection, ref TestSession session, in CallbackData data)
    {
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    private static bool IsServerReason(CallbackReason reason) => reason is CallbackReason.Established or CallbackReason.Receive
        or CallbackReason.ReceivePing or CallbackReason.ReceivePong or CallbackReason.ServerWriteable;

    /// <summary>Closes the peer's side as well, and waits for the one closing callback.</summary>
    private CloseInfo ReadEnd(RawPeer peer)
    {
        if (!peer.IsClient && !peer.IsOver) peer.EndStream();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        Harness.Settle();
        return Assert.Single(Recorder.Closes).Close;
    }
}
