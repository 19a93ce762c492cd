using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace EventLoops.Protocols.WebSocket;

/// <summary>
/// Masking and unmasking, which are the same operation (RFC 6455 5.3): byte i is XORed with byte i mod 4 of the key.
/// Keys are the four wire bytes loaded as a little-endian number, so that the key's low byte meets the first byte.
/// </summary>
internal static class Masking
{
    /// <summary>Masks or unmasks in place. Returns the key turned so that it fits the byte after the last one.</summary>
    internal static uint Apply(Span<byte> bytes, uint key)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        return Transform(ref start, ref start, (nuint)bytes.Length, key);
    }

    /// <summary>Copies while masking: the sender's own bytes stay as they are. Returns the key turned for the next byte.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than <paramref name="source"/>.</exception>
    internal static uint CopyMasked(ReadOnlySpan<byte> source, Span<byte> destination, uint key)
    {
        if (destination.Length < source.Length)
            throw new ArgumentException("The destination is shorter than the source.", nameof(destination));
        return Transform(ref MemoryMarshal.GetReference(source), ref MemoryMarshal.GetReference(destination), (nuint)source.Length, key);
    }

    // The widest blocks first, then halves down to single bytes. Every block is a multiple of four bytes, so the key needs no
    // turning until the last three bytes. Source and destination may be the same place: each block is loaded before it is stored.
    private static uint Transform(ref byte source, ref byte destination, nuint length, uint key)
    {
        nuint i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<byte> keys = Vector512.Create(key).AsByte();
            for (; length - i >= 64; i += 64) (Vector512.LoadUnsafe(ref source, i) ^ keys).StoreUnsafe(ref destination, i);
        }

        if (Vector256.IsHardwareAccelerated)
        {
            Vector256<byte> keys = Vector256.Create(key).AsByte();
            for (; length - i >= 32; i += 32) (Vector256.LoadUnsafe(ref source, i) ^ keys).StoreUnsafe(ref destination, i);
        }

        if (Vector128.IsHardwareAccelerated)
        {
            Vector128<byte> keys = Vector128.Create(key).AsByte();
            for (; length - i >= 16; i += 16) (Vector128.LoadUnsafe(ref source, i) ^ keys).StoreUnsafe(ref destination, i);
        }

        for (; length - i >= 4; i += 4)
        {
            uint word = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref source, i));
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, i), word ^ key);
        }

        for (; i < length; i++)
        {
            Unsafe.Add(ref destination, i) = (byte)(Unsafe.Add(ref source, i) ^ key);
            key = BitOperations.RotateRight(key, 8);
        }

        return key;
    }
}
