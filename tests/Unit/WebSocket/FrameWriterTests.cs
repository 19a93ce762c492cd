using EventLoops.Protocols.WebSocket;
using Xunit;

namespace EventLoops.Tests.WebSocket;

public sealed class FrameWriterTests
{
    [Theory]
    [InlineData(0, "8100")]
    [InlineData(125, "817D")]
    [InlineData(126, "817E007E")]
    [InlineData(65535, "817EFFFF")]
    [InlineData(65536, "817F0000000000010000")]
    [InlineData(long.MaxValue, "817F7FFFFFFFFFFFFFFF")]
    public void A_length_is_written_in_its_shortest_form(long length, string expected)
    {
        Span<byte> header = stackalloc byte[FrameWriter.MaxHeaderSize];

        int size = FrameWriter.WriteHeader(header, Opcode.Text, final: true, ReservedBits.None, length);

        Assert.Equal(expected, Convert.ToHexString(header[..size]));
        Assert.Equal(FrameWriter.HeaderSize(length, masked: false), size);
    }

    [Theory]
    [InlineData(0, "828011223344")]
    [InlineData(125, "82FD11223344")]
    [InlineData(126, "82FE007E11223344")]
    [InlineData(65536, "82FF000000000001000011223344")]
    public void A_masked_header_ends_with_the_key_low_byte_first(long length, string expected)
    {
        Span<byte> header = stackalloc byte[FrameWriter.MaxHeaderSize];

        int size = FrameWriter.WriteMaskedHeader(header, Opcode.Binary, final: true, ReservedBits.None, length, 0x44332211);

        Assert.Equal(expected, Convert.ToHexString(header[..size]));
        Assert.Equal(FrameWriter.HeaderSize(length, masked: true), size);
    }

    [Theory]
    [InlineData(Opcode.Continuation, false, ReservedBits.None, 0x00)]
    [InlineData(Opcode.Text, false, ReservedBits.Rsv1, 0x41)]
    [InlineData(Opcode.Binary, true, ReservedBits.Rsv1, 0xC2)]
    [InlineData(Opcode.Binary, true, ReservedBits.Rsv2 | ReservedBits.Rsv3, 0xB2)]
    [InlineData(Opcode.Pong, true, ReservedBits.None, 0x8A)]
    public void The_first_byte_holds_FIN_the_reserved_bits_and_the_opcode(byte opcode, bool final, ReservedBits bits, byte expected)
    {
        Span<byte> header = stackalloc byte[FrameWriter.MaxHeaderSize];

        FrameWriter.WriteHeader(header, opcode, final, bits, 1);

        Assert.Equal(expected, header[0]);
    }

    [Fact]
    public void A_negative_length_is_the_callers_mistake() =>
        Assert.Throws<ArgumentOutOfRangeException>(
            "payloadLength", () => FrameWriter.WriteHeader(new byte[14], Opcode.Text, final: true, ReservedBits.None, -1));

    [Fact]
    public void A_close_payload_is_the_code_and_the_reason()
    {
        Span<byte> payload = stackalloc byte[FrameWriter.MaxControlPayload];

        Assert.Equal(5, FrameWriter.WriteClose(payload, WebSocketCloseCode.GoingAway, "bye"u8));
        Assert.Equal("03E9627965", Convert.ToHexString(payload[..5]));
        Assert.Equal(125, FrameWriter.WriteClose(payload, WebSocketCloseCode.Normal, new byte[123]));
    }

    [Theory]
    [InlineData(WebSocketCloseCode.None)]
    [InlineData(WebSocketCloseCode.NoStatus)]
    public void A_close_without_a_code_is_empty(WebSocketCloseCode code) =>
        Assert.Equal(0, FrameWriter.WriteClose(new byte[125], code, []));

    [Theory]
    [InlineData(999)]
    [InlineData(1004)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(2999)]
    [InlineData(5000)]
    public void W21_A_code_that_must_not_be_sent_is_the_callers_mistake(int code) =>
        Assert.Throws<ArgumentOutOfRangeException>(nameof(code), () => FrameWriter.WriteClose(new byte[125], (WebSocketCloseCode)code, []));

    [Fact]
    public void W21_A_reason_that_is_too_long_or_no_text_or_without_a_code_is_the_callers_mistake()
    {
        Assert.Throws<ArgumentException>("reason", () => FrameWriter.WriteClose(new byte[200], WebSocketCloseCode.Normal, new byte[124]));
        Assert.Throws<ArgumentException>("reason", () => FrameWriter.WriteClose(new byte[125], WebSocketCloseCode.Normal, [0xC0, 0xAF]));
        Assert.Throws<ArgumentException>("reason", () => FrameWriter.WriteClose(new byte[125], WebSocketCloseCode.None, "x"u8));
    }

    [Fact]
    public void Exactly_the_codes_of_RFC_6455_and_its_registry_may_be_on_the_wire()
    {
        int[] allowed = [.. Enumerable.Range(0, 65536).Where(code => CloseCodes.MayBeSentByPeer((ushort)code))];

        Assert.Equal([1000, 1001, 1002, 1003, .. Enumerable.Range(1007, 8), .. Enumerable.Range(3000, 2000)], allowed);
        Assert.Equal(allowed, Enumerable.Range(0, 65536).Where(code => CloseCodes.MayBeSentByUs((ushort)code)));
    }
}
