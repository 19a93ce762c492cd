using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>W08 to W12 and W21: messages made of frames, their limits, and their text.</summary>
public abstract class MessageRows(LoopFactory factory) : ReliabilityRows(factory)
{
    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W08_a_ping_between_fragments_is_answered_before_the_message_ends(Side side)
    {
        RawPeer peer = Open(side);
        peer.SendFrame(1, "one "u8, isFinal: false);
        peer.SendFrame(9, "ping"u8);

        RawFrame pong = peer.ReadFrame();
        Assert.Equal((10, "ping"), (pong.Opcode, pong.Text));
        Assert.Empty(Messages);
        peer.SendFrame(10, "pong"u8);
        peer.SendFrame(0, "two"u8);
        Assert.Equal("one two", peer.ReadFrame().Text);
        Assert.Equal(["pong"], Pongs);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W08_a_close_between_fragments_ends_the_connection_without_the_message(Side side)
    {
        RawPeer peer = Open(side);
        peer.SendFrame(1, "one "u8, isFinal: false);
        peer.SendClose(1001, "leaving");

        Assert.Equal(1001, peer.ReadFrame().CloseCode);
        CloseInfo close = AwaitClosed(peer);
        Assert.Equal((1001, "leaving", true), ((int)close.Code, close.Reason, close.IsClean));
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server, "", "a", "b")]
    [InlineData(Side.Server, "a", "", "b")]
    [InlineData(Side.Server, "a", "b", "")]
    [InlineData(Side.Server, "", "", "")]
    [InlineData(Side.Client, "", "a", "b")]
    [InlineData(Side.Client, "a", "", "b")]
    [InlineData(Side.Client, "a", "b", "")]
    [InlineData(Side.Client, "", "", "")]
    public void W09_frames_without_payload_are_ok_anywhere(Side side, string first, string middle, string last)
    {
        RawPeer peer = Open(side);
        SendInFragments(peer, first, middle, last);

        RawFrame echo = peer.ReadFrame();
        Assert.Equal((1, true, first + middle + last), (echo.Opcode, echo.IsFinal, echo.Text));
        Assert.Equal([first + middle + last], Messages);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W09_frames_without_payload_count_as_fragments(Side side)
    {
        Limits.MaxFragments = 3;
        RawPeer peer = Open(side);
        SendInFragments(peer, "", "", "");
        Assert.Equal("", peer.ReadFrame().Text);

        SendInFragments(peer, "", "", "", "");
        AssertFailed(peer, 1008, ProtocolFault.TooManyFragments);
    }

    [Theory]
    [InlineData(Side.Server, 1)]
    [InlineData(Side.Server, 10)]
    [InlineData(Side.Server, 1000)]
    [InlineData(Side.Client, 1)]
    [InlineData(Side.Client, 10)]
    [InlineData(Side.Client, 1000)]
    public void W10_a_message_above_the_limit_is_answered_1009_as_soon_as_that_is_known(Side side, int fragments)
    {
        Limits.MaxMessageSize = 1000;
        RawPeer peer = Open(side);
        string part = new('a', 1000 / fragments);

        SendInFragments(peer, [.. Enumerable.Repeat(part, fragments)]);
        Assert.Equal(new string('a', 1000), peer.ReadFrame().Text);
        Messages.Clear();

        // Only the header of what is too much is sent: nobody waits for its payload.
        for (int i = 0; i < fragments; i++) peer.SendFrame(i == 0 ? (byte)1 : (byte)0, Encoding.ASCII.GetBytes(part), isFinal: false);
        byte[] tooMuch = peer.Frame(fragments == 0 ? (byte)1 : (byte)0, new byte[1]);
        peer.Send(tooMuch.AsSpan(0, tooMuch.Length - 1));
        AssertFailed(peer, 1009, ProtocolFault.MessageTooBig);
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W10_a_frame_above_the_limit_is_answered_1009_before_its_payload(Side side)
    {
        Limits.MaxMessageSize = 1000;
        RawPeer peer = Open(side);
        byte[] frame = peer.Frame(2, new byte[1001]);

        peer.Send(frame.AsSpan(0, frame.Length - 1001));

        AssertFailed(peer, 1009, ProtocolFault.MessageTooBig);
    }

    [Theory]
    [InlineData(Side.Server, "a")]
    [InlineData(Side.Server, "")]
    [InlineData(Side.Client, "a")]
    [InlineData(Side.Client, "")]
    public void W11_more_fragments_than_the_limit_are_answered_1008(Side side, string part)
    {
        RawPeer peer = Open(side);
        byte[] payload = Encoding.ASCII.GetBytes(part);
        List<byte> frames = [.. peer.Frame(1, payload, isFinal: false)];
        byte[] more = peer.Frame(0, payload, isFinal: false);
        for (int i = 0; i < Limits.MaxFragments - 1; i++) frames.AddRange(more);
        peer.Send([.. frames]);
        Harness.RunUntil(() => peer.HasSentAll);
        Harness.Settle();
        Assert.Empty(Recorder.Closes);

        peer.Send(more);
        AssertFailed(peer, 1008, ProtocolFault.TooManyFragments);
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W11_a_peer_that_never_stops_its_fragments_sees_the_end(Side side)
    {
        RawPeer peer = Open(side);
        peer.Send(peer.Frame(1, "a"u8, isFinal: false));
        byte[] more = [.. Enumerable.Repeat(peer.Frame(0, "a"u8, isFinal: false), 10_000).SelectMany(frame => frame)];
        for (int i = 0; i < 100 && Recorder.Closes.Count == 0 && !peer.IsOver; i++)
        {
            peer.Send(more);
            peer.WaitUntil(() => peer.HasSentAll || peer.IsOver);
        }

        AssertFailed(peer, 1008, ProtocolFault.TooManyFragments);
    }

    [Theory]
    [MemberData(nameof(ImpossibleText))]
    public void W12_text_that_cannot_be_UTF_8_is_answered_1007_at_the_first_impossible_byte(Side side, string hex)
    {
        RawPeer peer = Open(side);
        byte[] bad = Convert.FromHexString(hex);

        // The frame promises more than is sent, so that the answer cannot have waited for its end.
        byte[] frame = peer.Frame(1, [.. "good: "u8, .. bad, .. "and the rest that never comes"u8]);
        peer.Send(frame.AsSpan(0, frame.Length - "and the rest that never comes".Length));

        AssertFailed(peer, 1007, ProtocolFault.InvalidText);
        Assert.Empty(Messages);
    }

    public static TheoryData<Side, string> ImpossibleText()
    {
        TheoryData<Side, string> data = [];
        string[] cases =
        [
            "80", "BF", "FF", "FE", // no character begins with these
            "C0AF", "C1BF", "E08080", "E09F", "F08080", "F08F", // longer than need be
            "EDA0", "EDBF", // halves of surrogate pairs
            "F490", "F5", "F8", // beyond U+10FFFF
            "C341", "E282C3", "F09F9841", // cut by another character
        ];
        foreach (string bad in cases)
        {
            data.Add(Side.Server, bad);
            data.Add(Side.Client, bad);
        }

        return data;
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W12_a_character_that_is_cut_by_the_end_of_a_frame_is_ok(Side side)
    {
        RawPeer peer = Open(side);
        byte[] text = Encoding.UTF8.GetBytes("aé€😀z");
        for (int i = 0; i < text.Length; i++)
            peer.SendFrame(i == 0 ? (byte)1 : (byte)0, text.AsSpan(i, 1), isFinal: i == text.Length - 1);

        Assert.Equal("aé€😀z", peer.ReadFrame().Text);
    }

    [Theory]
    [InlineData(Side.Server, "C3")]
    [InlineData(Side.Server, "E282")]
    [InlineData(Side.Server, "F09F98")]
    [InlineData(Side.Client, "F09F98")]
    public void W12_a_character_that_is_cut_by_the_end_of_the_message_is_answered_1007(Side side, string hex)
    {
        RawPeer peer = Open(side);
        peer.SendFrame(1, "text "u8, isFinal: false);
        peer.SendFrame(0, Convert.FromHexString(hex), isFinal: true);

        AssertFailed(peer, 1007, ProtocolFault.TruncatedText);
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W12_a_character_that_the_next_fragment_does_not_complete_is_answered_1007(Side side)
    {
        RawPeer peer = Open(side);
        peer.SendFrame(1, [0xE2, 0x82], isFinal: false);
        peer.SendFrame(0, "a"u8, isFinal: false);

        AssertFailed(peer, 1007, ProtocolFault.InvalidText);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W12_binary_messages_may_hold_anything(Side side)
    {
        RawPeer peer = Open(side);
        peer.SendBinary([0xFF, 0xC0, 0x80, 0xED, 0xA0]);

        Assert.Equal([0xFF, 0xC0, 0x80, 0xED, 0xA0], peer.ReadFrame().Payload);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W21_what_a_user_must_not_send_is_refused_and_leaves_nothing_on_the_wire(Side side)
    {
        RawPeer peer = Open(side);
        Connection connection = Opened!;
        byte[] long124 = new byte[124];
        long124.AsSpan().Fill((byte)'a');

        Assert.Throws<ArgumentException>(() => connection.TrySend([0xC3, 0x28], MessageKind.Text));
        Assert.Throws<ArgumentException>(() => connection.TrySend([0xC3], MessageKind.Text));
        Assert.Throws<ArgumentException>(() => connection.TrySend(default, 0));
        Assert.Throws<ArgumentException>(() => connection.TrySend(new byte[Limits.MaxWriteSize + 1], MessageKind.Binary));
        Assert.Throws<ArgumentException>(() => connection.Close(WebSocketCloseCode.Normal, long124));
        Assert.Throws<ArgumentException>(() => connection.Close(WebSocketCloseCode.Normal, [0xFF]));
        Assert.Throws<ArgumentException>(() => connection.Close(WebSocketCloseCode.NoStatus));
        Assert.Throws<ArgumentException>(() => connection.Close((WebSocketCloseCode)2999));
        Assert.Throws<ArgumentException>(() => connection.Ping(new byte[126]));
        Assert.Throws<InvalidOperationException>(() => connection.TrySend("x"u8, MessageKind.Text, MessagePart.Last));
        Assert.Throws<InvalidOperationException>(() => connection.TrySend("x"u8, MessageKind.Text, MessagePart.Middle));
        Assert.Throws<InvalidOperationException>(() => connection.Write("x"u8, MessageKind.Text));

        AssertEchoes(peer, "the first thing on the wire");
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W21_a_message_in_parts_that_is_broken_off_by_mistake_can_still_be_ended(Side side)
    {
        RawPeer peer = Open(side);
        Connection connection = Opened!;
        Assert.Equal(WriteResult.Accepted, connection.TrySend([0xE2, 0x82], MessageKind.Text, MessagePart.First));

        Assert.Throws<InvalidOperationException>(() => connection.TrySend("x"u8, MessageKind.Text));
        Assert.Throws<InvalidOperationException>(() => connection.TrySend("x"u8, MessageKind.Text, MessagePart.First));
        Assert.Throws<ArgumentException>(() => connection.TrySend("x"u8, MessageKind.Text, MessagePart.Middle));
        Assert.Throws<ArgumentException>(() => connection.TrySend([0xAC], MessageKind.Binary, MessagePart.Last));
        Assert.Equal(WriteResult.Accepted, connection.TrySend([0xAC], MessageKind.Text, MessagePart.Last));
        Assert.Throws<InvalidOperationException>(() => connection.TrySend("x"u8, MessageKind.Text, MessagePart.Last));

        RawFrame first = peer.ReadFrame();
        RawFrame last = peer.ReadFrame();
        Assert.Equal((1, false, 0, true), (first.Opcode, first.IsFinal, last.Opcode, last.IsFinal));
        Assert.Equal("€", Encoding.UTF8.GetString([.. first.Payload, .. last.Payload]));
        AssertEchoes(peer);
    }

    private static void SendInFragments(RawPeer peer, params string[] parts)
    {
        for (int i = 0; i < parts.Length; i++)
            peer.SendFrame(i == 0 ? (byte)1 : (byte)0, Encoding.UTF8.GetBytes(parts[i]), isFinal: i == parts.Length - 1);
    }
}
