using EventLoops;

namespace Fraggle;

/// <summary>Checks what the other side says, part by part as it comes: every second message is the sum of the bytes of the one before.</summary>
internal sealed class FragmentChecker
{
    private uint _sum;
    private uint _announced;
    private long _length;
    private int _sumLength;
    private bool _isSumNext;

    /// <summary>How many messages were right.</summary>
    public long Messages { get; private set; }

    /// <summary>How many bytes they had, without the sums.</summary>
    public long Bytes { get; private set; }

    /// <summary>Takes a part. Returns what is wrong, or null.</summary>
    public string? Take(ReadOnlySpan<byte> part, in MessageInfo info)
    {
        if (info.Kind != MessageKind.Binary)
            return "a message is text";
        if (_isSumNext)
            return TakeSum(part, info.IsFinalFragment);

        _length += part.Length;
        _sum += Checksum.Of(part);
        _isSumNext = info.IsFinalFragment;
        return null;
    }

    private string? TakeSum(ReadOnlySpan<byte> part, bool isLast)
    {
        _sumLength += part.Length;
        foreach (byte value in part)
            _announced = (_announced << 8) | value;
        if (!isLast)
            return null;
        if (_sumLength != sizeof(uint) || _announced != _sum)
            return $"the {_length} bytes of message {Messages + 1} sum up to {_sum}, and a sum of {_sumLength} bytes says {_announced}";

        Messages++;
        Bytes += _length;
        _length = _sumLength = 0;
        _sum = _announced = 0;
        _isSumNext = false;
        return null;
    }
}
