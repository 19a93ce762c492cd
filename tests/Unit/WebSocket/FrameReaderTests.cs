using System.Runtime.CompilerServices;
using EventLoops.Protocols.WebSocket;
using Xunit;

namespace EventLoops.Tests.WebSocket;

/// <summary>
/// What the traces of <see cref="FrameCaseTests"/> do not show: where payloads lie, how parts are cut, what is held and when.
/// </summary>
public sealed class FrameReaderTests
{
    private static readonly FrameReaderOptions Client = new() { ValidateUtf8 = true };
    private static readonly FrameReaderOptions Server = new() { ValidateUtf8 = true, IsServer = true };

    [Fact]
    public void A_payload_is_unmasked_where_it_lies()
    {
        byte[] bytes = Convert.FromHexString("818537fa213d7f9f4d5158");
        Span<byte> input = bytes;
        FrameReader reader = default;

        FrameEvent happened = reader.Read(ref input, in Server);

        Assert.Equal("Hello"u8, happened.Payload);
        Assert.True(Unsafe.AreSame(ref bytes[6], ref happened.Payload[0]));
        Assert.True(input.IsEmpty);
    }

    [Fact]
    public void A_whole_control_payload_lies_in_the_input_too()
    {
        byte[] bytes = [0x89, 2, 1, 2];
        Span<byte> input = bytes;
        FrameReader reader = default;

        FrameEvent happened = reader.Read(ref input, in Client);

        Assert.True(Unsafe.AreSame(ref bytes[2], ref happened.Payload[0]));
    }

    [Fact]
    public void Parts_are_no_longer_than_the_part_size_and_count_down_the_rest_of_their_frame()
    {
        FrameReaderOptions options = new() { MaxPartSize = 4 };
        Span<byte> input = [0x02, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x80, 4, 1, 2, 3, 4];
        FrameReader reader = default;
        List<string> parts = [];

        while (true)
        {
            FrameEvent part = reader.Read(ref input, in options);
            if (part.Kind != FrameEventKind.Data) break;
            MessageInfo info = part.Info;
            string place = (info.IsFirstPart ? ", first" : "") + (info.IsFinalFragment ? ", final" : "");
            parts.Add($"{part.Payload.Length} then {info.RemainingPayload}{place}");
        }

        Assert.Equal(["4 then 5, first", "4 then 1", "1 then 0", "4 then 0, final"], parts);
    }

    [Fact]
    public void A_part_is_reported_as_soon_as_it_is_there()
    {
        FrameReader reader = default;
        Span<byte> input = [0x81, 5, (byte)'H', (byte)'e'];

        FrameEvent part = reader.Read(ref input, in Client);

        Assert.Equal("He"u8, part.Payload);
        Assert.Equal(3, part.Info.RemainingPayload);
        Assert.Equal(FrameEventKind.NeedMore, reader.Read(ref input, in Client).Kind);
        Assert.True(reader.IsInsideMessage);
        Assert.False(reader.IsAtFrameBoundary);
    }

    [Fact]
    public void Text_before_an_impossible_byte_is_delivered_only_when_it_came_in_an_earlier_part()
    {
        FrameReader reader = default;
        Span<byte> first = [0x81, 5, (byte)'H', (byte)'e'];
        Assert.Equal(FrameEventKind.Data, reader.Read(ref first, in Client).Kind);
        Span<byte> second = [(byte)'l', 0xFF];

        FrameEvent happened = reader.Read(ref second, in Client);

        Assert.Equal(FrameEventKind.Fault, happened.Kind);
        Assert.Equal(ProtocolFault.InvalidText, happened.Fault);
        Assert.True(happened.Payload.IsEmpty);
    }

    [Fact]
    public void A_message_above_the_limit_is_refused_before_any_of_its_payload_is_consumed()
    {
        FrameReaderOptions options = new() { MaxMessageSize = 5 };
        Span<byte> input = [0x82, 6, 1, 2, 3, 4, 5, 6];
        FrameReader reader = default;

        Assert.Equal(ProtocolFault.MessageTooBig, reader.Read(ref input, in options).Fault);
        Assert.True(input.Length >= 6);
    }

    [Fact]
    public void A_fault_is_reported_again_by_every_later_read_and_consumes_nothing()
    {
        FrameReader reader = default;
        Span<byte> bad = [0x83];
        Assert.Equal(ProtocolFault.UnknownOpcode, reader.Read(ref bad, in Client).Fault);

        Span<byte> good = [0x81, 0];
        FrameEvent happened = reader.Read(ref good, in Client);

        Assert.Equal(ProtocolFault.UnknownOpcode, happened.Fault);
        Assert.Equal(2, good.Length);
    }

    [Fact]
    public void A_reset_makes_a_failed_reader_new_again()
    {
        FrameReader reader = default;
        Span<byte> bad = [0x01, 1, (byte)'a', 0x83];
        Assert.Equal(FrameEventKind.Data, reader.Read(ref bad, in Client).Kind);
        Assert.Equal(FrameEventKind.Fault, reader.Read(ref bad, in Client).Kind);
        Assert.True(reader.IsInsideMessage);

        reader.Reset();

        Span<byte> good = [0x81, 0];
        Assert.Equal(FrameEventKind.Data, reader.Read(ref good, in Client).Kind);
        Assert.False(reader.IsInsideMessage);
    }

    [Fact]
    public void A_control_frame_in_pieces_is_one_event_that_does_not_lie_in_the_input()
    {
        FrameReader reader = default;
        Span<byte> first = [0x89, 0x83, 1, 0, 0, 0, (byte)'a' ^ 1];
        Assert.Equal(FrameEventKind.NeedMore, reader.Read(ref first, in Server).Kind);
        Assert.False(reader.IsAtFrameBoundary);
        first.Fill(0xEE);
        Span<byte> second = [(byte)'b', (byte)'c', 0x81];

        FrameEvent happened = reader.Read(ref second, in Server);

        Assert.Equal(FrameEventKind.Ping, happened.Kind);
        Assert.Equal("abc"u8, happened.Payload);
        Assert.True(reader.IsAtFrameBoundary);
        Assert.Equal(1, second.Length);
    }

    [Fact]
    public void The_codes_that_RFC_6455_lists_come_through_with_their_names()
    {
        FrameReader reader = default;
        Span<byte> input = [0x88, 3, 0x03, 0xF0, (byte)'!'];

        FrameEvent happened = reader.Read(ref input, in Client);

        Assert.Equal(WebSocketCloseCode.PolicyViolation, happened.CloseCode);
        Assert.Equal("!"u8, happened.CloseReason);
        Assert.Equal(3, happened.Payload.Length);
    }

    [Fact]
    public void A_reader_takes_little_room_in_its_connection() => Assert.True(Unsafe.SizeOf<FrameReader>() <= 72);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Reading_allocates_nothing(int pieceSize)
    {
        byte[] frames = BuildFrames();
        byte[] measured = new byte[frames.Length];
        int events = 0;

        long allocated = Allocation.Of(() =>
        {
            // Reading unmasks in place, so each run needs the frames anew.
            frames.AsSpan().CopyTo(measured);
            events = ReadAll(measured, pieceSize);
        });

        Assert.Equal(0, allocated);
        Assert.True(events >= 4000);
    }

    private static byte[] BuildFrames()
    {
        byte[] text = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        byte[] ping = [0x89, 0x82, 1, 2, 3, 4, 9, 9];
        byte[] first = [0x02, 0x81, 1, 2, 3, 4, 9];
        byte[] last = [0x80, 0x80, 1, 2, 3, 4];
        return [.. Enumerable.Repeat<byte[]>([.. text, .. ping, .. first, .. last], 1000).SelectMany(frame => frame)];
    }

    private static int ReadAll(Span<byte> bytes, int pieceSize)
    {
        FrameReader reader = default;
        int events = 0;
        while (!bytes.IsEmpty)
        {
            Span<byte> piece = pieceSize == 0 ? bytes : bytes[..Math.Min(pieceSize, bytes.Length)];
            bytes = bytes[piece.Length..];
            while (reader.Read(ref piece, in Server).Kind is not (FrameEventKind.NeedMore or FrameEventKind.Fault)) events++;
        }

        return events;
    }
}
