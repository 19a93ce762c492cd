using System.Text.Unicode;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>
/// A message for many receivers: checked, framed and, where receivers agreed on compression, compressed once for all of them, and sent from the one place where it
/// lies. It may be kept, and does not change unless <see cref="TryReuse"/> is asked to; any thread may make one. For
/// <see cref="Connection.Write(PreparedMessage)"/> and <see cref="Connection.TrySend(PreparedMessage)"/>.
/// </summary>
public sealed class PreparedMessage
{
    private byte[] _memory;
    private int _frameLength;
    private int _headerLength;
    private byte[]? _compressedFrame;

    // How many connections have this to send from where it lies. They may belong to several service threads.
    private int _holders;

    /// <summary>Prepares a message.</summary>
    /// <param name="message">Its bytes; they are copied, once.</param>
    /// <param name="kind">Text must be UTF-8 (RFC 6455 5.6).</param>
    /// <param name="compress">False sends it past the extensions that would transform it; see <see cref="Connection.Write(ReadOnlySpan{byte}, MessageKind, MessagePart, bool)"/>.</param>
    /// <exception cref="ArgumentException">The kind is neither text nor binary, or text is not UTF-8.</exception>
    public PreparedMessage(ReadOnlySpan<byte> message, MessageKind kind, bool compress = true)
    {
        Verify(message, kind);
        _memory = new byte[FrameWriter.HeaderSize(message.Length, masked: false) + message.Length];
        Prepare(message, kind, compress);
    }

    /// <summary>Text or binary.</summary>
    public MessageKind Kind { get; private set; }

    /// <summary>How many bytes the message has.</summary>
    public int Length => _frameLength - _headerLength;

    internal bool MayBeCompressed { get; private set; }

    internal ReadOnlySpan<byte> Payload => Frame.Span[_headerLength..];

    /// <summary>The message as a server sends it: one frame without a mask.</summary>
    internal ReadOnlyMemory<byte> Frame => _memory.AsMemory(0, _frameLength);

    /// <summary>The same for receivers that have agreed on permessage-deflate; empty until the first of them wants it.</summary>
    internal ReadOnlyMemory<byte> CompressedFrame => _compressedFrame;

    /// <summary>
    /// Prepares another message in the memory of this one, so that who sends to everybody again and again, as from a ring of the latest messages, makes no new object
    /// for it. Nothing happens, and false is returned, while a connection still has to send the message that is here, because its peer is slow: that needs a new one.
    /// <para>
    /// Only who shares it with nobody who might send it at this moment may do so: another thread that sends it meanwhile would send either message or a mixture.
    /// </para>
    /// </summary>
    /// <param name="message">The bytes of the other one; they are copied. They must not lie in this one.</param>
    /// <param name="kind">Text must be UTF-8 (RFC 6455 5.6).</param>
    /// <param name="compress">As for a new one.</param>
    /// <returns>Whether this is the other message now.</returns>
    /// <exception cref="ArgumentException">The kind is neither text nor binary, or text is not UTF-8. This is what it was.</exception>
    public bool TryReuse(ReadOnlySpan<byte> message, MessageKind kind, bool compress = true)
    {
        Verify(message, kind);
        if (Volatile.Read(ref _holders) != 0)
            return false;

        int length = FrameWriter.HeaderSize(message.Length, masked: false) + message.Length;
        if (_memory.Length < length)
            _memory = new byte[length];
        _compressedFrame = null;
        Prepare(message, kind, compress);
        return true;
    }

    /// <summary>A connection keeps a part of this until its peer takes it.</summary>
    internal void Hold() => Interlocked.Increment(ref _holders);

    /// <summary>That connection has sent its part, has copied it, or has ended.</summary>
    internal void LetGo() => Interlocked.Decrement(ref _holders);

    /// <summary>Keeps what the first receiver has made. Two threads may do so at the same time; what either has made serves everybody.</summary>
    internal void KeepCompressed(ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[FrameWriter.HeaderSize(payload.Length, masked: false) + payload.Length];
        int header = FrameWriter.WriteHeader(frame, (byte)Kind, final: true, ReservedBits.Rsv1, payload.Length);
        payload.CopyTo(frame.AsSpan(header));
        _compressedFrame = frame;
    }

    private static void Verify(ReadOnlySpan<byte> message, MessageKind kind)
    {
        if (kind is not (MessageKind.Text or MessageKind.Binary))
            throw new ArgumentException("A message is Text or Binary.", nameof(kind));
        if (kind == MessageKind.Text && !Utf8.IsValid(message))
            throw new ArgumentException("Text is UTF-8 (RFC 6455 5.6).", nameof(message));
    }

    private void Prepare(ReadOnlySpan<byte> message, MessageKind kind, bool compress)
    {
        Kind = kind;
        MayBeCompressed = compress;
        _headerLength = FrameWriter.WriteHeader(_memory, (byte)kind, final: true, ReservedBits.None, message.Length);
        message.CopyTo(_memory.AsSpan(_headerLength));
        _frameLength = _headerLength + message.Length;
    }
}
