using System.Buffers.Binary;
using System.Text.Unicode;

namespace EventLoops.Protocols.WebSocket;

/// <summary>Writes frame headers and close payloads (RFC 6455 5.2, 5.5.1), always in the shortest form. Nothing is allocated.</summary>
internal static class FrameWriter
{
    /// <summary>The longest header: two bytes, a 64-bit length and a mask key.</summary>
    internal const int MaxHeaderSize = 14;

    /// <summary>RFC 6455 5.5: the longest payload of a control frame.</summary>
    internal const int MaxControlPayload = 125;

    /// <summary>The longest reason in a close frame: the code takes two bytes of the payload.</summary>
    internal const int MaxCloseReason = MaxControlPayload - sizeof(ushort);

    private const int LongestShortLength = 125;
    private const byte MaskBit = 0x80;

    /// <summary>The size of the header of a frame with that payload.</summary>
    internal static int HeaderSize(long payloadLength, bool masked)
    {
        int mask = masked ? sizeof(uint) : 0;
        if (payloadLength <= LongestShortLength) return 2 + mask;
        return payloadLength <= ushort.MaxValue ? 4 + mask : 10 + mask;
    }

    /// <summary>Writes the header of an unmasked frame, as a server sends it, and returns its size.</summary>
    internal static int WriteHeader(Span<byte> destination, byte opcode, bool final, ReservedBits bits, long payloadLength) =>
        WriteStart(destination, opcode, final, bits, payloadLength, 0);

    /// <summary>
    /// Writes the header of a masked frame, as a client sends it, and returns its size. The payload still has to be masked with the
    /// key.
    /// </summary>
    internal static int WriteMaskedHeader(Span<byte> destination, byte opcode, bool final, ReservedBits bits, long payloadLength, uint maskKey)
    {
        int start = WriteStart(destination, opcode, final, bits, payloadLength, MaskBit);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[start..], maskKey);
        return start + sizeof(uint);
    }

    /// <summary>
    /// Writes the payload of a close frame and returns its size. <see cref="WebSocketCloseCode.None"/> and
    /// <see cref="WebSocketCloseCode.NoStatus"/> say nothing: the payload is empty.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The code must not be sent (RFC 6455 7.4.1).</exception>
    /// <exception cref="ArgumentException">The reason is longer than 123 bytes, is not UTF-8, or has no code in front of it.</exception>
    internal static int WriteClose(Span<byte> payload, WebSocketCloseCode code, ReadOnlySpan<byte> reason)
    {
        if (reason.Length > MaxCloseReason) throw new ArgumentException("A close reason has at most 123 bytes.", nameof(reason));
        if (code is WebSocketCloseCode.None or WebSocketCloseCode.NoStatus)
        {
            if (!reason.IsEmpty) throw new ArgumentException("A close reason needs a code in front of it.", nameof(reason));
            return 0;
        }

        if (!CloseCodes.MayBeSentByUs((ushort)code))
            throw new ArgumentOutOfRangeException(nameof(code), code, "This close code must not be sent.");
        if (!Utf8.IsValid(reason)) throw new ArgumentException("A close reason is UTF-8.", nameof(reason));
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        reason.CopyTo(payload[sizeof(ushort)..]);
        return sizeof(ushort) + reason.Length;
    }

    private static int WriteStart(Span<byte> destination, byte opcode, bool final, ReservedBits bits, long payloadLength, byte maskBit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        destination[0] = (byte)(opcode | (final ? 0x80 : 0) | (byte)bits);
        if (payloadLength <= LongestShortLength)
        {
            destination[1] = (byte)((byte)payloadLength | maskBit);
            return 2;
        }

        if (payloadLength <= ushort.MaxValue)
        {
            destination[1] = (byte)(126 | maskBit);
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payloadLength);
            return 4;
        }

        destination[1] = (byte)(127 | maskBit);
        BinaryPrimitives.WriteUInt64BigEndian(destination[2..], (ulong)payloadLength);
        return 10;
    }
}
