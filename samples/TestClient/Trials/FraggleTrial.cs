using EventLoops;

namespace TestClient.Trials;

/// <summary>Expects pairs of messages: one in any number of fragments, and one of four bytes that is the sum of the first one.</summary>
internal sealed class FraggleTrial(ClientOptions options) : Trial(options, usualCount: 20)
{
    private uint _sum;
    private uint _announced;
    private int _length;
    private int _sumLength;
    private bool _isSumNext;

    protected override CallbackResult OnReceive(Connection connection, ref NoSession session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        if (_isSumNext)
            ReadSum(part, info.IsLastPart);
        else
            ReadBytes(part, info.IsLastPart);
        return CallbackResult.Continue;
    }

    private void ReadBytes(ReadOnlySpan<byte> part, bool isLast)
    {
        _length += part.Length;
        _isSumNext = isLast;
        foreach (byte value in part)
            _sum += value;
    }

    private void ReadSum(ReadOnlySpan<byte> part, bool isLast)
    {
        _sumLength += part.Length;
        foreach (byte value in part)
            _announced = (_announced << 8) | value;
        if (!isLast)
            return;

        if (_sumLength != sizeof(uint) || _announced != _sum)
        {
            Fail($"the {_length} bytes of message {Messages + 1} sum up to {_sum}, and a sum of {_sumLength} bytes says {_announced}");
            return;
        }

        Accept(_length);
        _sum = _announced = 0;
        _length = _sumLength = 0;
        _isSumNext = false;
    }
}
