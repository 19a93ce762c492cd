namespace EventLoops;

/// <summary>
/// The extensions of one connection, in the order in which they were agreed on. An outgoing message goes through them from the first to the last, an arriving one
/// from the last to the first (RFC 6455 9.1). A message that none of them transforms passes by without a copy.
/// </summary>
internal sealed class ExtensionChain(AgreedExtension[] extensions)
{
    /// <summary>More than anybody needs, and few enough for a mask.</summary>
    public const int MaxActive = 4;

    private readonly ByteQueue[] _between = new ByteQueue[extensions.Length];
    private byte _encoding;
    private byte _decoding;
    private byte _ended;

    /// <summary>The bits that the extensions own together.</summary>
    public ReservedBits Bits { get; } = extensions.Aggregate(ReservedBits.None, (bits, extension) => bits | extension.Session.Bits);

    /// <summary>Whether an extension may transform a message without marking it, so that nobody but it knows whether text is text yet.</summary>
    public bool HasUnmarked { get; } = extensions.Any(extension => extension.Session.Bits == ReservedBits.None);

    /// <summary>Who gives arriving messages to the user; null until the WebSocket is open.</summary>
    public MessageDecoder? Decoder { get; set; }

    /// <summary>Whether the message that is being sent is transformed.</summary>
    public bool IsEncoding => _encoding != 0;

    /// <summary>Whether the message that is arriving is transformed.</summary>
    public bool IsDecoding => _decoding != 0;

    /// <summary>The size to which parts of a decoded message are cut.</summary>
    public int MaxPartSize => extensions[0].Session.MaxPartSize;

    private int MaxFrameSize => extensions[^1].Session.MaxFrameSize;

    /// <summary>The session of an extension by its name, or null.</summary>
    public ExtensionSession? Find(string name) => Array.Find(extensions, extension => extension.Name == name).Session;

    /// <summary>The only extension, when there is but one: what it has prepared goes out as it is.</summary>
    public ExtensionSession? Single => extensions.Length == 1 ? extensions[0].Session : null;

    /// <summary>A message is about to be sent. Returns the bits of its first frame.</summary>
    public ReservedBits BeginEncode(MessageKind kind, int length, bool isWhole)
    {
        _encoding = 0;
        ReservedBits bits = ReservedBits.None;
        for (int i = 0; i < extensions.Length; i++)
        {
            ExtensionSession session = extensions[i].Session;
            if (!session.BeginEncode(kind, length, isWhole))
                continue;

            _encoding |= (byte)(1 << i);
            bits |= session.Bits;
        }

        return bits;
    }

    /// <summary>Sends a part of the message through the extensions that transform it.</summary>
    public void Encode(WebSocketRole role, ReadOnlySpan<byte> part, bool isLast)
    {
        ExtensionBuffers buffers = role.ExtensionBuffers;
        int left = _encoding;
        bool useFirst = true;
        for (int i = 0; left != 0; i++)
        {
            if ((left & (1 << i)) == 0)
                continue;

            left &= ~(1 << i);
            if (left == 0)
            {
                buffers.Frames.Begin(role, MaxFrameSize);
                extensions[i].Session.Encode(part, isLast, buffers.Frames);
                buffers.Frames.End(isLast);
                break;
            }

            CollectedOutput output = useFirst ? buffers.First : buffers.Second;
            useFirst = !useFirst;
            output.Begin();
            extensions[i].Session.Encode(part, isLast, output);
            part = output.Bytes;
        }

        buffers.First.End();
        buffers.Second.End();
        if (isLast)
            _encoding = 0;
    }

    /// <summary>A message begins to arrive. Returns whether it has to be decoded.</summary>
    public bool BeginDecode(MessageKind kind, ReservedBits bits)
    {
        _decoding = _ended = 0;
        for (int i = extensions.Length - 1; i >= 0; i--)
        {
            if (extensions[i].Session.BeginDecode(kind, bits))
                _decoding |= (byte)(1 << i);
        }

        return IsDecoding;
    }

    /// <summary>Decodes what has arrived, through all extensions that have transformed the message.</summary>
    public DecodeStatus Decode(ref ReadOnlySpan<byte> input, bool isLast, scoped Span<byte> output, out int written) =>
        Pull(FirstAbove(-1), ref input, isLast, output, out written);

    public void EndDecode() => _decoding = 0;

    public void Release()
    {
        Decoder?.Release();
        foreach (AgreedExtension extension in extensions)
            extension.Session.Release();
        foreach (ref ByteQueue between in _between.AsSpan())
            between.Clear();
    }

    /// <summary>The next extension towards the wire that takes part in decoding, or -1 at the wire.</summary>
    private int FirstAbove(int index)
    {
        for (int i = index + 1; i < extensions.Length; i++)
        {
            if ((_decoding & (1 << i)) != 0)
                return i;
        }

        return -1;
    }

    private DecodeStatus Pull(int index, ref ReadOnlySpan<byte> wire, bool isLast, scoped Span<byte> output, out int written)
    {
        int source = FirstAbove(index);
        ExtensionSession session = extensions[index].Session;
        if (source < 0)
            return session.Decode(ref wire, isLast, output, out written);

        written = 0;
        Span<byte> piece = stackalloc byte[1024];
        while (true)
        {
            ReadOnlySpan<byte> input = _between[index].Span;
            int before = input.Length;
            DecodeStatus status = session.Decode(ref input, HasEnded(source), output[written..], out int count);
            _between[index].Consume(before - input.Length);
            written += count;
            if (status != DecodeStatus.NeedInput)
                return status;
            if (HasEnded(source))
                return DecodeStatus.Failed;
            if (written == output.Length)
                return DecodeStatus.OutputFull;

            DecodeStatus fed = Pull(source, ref wire, isLast, piece, out int arrived);
            _between[index].Append(piece[..arrived]);
            if (fed == DecodeStatus.Failed)
                return DecodeStatus.Failed;
            if (fed == DecodeStatus.End)
                _ended |= (byte)(1 << source);
            else if (fed == DecodeStatus.NeedInput && arrived == 0)
                return DecodeStatus.NeedInput;
        }
    }

    private bool HasEnded(int index) => (_ended & (1 << index)) != 0;
}

/// <summary>An extension that both sides of a connection have agreed on.</summary>
internal readonly record struct AgreedExtension(string Name, ExtensionSession Session);
