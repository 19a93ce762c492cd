using EventLoops.Protocols.Deflate;

namespace EventLoops;

/// <summary>permessage-deflate on one connection (RFC 7692 7.2). <c>PermessageDeflateSession.Options.cs</c> is what can be changed on it.</summary>
internal sealed partial class PermessageDeflateSession : ExtensionSession
{
    /// <summary>What a sender leaves out at the end of a message, and a receiver puts back (RFC 7692 7.2.1, 7.2.2).</summary>
    private static readonly byte[] MessageEnd = [0x00, 0x00, 0xFF, 0xFF];

    /// <summary>An empty block, of which the rest is <see cref="MessageEnd"/>: what stands for nothing at all (RFC 7692 7.2.3.6).</summary>
    private static readonly byte[] EmptyBlock = [0x00];

    private readonly PermessageDeflate _extension;
    private readonly bool _isServer;
    private readonly int _peerWindowBits;
    private readonly bool _peerTakesOver;
    private Deflater? _deflater;
    private Inflater? _inflater;
    private byte _endUsed;
    private bool _hasStreamEnded;
    private bool _hasReceived;
    private bool _hasTrailer;

    public PermessageDeflateSession(PermessageDeflate extension, DeflateAgreement agreement, Protocol protocol, bool isServer)
    {
        _extension = extension;
        _isServer = isServer;
        _peerWindowBits = agreement.PeerWindowBits;
        _peerTakesOver = agreement.PeerContextTakeover;
        _agreedOwnBits = agreement.OwnWindowBits;
        _agreedTakeover = _takesOver = agreement.OwnContextTakeover;
        _settings = new DeflateSettings(agreement.OwnWindowBits, extension.CompressionLevel, extension.MemoryLevel);
        _largestPartBits = LargestPartBitsFor(protocol);
        _receiveBits = Math.Min(extension.ReceiveBufferBits, _largestPartBits);
        _sendBits = extension.SendBufferBits;
    }

    public override ReservedBits Bits => ReservedBits.Rsv1;

    public override int MaxPartSize => 1 << _receiveBits;

    public override int MaxFrameSize => 1 << _sendBits;

    protected internal override bool BeginEncode(MessageKind kind, int length, bool isWhole)
    {
        if (_isDeflaterStale)
            DropDeflater();
        return !isWhole || length >= _extension.MinMessageSize;
    }

    protected internal override void Encode(ReadOnlySpan<byte> part, bool isLast, ExtensionOutput output)
    {
        if (!part.IsEmpty)
        {
            _deflater ??= _takesOver ? DeflateCodecs.New(_extension.Library, _settings) : DeflateCodecs.Rent(_extension.Library, _settings);
            _deflater.Deflate(part, output);
            if (isLast)
                output.TakeBack(Deflater.StepEndLength);
        }
        else if (isLast)
        {
            output.Append(EmptyBlock);
        }

        if (isLast && !_takesOver)
            DropDeflater();
    }

    protected internal override bool BeginDecode(MessageKind kind, ReservedBits bits)
    {
        _endUsed = 0;
        _hasStreamEnded = _hasReceived = _hasTrailer = false;
        return base.BeginDecode(kind, bits);
    }

    protected internal override DecodeStatus Decode(ref ReadOnlySpan<byte> input, bool isLast, scoped Span<byte> output, out int written)
    {
        _inflater ??= _peerTakesOver
            ? DeflateCodecs.New(_extension.Library, _peerWindowBits)
            : DeflateCodecs.RentInflater(_extension.Library, _peerWindowBits);

        InflateStatus status = Inflate(ref input, output, out written);
        bool hasReceived = _hasReceived;
        if (status == InflateStatus.NeedInput && isLast && _endUsed < MessageEnd.Length && !_hasStreamEnded)
        {
            ReadOnlySpan<byte> end = MessageEnd.AsSpan(_endUsed);
            status = Inflate(ref end, output[written..], out int more);
            _endUsed = (byte)(MessageEnd.Length - end.Length);
            written += more;
        }

        return status switch
        {
            InflateStatus.Corrupt => DecodeStatus.Failed,
            InflateStatus.OutputFull => DecodeStatus.OutputFull,
            _ when !isLast => DecodeStatus.NeedInput,
            _ => EndMessage(hasReceived),
        };
    }

    protected internal override void Release()
    {
        DropDeflater();
        if (_inflater is not null)
            ReturnInflater();
        _extension.OnSessionReleased();
    }

    internal override bool TryUsePrepared(PreparedMessage message, out ReadOnlyMemory<byte> frame)
    {
        frame = message.Frame;
        if (message.Length < _extension.MinMessageSize)
            return true;

        // What is made once for everybody refers to nothing before it, and no farther back than the largest window.
        if (_settings.WindowBits < DeflateSettings.LargestWindowBits)
            return false;

        // The receiver's window has now seen what our own compressor has not, so that starts afresh.
        DropDeflater();
        if (message.CompressedFrame.IsEmpty)
            Compress(message);
        frame = message.CompressedFrame;
        return true;
    }

    private void Compress(PreparedMessage message)
    {
        if (message.Length == 0)
        {
            message.KeepCompressed(EmptyBlock);
            return;
        }

        CollectedOutput output = new();
        Deflater deflater = DeflateCodecs.Rent(_extension.Library, _settings);
        deflater.Deflate(message.Payload, output);
        output.TakeBack(Deflater.StepEndLength);
        DeflateCodecs.Return(deflater);
        message.KeepCompressed(output.Bytes);
    }

    /// <summary>
    /// Decompresses what has arrived. RFC 7692 7.2.3.4 lets a sender end its stream inside a message, with one byte behind it that begins the block of the message's end:
    /// that ends the message, and the next one begins a new stream.
    /// </summary>
    private InflateStatus Inflate(ref ReadOnlySpan<byte> input, scoped Span<byte> output, out int written)
    {
        written = 0;
        if (!_hasStreamEnded)
        {
            if (output.IsEmpty)
                return InflateStatus.OutputFull;

            _hasReceived |= !input.IsEmpty;
            InflateStatus status = _inflater!.Inflate(ref input, output, out written);
            if (status != InflateStatus.StreamEnd)
                return status;

            _hasStreamEnded = true;
        }

        bool isTrailer = input.Length == 1 && input[0] == EmptyBlock[0] && !_hasTrailer;
        if (!input.IsEmpty && !isTrailer)
            return InflateStatus.Corrupt;

        _hasTrailer |= isTrailer;
        input = default;
        return InflateStatus.NeedInput;
    }

    /// <summary>Everything has arrived: it must end where a block ends, or it was cut short. A payload of nothing is no DEFLATE data (RFC 7692 7.2.3.6).</summary>
    private DecodeStatus EndMessage(bool hasReceived)
    {
        if (!hasReceived || (!_hasStreamEnded && !_inflater!.IsAtBlockEnd))
            return DecodeStatus.Failed;

        if (!_peerTakesOver)
            ReturnInflater();
        else if (_hasStreamEnded)
            _inflater!.Reset();
        return DecodeStatus.End;
    }

    private void ReturnInflater()
    {
        DeflateCodecs.Return(_inflater!);
        _inflater = null;
    }

    private void DropDeflater()
    {
        _isDeflaterStale = false;
        if (_deflater is not null)
            DeflateCodecs.Return(_deflater);
        _deflater = null;
    }
}
