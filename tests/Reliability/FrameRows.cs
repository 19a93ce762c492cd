using System.Buffers.Binary;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>W01 to W07, W18 to W20 and W22: frames as such. Most rows hold for both sides, and are run for both.</summary>
public abstract class FrameRows(LoopFactory factory) : ReliabilityRows(factory)
{
    private const byte Text = 0x81;
    private const byte TextBegins = 0x01;
    private const byte Masked = 0x80;

    [Fact]
    public void W01_an_unmasked_frame_to_a_server_is_answered_1002()
    {
        RawPeer peer = OpenToServer();
        peer.Send([Text, 5, .. "hello"u8]);

        AssertFailed(peer, 1002, ProtocolFault.UnmaskedFrame);
        Assert.Empty(Messages);
    }

    [Fact]
    public void W01_a_masked_frame_to_a_client_is_answered_1002()
    {
        RawPeer peer = OpenToClient();
        peer.Send([Text, Masked | 5, 0, 0, 0, 0, .. "hello"u8]);

        AssertFailed(peer, 1002, ProtocolFault.MaskedFrame);
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server, 0x40)]
    [InlineData(Side.Server, 0x20)]
    [InlineData(Side.Server, 0x10)]
    [InlineData(Side.Server, 0x70)]
    [InlineData(Side.Client, 0x40)]
    [InlineData(Side.Client, 0x20)]
    [InlineData(Side.Client, 0x10)]
    [InlineData(Side.Client, 0x70)]
    public void W02_a_reserved_bit_is_answered_1002_on_a_data_frame_and_on_a_control_frame(Side side, int bits)
    {
        RawPeer peer = Open(side);
        Send(peer, (byte)(Text | bits), "hello"u8);
        AssertFailed(peer, 1002, ProtocolFault.ReservedBitSet);
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server, 0x89)]
    [InlineData(Side.Server, 0x8A)]
    [InlineData(Side.Server, 0x88)]
    [InlineData(Side.Client, 0x89)]
    public void W02_RSV1_on_a_control_frame_is_answered_1002(Side side, int first)
    {
        RawPeer peer = Open(side);
        Send(peer, (byte)(first | 0x40), default);
        AssertFailed(peer, 1002, ProtocolFault.ReservedBitSet);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void W02_RSV1_on_a_continuation_frame_is_answered_1002(Side side)
    {
        RawPeer peer = Open(side);
        Send(peer, TextBegins, "he"u8);
        Send(peer, 0xC0, "llo"u8);
        AssertFailed(peer, 1002, ProtocolFault.ReservedBitSet);
        Assert.Empty(Messages);
    }

    [Theory]
    [MemberData(nameof(ReservedOpcodes))]
    public void W03_a_reserved_opcode_is_answered_1002(Side side, int opcode)
    {
        RawPeer peer = Open(side);
        Send(peer, (byte)(0x80 | opcode), default);
        AssertFailed(peer, 1002, ProtocolFault.UnknownOpcode);
    }

    public static TheoryData<Side, int> ReservedOpcodes()
    {
        TheoryData<Side, int> data = [];
        foreach (int opcode in (int[])[3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
        {
            data.Add(Side.Server, opcode);
            data.Add(Side.Client, opcode);
        }

        return data;
    }

    [Theory]
    [InlineData(Side.Server, 0x08)]
    [InlineData(Side.Server, 0x09)]
    [InlineData(Side.Server, 0x0A)]
    [InlineData(Side.Client, 0x08)]
    [InlineData(Side.Client, 0x09)]
    [InlineData(Side.Client, 0x0A)]
    public void W04_a_control_frame_without_FIN_is_answered_1002(Side side, int first)
    {
        RawPeer peer = Open(side);
        Send(peer, (byte)first, default);
        AssertFailed(peer, 1002, ProtocolFault.FragmentedControlFrame);
    }

    [Theory]
    [InlineData(Side.Server, 0x88)]
    [InlineData(Side.Server, 0x89)]
    [InlineData(Side.Server, 0x8A)]
    [InlineData(Side.Client, 0x88)]
    [InlineData(Side.Client, 0x89)]
    [InlineData(Side.Client, 0x8A)]
    public void W04_a_control_frame_longer_than_125_bytes_is_answered_1002(Side side, int first)
    {
        RawPeer peer = Open(side);
        Send(peer, (byte)first, new byte[126]);
        AssertFailed(peer, 1002, ProtocolFault.ControlFrameTooLong);
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
    [InlineData(Side.Server, 0x8000_0000_0000_0000)]
    [InlineData(Side.Server, 0x8000_0000_0000_0005)]
    [InlineData(Side.Server, 0xFFFF_FFFF_FFFF_FFFF)]
    [InlineData(Side.Client, 0x8000_0000_0000_0000)]
    [InlineData(Side.Client, 0xFFFF_FFFF_FFFF_FFFF)]
    public void W05_a_length_with_the_top_bit_set_is_answered_1002(Side side, ulong length)
    {
        RawPeer peer = Open(side);
        SendHeader(peer, Text, length);
        AssertFailed(peer, 1002, ProtocolFault.LengthNegative);
    }

    [Theory]
    [InlineData(Side.Server, long.MaxValue)]
    [InlineData(Side.Server, (1L << 32) + 5)]
    [InlineData(Side.Client, long.MaxValue)]
    [InlineData(Side.Client, (1L << 32) + 5)]
    public void W05_a_length_above_the_limit_is_answered_1009_at_the_header(Side side, long length)
    {
        RawPeer peer = Open(side);
        SendHeader(peer, Text, (ulong)length);
        AssertFailed(peer, 1009, ProtocolFault.MessageTooBig);
        Assert.Equal(0, CountOf(side == Side.Server ? CallbackReason.Receive : CallbackReason.ClientReceive));
    }

    [Theory]
    [InlineData(Side.Server, 126, 0)]
    [InlineData(Side.Server, 126, 125)]
    [InlineData(Side.Server, 127, 0)]
    [InlineData(Side.Server, 127, 126)]
    [InlineData(Side.Server, 127, 65535)]
    [InlineData(Side.Client, 126, 125)]
    [InlineData(Side.Client, 127, 65535)]
    public void W06_a_length_that_is_not_in_its_shortest_form_is_answered_1002(Side side, int form, int length)
    {
        RawPeer peer = Open(side);
        byte mask = peer.IsClient ? Masked : (byte)0;
        Span<byte> wide = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(wide, length);
        peer.Send([Text, (byte)(mask | form), .. form == 126 ? wide[6..] : wide, .. peer.IsClient ? new byte[4] : []]);

        AssertFailed(peer, 1002, ProtocolFault.LengthNotShortest);
    }

    [Theory]
    [InlineData(Side.Server, 0x00)]
    [InlineData(Side.Server, 0x80)]
    [InlineData(Side.Client, 0x00)]
    [InlineData(Side.Client, 0x80)]
    public void W07_a_continuation_with_nothing_to_continue_is_answered_1002(Side side, int first)
    {
        RawPeer peer = Open(side);
        AssertEchoes(peer, "a message that is whole leaves nothing open");
        Messages.Clear();
        Send(peer, (byte)first, "x"u8);
        AssertFailed(peer, 1002, ProtocolFault.NothingToContinue);
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server, 0x81)]
    [InlineData(Side.Server, 0x82)]
    [InlineData(Side.Server, 0x01)]
    [InlineData(Side.Client, 0x81)]
    [InlineData(Side.Client, 0x02)]
    public void W07_a_new_message_inside_a_message_is_answered_1002(Side side, int first)
    {
        RawPeer peer = Open(side);
        Send(peer, TextBegins, "one"u8);
        Send(peer, (byte)first, "two"u8);
        AssertFailed(peer, 1002, ProtocolFault.MessageInsideMessage);
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

    /// <summary>Sends a frame with any first byte, whose payload a key of zero leaves as it is when it has to be masked.</summary>
    private static void Send(RawPeer peer, byte first, ReadOnlySpan<byte> payload)
    {
        byte[] frame = RawFrame.Write(0, payload, maskKey: peer.IsClient ? 0 : null);
        frame[0] = first;
        peer.Send(frame);
    }

    private static void SendHeader(RawPeer peer, byte first, ulong length)
    {
        Span<byte> wide = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(wide, length);
        peer.Send([first, (byte)((peer.IsClient ? Masked : 0) | 127), .. wide, .. peer.IsClient ? new byte[4] : []]);
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
