using System.Buffers.Binary;
using System.Text;

namespace EventLoops.Tests;

/// <summary>A WebSocket frame as a raw peer sees it, read and written by plain code of its own (RFC 6455 5.2), so that it can judge the library's.</summary>
public readonly record struct RawFrame(bool IsFinal, byte Opcode, byte[] Payload, bool IsMasked = false, byte Bits = 0)
{
    /// <summary>The opcode of a close frame.</summary>
    public const byte CloseOpcode = 8;

    /// <summary>What is to be written with the opcode to mark a compressed message (RFC 7692 6).</summary>
    public const byte Rsv1 = 0x40;

    /// <summary>The payload as text.</summary>
    public string Text => Encoding.UTF8.GetString(Payload);

    /// <summary>The code of a close frame; 0 when it has none.</summary>
    public int CloseCode => Opcode == CloseOpcode && Payload.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(Payload) : 0;

    /// <summary>The text of a close frame.</summary>
    public string CloseReason => Payload.Length > 2 ? Encoding.UTF8.GetString(Payload, 2, Payload.Length - 2) : "";

    /// <summary>Writes a frame. Lengths take their shortest form; a mask key makes it a client's. Reserved bits are written with the opcode.</summary>
    public static byte[] Write(byte opcode, ReadOnlySpan<byte> payload, bool isFinal = true, uint? maskKey = null)
    {
        List<byte> frame = [(byte)(opcode | (isFinal ? 0x80 : 0))];
        byte mask = maskKey is null ? (byte)0 : (byte)0x80;
        Span<byte> wide = stackalloc byte[8];
        if (payload.Length < 126)
        {
            frame.Add((byte)(mask | payload.Length));
        }
        else if (payload.Length <= ushort.MaxValue)
        {
            BinaryPrimitives.WriteUInt16BigEndian(wide, (ushort)payload.Length);
            frame.Add((byte)(mask | 126));
            frame.AddRange(wide[..2]);
        }
        else
        {
            BinaryPrimitives.WriteUInt64BigEndian(wide, (ulong)payload.Length);
            frame.Add((byte)(mask | 127));
            frame.AddRange(wide);
        }

        if (maskKey is null)
        {
            frame.AddRange(payload);
            return [.. frame];
        }

        BinaryPrimitives.WriteUInt32BigEndian(wide, maskKey.Value);
        frame.AddRange(wide[..4]);
        int start = frame.Count;
        frame.AddRange(payload);
        byte[] bytes = [.. frame];
        for (int i = 0; i < payload.Length; i++) bytes[start + i] ^= wide[i % 4];
        return bytes;
    }

    /// <summary>Writes the payload of a close frame.</summary>
    public static byte[] ClosePayload(int code, string reason = "")
    {
        byte[] text = Encoding.UTF8.GetBytes(reason);
        byte[] payload = new byte[2 + text.Length];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        text.CopyTo(payload, 2);
        return payload;
    }

    /// <summary>Reads the frame at the front of the bytes, when it is there as a whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RawFrame frame, out int length)
    {
        frame = default;
        length = 0;
        if (bytes.Length < 2) return false;

        bool isMasked = (bytes[1] & 0x80) != 0;
        int short7 = bytes[1] & 0x7F;
        int header = 2 + (short7 == 126 ? 2 : short7 == 127 ? 8 : 0) + (isMasked ? 4 : 0);
        if (bytes.Length < header) return false;

        long size = short7 switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            127 => BinaryPrimitives.ReadInt64BigEndian(bytes[2..]),
            _ => short7,
        };
        if (bytes.Length - header < size) return false;

        byte[] payload = bytes.Slice(header, (int)size).ToArray();
        if (isMasked)
        {
            ReadOnlySpan<byte> key = bytes.Slice(header - 4, 4);
            for (int i = 0; i < payload.Length; i++) payload[i] ^= key[i % 4];
        }

        frame = new RawFrame((bytes[0] & 0x80) != 0, (byte)(bytes[0] & 0x0F), payload, isMasked, (byte)(bytes[0] & 0x70));
        length = header + (int)size;
        return true;
    }
}
