using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Messages that are prepared once and sent to many.</summary>
public abstract class PreparedSuite(LoopFactory factory) : LoopBench(factory)
{
    private const string Deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 100)]
    [InlineData(true, 300_000)]
    [InlineData(false, 0)]
    [InlineData(false, 100)]
    [InlineData(false, 300_000)]
    public void A_prepared_message_arrives_as_any_other(bool isServer, int size)
    {
        PreparedMessage message = new(Encoding.ASCII.GetBytes(new string('p', size)), MessageKind.Text);
        bool isWritten = false;
        TestProtocol protocol = NewProtocol().OnWritable(connection => isWritten = isWritten || connection.Write(message) == WriteResult.Accepted);
        (Connection connection, RawPeer peer) = Open(protocol, isServer);
        Assert.Equal((size, MessageKind.Text), (message.Length, message.Kind));

        connection.TrySend("before"u8, MessageKind.Text);
        connection.RequestWritable();
        Assert.Equal("before", peer.ReadFrame().Text);
        RawFrame frame = peer.ReadFrame();
        Assert.Equal((1, !isServer, size), (frame.Opcode, frame.IsMasked, frame.Payload.Length));
        WriteResult result = WriteResult.Busy;
        Harness.RunUntil(() => (result = connection.TrySend(message)) != WriteResult.Busy, "the kernel takes more");
        Assert.Equal(WriteResult.Accepted, result);
        Assert.Equal(size, peer.ReadFrame().Payload.Length);
    }

    [Fact]
    public void A_slow_reader_gets_the_rest_of_a_prepared_message_and_what_comes_behind_it_in_order()
    {
        byte[] large = new byte[8_000_000];
        new Random(3).NextBytes(large);
        PreparedMessage message = new(large, MessageKind.Binary);
        TestProtocol protocol = NewProtocol();
        (Connection connection, RawPeer peer) = OpenServer(protocol, receiveBuffer: 4096);
        peer.IsReading = false;

        connection.TrySend("first"u8, MessageKind.Text);
        Assert.Equal(WriteResult.Accepted, connection.TrySend(message));
        Harness.Settle();
        Assert.Equal(WriteResult.Busy, connection.TrySend(message));
        connection.Close(WebSocketCloseCode.Normal, "bye"u8);
        peer.IsReading = true;

        Assert.Equal("first", peer.ReadFrame().Text);
        Assert.Equal(large, peer.ReadFrame().Payload);
        Assert.Equal("bye", peer.ReadFrame().CloseReason);
    }

    [Fact]
    public void Slow_readers_of_a_prepared_message_hold_no_copies_of_it()
    {
        const int Readers = 20;
        byte[] large = new byte[6_000_000];
        PreparedMessage message = new(large, MessageKind.Binary);
        TestProtocol protocol = NewProtocol();
        LoopContext context = Serve(protocol);
        List<RawPeer> peers = [];
        List<Connection> connections = [];
        protocol.On(CallbackReason.Established, connections.Add);
        for (int i = 0; i < Readers; i++)
        {
            RawPeer peer = Open(context, "test", receiveBuffer: 4096);
            peer.IsReading = false;
            peers.Add(peer);
        }

        Harness.RunUntil(() => connections.Count == Readers);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        foreach (Connection connection in connections) Assert.Equal(WriteResult.Accepted, connection.TrySend(message));
        Harness.Settle();
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.All(connections, connection => Assert.Equal(WriteResult.Busy, connection.TrySend("x"u8, MessageKind.Text)));
        Assert.True(allocated < large.Length, $"{allocated} bytes");
    }

    [Fact]
    public void A_prepared_message_can_carry_another_when_everybody_has_it()
    {
        PreparedMessage message = new("a longer one"u8, MessageKind.Text);
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol());
        byte[] number = new byte[4];
        bool isReused = true;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 300; i++)
        {
            BitConverter.TryWriteBytes(number, i);
            isReused &= message.TryReuse(number, MessageKind.Binary);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(isReused);
        connection.TrySend(message);
        bool isTaken = message.TryReuse("text"u8, MessageKind.Text);
        connection.TrySend(isTaken ? message : new PreparedMessage("text"u8, MessageKind.Text));

        RawFrame first = peer.ReadFrame();
        Assert.Equal((2, 299), (first.Opcode, BitConverter.ToInt32(first.Payload)));
        Assert.Equal("text", peer.ReadFrame().Text);
        Harness.Settle();
        Assert.True(message.TryReuse(new byte[70_000], MessageKind.Binary));
        Assert.Equal(70_000, message.Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_prepared_message_that_a_slow_reader_has_not_got_is_not_reused_until_it_is_sent_or_the_reader_is_gone(bool isSent)
    {
        byte[] large = new byte[8_000_000];
        new Random(4).NextBytes(large);
        PreparedMessage message = new(large, MessageKind.Binary);
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol(), receiveBuffer: 4096);
        peer.IsReading = false;
        connection.TrySend(message);
        Harness.Settle();

        Assert.False(message.TryReuse("other"u8, MessageKind.Text));
        Assert.Equal(large.Length, message.Length);
        peer.IsReading = isSent;
        if (isSent)
            Assert.Equal(large, peer.ReadFrame().Payload);
        else
            connection.Abort();

        Harness.RunUntil(() => message.TryReuse("other"u8, MessageKind.Text), "the message is free");
        Assert.Equal((5, MessageKind.Text), (message.Length, message.Kind));
    }

    [Fact]
    public void A_prepared_message_that_was_copied_behind_another_write_can_be_reused()
    {
        byte[] large = new byte[8_000_000];
        PreparedMessage message = new(large, MessageKind.Binary);
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol(), receiveBuffer: 4096);
        peer.IsReading = false;
        connection.TrySend(message);
        Harness.Settle();
        Assert.False(message.TryReuse("other"u8, MessageKind.Text));

        connection.Close(WebSocketCloseCode.Normal, "bye"u8);

        Assert.True(message.TryReuse("other"u8, MessageKind.Text));
    }

    [Fact]
    public void A_prepared_message_is_left_alone_by_what_is_no_message()
    {
        PreparedMessage message = new("good"u8, MessageKind.Text);

        Assert.Throws<ArgumentException>(() => message.TryReuse([0xFF], MessageKind.Text));
        Assert.Throws<ArgumentException>(() => message.TryReuse("ping"u8, (MessageKind)9));

        Assert.Equal((4, MessageKind.Text), (message.Length, message.Kind));
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol());
        connection.TrySend(message);
        Assert.Equal("good", peer.ReadFrame().Text);
    }

    [Fact]
    public void A_prepared_message_that_was_reused_is_compressed_anew()
    {
        (string first, string second) = (string.Join(' ', Enumerable.Range(0, 300)), string.Join('-', Enumerable.Range(0, 200)));
        PreparedMessage message = new(Encoding.ASCII.GetBytes(first), MessageKind.Text);
        TestProtocol protocol = NewProtocol();
        LoopContext context = Serve(new VirtualHostOptions
        {
            Endpoints = [new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0)],
            Protocols = [protocol],
            Extensions = [new PermessageDeflate()],
        });
        using RawDeflate codec = new();
        RawPeer peer = Connect(context);
        peer.Upgrade(fields: Deflate);
        Harness.RunUntil(() => protocol.Newest is { IsClosed: false });

        protocol.Newest!.TrySend(message);
        Assert.Equal(first, Encoding.ASCII.GetString(codec.Decompress(peer.ReadFrame().Payload)));
        Harness.RunUntil(() => message.TryReuse(Encoding.ASCII.GetBytes(second), MessageKind.Text), "the message is free");
        protocol.Newest!.TrySend(message);
        Assert.Equal(second, Encoding.ASCII.GetString(codec.Decompress(peer.ReadFrame().Payload)));
    }

    [Fact]
    public void A_prepared_message_is_compressed_once_for_all_who_agreed_and_the_conversation_goes_on()
    {
        string text = string.Join(' ', Enumerable.Range(0, 300));
        PreparedMessage message = new(Encoding.ASCII.GetBytes(text), MessageKind.Text);
        TestProtocol protocol = NewProtocol();
        LoopContext context = Serve(new VirtualHostOptions
        {
            Endpoints = [new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0)],
            Protocols = [protocol],
            Extensions = [new PermessageDeflate()],
        });
        string[] offers = [Deflate, "", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n"];
        foreach (string offer in offers)
        {
            using RawDeflate codec = new();
            RawPeer peer = Connect(context);
            peer.Upgrade(fields: offer);
            Harness.RunUntil(() => protocol.Newest is { IsClosed: false });
            Connection connection = protocol.Newest!;
            for (int round = 0; round < 3; round++)
            {
                // What is compressed for this connection alone stands between those that were prepared, and refers to none of them.
                connection.TrySend(Encoding.ASCII.GetBytes(text), MessageKind.Text);
                connection.TrySend(message);
                for (int i = 0; i < 2; i++)
                {
                    RawFrame frame = peer.ReadFrame();
                    Assert.Equal(offer.Length == 0 ? 0 : RawFrame.Rsv1, frame.Bits);
                    Assert.Equal(text, Encoding.ASCII.GetString(frame.Bits == 0 ? frame.Payload : codec.Decompress(frame.Payload)));
                }
            }

            connection.Abort();
            Harness.RunUntil(() => connection.Fd < 0);
        }
    }

    [Fact]
    public void A_prepared_message_that_must_not_be_compressed_is_not()
    {
        string text = new('s', 1000);
        PreparedMessage message = new(Encoding.ASCII.GetBytes(text), MessageKind.Text, compress: false);
        TestProtocol protocol = NewProtocol().On(CallbackReason.Established, connection => connection.TrySend(message));
        LoopContext context = Serve(new VirtualHostOptions
        {
            Endpoints = [new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0)],
            Protocols = [protocol],
            Extensions = [new PermessageDeflate()],
        });
        RawPeer peer = Connect(context);
        Assert.Contains("permessage-deflate", peer.Upgrade(fields: Deflate), StringComparison.Ordinal);
        RawFrame frame = peer.ReadFrame();
        Assert.Equal((0, text), (frame.Bits, frame.Text));
    }

    [Fact]
    public void A_prepared_message_cannot_come_between_the_parts_of_another()
    {
        PreparedMessage message = new("whole"u8, MessageKind.Text);
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol());
        connection.TrySend("part"u8, MessageKind.Text, MessagePart.First);
        Assert.Throws<InvalidOperationException>(() => connection.TrySend(message));
        Assert.Throws<InvalidOperationException>(() => connection.Write(message));
        connection.TrySend("end"u8, MessageKind.Text, MessagePart.Last);
        Assert.Equal(WriteResult.Accepted, connection.TrySend(message));
        Assert.Equal("part", peer.ReadFrame().Text);
        Assert.Equal("end", peer.ReadFrame().Text);
        Assert.Equal("whole", peer.ReadFrame().Text);
    }

    [Fact]
    public void What_cannot_be_a_message_cannot_be_prepared()
    {
        Assert.Throws<ArgumentException>(() => new PreparedMessage([0xFF], MessageKind.Text));
        Assert.Throws<ArgumentException>(() => new PreparedMessage([], (MessageKind)7));
    }
}
