using System.Buffers.Binary;

namespace EventLoops.Tests.WebSocket;

/// <summary>Masks a stream of whole unmasked frames, each under another key, with the naive loop of RFC 6455 5.3.</summary>
internal static class FrameMasker
{
    /// <summary>False when the bytes are not whole unmasked frames.</summary>
    internal static bool TryMask(ReadOnlySpan<byte> frames, out byte[] masked)
    {
        List<byte> output = [];
        masked = [];
        uint key = 0x9E3779B9;
        while (!frames.IsEmpty)
        {
            if (frames.Length < 2 || (frames[1] & 0x80) != 0) return false;
            int lengthEnd = frames[1] switch { 126 => 4, 127 => 10, _ => 2 };
            if (frames.Length < lengthEnd) return false;
            ulong length = lengthEnd switch
            {
                4 => BinaryPrimitives.ReadUInt16BigEndian(frames[2..]),
                10 => BinaryPrimitives.ReadUInt64BigEndian(frames[2..]),
                _ => frames[1],
            };
            if (length > (ulong)(frames.Length - lengthEnd)) return false;

            key *= 0x01000193;
            AddFrame(output, frames[..lengthEnd], frames.Slice(lengthEnd, (int)length), key);
            frames = frames[(lengthEnd + (int)length)..];
        }

        masked = [.. output];
        return true;
    }

    internal static byte[] Naive(ReadOnlySpan<byte> bytes, uint key, int offset = 0)
    {
        byte[] result = bytes.ToArray();
        for (int i = 0; i < result.Length; i++) result[i] ^= (byte)(key >> (8 * ((i + offset) % 4)));
        return result;
    }

    private static void AddFrame(List<byte> output, ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, uint key)
    {
        int start = output.Count;
        output.AddRange(header);
        output[start + 1] |= 0x80;
        Span<byte> keyBytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(keyBytes, key);
        output.AddRange(keyBytes);
        output.AddRange(Naive(payload, key));
    }
}
