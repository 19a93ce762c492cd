using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace EventLoops.Protocols.Http;

/// <summary>
/// Thirty-two bytes of a message head, which are looked at together: most lines fit into one such block or two, and a search costs more to begin than to
/// make. Each answer has a bit for each byte, the lowest for the first.
/// </summary>
internal static class HeadBlock
{
    internal const int Size = 32;

    /// <summary>
    /// The block that begins at a place in the input. What lies behind the input's end reads as NUL, which no line of a head may hold, so that a search ends there at
    /// the latest.
    /// </summary>
    internal static Vector256<byte> Load(ReadOnlySpan<byte> input, int at)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(at);
        return input.Length - at >= Size ? Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(input), (nuint)at) : LoadEnd(input[at..]);
    }

    /// <summary>Which bytes are this one.</summary>
    internal static uint Find(Vector256<byte> block, byte value) => Vector256.Equals(block, Vector256.Create(value)).ExtractMostSignificantBits();

    /// <summary>Which bytes cannot be in a field's value, such as the CR behind it: see <see cref="HttpChars.FieldValue"/>.</summary>
    internal static uint FindValueEnds(Vector256<byte> block)
    {
        Vector256<byte> isControl = Vector256.LessThan(block, Vector256.Create(HttpChars.Space));
        Vector256<byte> isTab = Vector256.Equals(block, Vector256.Create(HttpChars.Tab));
        Vector256<byte> isDelete = Vector256.Equals(block, Vector256.Create((byte)0x7F));
        return (Vector256.AndNot(isControl, isTab) | isDelete).ExtractMostSignificantBits();
    }

    /// <summary>Which bytes end a request target or need a closer look: see <see cref="HttpChars.Target"/>.</summary>
    internal static uint FindTargetEnds(Vector256<byte> block)
    {
        // Above DEL and below the space: both are far away once the first visible byte is at zero.
        Vector256<byte> isOutside = Vector256.GreaterThan(block - Vector256.Create((byte)0x21), Vector256.Create((byte)(0x7E - 0x21)));
        Vector256<byte> isPercent = Vector256.Equals(block, Vector256.Create((byte)'%'));
        Vector256<byte> isFragment = Vector256.Equals(block, Vector256.Create((byte)'#'));
        return (isOutside | isPercent | isFragment).ExtractMostSignificantBits();
    }

    /// <summary>The first place at or behind <paramref name="at"/> whose byte cannot be in a field's value; the input's length when there is none.</summary>
    internal static int IndexOfValueEnd(ReadOnlySpan<byte> input, int at)
    {
        while (at < input.Length)
        {
            uint ends = FindValueEnds(Load(input, at));
            if (ends != 0)
                return at + BitOperations.TrailingZeroCount(ends);
            at += Size;
        }

        return input.Length;
    }

    private static Vector256<byte> LoadEnd(ReadOnlySpan<byte> rest)
    {
        Vector256<byte> block = default;
        rest.CopyTo(MemoryMarshal.AsBytes(new Span<Vector256<byte>>(ref block)));
        return block;
    }
}
