using System.Text.Unicode;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>
/// A message for many receivers: checked, framed and, where receivers agreed on compression, compressed once for all of them, and sent from the one place where it
/// lies. It never changes and may be kept; any thread may make one. For <see cref="Connection.Write(PreparedMessage)"/> and
/// <see cref="Connection.TrySend(PreparedMessage)"/>.
/// </summary>
public sealed class PreparedMessage
{
    private readonly byte[] _frame;
    private readonly int _headerLength;
    private byte[]? _compressedFrame;

    /// <summary>Prepares a message.</summary>
    /// <param name="message">Its bytes; they are copied, once.</param>
    /// <param name="kind">Text must be UTF-8 (RFC 6455 5.6).</param>
    /// <param name="compress">False sends it past the extensions that would transform it; see <see cref="Connection.Write(ReadOnlySpan{byte}, MessageKind, MessagePart, bool)"/>.</param>
    /// <exception cref="ArgumentException">The kind is neither text nor binary, or text is not UTF-8.</exception>
    public PreparedMessage(ReadOnlySpan<byte> message, MessageKind kind, bool compress = true)
    {
        if (kind is not (MessageKind.Text or MessageKind.Binary))
            throw new ArgumentException("A message is Text or Binary.", nameof(kind));
        if (kind == MessageKind.Text && !Utf8.IsValid(message))
            throw new ArgumentException("Text is UTF-8 (RFC 6455 5.6).", nameof(message));

        Kind = kind;
        MayBeCompressed = compress;
        _frame = FrameOf(message, kind, ReservedBits.None);
        _headerLength = _frame.Length - message.Length;
    }

    /// <summary>Text or binary.</summary>
    public MessageKind Kind { get; }

    /// <summary>How many bytes the message has.</summary>
    public int Length => _frame.Length - _headerLength;

    internal bool MayBeCompressed { get; }

    internal ReadOnlySpan<byte> Payload => _frame.AsSpan(_headerLength);

    /// <summary>The message as a server sends it: one frame without a mask.</summary>
    internal ReadOnlyMemory<byte> Frame => _frame;

    /// <summary>The same for receivers that have agreed on permessage-deflate; empty until the first of them wants it.</summary>
    internal ReadOnlyMemory<byte> CompressedFrame => _compressedFrame;

    /// <summary>Keeps what the first receiver has made. Two threads may do so at the same time; what either has made serves everybody.</summary>
    internal void KeepCompressed(ReadOnlySpan<byte> payload) => _compressedFrame = FrameOf(payload, Kind, ReservedBits.Rsv1);

    private static byte[] FrameOf(ReadOnlySpan<byte> payload, MessageKind kind, ReservedBits bits)
    {
        byte[] frame = new byte[FrameWriter.HeaderSize(payload.Length, masked: false) + payload.Length];
        int header = FrameWriter.WriteHeader(frame, (byte)kind, final: true, bits, payload.Length);
        payload.CopyTo(frame.AsSpan(header));
        return frame;
    }
}
