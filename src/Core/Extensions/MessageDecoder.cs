using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>
/// Arriving messages on their way through a connection's extensions: decoded piece by piece into the thread's one buffer, counted and checked as they come out,
/// and given to the user until it does not want any more, or others have waited long enough. What is left then is kept as it came, and served in a later turn.
/// </summary>
internal sealed class MessageDecoder(WebSocketRole role, ExtensionChain chain, long maxMessageSize, bool validatesUtf8)
{
    // As much as one read can bring: a connection that inflates must not keep the others waiting longer than one that does not.
    private const int MaxOutputPerTurn = ServiceThread.ReceiveBufferSize;

    private ByteQueue _input;
    private MessageInfo _wire;
    private Utf8Validator _text;
    private long _length;
    private bool _isFirstPart;

    /// <summary>A part of a message that an extension has transformed.</summary>
    public void Take(ReadOnlySpan<byte> encoded, in MessageInfo wire)
    {
        if (wire.IsFirstPart)
        {
            _text = default;
            _length = 0;
            _isFirstPart = true;
        }

        _wire = wire;
        Run(ref encoded);
        if (role.HasUndelivered)
            _input.Append(encoded);
    }

    /// <summary>Goes on where it stopped.</summary>
    public void Continue()
    {
        // The queue is taken out while it is read from, as it would be were it kept again.
        ByteQueue input = _input;
        _input = default;
        ReadOnlySpan<byte> rest = input.Span;
        Run(ref rest);
        if (role.HasUndelivered)
            _input.Append(rest);
        input.Clear();
    }

    public void Release() => _input.Clear();

    private void Run(ref ReadOnlySpan<byte> input)
    {
        int budget = MaxOutputPerTurn;
        Span<byte> output = role.ExtensionBuffers.Decoded.AsSpan(0, role.PartSizeOf(chain.MaxPartSize));
        while (true)
        {
            DecodeStatus status = Decode(ref input, output, out int written);
            Span<byte> part = output[..written];
            ProtocolFault fault = status == DecodeStatus.Failed ? ProtocolFault.ExtensionDataInvalid : Check(part, status == DecodeStatus.End);
            if (fault != ProtocolFault.None)
            {
                Stop();
                role.Fail(fault.CloseCode(), fault);
                return;
            }

            bool isOver = status is DecodeStatus.End or DecodeStatus.NeedInput;
            role.HasUndelivered = !isOver;
            if (written > 0 || status == DecodeStatus.End)
                Deliver(part, status == DecodeStatus.End);
            if (!role.CanWrite)
                Stop();
            if (isOver || !role.CanWrite)
                return;

            // What the user paused for, or what is too much for one turn, waits.
            budget -= written;
            if (!role.IsReceiving || budget <= 0)
                return;
        }
    }

    /// <summary>One step of decoding. A message whose end has arrived must come to its end, and a step must lead somewhere.</summary>
    private DecodeStatus Decode(ref ReadOnlySpan<byte> input, scoped Span<byte> output, out int written)
    {
        written = 0;
        try
        {
            DecodeStatus status = chain.Decode(ref input, _wire.IsFinalFragment, output, out written);
            bool isStuck = status == DecodeStatus.OutputFull ? written == 0 : status == DecodeStatus.NeedInput && _wire.IsFinalFragment;
            return isStuck ? DecodeStatus.Failed : status;
        }
        catch (Exception exception)
        {
            role.OnExtensionThrew(exception);
            return DecodeStatus.End;
        }
    }

    /// <summary>Nothing of what is left will be delivered: the connection is on its way out.</summary>
    private void Stop()
    {
        role.HasUndelivered = false;
        chain.EndDecode();
    }

    private ProtocolFault Check(ReadOnlySpan<byte> part, bool isEnd)
    {
        // RFC 7692 has no limit of its own; a few bytes can stand for a thousand times as many, so they are counted as they come out.
        _length += part.Length;
        if (_length > maxMessageSize)
            return ProtocolFault.MessageTooBig;
        if (!validatesUtf8 || _wire.Kind != MessageKind.Text)
            return ProtocolFault.None;

        // RFC 6455 8.1, of the message as it is after decoding.
        if (!_text.Append(part))
            return ProtocolFault.InvalidText;
        return isEnd && !_text.IsComplete ? ProtocolFault.TruncatedText : ProtocolFault.None;
    }

    private void Deliver(ReadOnlySpan<byte> part, bool isEnd)
    {
        PartFlags flags = isEnd ? PartFlags.Final : PartFlags.None;
        if (_wire.IsFirstFragment)
            flags |= PartFlags.FirstFragment;
        if (_isFirstPart)
            flags |= PartFlags.FirstPart;
        _isFirstPart = false;
        if (isEnd)
            chain.EndDecode();
        role.Receive(part, new MessageInfo(_wire.Kind, flags, isEnd ? 0 : _wire.RemainingPayload));
    }
}
