using System.Diagnostics.CodeAnalysis;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>What users send on a WebSocket.</summary>
public sealed partial class Connection
{
    /// <summary>
    /// Writes a message, or a part of one, from inside <c>OnWritable</c>: as often as wanted, until it is not accepted any more. What is accepted
    /// leaves in one send when the callback is over; what the kernel does not take then is kept and sent before anything else.
    /// </summary>
    /// <param name="message">The bytes; they are copied or sent before this returns, and are not changed. At most <see cref="ConnectionLimits.MaxWriteSize"/>.</param>
    /// <param name="kind">Text must be UTF-8 (RFC 6455 5.6). For parts after the first, the kind of the first.</param>
    /// <param name="part">Which part of its message; parts follow each other without another message in between (RFC 6455 5.4).</param>
    /// <param name="compress">
    /// False sends the message past the extensions that would transform it. Use it for secrets that stand beside what an attacker can choose: the length
    /// of what compression makes of both together tells about the secret. Only the first part of a message is asked.
    /// </param>
    /// <returns>Whether it was taken.</returns>
    /// <exception cref="ArgumentException">Text that is not UTF-8, or more than a write may carry. Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">
    /// Called outside of <c>OnWritable</c> (<see cref="TrySend(ReadOnlySpan{byte}, MessageKind, MessagePart, bool)"/> may be), a part out of order, or another thread than the loop's.
    /// </exception>
    public WriteResult Write(ReadOnlySpan<byte> message, MessageKind kind, MessagePart part = MessagePart.Whole, bool compress = true)
    {
        Thread.Loop.VerifyThread();
        if (!TryGetOpenWebSocket(out WebSocketRole? webSocket))
            return WriteResult.Closed;

        VerifyInWritable(webSocket);
        return webSocket.Send(message, kind, part, compress);
    }

    /// <summary>
    /// Writes a message, or a part of one, from anywhere on the loop's thread, unless the kernel still refuses what was written before. It never queues
    /// behind the program's back: what is not accepted is not taken at all.
    /// </summary>
    /// <inheritdoc cref="Write(ReadOnlySpan{byte}, MessageKind, MessagePart, bool)" path="/param" />
    /// <param name="message">The bytes; they are copied or sent before this returns, and are not changed. At most <see cref="ConnectionLimits.MaxWriteSize"/>.</param>
    /// <param name="kind">Text must be UTF-8 (RFC 6455 5.6). For parts after the first, the kind of the first.</param>
    /// <param name="part">Which part of its message; parts follow each other without another message in between (RFC 6455 5.4).</param>
    /// <param name="compress">False sends the message past the extensions that would transform it; see <see cref="Write(ReadOnlySpan{byte}, MessageKind, MessagePart, bool)"/>.</param>
    /// <returns>Whether it was taken; <see cref="WriteResult.Busy"/> asks for <see cref="RequestWritable"/>.</returns>
    /// <exception cref="ArgumentException">Text that is not UTF-8, or more than a write may carry. Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">A part out of order, or another thread than the loop's.</exception>
    public WriteResult TrySend(ReadOnlySpan<byte> message, MessageKind kind, MessagePart part = MessagePart.Whole, bool compress = true)
    {
        Thread.Loop.VerifyThread();
        return TryGetOpenWebSocket(out WebSocketRole? webSocket) ? webSocket.Send(message, kind, part, compress) : WriteResult.Closed;
    }

    /// <summary>Writes a message that was prepared for many connections, from inside <c>OnWritable</c>.</summary>
    /// <param name="message">The message. What the kernel does not take at once is not copied but sent from where it lies.</param>
    /// <returns>Whether it was taken.</returns>
    /// <exception cref="InvalidOperationException">
    /// Called outside of <c>OnWritable</c>, while the parts of another message are being written, or from another thread than the loop's.
    /// </exception>
    public WriteResult Write(PreparedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        Thread.Loop.VerifyThread();
        if (!TryGetOpenWebSocket(out WebSocketRole? webSocket))
            return WriteResult.Closed;

        VerifyInWritable(webSocket);
        return webSocket.Send(message);
    }

    /// <summary>Writes a message that was prepared for many connections, from anywhere on the loop's thread, unless the kernel still refuses what was written before.</summary>
    /// <param name="message">The message. What the kernel does not take at once is not copied but sent from where it lies.</param>
    /// <returns>Whether it was taken; <see cref="WriteResult.Busy"/> asks for <see cref="RequestWritable"/>.</returns>
    /// <exception cref="InvalidOperationException">The parts of another message are being written, or another thread than the loop's.</exception>
    public WriteResult TrySend(PreparedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        Thread.Loop.VerifyThread();
        return TryGetOpenWebSocket(out WebSocketRole? webSocket) ? webSocket.Send(message) : WriteResult.Closed;
    }

    /// <summary>
    /// Changes an option of an extension on this connection, as a rule in <c>OnEstablished</c>: <c>SetExtensionOption("permessage-deflate", "rx_buf_size", "12")</c>.
    /// The original's <c>lws_set_extension_option</c>. Which options there are is the extension's affair; see <see cref="PermessageDeflate"/>.
    /// </summary>
    /// <param name="extension">The extension's name.</param>
    /// <param name="option">The option's name.</param>
    /// <param name="value">The value as text.</param>
    /// <returns>What became of it; negative when nothing has changed.</returns>
    /// <exception cref="InvalidOperationException">Called from another thread than the loop's.</exception>
    public ExtensionOptionResult SetExtensionOption(string extension, string option, string value)
    {
        ArgumentNullException.ThrowIfNull(extension);
        ArgumentNullException.ThrowIfNull(option);
        ArgumentNullException.ThrowIfNull(value);
        Thread.Loop.VerifyThread();
        return TryGetOpenWebSocket(out WebSocketRole? webSocket) && webSocket.FindExtension(extension) is { } session
            ? session.SetOption(option, value)
            : ExtensionOptionResult.NotActive;
    }

    /// <summary>
    /// Begins a message that is written piece by piece, from anywhere on the loop's thread. Nothing is sent yet, and nothing is reserved: whether another
    /// message is open shows at the first piece.
    /// </summary>
    /// <param name="kind">What kind of message.</param>
    /// <param name="compress">False sends the message past the extensions that would transform it; see <see cref="Write(ReadOnlySpan{byte}, MessageKind, MessagePart, bool)"/>.</param>
    /// <returns>The writer of this one message.</returns>
    /// <exception cref="ArgumentException">No kind of a message.</exception>
    /// <exception cref="InvalidOperationException">Another thread than the loop's.</exception>
    public MessageWriter BeginMessage(MessageKind kind, bool compress = true)
    {
        Thread.Loop.VerifyThread();
        if (kind is not (MessageKind.Text or MessageKind.Binary))
            throw new ArgumentException("A message is Text or Binary.", nameof(kind));

        return new MessageWriter(this, kind, compress);
    }

    /// <summary>What a write would come to at this moment.</summary>
    internal WriteResult CanTakeMessages()
    {
        Thread.Loop.VerifyThread();
        if (!TryGetOpenWebSocket(out _))
            return WriteResult.Closed;

        return _isChoked ? WriteResult.Busy : WriteResult.Accepted;
    }

    /// <summary>Sends a ping; the answer comes as <c>OnPong</c> (RFC 6455 5.5.2). From anywhere on the loop's thread.</summary>
    /// <param name="payload">What the pong will carry; at most 125 bytes.</param>
    /// <returns>Whether it was taken.</returns>
    /// <exception cref="ArgumentException">The payload is too long. Nothing was sent.</exception>
    /// <exception cref="InvalidOperationException">Another thread than the loop's.</exception>
    public WriteResult Ping(ReadOnlySpan<byte> payload = default)
    {
        Thread.Loop.VerifyThread();
        if (payload.Length > FrameWriter.MaxControlPayload)
            throw new ArgumentException($"A ping carries at most {FrameWriter.MaxControlPayload} bytes (RFC 6455 5.5).", nameof(payload));

        return TryGetOpenWebSocket(out WebSocketRole? webSocket) ? webSocket.SendPing(payload) : WriteResult.Closed;
    }

    private static void VerifyInWritable(WebSocketRole webSocket)
    {
        if (!webSocket.IsInWritable)
            throw new InvalidOperationException($"{nameof(Connection)}.{nameof(Write)} belongs into OnWritable; ask for it with {nameof(RequestWritable)}, or use {nameof(TrySend)}.");
    }

    private bool TryGetOpenWebSocket([NotNullWhen(true)] out WebSocketRole? webSocket)
    {
        webSocket = _role as WebSocketRole;
        return webSocket is not null && State == ConnectionState.Established;
    }
}
