using System.Runtime.CompilerServices;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>What extensions do to the messages of an open WebSocket (RFC 6455 9). A connection without any pays a comparison with null.</summary>
internal sealed partial class WebSocketRole
{
    private ExtensionChain? _extensions;
    private byte _encodedOpcode;
    private ReservedBits _encodedBits;

    public ExtensionBuffers ExtensionBuffers => Connection.Thread.ExtensionBuffers;

    public bool IsReceiving => Connection.IsReceiving;

    /// <summary>Whether a message was taken from the wire that has not been delivered whole.</summary>
    public bool HasUndelivered
    {
        get => Connection.HasUndelivered;
        set => Connection.HasUndelivered = value;
    }

    /// <summary>The session of an extension that was agreed on, or null.</summary>
    public ExtensionSession? FindExtension(string name) => _extensions?.Find(name);

    /// <summary>How long a part of a decoded message may be: what the extension wants, within what the protocol takes.</summary>
    public int PartSizeOf(int extensionSize)
    {
        int size = Math.Clamp(extensionSize, 1, ExtensionSession.LargestPart);
        return _options.Value.MaxPartSize == 0 ? size : Math.Min(size, _options.Value.MaxPartSize);
    }

    /// <summary>A frame of a message that was transformed: the first has the opcode and the bits, the others continue it (RFC 6455 5.4).</summary>
    public void SendEncodedFrame(ReadOnlySpan<byte> payload, bool isFinal)
    {
        SendFrame(_encodedOpcode, isFinal, payload, _encodedBits);
        _encodedOpcode = Opcode.Continuation;
        _encodedBits = ReservedBits.None;
    }

    /// <summary>An extension has a mistake: its connection cannot go on, and no other one suffers.</summary>
    public void OnExtensionThrew(Exception exception)
    {
        Connection.Context.Log.ExtensionThrew(Connection.Id, exception);
        Fail(WebSocketCloseCode.InternalError, ProtocolFault.None);
    }

    public override void DeliverPending()
    {
        _extensions!.Decoder!.Continue();
        ReturnIncoming();
    }

    private StrongBox<FrameReaderOptions> TakeExtensions(ExtensionChain extensions, in FrameReaderOptions options)
    {
        _extensions = extensions;
        extensions.Decoder = new MessageDecoder(this, extensions, options.MaxMessageSize, options.ValidateUtf8);

        // Where a message does not tell whether it was transformed, only its extension knows when it is text.
        return new(options with { AllowedBits = extensions.Bits, ValidateUtf8 = options.ValidateUtf8 && !extensions.HasUnmarked });
    }

    private void ReceiveThroughExtensions(in FrameEvent frame)
    {
        if (Connection.State != ConnectionState.Established)
            return;

        if (frame.Info.IsFirstPart && !BeginDecode(in frame))
            return;
        if (_extensions!.IsDecoding)
            _extensions.Decoder!.Take(frame.Payload, frame.Info);
        else
            Receive(frame.Payload, frame.Info);
    }

    private bool BeginDecode(in FrameEvent frame)
    {
        try
        {
            _ = _extensions!.BeginDecode(frame.Info.Kind, frame.Bits);
            return true;
        }
        catch (Exception exception)
        {
            OnExtensionThrew(exception);
            return false;
        }
    }

    private void SendThroughExtensions(byte opcode, ReadOnlySpan<byte> message, MessageKind kind, MessagePart part, bool transform)
    {
        bool isLast = part is MessagePart.Whole or MessagePart.Last;
        try
        {
            if (part is MessagePart.Whole or MessagePart.First)
            {
                _encodedOpcode = opcode;
                _encodedBits = transform ? _extensions!.BeginEncode(kind, message.Length, isWhole: isLast) : ReservedBits.None;
            }

            if (_extensions!.IsEncoding)
                _extensions.Encode(this, message, isLast);
            else
                SendFrame(opcode, isLast, message);
        }
        catch (Exception exception)
        {
            OnExtensionThrew(exception);
        }
    }

    private void SendThroughExtensions(PreparedMessage message)
    {
        if (!message.MayBeCompressed && !_extensions!.HasUnmarked)
            SendShared(message, message.Frame);
        else if (_extensions!.Single is { } session && session.TryUsePrepared(message, out ReadOnlyMemory<byte> frame))
            SendShared(message, frame);
        else
            SendThroughExtensions((byte)message.Kind, message.Payload, message.Kind, MessagePart.Whole, message.MayBeCompressed);
    }

    private void ReleaseExtensions() => _extensions?.Release();
}
