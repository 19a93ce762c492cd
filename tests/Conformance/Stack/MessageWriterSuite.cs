using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Messages that are written piece by piece with <see cref="MessageWriter"/>.</summary>
public abstract class MessageWriterSuite(LoopFactory factory) : LoopBench(factory)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pieces_leave_as_the_fragments_of_one_message(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);

        MessageWriter writer = connection.BeginMessage(MessageKind.Text);
        Assert.True(writer.IsOpen);
        Assert.Equal(WriteResult.Accepted, writer.TrySend([0xE2, 0x82]));
        Assert.Equal(WriteResult.Accepted, writer.TrySend(default));
        connection.Ping("between"u8);
        Assert.Equal(WriteResult.Accepted, writer.TrySend([0xAC]));
        Assert.Equal(WriteResult.Accepted, writer.TryEnd("!"u8));
        Assert.False(writer.IsOpen);

        RawFrame[] frames = [.. Enumerable.Range(0, 4).Select(_ => peer.ReadFrame())];
        Assert.Equal([(false, 1), (true, 9), (false, 0), (true, 0)], frames.Select(frame => (frame.IsFinal, (int)frame.Opcode)));
        Assert.Equal([0xE2, 0x82, 0xAC, (byte)'!'], frames.Where(frame => frame.Opcode != 9).SelectMany(frame => frame.Payload));
    }

    [Theory]
    [InlineData("")]
    [InlineData("all of it")]
    public void A_message_that_ends_at_once_is_one_frame(string text)
    {
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol());

        connection.BeginMessage(MessageKind.Binary).TryEnd(System.Text.Encoding.UTF8.GetBytes(text));

        RawFrame frame = peer.ReadFrame();
        Assert.Equal((true, 2, text), (frame.IsFinal, frame.Opcode, frame.Text));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_piece_that_finds_the_kernel_busy_is_not_taken_and_can_be_tried_again(bool isServer)
    {
        const int Pieces = 1000;
        byte[] piece = new byte[50_000];
        MessageWriter writer = default;
        int sent = 0;
        int refused = 0;
        TestProtocol protocol = NewProtocol().OnWritable(_ => Write());
        (Connection connection, RawPeer peer) = Open(protocol, isServer);
        peer.IsReading = false;
        writer = connection.BeginMessage(MessageKind.Binary);
        Write();
        Harness.RunUntil(() => refused > 0);
        Assert.InRange(sent, 1, Pieces - 1);
        Assert.Equal(WriteResult.Busy, writer.TrySend(default));
        Assert.Equal(WriteResult.Busy, writer.TryEnd());

        peer.IsReading = true;
        int read = 0;
        RawFrame frame;
        do
        {
            frame = peer.ReadFrame();
            if (frame.Payload.Length == 0) continue;
            Assert.Equal(read++ % 256, frame.Payload[0]);
        }
        while (!frame.IsFinal);

        Assert.Equal(Pieces, read);

        void Write()
        {
            for (; sent < Pieces; sent++)
            {
                piece[0] = (byte)sent;
                if (writer.TrySend(piece) != WriteResult.Busy) continue;

                refused++;
                return;
            }

            // The last piece may be the one of which the kernel did not take all: then the end comes with the writable callback that follows.
            if (writer.IsOpen) Assert.NotEqual(WriteResult.Closed, writer.TryEnd());
        }
    }

    [Fact]
    public void W21_mistakes_are_exceptions_and_leave_the_message_as_it_was()
    {
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol());
        MessageWriter writer = connection.BeginMessage(MessageKind.Text);
        MessageWriter another = connection.BeginMessage(MessageKind.Binary);
        MessageWriter nobodys = default;

        Assert.Throws<ArgumentException>(() => writer.TrySend([0xFF]));
        writer.TrySend("begun "u8);
        Assert.Throws<ArgumentException>(() => writer.TrySend([0xC3, 0xC3]));
        Assert.Throws<ArgumentException>(() => writer.TryEnd([0xC3]));
        Assert.Throws<InvalidOperationException>(() => another.TrySend("x"u8));
        Assert.Throws<InvalidOperationException>(() => another.TryEnd("x"u8));
        Assert.Throws<InvalidOperationException>(() => { connection.TrySend("x"u8, MessageKind.Text); });
        Assert.Throws<InvalidOperationException>(() => nobodys.TrySend("x"u8));
        Assert.Throws<ArgumentException>(() => connection.BeginMessage((MessageKind)3));
        writer.TryEnd("and ended"u8);
        Assert.Throws<InvalidOperationException>(() => writer.TrySend("x"u8));
        Assert.Throws<InvalidOperationException>(() => writer.TryEnd());
        another.TryEnd("another"u8);

        Assert.Equal("begun and ended", peer.ReadFrame().Text + peer.ReadFrame().Text);
        Assert.Equal("another", peer.ReadFrame().Text);
        Harness.Settle();
        Assert.Empty(peer.ReadAll());
    }

    [Fact]
    public void A_close_in_the_middle_of_a_message_is_a_close_and_the_rest_is_not_taken()
    {
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol());
        MessageWriter writer = connection.BeginMessage(MessageKind.Binary);
        writer.TrySend("half"u8);

        connection.Close((WebSocketCloseCode)4000);

        Assert.Equal(WriteResult.Closed, writer.TrySend("other half"u8));
        Assert.Equal(WriteResult.Closed, writer.TryEnd());
        Assert.False(writer.IsOpen);
        RawFrame half = peer.ReadFrame();
        Assert.Equal(("half", false), (half.Text, half.IsFinal));
        Assert.Equal(4000, peer.ReadFrame().CloseCode);
    }

    [Fact]
    public void Writing_in_pieces_allocates_nothing()
    {
        TestProtocol protocol = new();
        LoopContext context = Own(new LoopContext(new LoopContextOptions { Loop = Loop, VirtualHosts = [HostOf(protocol)] }));
        Connection? connection = null;
        RawPeer peer = Open(context);
        Harness.RunUntil(() => (connection = protocol.Newest) is not null);
        byte[] answer = new byte[64];

        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                MessageWriter writer = connection!.BeginMessage(MessageKind.Binary);
                writer.TrySend("one"u8);
                writer.TryEnd("two"u8);
                for (int received = 0; received < 10;)
                {
                    Harness.Turn();
                    received += Math.Max(0, peer.ReceiveNow(answer));
                }
            }
        }));
    }
}
