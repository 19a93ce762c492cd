using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>How messages are handed over: in parts or whole, with what is said about each part, and what a protocol may choose about it.</summary>
public abstract class MessageSuite(LoopFactory factory) : LoopBench(factory)
{
    private readonly List<string> _parts = [];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_part_says_where_it_stands_in_its_message(bool isServer)
    {
        (_, RawPeer peer) = Open(NotingParts(new TestProtocol("test", Recorder)), isServer);

        peer.SendText("whole");
        peer.SendFrame(2, "ab"u8, isFinal: false);
        peer.SendFrame(0, [], isFinal: false);
        peer.SendFrame(9, "between"u8);
        peer.SendFrame(0, "c"u8);
        peer.SendBinary([]);
        Harness.RunUntil(() => _parts.Count == 5);

        Assert.Equal(
        [
            "Text 'whole' first begins ends left 0",
            "Binary 'ab' first begins left 0",
            "Binary '' left 0",
            "Binary 'c' ends left 0",
            "Binary '' first begins ends left 0",
        ], _parts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Parts_are_cut_at_the_receive_buffer_size_of_the_protocol(bool isServer)
    {
        (_, RawPeer peer) = Open(NotingParts(new TestProtocol("test", Recorder) { ReceiveBufferSize = 4 }), isServer);

        peer.SendFrame(2, "0123456789"u8, isFinal: false);
        peer.SendFrame(0, "abcd"u8);
        Harness.RunUntil(() => _parts.Count == 4);

        Assert.Equal(
        [
            "Binary '0123' first begins left 6",
            "Binary '4567' first left 2",
            "Binary '89' first left 0",
            "Binary 'abcd' ends left 0",
        ], _parts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whole_messages_come_whole_however_they_were_cut(bool isServer)
    {
        (_, RawPeer peer) = Open(NotingParts(WholeMessages()), isServer);
        byte[] wire =
        [
            .. peer.Frame(1, "whole"u8), .. peer.Frame(2, "ab"u8, isFinal: false), .. peer.Frame(0, [], isFinal: false), .. peer.Frame(9, "between"u8),
            .. peer.Frame(0, "c"u8), .. peer.Frame(2, []), .. peer.Frame(1, [], isFinal: false), .. peer.Frame(0, []),
        ];
        string[] expected =
        [
            "Text 'whole' first begins ends left 0",
            "Binary 'abc' first begins ends left 0",
            "Binary '' first begins ends left 0",
            "Text '' first begins ends left 0",
        ];

        for (int cut = 0; cut < wire.Length; cut++)
        {
            _parts.Clear();
            peer.Send(wire.AsSpan(0, cut));
            if (cut > 0) Harness.Settle();
            peer.Send(wire.AsSpan(cut));
            Harness.RunUntil(() => _parts.Count == expected.Length);
            Assert.Equal(expected, _parts, StringComparer.Ordinal);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_whole_message_is_bounded_before_it_is_collected(bool isServer)
    {
        (_, RawPeer peer) = Open(NotingParts(WholeMessages()), isServer, new ConnectionLimits { MaxMessageSize = 1000 });
        peer.SendFrame(2, new byte[999], isFinal: false);
        peer.SendFrame(0, new byte[1]);
        Harness.RunUntil(() => _parts.Count == 1);

        peer.SendFrame(2, new byte[999], isFinal: false);
        peer.SendFrame(0, new byte[2]);

        Assert.Equal(1009, peer.ReadFrame().CloseCode);
        Assert.Single(_parts);
    }

    [Fact]
    public void A_whole_message_that_comes_to_its_end_in_the_callback_that_ends_the_connection_can_be_read_to_its_end()
    {
        string? read = null;
        TestProtocol protocol = WholeMessages();
        protocol.On(CallbackReason.Receive, (Connection connection, ref TestSession _, in CallbackData data) =>
        {
            connection.Abort();
            read = Encoding.UTF8.GetString(data.In);
            return CallbackResult.Close;
        });
        (_, RawPeer peer) = OpenServer(protocol);

        peer.SendFrame(1, "the "u8, isFinal: false);
        peer.SendFrame(0, "end"u8);
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Assert.Equal("the end", read);
    }

    [Fact]
    public void Collecting_whole_messages_allocates_nothing_after_warm_up()
    {
        int messages = 0;
        TestProtocol protocol = new("test") { DeliverWholeMessages = true };
        protocol.On(CallbackReason.Receive, (Connection _, ref TestSession _, in CallbackData _) =>
        {
            messages++;
            return CallbackResult.Continue;
        });
        LoopContext context = Own(new LoopContext(new LoopContextOptions { Loop = Loop, VirtualHosts = [HostOf(protocol)] }));
        RawPeer peer = Open(context);
        byte[] wire = [.. peer.Frame(2, new byte[600], isFinal: false), .. peer.Frame(0, new byte[600])];
        for (int i = 0; i < 500; i++) Receive();

        Assert.Equal(0, Allocation.Least(() =>
        {
            long allocated = 0;
            for (int i = 0; i < 200; i++) allocated += Receive();
            return allocated;
        }));

        long Receive()
        {
            int before = messages;
            Assert.Equal(wire.Length, peer.SendNow(wire));
            long allocated = 0;
            for (int turn = 0; messages == before; turn++)
            {
                Assert.InRange(turn, 0, 1000);
                long start = GC.GetAllocatedBytesForCurrentThread();
                Harness.Turn(turn < 10 ? 0 : 1);
                allocated += GC.GetAllocatedBytesForCurrentThread() - start;
            }

            return allocated;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Text_is_not_checked_where_the_protocol_does_not_want_it(bool isServer)
    {
        List<byte[]> received = [];
        TestProtocol protocol = new("test") { ValidateUtf8 = false };
        protocol.OnReceive((Connection _, ref TestSession _, in CallbackData data) =>
        {
            received.Add(data.In.ToArray());
            return CallbackResult.Continue;
        });
        (_, RawPeer peer) = Open(protocol, isServer);

        peer.SendFrame(1, [0xFF, (byte)'a', 0xC3]);
        Harness.RunUntil(() => received.Count == 1);

        Assert.Equal([0xFF, (byte)'a', 0xC3], received[0]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void W12_text_is_refused_at_its_first_impossible_byte_also_when_the_message_is_collected(bool isServer)
    {
        (_, RawPeer peer) = Open(NotingParts(WholeMessages()), isServer);

        peer.Send(peer.Frame(1, [.. "good"u8, 0xE2, 0x28, .. new byte[100]], isFinal: false).AsSpan(0, peer.IsClient ? 12 : 8));

        RawFrame close = peer.ReadFrame();
        Assert.Equal((8, 1007), (close.Opcode, close.CloseCode));
        Assert.Empty(_parts);
    }

    private TestProtocol WholeMessages() => new("test", Recorder) { DeliverWholeMessages = true, ReceiveBufferSize = 3 };

    private TestProtocol NotingParts(TestProtocol protocol) => protocol.OnReceive((Connection _, ref TestSession _, in CallbackData data) =>
    {
        MessageInfo info = data.Message;
        _parts.Add($"{info.Kind} '{Encoding.UTF8.GetString(data.In)}'{(info.IsFirstFragment ? " first" : "")}{(info.IsFirstPart ? " begins" : "")}" +
            $"{(info.IsFinalFragment ? " ends" : "")} left {info.RemainingPayload}");
        return CallbackResult.Continue;
    });
}
