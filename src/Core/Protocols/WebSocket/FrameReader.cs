using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace EventLoops.Protocols.WebSocket;

/// <summary>
/// Turns the bytes of one WebSocket connection into events, whatever way the bytes are cut (RFC 6455 5). It owns no socket and, but
/// for a control frame that comes in pieces, no buffer: payloads are unmasked where they lie in the caller's input.
/// </summary>
/// <remarks>
/// Every data frame gives at least one <see cref="FrameEventKind.Data"/>, an empty frame exactly one with an empty payload, so that
/// the end of a message is always seen. A control frame gives one event with its whole payload. After the peer's close frame the
/// rest of the input is swallowed (RFC 6455 5.5.1). After a fault nothing more is consumed. The value lives inside its connection:
/// never copy it.
/// </remarks>
internal partial struct FrameReader
{
    private long _remaining;
    private long _messageLength;
    private byte[]? _control;
    private uint _maskKey;
    private int _fragments;
    private ushort _fault;
    private HeaderBytes _header;
    private byte _headerLength;
    private byte _controlLength;
    private byte _firstByte;
    private ReaderState _state;
    private MessageState _message;
    private Utf8Validator _text;

    private enum ReaderState : byte
    {
        AtBoundary,
        InHeader,
        InData,
        InControl,
        AfterBufferedControl,
        Closed,
        Failed,
    }

    /// <summary>What is remembered of the message that is open.</summary>
    [Flags]
    private enum MessageState : byte
    {
        None = 0,
        Open = 1,
        Text = 2,
        FirstPart = 4,
        Rsv3 = ReservedBits.Rsv3,
        Rsv2 = ReservedBits.Rsv2,
        Rsv1 = ReservedBits.Rsv1,
        Marks = Rsv1 | Rsv2 | Rsv3,
    }

    /// <summary>Whether a message has begun and not ended; control frames may come in between.</summary>
    internal readonly bool IsInsideMessage => (_message & MessageState.Open) != MessageState.None;

    /// <summary>Whether no frame has begun that has not been delivered whole.</summary>
    internal readonly bool IsAtFrameBoundary => _state is ReaderState.AtBoundary or ReaderState.AfterBufferedControl or ReaderState.Closed;

    /// <summary>
    /// Whether the next byte begins a message or a control frame, so that a new reader would read it alike. Not so after a close frame or a fault, which are the end. A
    /// control frame that came in pieces must have been used by then.
    /// </summary>
    internal readonly bool IsBetweenMessages => _message == MessageState.None && _state is (ReaderState.AtBoundary or ReaderState.AfterBufferedControl);

    /// <summary>Makes the reader new again and gives back what it holds. Call it when the connection ends, too.</summary>
    internal void Reset()
    {
        ReleaseControl();
        this = default;
    }

    /// <summary>
    /// Consumes from the front of <paramref name="input"/> until there is one event, and moves <paramref name="input"/> behind what was
    /// consumed. Call it again until it reports <see cref="FrameEventKind.NeedMore"/>, even when the input has become empty.
    /// </summary>
    internal FrameEvent Read(ref Span<byte> input, in FrameReaderOptions options)
    {
        switch (_state)
        {
            case ReaderState.AtBoundary:
                return ReadHeader(ref input, in options);
            case ReaderState.InData:
                return ReadData(ref input, in options);
            case ReaderState.InHeader:
                return ReadCutHeader(ref input, in options);
            case ReaderState.InControl:
                return ReadCutControl(ref input, in options);
            case ReaderState.AfterBufferedControl:
                ReleaseControl();
                _state = ReaderState.AtBoundary;
                return ReadHeader(ref input, in options);
            case ReaderState.Closed:
                ReleaseControl();
                input = default;
                return default;
            default:
                return new FrameEvent { Kind = FrameEventKind.Fault, Fault = (ProtocolFault)_fault };
        }
    }

    /// <summary>
    /// Takes a message from the front of <paramref name="input"/> if it is one short frame that has come whole, as most are. Nothing of it needs to be remembered, so that it
    /// takes no reader, and no event is made for it, which halves what a small message costs here. To be asked between two messages; see <see cref="IsBetweenMessages"/>.
    /// False for everything else, which <see cref="Read"/> is for: then nothing was consumed.
    /// </summary>
    internal static bool TryReadShortMessage(ref Span<byte> input, in FrameReaderOptions options, out Span<byte> payload, out MessageKind kind)
    {
        payload = default;
        kind = MessageKind.Binary;
        if (input.Length < 2) return false;

        // RFC 6455 5.2: FIN, no reserved bit, and text or binary; then the mask bit, which is set by clients only, and a length that needs no more bytes.
        int opcode = input[0] ^ FinalBit;
        int length = options.IsServer ? input[1] ^ MaskBit : input[1];
        int start = options.IsServer ? 2 + sizeof(uint) : 2;
        if (opcode is not (Opcode.Text or Opcode.Binary) || length >= LengthFollowsIn16Bits || input.Length < start + length) return false;
        if ((options.MaxPartSize != 0 && length > options.MaxPartSize) || (options.MaxMessageSize != 0 && length > options.MaxMessageSize)) return false;

        payload = input.Slice(start, length);
        uint key = options.IsServer ? BinaryPrimitives.ReadUInt32LittleEndian(input[2..]) : 0;
        if (options.IsServer) Masking.Apply(payload, key);
        if (opcode == Opcode.Text)
        {
            kind = MessageKind.Text;
            if (options.ValidateUtf8 && !Utf8.IsValid(payload))
            {
                // Which rule it breaks, and where, is found out on the long way, which expects the payload as it came.
                Masking.Apply(payload, key);
                return false;
            }
        }

        input = input[(start + length)..];
        return true;
    }

    private FrameEvent ReadPayload(ref Span<byte> input, in FrameReaderOptions options)
    {
        if (!IsControl(_firstByte))
        {
            _state = ReaderState.InData;
            return ReadData(ref input, in options);
        }

        if (input.Length < _remaining) return ReadCutControl(ref input, in options);
        Span<byte> payload = input[..(int)_remaining];
        input = input[payload.Length..];
        _state = ReaderState.AtBoundary;
        return ControlEvent(payload, in options);
    }

    private FrameEvent ReadData(ref Span<byte> input, in FrameReaderOptions options)
    {
        if (input.IsEmpty && _remaining != 0) return default;
        int size = (int)Math.Min(_remaining, input.Length);
        if (size > options.MaxPartSize && options.MaxPartSize != 0) size = options.MaxPartSize;
        Span<byte> part = input[..size];
        input = input[size..];
        _remaining -= size;
        if (options.IsServer) _maskKey = Masking.Apply(part, _maskKey);

        bool final = _remaining == 0 && IsFinal(_firstByte);
        if ((_message & (MessageState.Text | MessageState.Marks)) == MessageState.Text && options.ValidateUtf8)
        {
            // RFC 6455 8.1: text that is not UTF-8 fails the connection. A character may be cut by a frame's end, but not by the message's.
            if (!_text.Append(part)) return Fail(ProtocolFault.InvalidText);
            if (final && !_text.IsComplete) return Fail(ProtocolFault.TruncatedText);
        }

        return DataEvent(part, final);
    }

    private FrameEvent DataEvent(Span<byte> part, bool final)
    {
        PartFlags flags = final ? PartFlags.Final : PartFlags.None;
        if (_fragments == 1) flags |= PartFlags.FirstFragment;
        if ((_message & MessageState.FirstPart) != MessageState.None) flags |= PartFlags.FirstPart;
        MessageKind kind = (_message & MessageState.Text) != MessageState.None ? MessageKind.Text : MessageKind.Binary;
        ReservedBits bits = (ReservedBits)(_message & MessageState.Marks);

        _message &= ~MessageState.FirstPart;
        if (_remaining == 0) _state = ReaderState.AtBoundary;
        if (final) EndMessage();
        return new FrameEvent { Kind = FrameEventKind.Data, Payload = part, Info = new MessageInfo(kind, flags, _remaining), Bits = bits };
    }

    private void EndMessage()
    {
        _message = MessageState.None;
        _messageLength = 0;
    }

    /// <summary>Collects the pieces of a control frame in a pooled buffer that is held only as long as the frame takes.</summary>
    private FrameEvent ReadCutControl(ref Span<byte> input, in FrameReaderOptions options)
    {
        _state = ReaderState.InControl;
        if (input.IsEmpty) return default;
        _control ??= ArrayPool<byte>.Shared.Rent(FrameWriter.MaxControlPayload);
        int size = (int)Math.Min(_remaining, input.Length);
        input[..size].CopyTo(_control.AsSpan(_controlLength));
        input = input[size..];
        _controlLength += (byte)size;
        _remaining -= size;
        if (_remaining != 0) return default;

        Span<byte> payload = _control.AsSpan(0, _controlLength);
        _controlLength = 0;
        _state = ReaderState.AfterBufferedControl;
        return ControlEvent(payload, in options);
    }

    private FrameEvent ControlEvent(Span<byte> payload, in FrameReaderOptions options)
    {
        if (options.IsServer) Masking.Apply(payload, _maskKey);
        return OpcodeOf(_firstByte) switch
        {
            Opcode.Ping => new FrameEvent { Kind = FrameEventKind.Ping, Payload = payload },
            Opcode.Pong => new FrameEvent { Kind = FrameEventKind.Pong, Payload = payload },
            _ => CloseEvent(payload),
        };
    }

    private FrameEvent CloseEvent(Span<byte> payload)
    {
        _state = ReaderState.Closed;
        if (payload.IsEmpty) return new FrameEvent { Kind = FrameEventKind.Close, CloseCode = WebSocketCloseCode.NoStatus };
        ushort code = BinaryPrimitives.ReadUInt16BigEndian(payload);
        Span<byte> reason = payload[sizeof(ushort)..];
        if (!CloseCodes.MayBeSentByPeer(code)) return Fail(ProtocolFault.CloseCodeInvalid);
        // RFC 6455 5.5.1: what follows the code is UTF-8.
        if (!Utf8.IsValid(reason)) return Fail(ProtocolFault.CloseReasonInvalid);
        return new FrameEvent { Kind = FrameEventKind.Close, CloseCode = (WebSocketCloseCode)code, Payload = payload };
    }

    private FrameEvent Fail(ProtocolFault fault)
    {
        ReleaseControl();
        _fault = (ushort)fault;
        _state = ReaderState.Failed;
        return new FrameEvent { Kind = FrameEventKind.Fault, Fault = fault };
    }

    private void ReleaseControl()
    {
        if (_control is null) return;
        ArrayPool<byte>.Shared.Return(_control);
        _control = null;
    }

    [InlineArray(FrameWriter.MaxHeaderSize)]
    private struct HeaderBytes
    {
        private byte _first;
    }
}
