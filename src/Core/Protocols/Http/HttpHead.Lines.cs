using System.Numerics;
using System.Runtime.Intrinsics;

namespace EventLoops.Protocols.Http;

/// <summary>
/// Field lines that are whole and in order, which nearly all are: each is taken in a few steps. Whatever is cut, too long, unusual or wrong is left to
/// <see cref="FieldLine"/>, from the beginning of its line, so that there is one place that judges, and any cut of the bytes comes to the same.
/// </summary>
internal sealed partial class HttpHead
{
    /// <summary>What a name is that was not looked up while its line was read.</summary>
    private const KnownHeader NotLookedUp = (KnownHeader)byte.MaxValue;

    /// <summary>Takes lines for as long as they are whole. True when the empty line was the last of them.</summary>
    private bool TakeWholeLines(ReadOnlySpan<byte> window, ref int at)
    {
        while (window.Length - at >= 2)
        {
            if (window[at] == HttpChars.Cr)
            {
                if (window[at + 1] != HttpChars.Lf)
                    return false;
                at += 2;
                return true;
            }

            if (!TryTakeWholeLine(window, ref at))
                return false;
        }

        return false;
    }

    private bool TryTakeWholeLine(ReadOnlySpan<byte> window, ref int at)
    {
        Vector256<byte> block = HeadBlock.Load(window, at);
        uint ends = HeadBlock.FindValueEnds(block);
        int end = BitOperations.TrailingZeroCount(ends);
        int nameLength = BitOperations.TrailingZeroCount(HeadBlock.Find(block, (byte)':'));

        // Without a colon in the block there may still be one behind it, but names of that length are rare.
        if (nameLength == 0 || nameLength >= end || _lines == _limits.MaxFields)
            return false;

        end = ends != 0 ? at + end : HeadBlock.IndexOfValueEnd(window, at + HeadBlock.Size);
        if (end + 1 >= window.Length || window[end] != HttpChars.Cr || window[end + 1] != HttpChars.Lf)
            return false;

        // The name of a known field is a token; of another one that has to be seen.
        ReadOnlySpan<byte> name = window.Slice(at, nameLength);
        KnownHeader known = KnownHeaders.Find(block, name);
        if (known == KnownHeader.None && name.ContainsAnyExcept(HttpChars.Token))
            return false;

        ref FieldSlot slot = ref AddSlot();
        slot.NameStart = _length + at;
        slot.NameEnd = _length + at + nameLength;
        slot.Known = known;
        int start = at + nameLength + 1;
        at = end + 2;
        while (start < end && HttpChars.IsBlank(window[start]))
            start++;
        while (end > start && HttpChars.IsBlank(window[end - 1]))
            end--;
        slot.ValueStart = _length + start;
        slot.ValueEnd = _length + end;
        return true;
    }

    private ref FieldSlot AddSlot()
    {
        if (_lines == _fields.Length)
            Array.Resize(ref _fields, Math.Min(_lines * 2, _limits.MaxFields));
        return ref _fields[_lines++];
    }
}
