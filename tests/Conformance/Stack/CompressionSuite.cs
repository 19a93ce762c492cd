using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>permessage-deflate on an open WebSocket, of either side (RFC 7692 7.2).</summary>
public abstract class CompressionSuite(LoopFactory factory) : CompressionBench(factory)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Messages_refer_to_earlier_ones_in_both_directions(bool isServer)
    {
        RawPeer peer = OpenCompressed(isServer);
        string text = string.Join(' ', Enumerable.Range(0, 200));
        AssertEchoes(peer, text, out int first);
        AssertEchoes(peer, text, out int second);
        Assert.True(second < first / 4, $"{first}, then {second} bytes");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_side_that_forgets_sends_each_message_by_itself(bool isServer)
    {
        const string Both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        RawPeer peer = OpenCompressed(isServer, Both);
        string text = string.Join(' ', Enumerable.Range(0, 200));
        for (int round = 0; round < 3; round++)
        {
            peer.SendFrame(RawFrame.Rsv1 | 1, RawDeflate.CompressAlone(Encoding.UTF8.GetBytes(text)));
            RawFrame echo = peer.ReadFrame();
            Assert.Equal(RawFrame.Rsv1, echo.Bits);
            Assert.Equal(text, Encoding.UTF8.GetString(RawDeflate.DecompressAlone(echo.Payload)));
        }
    }

    [Theory]
    [InlineData(true, 9)]
    [InlineData(true, 12)]
    [InlineData(false, 9)]
    [InlineData(false, 12)]
    public void A_small_window_is_kept_to(bool isServer, int bits)
    {
        // Every distance of the echo is within the window, or a decompressor with a window of that size would not know it.
        RawPeer peer = OpenCompressed(isServer, $"permessage-deflate; server_max_window_bits={bits}; client_max_window_bits={bits}");
        byte[] noise = new byte[(1 << bits) + 300];
        new Random(bits).NextBytes(noise);
        byte[] message = [.. noise, .. noise];
        peer.SendFrame(RawFrame.Rsv1 | 2, Codec.Compress(message));
        RawFrame echo = peer.ReadFrame();
        Assert.Equal(RawFrame.Rsv1, echo.Bits);
        Assert.Equal(message, Codec.Decompress(echo.Payload));
        Assert.True(echo.Payload.Length > noise.Length * 2 - 300, "what lies farther back than the window cannot be referred to");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_compressed_message_may_come_in_fragments_with_pings_in_between(bool isServer)
    {
        RawPeer peer = OpenCompressed(isServer);
        byte[] text = Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Range(0, 500)));
        byte[] payload = Codec.Compress(text);
        for (int i = 0; i < payload.Length; i += 100)
        {
            byte opcode = i == 0 ? (byte)(RawFrame.Rsv1 | 1) : (byte)0;
            bool isFinal = i + 100 >= payload.Length;
            peer.SendFrame(opcode, payload.AsSpan(i, Math.Min(100, payload.Length - i)), isFinal);
            if (isFinal) break;

            peer.SendFrame(9, "ping"u8);
            Assert.Equal(10, peer.ReadFrame().Opcode);
        }

        Assert.Equal(text, Codec.Decompress(peer.ReadFrame().Payload));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Messages_that_are_not_compressed_are_taken_as_they_are(bool isServer)
    {
        RawPeer peer = OpenCompressed(isServer);
        peer.SendText("plain");
        RawFrame echo = peer.ReadFrame();
        Assert.Equal((0, "plain"), (echo.Bits, echo.Text));
        AssertEchoes(peer, new string('a', 1000));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_empty_message_is_one_byte(bool isServer)
    {
        RawPeer peer = OpenCompressed(isServer, extension: new PermessageDeflate { MinMessageSize = 0 });
        peer.SendFrame(RawFrame.Rsv1 | 1, [0]);
        RawFrame echo = peer.ReadFrame();
        Assert.Equal(RawFrame.Rsv1, echo.Bits);
        Assert.Equal([0], echo.Payload);
        AssertEchoes(peer, new string('b', 1000));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_written_in_parts_is_one_compressed_message(bool isServer)
    {
        byte[][] parts = ["The first, the first, the first part. "u8.ToArray(), [], "The last, the last, the last part."u8.ToArray(), []];
        TestProtocol protocol = NewProtocol();
        protocol.On(isServer ? CallbackReason.Established : CallbackReason.ClientEstablished, connection =>
        {
            Assert.Equal(WriteResult.Accepted, connection.TrySend(parts[0], MessageKind.Text, MessagePart.First));
            Assert.Equal(WriteResult.Accepted, connection.TrySend(parts[1], MessageKind.Text, MessagePart.Middle));
            Assert.Equal(WriteResult.Accepted, connection.TrySend(parts[2], MessageKind.Text, MessagePart.Middle));
            Assert.Equal(WriteResult.Accepted, connection.TrySend(parts[3], MessageKind.Text, MessagePart.Last));
        });
        RawPeer peer = OpenCompressed(protocol, isServer, "permessage-deflate", new PermessageDeflate());

        List<byte> payload = [];
        RawFrame frame = peer.ReadFrame();
        Assert.Equal((1, RawFrame.Rsv1), (frame.Opcode, frame.Bits));
        payload.AddRange(frame.Payload);
        while (!frame.IsFinal)
        {
            frame = peer.ReadFrame();
            Assert.Equal((0, 0), (frame.Opcode, frame.Bits));
            payload.AddRange(frame.Payload);
        }

        Assert.Equal(parts.SelectMany(part => part), Codec.Decompress([.. payload]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_large_message_streams_through_frames_of_the_size_that_was_set(bool isServer)
    {
        byte[] message = new byte[3_000_000];
        Random random = new(7);
        for (int i = 0; i < message.Length; i++) message[i] = (byte)random.Next(16);
        TestProtocol protocol = NewProtocol();
        protocol.On(isServer ? CallbackReason.Established : CallbackReason.ClientEstablished, connection =>
        {
            Assert.Equal(ExtensionOptionResult.Applied, connection.SetExtensionOption("permessage-deflate", "tx_buf_size", "12"));
            connection.TrySend(message, MessageKind.Binary);
        });
        RawPeer peer = OpenCompressed(protocol, isServer, "permessage-deflate", new PermessageDeflate());

        List<byte> payload = [];
        RawFrame frame;
        do
        {
            frame = peer.ReadFrame();
            Assert.InRange(frame.Payload.Length, 1, 4096);
            payload.AddRange(frame.Payload);
        }
        while (!frame.IsFinal);

        Assert.True(payload.Count < message.Length * 9 / 10);
        Assert.Equal(message, Codec.Decompress([.. payload]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_large_message_is_delivered_in_parts_of_the_size_that_was_set_and_while_others_are_served(bool isServer)
    {
        byte[] message = new byte[4_000_000];
        List<int> parts = [];
        TestProtocol protocol = NewProtocol();
        protocol.On(isServer ? CallbackReason.Established : CallbackReason.ClientEstablished, connection =>
            Assert.Equal(ExtensionOptionResult.Applied, connection.SetExtensionOption("permessage-deflate", "rx_buf_size", "12")));
        protocol.OnReceive((_, ref _, in data) =>
        {
            parts.Add(data.In.Length);
            Assert.Equal(parts.Count == 1, data.Message.IsFirstPart);
            return CallbackResult.Continue;
        });
        RawPeer peer = OpenCompressed(protocol, isServer, "permessage-deflate", new PermessageDeflate());

        // Between two slices of the inflated message the turn goes on, and with it whoever else is there.
        int turns = 0;
        LoopTimer? ticking = null;
        ticking = new LoopTimer(_ =>
        {
            turns++;
            Loop.Schedule(ticking!, TimeSpan.Zero);
        });
        Loop.Schedule(ticking, TimeSpan.Zero);
        peer.SendFrame(RawFrame.Rsv1 | 2, Codec.Compress(message));
        int before = turns;
        Harness.RunUntil(() => parts.Sum() == message.Length);
        Loop.Cancel(ticking);

        Assert.All(parts, part => Assert.InRange(part, 0, 4096));
        Assert.True(turns - before >= message.Length / (256 * 1024), $"{turns - before} turns");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pause_in_the_middle_of_an_inflated_message_holds_the_rest_of_it(bool isServer)
    {
        int received = 0;
        int calls = 0;
        TestProtocol protocol = NewProtocol();
        protocol.OnReceive((connection, ref _, in data) =>
        {
            received += data.In.Length;
            calls++;
            connection.PauseReceive();
            return CallbackResult.Continue;
        });
        RawPeer peer = OpenCompressed(protocol, isServer, "permessage-deflate", new PermessageDeflate());
        byte[] message = new byte[500_000];
        peer.SendFrame(RawFrame.Rsv1 | 2, Codec.Compress(message));
        peer.SendFrame(RawFrame.Rsv1 | 2, Codec.Compress("and the next"u8));

        for (int expected = 1; received < message.Length + 12; expected++)
        {
            Harness.RunUntil(() => calls == expected);
            Harness.Settle();
            Assert.Equal(expected, calls);
            protocol.Newest!.ResumeReceive();
        }

        Assert.InRange(calls, 8, 12);
    }

    [Fact]
    public void A_message_can_be_kept_from_being_compressed()
    {
        string text = new('s', 2000);
        TestProtocol protocol = NewProtocol().On(CallbackReason.Established, connection =>
        {
            connection.TrySend(Encoding.UTF8.GetBytes(text), MessageKind.Text, compress: false);
            connection.TrySend(Encoding.UTF8.GetBytes(text), MessageKind.Text);
        });
        RawPeer peer = OpenCompressed(protocol, "permessage-deflate", out _);
        RawFrame plain = peer.ReadFrame();
        Assert.Equal((0, text), (plain.Bits, plain.Text));
        RawFrame compressed = peer.ReadFrame();
        Assert.Equal(RawFrame.Rsv1, compressed.Bits);
        Assert.Equal(text, Encoding.UTF8.GetString(Codec.Decompress(compressed.Payload)));
    }

    [Theory]
    [InlineData("permessage-deflate; client_no_context_takeover", DeflateLibrary.Auto)]
    [InlineData("permessage-deflate; client_no_context_takeover", DeflateLibrary.System)]
    [InlineData("permessage-deflate; client_no_context_takeover; server_no_context_takeover", DeflateLibrary.Auto)]
    public void Receiving_and_echoing_compressed_allocates_nothing_after_warm_up(string offer, DeflateLibrary library)
    {
        Own(Codec);
        LoopContext context = Own(new LoopContext(new LoopContextOptions { Loop = Loop, VirtualHosts = [NewHost(new SendingEcho(), new PermessageDeflate { Library = library })] }));
        RawPeer peer = Connect(context);
        peer.Upgrade(fields: $"{Field}{offer}\r\n");
        byte[] text = Encoding.ASCII.GetBytes(string.Join(' ', Enumerable.Range(0, 300)));
        byte[] wire = peer.Frame(RawFrame.Rsv1 | 1, RawDeflate.CompressAlone(text));
        for (int i = 0; i < 300; i++) EchoOnce(peer, wire);

        long least = Allocation.Least(() =>
        {
            long allocated = 0;
            for (int i = 0; i < 100; i++) allocated += EchoOnce(peer, wire);
            return allocated;
        });

        Assert.Equal(0, least);
    }

    /// <summary>Sends a frame and takes whatever comes back, past the peer's own bookkeeping. Returns what the turns of the loop allocated.</summary>
    private long EchoOnce(RawPeer peer, byte[] wire)
    {
        byte[] answer = new byte[4096];
        int received = 0;
        long allocated = 0;
        Assert.Equal(wire.Length, peer.SendNow(wire));
        for (int turn = 0; !RawFrame.TryRead(answer.AsSpan(0, received), out _, out _); turn++)
        {
            Assert.InRange(turn, 0, 1000);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Harness.Turn(turn < 10 ? 0 : 1);
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;

            // Nothing yet is negative here, as it is an errno.
            received += Math.Max(0, peer.ReceiveNow(answer.AsSpan(received)));
        }

        return allocated;
    }
}
