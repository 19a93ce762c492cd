namespace EventLoops.Protocols.Http;

/// <summary>Taking bytes: lines are found in the input where it lies, and what was read is copied once.</summary>
internal sealed partial class HttpHead
{
    /// <summary>
    /// Goes on with the head. Any cut of the same bytes gives the same result, and the fault, if any, at the same byte.
    /// Once it has returned <see cref="HeadStatus.Complete"/> or <see cref="HeadStatus.Fault"/> it consumes nothing
    /// until <see cref="Reset"/>.
    /// </summary>
    /// <param name="input">What has come; not kept.</param>
    /// <param name="consumed">How much of it belongs to the head: up to and with the empty line, or the first impossible byte.</param>
    internal HeadStatus Feed(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = 0;
        if (_status != HeadStatus.NeedMore)
            return _status;

        HeadStatus status = _inFields ? HeadStatus.Complete : FeedFirstLine(input, ref consumed);
        if (status == HeadStatus.Complete)
        {
            _inFields = true;
            status = FeedFields(input, ref consumed);
        }

        Append(input[..consumed]);
        if (status == HeadStatus.Complete)
            status = Conclude();
        _status = status;
        return status;
    }

    private HeadStatus FeedFirstLine(ReadOnlySpan<byte> input, ref int at)
    {
        // Two more for the line end.
        int room = Math.Min(_limits.MaxRequestLine + 2, _limits.MaxHeadSize) - _length;
        ReadOnlySpan<byte> window = input.Length > room ? input[..room] : input;
        if (Kind == HttpHeadKind.Response)
        {
            HeadStatus status = _statusLine.Scan(window, ref at, _length);
            if (status == HeadStatus.Fault)
                return Refuse(_statusLine.Fault);
            return status == HeadStatus.NeedMore && at == room ? Refuse(ProtocolFault.HeadTooLarge) : status;
        }

        HeadStatus requestStatus = _requestLine.Scan(window, ref at, _length);
        if (requestStatus == HeadStatus.Fault)
            return Refuse(_requestLine.Fault);
        return requestStatus == HeadStatus.NeedMore && at == room ? Refuse(ProtocolFault.RequestLineTooLong) : requestStatus;
    }

    private HeadStatus FeedFields(ReadOnlySpan<byte> input, ref int at)
    {
        int room = _limits.MaxHeadSize - _length;
        ReadOnlySpan<byte> window = input.Length > room ? input[..room] : input;
        while (true)
        {
            if (_fieldLine.IsAtLineStart)
            {
                if (TakeWholeLines(window, ref at))
                    return HeadStatus.Complete;
                _lineStart = _length + at;
            }

            FieldStop stop = _fieldLine.Scan(window, ref at);
            switch (stop)
            {
                case FieldStop.Colon:
                    if (!EndName(_length + at - 1))
                        return Refuse(ProtocolFault.TooManyFields);
                    break;
                case FieldStop.End:
                    _fields[_lines - 1].ValueEnd = _length + at - 2;
                    break;
                case FieldStop.LastLine:
                    return HeadStatus.Complete;
                case FieldStop.Fault:
                    return Refuse(_fieldLine.Fault);
                default:
                    return at == room ? Refuse(ProtocolFault.HeadTooLarge) : HeadStatus.NeedMore;
            }
        }
    }

    private bool EndName(int colon)
    {
        if (_lines == _limits.MaxFields)
            return false;

        ref FieldSlot slot = ref AddSlot();
        slot.NameStart = _lineStart;
        slot.NameEnd = colon;
        slot.ValueStart = colon + 1;
        slot.Known = NotLookedUp;
        return true;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        int needed = _length + bytes.Length;
        if (needed > _text.Length)
            Array.Resize(ref _text, Math.Min(Math.Max(needed, _text.Length * 2), _limits.MaxHeadSize));
        bytes.CopyTo(_text.AsSpan(_length));
        _length = needed;
    }

    private HeadStatus Refuse(ProtocolFault fault)
    {
        Fault = fault;
        return HeadStatus.Fault;
    }
}
