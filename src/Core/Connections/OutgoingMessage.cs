using System.Text.Unicode;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>
/// Which part of a message may be written next, and whether text stays UTF-8 over its parts. A part in the wrong place is the caller's mistake and is
/// refused before anything is sent.
/// </summary>
internal struct OutgoingMessage
{
    private Utf8Validator _text;
    private MessageKind _kind;
    private bool _isOpen;

    /// <summary>A message that was checked before is about to be sent as a whole.</summary>
    public readonly void BeginPrepared()
    {
        if (_isOpen)
            throw IsOpen();
    }

    /// <summary>Checks a part, notes it, and gives the opcode of its frame (RFC 6455 5.4).</summary>
    public byte Begin(ReadOnlySpan<byte> bytes, MessageKind kind, MessagePart part)
    {
        if (kind is not (MessageKind.Text or MessageKind.Binary))
            throw new ArgumentException("A message is Text or Binary.", nameof(kind));
        if (part == MessagePart.Whole && !_isOpen)
        {
            if (kind == MessageKind.Text && !Utf8.IsValid(bytes))
                throw NotUtf8();
            return (byte)kind;
        }

        return BeginPart(bytes, kind, part);
    }

    private static ArgumentException NotUtf8() => new("Text is UTF-8 (RFC 6455 5.6).", "message");

    private static InvalidOperationException IsOpen() =>
        new($"A message is open: its {nameof(MessagePart.Last)} part comes before another message (RFC 6455 5.4).");

    private byte BeginPart(ReadOnlySpan<byte> bytes, MessageKind kind, MessagePart part)
    {
        bool continues = part is MessagePart.Middle or MessagePart.Last;
        if (continues != _isOpen)
            throw _isOpen ? IsOpen() : new InvalidOperationException($"No message is open that a {part} part could continue (RFC 6455 5.4).");

        if (continues && kind != _kind)
            throw new ArgumentException("All parts of a message are of one kind.", nameof(kind));
        if (kind == MessageKind.Text)
            CheckText(bytes, part);

        _kind = kind;
        _isOpen = part != MessagePart.Last;
        return continues ? Opcode.Continuation : (byte)kind;
    }

    /// <summary>A character may be cut between two parts, so the check runs on a copy that is kept only when the part is taken.</summary>
    private void CheckText(ReadOnlySpan<byte> bytes, MessagePart part)
    {
        Utf8Validator text = part == MessagePart.First ? default : _text;
        if (!text.Append(bytes) || (part == MessagePart.Last && !text.IsComplete))
            throw NotUtf8();

        _text = text;
    }
}
