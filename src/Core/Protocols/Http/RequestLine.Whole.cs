using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace EventLoops.Protocols.Http;

/// <summary>
/// A request line that is whole, in order and has one of the usual methods is taken in a few steps. Any other one is left untouched to the automaton, which alone
/// judges.
/// </summary>
internal partial struct RequestLine
{
    // "HTTP/1." without the digit behind it, and a line end, as they lie in memory.
    private const ulong VersionBits = 0x002E_312F_5054_5448;
    private const ulong VersionMask = 0x00FF_FFFF_FFFF_FFFF;
    private const ushort LineEndBits = (HttpChars.Lf << 8) | HttpChars.Cr;

    /// <summary>What follows a target: a space, the version, and the line end.</summary>
    private const int AfterTarget = 11;

    private bool TryTakeWhole(ReadOnlySpan<byte> input, ref int at, int origin)
    {
        int methodLength = LengthOfMethod(input[at..]);
        if (methodLength == 0)
            return false;

        int targetStart = at + methodLength + 1;
        int end = FindTargetEnd(input, targetStart, out int pathEnd, out bool isPlain);
        if (end == targetStart || input.Length - end < AfterTarget || input[end] != HttpChars.Space)
            return false;

        ulong version = BinaryPrimitives.ReadUInt64LittleEndian(input[(end + 1)..]);
        uint minor = (uint)(version >> 56) - '0';
        if ((version & VersionMask) != VersionBits || minor > 1 || BinaryPrimitives.ReadUInt16LittleEndian(input[(end + 9)..]) != LineEndBits)
            return false;

        Start = origin + at;
        MethodEnd = origin + at + methodLength;
        TargetEnd = origin + end;
        PathEnd = origin + pathEnd;
        HasPlainPath = isPlain;
        _version = HttpVersion.Of((byte)minor);
        at = end + AfterTarget;
        return true;
    }

    /// <summary>The length of the method that the line begins with; 0 for one that is not usual.</summary>
    private static int LengthOfMethod(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("GET "u8))
            return 3;

        int length = line[..Math.Min(line.Length, 8)].IndexOf(HttpChars.Space);
        return length > 0 && RequestMethods.Find(line[..length]) != RequestMethod.Other ? length : 0;
    }

    /// <summary>The first place that cannot belong to the target, or the input's length.</summary>
    private static int FindTargetEnd(ReadOnlySpan<byte> input, int start, out int pathEnd, out bool isPlain)
    {
        pathEnd = 0;
        isPlain = true;
        int end = start;
        while (end < input.Length)
        {
            Vector256<byte> block = HeadBlock.Load(input, end);
            uint ends = HeadBlock.FindTargetEnds(block);
            int length = BitOperations.TrailingZeroCount(ends);
            uint inside = (uint)((1UL << length) - 1);
            uint queries = HeadBlock.Find(block, (byte)'?') & inside;
            if (queries != 0 && pathEnd == 0)
                pathEnd = end + BitOperations.TrailingZeroCount(queries);

            // A dot that begins a block may have a slash before it in the block before.
            uint dots = HeadBlock.Find(block, (byte)'.') & inside;
            isPlain &= (dots & ((HeadBlock.Find(block, (byte)'/') << 1) | 1)) == 0;
            end += length;
            if (length == HeadBlock.Size)
                continue;
            if (end >= input.Length || input[end] != '%')
                break;

            isPlain = false;
            if (!IsEncodedByte(input[end..]))
                break;
            end += 3;
        }

        if (pathEnd == 0)
            pathEnd = end;
        return Math.Min(end, input.Length);
    }

    /// <summary>Whether there are two hexadecimal digits behind the percent sign, and not those of NUL.</summary>
    private static bool IsEncodedByte(ReadOnlySpan<byte> text)
    {
        if (text.Length < 3)
            return false;

        int high = HttpChars.HexValue(text[1]);
        int low = HttpChars.HexValue(text[2]);
        return (high | low) > 0;
    }
}
