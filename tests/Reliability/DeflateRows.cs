using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>
/// D01 to D05 and D07: permessage-deflate from a peer that means harm, or does not know better (RFC 7692). Each row is run whole and byte by byte, on both sides. D06, memory,
/// is a matter of the cap (see the conformance suite) and of the benchmarks.
/// </summary>
public abstract class DeflateRows(LoopFactory factory) : ReliabilityRows(factory)
{
    private const string Both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    private const byte Compressed = RawFrame.Rsv1 | 1;

    private static readonly byte[] s_hello = RawDeflate.CompressAlone("Hello"u8);
    private static readonly Lazy<byte[]> s_bomb = new(NewBomb);

    /// <summary>Both sides, in one piece and byte by byte.</summary>
    public static TheoryData<Side, bool> Ways { get; } = new() { { Side.Server, false }, { Side.Server, true }, { Side.Client, false }, { Side.Client, true } };

    [Theory]
    [InlineData(Side.Server, 1)]
    [InlineData(Side.Server, 40)]
    [InlineData(Side.Client, 1)]
    [InlineData(Side.Client, 40)]
    public void D01_a_bomb_of_a_gigabyte_ends_in_1009_and_costs_less_than_two_megabytes(Side side, int fragments)
    {
        // The recorder keeps what was delivered as text, so little is let through.
        Limits.MaxMessageSize = 1 << 18;
        RawPeer peer = Open(side, "permessage-deflate");
        byte[] bomb = s_bomb.Value;
        List<byte[]> frames = [];
        int size = bomb.Length / fragments;
        for (int i = 0; i < fragments; i++)
        {
            bool isLast = i == fragments - 1;
            ReadOnlySpan<byte> piece = isLast ? bomb.AsSpan(i * size) : bomb.AsSpan(i * size, size);
            frames.Add(peer.Frame(i == 0 ? (byte)(RawFrame.Rsv1 | 2) : (byte)0, piece, isLast));
        }

        Protocol.OnReceive((_, ref _, in _) => CallbackResult.Continue);
        Harness.Settle();
        foreach (byte[] frame in frames) peer.Send(frame);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Harness.RunUntil(() => Opened!.State is not ConnectionState.Established);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(allocated < 2_000_000, $"{allocated} bytes");
        AssertCode(peer, 1009, ProtocolFault.MessageTooBig);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void D02_a_stream_that_is_cut_short_is_answered_1007(Side side, bool cut)
    {
        RawPeer peer = Open(side, "permessage-deflate");
        byte[] text = RawDeflate.CompressAlone(Encoding.ASCII.GetBytes(string.Join(' ', Enumerable.Range(1000, 50))));
        Send(peer, Compressed, text.AsSpan(0, text.Length / 2), cut);
        AssertFailed(peer, 1007, ProtocolFault.ExtensionDataInvalid);
    }

    [Theory]
    [InlineData(Side.Server, "FFFFFFFF", false)]
    [InlineData(Side.Server, "06", false)]
    [InlineData(Side.Server, "07", true)]
    [InlineData(Side.Server, "00", true)]
    [InlineData(Side.Server, "000500FBFF48656C6C6F", true)]
    [InlineData(Side.Client, "FFFFFFFF", true)]
    [InlineData(Side.Client, "06", false)]
    public void D02_a_corrupt_stream_is_answered_1007(Side side, string hex, bool cut)
    {
        RawPeer peer = Open(side, "permessage-deflate");
        byte[] payload = Convert.FromHexString(hex);

        // Two of them are corrupt only because of what stands behind them.
        if (hex == "00") payload = [0, 1, 2];
        if (hex.Length > 8) payload = [.. payload, 0xAA];
        Send(peer, Compressed, payload, cut);
        AssertFailed(peer, 1007, ProtocolFault.ExtensionDataInvalid);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void D02_a_compressed_message_without_a_single_byte_is_answered_1007(Side side)
    {
        RawPeer peer = Open(side, "permessage-deflate");
        peer.SendFrame(Compressed, []);
        AssertFailed(peer, 1007, ProtocolFault.ExtensionDataInvalid);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void D02_an_early_last_block_is_ok_and_the_next_message_starts_fresh(Side side, bool cut)
    {
        RawPeer peer = Open(side, "permessage-deflate");

        // RFC 7692 7.2.3.4: "Hello" in a block that calls itself the last, and the byte that begins the block of the message's end.
        byte[] last = Convert.FromHexString("F348CDC9C9070000");
        Send(peer, Compressed, last, cut);
        Send(peer, Compressed, last.AsSpan(0, 7), cut);
        Send(peer, Compressed, s_hello, cut);
        Harness.RunUntil(() => Messages.Count == 3);
        Assert.Equal(["Hello", "Hello", "Hello"], Messages);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void D02_bytes_behind_the_last_block_are_answered_1007(Side side, bool cut)
    {
        RawPeer peer = Open(side, "permessage-deflate");
        Send(peer, Compressed, Convert.FromHexString("F348CDC9C9070000F348CDC9C90700"), cut);
        AssertFailed(peer, 1007, ProtocolFault.ExtensionDataInvalid);
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server, false)]
    [InlineData(Side.Server, true)]
    [InlineData(Side.Client, false)]
    [InlineData(Side.Client, true)]
    public void D03_a_reference_to_before_the_window_is_answered_1007(Side side, bool takesOver)
    {
        RawPeer peer = Open(side, takesOver ? "permessage-deflate" : Both);
        if (takesOver)
        {
            // The window has five bytes in it, and the next message refers to the sixth.
            peer.SendFrame(Compressed, s_hello);
            Harness.RunUntil(() => Messages.Count == 1);
        }

        using RawDeflate other = new();
        other.Compress("A much longer text that only the other one has seen, and that is referred to"u8);
        peer.SendFrame(Compressed, other.Compress("A much longer text that only the other one has seen, and that is referred to"u8));
        AssertCode(peer, 1007, ProtocolFault.ExtensionDataInvalid);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void D04_a_compressed_message_is_answered_1002_where_nothing_was_agreed(Side side)
    {
        RawPeer peer = Open(side);
        peer.SendFrame(Compressed, s_hello);
        AssertFailed(peer, 1002, ProtocolFault.ReservedBitSet);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void D04_the_bit_on_a_later_fragment_is_answered_1002(Side side, bool cut)
    {
        RawPeer peer = Open(side, "permessage-deflate");
        Send(peer, Compressed, s_hello.AsSpan(0, 3), cut, isFinal: false);
        Send(peer, RawFrame.Rsv1, s_hello.AsSpan(3), cut);
        AssertFailed(peer, 1002, ProtocolFault.Rsv1Misplaced);
        Assert.Empty(Messages);
    }

    [Theory]
    [InlineData(Side.Server, 0xA1)]
    [InlineData(Side.Server, 0x91)]
    [InlineData(Side.Server, 0xF1)]
    [InlineData(Side.Client, 0xE1)]
    public void D04_other_bits_are_answered_1002_as_before(Side side, int first)
    {
        RawPeer peer = Open(side, "permessage-deflate");
        peer.SendFrame((byte)first, s_hello);
        AssertFailed(peer, 1002, ProtocolFault.ReservedBitSet);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void D05_a_peer_that_relies_on_a_context_that_it_has_given_up_is_answered_1007(Side side, bool cut)
    {
        RawPeer peer = Open(side, side == Side.Server ? "permessage-deflate; client_no_context_takeover" : "permessage-deflate; server_no_context_takeover");
        byte[] text = Encoding.ASCII.GetBytes(string.Join(' ', Enumerable.Range(0, 40)));
        using RawDeflate codec = new();
        Send(peer, Compressed, codec.Compress(text), cut);
        Harness.RunUntil(() => Messages.Count == 1);
        Send(peer, Compressed, codec.Compress(text), cut);
        AssertCode(peer, 1007, ProtocolFault.ExtensionDataInvalid);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void D07_the_length_of_a_message_tells_nothing_of_the_secret_in_it_when_it_is_kept_from_being_compressed(Side side)
    {
        const string Secret = "token=4711-0815-2342-9663-5150";
        string wrong = new([.. Secret.Reverse()]);
        RawPeer peer = Open(side, Both);

        Assert.True(Send(Secret, compress: true).Payload.Length < Send(wrong, compress: true).Payload.Length, "It is compression that tells.");
        RawFrame kept = Send(Secret, compress: false);
        Assert.Equal((0, Encoding.ASCII.GetByteCount(TextWith(Secret))), (kept.Bits, kept.Payload.Length));
        Assert.Equal(kept.Payload.Length, Send(wrong, compress: false).Payload.Length);

        RawFrame Send(string guess, bool compress)
        {
            Assert.Equal(WriteResult.Accepted, Opened!.TrySend(Encoding.ASCII.GetBytes(TextWith(guess)), MessageKind.Text, compress: compress));
            return peer.ReadFrame();
        }

        static string TextWith(string guess) => $"{{ \"secret\": \"{Secret}\", \"you sent\": \"{guess}\" }}";
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void D07_what_was_kept_from_being_compressed_leaves_no_trace_in_later_messages(Side side)
    {
        byte[] secret = "token=4711-0815-2342-9663-5150"u8.ToArray();
        RawPeer peer = Open(side, "permessage-deflate");

        // The guess comes behind the secret, where the context of earlier messages would give it away: it would be a short reference, and senseless by itself.
        Opened!.TrySend(secret, MessageKind.Text, compress: false);
        Opened!.TrySend(secret, MessageKind.Text);

        Assert.Equal(0, peer.ReadFrame().Bits);
        RawFrame guess = peer.ReadFrame();
        Assert.Equal(RawFrame.Rsv1, guess.Bits);
        Assert.Equal(secret, RawDeflate.DecompressAlone(guess.Payload));
    }

    [Fact]
    public void D07_compression_is_off_until_it_is_listed()
    {
        RawPeer server = AcceptClient();
        Assert.DoesNotContain("Sec-WebSocket-Extensions", server.AcceptUpgrade(), StringComparison.OrdinalIgnoreCase);
        RawPeer client = Connect();
        Assert.DoesNotContain("Sec-WebSocket-Extensions", client.Upgrade(fields: "Sec-WebSocket-Extensions: permessage-deflate\r\n"), StringComparison.OrdinalIgnoreCase);
        Harness.RunUntil(() => Opened is { IsServer: true, State: ConnectionState.Established });
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void W12_text_is_checked_as_it_comes_out_of_the_decompressor(Side side, bool cut)
    {
        RawPeer peer = Open(side, "permessage-deflate");
        Send(peer, Compressed, RawDeflate.CompressAlone([(byte)'a', 0xC3]), cut);
        AssertFailed(peer, 1007, ProtocolFault.TruncatedText);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void W10_a_message_above_the_limit_after_inflation_is_answered_1009(Side side, bool cut)
    {
        Limits.MaxMessageSize = 1000;
        RawPeer peer = Open(side, "permessage-deflate");
        Send(peer, Compressed, RawDeflate.CompressAlone(new byte[1000]), cut);
        Harness.RunUntil(() => Messages.Count == 1);
        Send(peer, Compressed, RawDeflate.CompressAlone(new byte[1001]), cut);
        AssertCode(peer, 1009, ProtocolFault.MessageTooBig);
    }

    /// <summary>A gigabyte of zeros, compressed a thousandfold; made of one block that is repeated, so that it takes no time.</summary>
    private static byte[] NewBomb()
    {
        using MemoryStream stream = new();
        using (System.IO.Compression.DeflateStream deflate = new(stream, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 1024; i++) deflate.Write(zeros);
        }

        return stream.ToArray();
    }

    private RawPeer Open(Side side, string agreed)
    {
        Extensions = [new PermessageDeflate { MinMessageSize = 0, ServerNoContextTakeover = agreed == Both && side == Side.Client }];
        string field = $"Sec-WebSocket-Extensions: {agreed}\r\n";
        RawPeer peer = side == Side.Server ? Connect() : AcceptClient();
        string head = side == Side.Server ? peer.Upgrade(fields: field) : peer.AcceptUpgrade(fields: field);
        Assert.Contains("permessage-deflate", head, StringComparison.Ordinal);
        Harness.RunUntil(() => Opened is { State: ConnectionState.Established });
        return peer;
    }

    /// <summary>Sends a frame, byte by byte with everything that follows from each before the next.</summary>
    private void Send(RawPeer peer, byte opcode, ReadOnlySpan<byte> payload, bool cut, bool isFinal = true)
    {
        byte[] frame = peer.Frame(opcode, payload, isFinal);
        if (!cut)
        {
            peer.Send(frame);
            return;
        }

        for (int i = 0; i < frame.Length; i++)
        {
            peer.Send(frame.AsSpan(i, 1));
            Harness.Settle();
        }
    }

    /// <summary>As <see cref="ReliabilityRows.AssertFailed"/>, where echoes may have come before.</summary>
    private void AssertCode(RawPeer peer, int code, ProtocolFault fault)
    {
        RawFrame frame = peer.ReadFrame();
        while (frame.Opcode != RawFrame.CloseOpcode) frame = peer.ReadFrame();
        Assert.Equal(code, frame.CloseCode);
        peer.Close();
        Harness.RunUntil(() => Recorder.Closes.Count > 0);
        CloseInfo close = Assert.Single(Recorder.Closes).Close;
        Assert.Equal(((WebSocketCloseCode)code, fault, CloseOrigin.Error), (close.Code, close.Fault, close.Origin));
    }
}
