using System.Buffers.Binary;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>W01 to W07, W18 to W20 and W22: frames as such. Most rows hold for both sides, and are run for both.</summary>
public abstract class FrameRows(LoopFactory factory) : ReliabilityRows(factory)
{
    private const byte Text = 0x81;
    private const byte Masked = 0x80;

    [Theory]
    [MemberData(nameof(FrameRule.OnEachSide), MemberType = typeof(FrameRule))]
    public void W01_to_W07_a_frame_that_breaks_a_rule_is_answered_with_the_code_of_the_rule(Side side, string broken)
    {
        FrameRule rule = FrameRule.Named(broken);
        RawPeer peer = Open(side);

        peer.Send(rule.Bytes(peer));

        AssertFailed(peer, rule.Code, rule.Fault);
        Assert.Empty(Messages);
        Assert.Empty(Pongs);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W04_a_ping_of_125_bytes_is_answered(Side side)
    {
        RawPeer peer = Open(side);
        byte[] payload = [.. Enumerable.Range(0, 125).Select(number => (byte)number)];
        peer.SendFrame(9, payload);

        RawFrame pong = peer.ReadFrame();
        Assert.Equal(10, pong.Opcode);
        Assert.Equal(payload, pong.Payload);
        AssertEchoes(peer);
    }

    [Theory]
    [InlineData(Side.Server, 0x00)]
    [InlineData(Side.Server, 0x80)]
    [InlineData(Side.Client, 0x00)]
    [InlineData(Side.Client, 0x80)]
    public void W07_a_continuation_after_a_whole_message_has_nothing_to_continue(Side side, int first)
    {
        RawPeer peer = Open(side);
        AssertEchoes(peer, "a message that is whole leaves nothing open");
        Messages.Clear();
        peer.Send(FrameRule.Frame(peer, (byte)first, "x"u8));
        AssertFailed(peer, 1002, ProtocolFault.NothingToContinue);
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W18_frames_that_are_cut_at_any_byte_or_come_in_one_packet_give_the_same_trace(Side side)
    {
        RawPeer first = Open(side);
        byte[] script =
        [
            .. first.Frame(1, "h€"u8), .. first.Frame(9, "ping"u8), .. first.Frame(2, default),
            .. first.Frame(1, "be"u8, isFinal: false), .. first.Frame(10, "pong"u8), .. first.Frame(0, default, isFinal: false), .. first.Frame(0, "gin"u8),
            .. first.Frame(2, new byte[126]), .. first.Frame(8, RawFrame.ClosePayload(4000, "bye")),
        ];
        string whole = Play(first, script, cut: 0);

        for (int cut = 1; cut < script.Length; cut++)
        {
            RawPeer peer = Open(side);
            Assert.Equal(whole, Play(peer, script, cut));
        }
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W18_frames_that_come_byte_by_byte_give_the_same_answers(Side side)
    {
        RawPeer peer = Open(side);
        foreach (byte value in (byte[])[.. peer.Frame(1, "h€llo"u8), .. peer.Frame(9, "ping"u8), .. peer.Frame(2, new byte[130])])
        {
            peer.Send([value]);
            Harness.Settle();
        }

        Assert.Equal("h€llo", peer.ReadFrame().Text);
        Assert.Equal("ping", peer.ReadFrame().Text);
        Assert.Equal(new byte[130], peer.ReadFrame().Payload);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W19_a_pong_nobody_asked_for_is_told_and_harms_nothing(Side side)
    {
        RawPeer peer = Open(side);
        peer.SendFrame(10, default);
        peer.SendFrame(10, "unasked"u8);
        AssertEchoes(peer);

        Assert.Equal(["", "unasked"], Pongs);
    }

    [Fact]
    public void W20_a_mask_key_of_zero_and_a_masked_frame_without_payload_are_ok()
    {
        RawPeer peer = OpenToServer();
        peer.Send([Text, Masked | 5, 0, 0, 0, 0, .. "plain"u8]);
        peer.Send([Text, Masked, 1, 2, 3, 4]);

        Assert.Equal("plain", peer.ReadFrame().Text);
        Assert.Equal("", peer.ReadFrame().Text);
    }

    [Fact]
    public void W22_masking_keys_do_not_repeat()
    {
        HashSet<uint> keys = [];
        RawPeer[] servers = [OpenToClient(), OpenToClient()];
        foreach (RawPeer server in servers)
        {
            for (int i = 0; i < 100; i++)
            {
                server.SendFrame(9, "key?"u8);
                server.WaitUntil(() => server.Received.Length >= 10);
                byte[] pong = server.ReadBytes(10);
                Assert.Equal([0x8A, Masked | 4], pong[..2]);
                Assert.True(keys.Add(BinaryPrimitives.ReadUInt32BigEndian(pong.AsSpan(2))));
            }
        }
    }

    /// <summary>Sends the script in two pieces and tells all that came of it: the frames, the callbacks but for the pieces of messages, and the end.</summary>
    private string Play(RawPeer peer, byte[] script, int cut)
    {
        Messages.Clear();
        Pongs.Clear();
        Recorder.Closes.Clear();
        peer.Send(script.AsSpan(0, cut));
        if (cut > 0) Harness.Settle();
        peer.Send(script.AsSpan(cut));

        List<string> seen = [];
        while (seen.LastOrDefault()?.StartsWith("8:", StringComparison.Ordinal) != true)
        {
            RawFrame frame = peer.ReadFrame();
            seen.Add($"{frame.Opcode}:{Convert.ToHexString(frame.Payload)}");
        }

        CloseInfo close = AwaitClosed(peer);
        return $"{string.Join(' ', seen)} | {string.Join(' ', Messages)} | {string.Join(' ', Pongs)} | {close} {close.IsClean}";
    }
}
