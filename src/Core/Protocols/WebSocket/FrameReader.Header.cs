using System.Buffers.Binary;

namespace EventLoops.Protocols.WebSocket;

/// <summary>
/// The header of a frame. One that lies whole in the input is read where it is; one that is cut is collected byte by byte. Both ways
/// ask the same rules in the order of the bytes, so that a fault has the same name at every cut.
/// </summary>
internal partial struct FrameReader
{
    private const int LengthFollowsIn16Bits = 126;
    private const int LengthFollowsIn64Bits = 127;

    private const int FinalBit = 0x80;
    private const int MaskBit = 0x80;

    private static bool IsFinal(byte first) => (first & FinalBit) != 0;

    private static byte OpcodeOf(byte first) => (byte)(first & 0x0F);

    private static bool IsControl(byte first) => (first & 0x08) != 0;

    private static bool IsMasked(byte second) => (second & MaskBit) != 0;

    private static int ShortLength(byte second) => second & 0x7F;

    private static int LengthEnd(byte second) => ShortLength(second) switch
    {
        LengthFollowsIn16Bits => 2 + sizeof(ushort),
        LengthFollowsIn64Bits => 2 + sizeof(ulong),
        _ => 2,
    };

    private static int HeaderEnd(byte second) => LengthEnd(second) + (IsMasked(second) ? sizeof(uint) : 0);

    private static long PayloadLength(ReadOnlySpan<byte> header) => ShortLength(header[1]) switch
    {
        LengthFollowsIn16Bits => BinaryPrimitives.ReadUInt16BigEndian(header[2..]),
        LengthFollowsIn64Bits => BinaryPrimitives.ReadInt64BigEndian(header[2..]),
        int length => length,
    };

    private FrameEvent ReadHeader(ref Span<byte> input, in FrameReaderOptions options)
    {
        if (input.Length < 2 || input.Length < HeaderEnd(input[1])) return ReadCutHeader(ref input, in options);

        ReadOnlySpan<byte> header = input;
        long length = PayloadLength(header);
        ProtocolFault fault = CheckFirstByte(header[0], in options);
        if (fault == ProtocolFault.None) fault = CheckSecondByte(header[0], header[1], in options);
        if (fault == ProtocolFault.None) fault = CheckLength(header[0], header[1], length, in options);
        if (fault != ProtocolFault.None) return Fail(fault);

        int end = HeaderEnd(header[1]);
        BeginFrame(header[..end], length);
        input = input[end..];
        return ReadPayload(ref input, in options);
    }

    private FrameEvent ReadCutHeader(ref Span<byte> input, in FrameReaderOptions options)
    {
        _state = input.IsEmpty && _headerLength == 0 ? ReaderState.AtBoundary : ReaderState.InHeader;
        while (!input.IsEmpty)
        {
            _header[_headerLength++] = input[0];
            input = input[1..];
            ReadOnlySpan<byte> header = _header;
            header = header[.._headerLength];
            ProtocolFault fault = CheckLastByte(header, in options);
            if (fault != ProtocolFault.None) return Fail(fault);
            if (header.Length < 2 || header.Length < HeaderEnd(header[1])) continue;

            BeginFrame(header, PayloadLength(header));
            _headerLength = 0;
            return ReadPayload(ref input, in options);
        }

        return default;
    }

    /// <summary>Asks the rules that the last byte of a header's beginning makes decidable.</summary>
    private readonly ProtocolFault CheckLastByte(ReadOnlySpan<byte> header, in FrameReaderOptions options)
    {
        if (header.Length == 1) return CheckFirstByte(header[0], in options);
        if (header.Length == 2)
        {
            ProtocolFault fault = CheckSecondByte(header[0], header[1], in options);
            if (fault != ProtocolFault.None) return fault;
        }

        if (header.Length == 3 && ShortLength(header[1]) == LengthFollowsIn64Bits && header[2] >= 0x80) return ProtocolFault.LengthNegative;
        if (header.Length != LengthEnd(header[1])) return ProtocolFault.None;
        return CheckLength(header[0], header[1], PayloadLength(header), in options);
    }

    private readonly ProtocolFault CheckFirstByte(byte first, in FrameReaderOptions options)
    {
        if ((first & (byte)ReservedBits.All) != 0)
        {
            ProtocolFault fault = CheckReservedBits(first, in options);
            if (fault != ProtocolFault.None) return fault;
        }

        byte opcode = OpcodeOf(first);
        if (IsControl(first))
        {
            // RFC 6455 5.2: 0xB to 0xF are reserved. 5.5: a control frame is one frame.
            if (opcode > Opcode.Pong) return ProtocolFault.UnknownOpcode;
            return IsFinal(first) ? ProtocolFault.None : ProtocolFault.FragmentedControlFrame;
        }

        // RFC 6455 5.2: 0x3 to 0x7 are reserved. 5.4: fragments of two messages do not mix, and a continuation needs a beginning.
        if (opcode > Opcode.Binary) return ProtocolFault.UnknownOpcode;
        if (opcode == Opcode.Continuation)
        {
            if (!IsInsideMessage) return ProtocolFault.NothingToContinue;
            // A peer may cut a message as often as it likes; each frame costs a callback, so the user sets the limit.
            return options.MaxFragments != 0 && _fragments >= options.MaxFragments ? ProtocolFault.TooManyFragments : ProtocolFault.None;
        }

        return IsInsideMessage ? ProtocolFault.MessageInsideMessage : ProtocolFault.None;
    }

    private static ProtocolFault CheckReservedBits(byte first, in FrameReaderOptions options)
    {
        // RFC 6455 5.2: a reserved bit is zero unless an extension gave it a meaning.
        if ((first & (byte)ReservedBits.All & ~(byte)options.AllowedBits) != 0) return ProtocolFault.ReservedBitSet;
        // RFC 7692 6.1, and so for every extension here: the first frame of a message is marked, and no other.
        return OpcodeOf(first) is Opcode.Text or Opcode.Binary ? ProtocolFault.None : ProtocolFault.Rsv1Misplaced;
    }

    private static ProtocolFault CheckSecondByte(byte first, byte second, in FrameReaderOptions options)
    {
        // RFC 6455 5.1: a client masks every frame, a server none.
        if (IsMasked(second) != options.IsServer) return options.IsServer ? ProtocolFault.UnmaskedFrame : ProtocolFault.MaskedFrame;
        if (!IsControl(first)) return ProtocolFault.None;
        if (ShortLength(second) > FrameWriter.MaxControlPayload) return ProtocolFault.ControlFrameTooLong;
        // RFC 6455 5.5.1: a close frame has no payload, or at least the two bytes of a code.
        return OpcodeOf(first) == Opcode.Close && ShortLength(second) == 1 ? ProtocolFault.ClosePayloadTooShort : ProtocolFault.None;
    }

    private readonly ProtocolFault CheckLength(byte first, byte second, long length, in FrameReaderOptions options)
    {
        // RFC 6455 5.2: the top bit of a 64-bit length is zero, and a length takes as few bytes as it can.
        if (length < 0) return ProtocolFault.LengthNegative;
        if (ShortLength(second) == LengthFollowsIn16Bits && length < LengthFollowsIn16Bits) return ProtocolFault.LengthNotShortest;
        if (ShortLength(second) == LengthFollowsIn64Bits && length <= ushort.MaxValue) return ProtocolFault.LengthNotShortest;
        if (IsControl(first)) return ProtocolFault.None;
        long limit = options.MaxMessageSize == 0 ? long.MaxValue : options.MaxMessageSize;
        return length > limit - _messageLength ? ProtocolFault.MessageTooBig : ProtocolFault.None;
    }

    private void BeginFrame(ReadOnlySpan<byte> header, long length)
    {
        byte first = header[0];
        _firstByte = first;
        _remaining = length;
        if (IsMasked(header[1])) _maskKey = BinaryPrimitives.ReadUInt32LittleEndian(header[^sizeof(uint)..]);
        if (IsControl(first)) return;
        if (OpcodeOf(first) == Opcode.Continuation)
        {
            _fragments++;
            _messageLength += length;
            return;
        }

        _fragments = 1;
        _messageLength = length;
        _message = MessageState.Open | MessageState.FirstPart;
        if (OpcodeOf(first) == Opcode.Text) _message |= MessageState.Text;
        _message |= (MessageState)(first & (byte)ReservedBits.All);
    }
}
