namespace EventLoops;

/// <summary>
/// Writes one message piece by piece, each as a fragment of its own (RFC 6455 5.4), for messages whose length is not known when they begin or that are
/// too large to hold. Made by <see cref="Connection.BeginMessage"/>. It is a value: keep it in the session data while the message goes on,
/// and use that one and no copy. It owns no memory and allocates nothing. On the loop's thread.
/// </summary>
/// <remarks>
/// Nothing is sent before the first piece. Until the message has ended no other message can be written to the connection; pings, pongs and
/// the close frame pass in between. A connection that ends takes the open message with it.
/// </remarks>
public struct MessageWriter
{
    private readonly Connection? _connection;
    private readonly MessageKind _kind;
    private readonly bool _compress;
    private bool _hasBegun;
    private bool _hasEnded;

    internal MessageWriter(Connection connection, MessageKind kind, bool compress)
    {
        _connection = connection;
        _kind = kind;
        _compress = compress;
    }

    /// <summary>Whether the message has not ended yet: more may be sent. False for a writer that was never begun.</summary>
    public readonly bool IsOpen => _connection is not null && !_hasEnded;

    /// <summary>Sends a piece, unless the kernel still refuses what was written before: then not one byte of it is taken.</summary>
    /// <param name="part">
    /// The bytes; they are copied or sent before this returns. At most <see cref="ConnectionLimits.MaxWriteSize"/>. Text may be cut anywhere, also inside a
    /// character. An empty piece sends nothing.
    /// </param>
    /// <returns>Whether it was taken; <see cref="WriteResult.Busy"/> asks for <see cref="Connection.RequestWritable"/> and the same piece again.</returns>
    /// <exception cref="ArgumentException">Text that is not UTF-8, or more than a write may carry. Nothing was sent, and the message is still open.</exception>
    /// <exception cref="InvalidOperationException">
    /// The message has ended, the writer was never begun, another message is open on the connection, or another thread than the loop's.
    /// </exception>
    public WriteResult TrySend(ReadOnlySpan<byte> part)
    {
        Connection connection = OpenConnection(nameof(TrySend));
        if (part.IsEmpty)
            return connection.CanTakeMessages();

        WriteResult result = connection.TrySend(part, _kind, _hasBegun ? MessagePart.Middle : MessagePart.First, _compress);
        _hasBegun |= result == WriteResult.Accepted;
        return result;
    }

    /// <summary>Ends the message, with a last piece or without one.</summary>
    /// <param name="last">As for <see cref="TrySend"/>. A message that is ended without a piece before it leaves as one frame.</param>
    /// <returns>Whether it was taken; after <see cref="WriteResult.Busy"/> the message is still open.</returns>
    /// <inheritdoc cref="TrySend" path="/exception"/>
    public WriteResult TryEnd(ReadOnlySpan<byte> last = default)
    {
        Connection connection = OpenConnection(nameof(TryEnd));
        WriteResult result = connection.TrySend(last, _kind, _hasBegun ? MessagePart.Last : MessagePart.Whole, _compress);
        _hasEnded = result != WriteResult.Busy;
        return result;
    }

    private readonly Connection OpenConnection(string member)
    {
        if (_connection is null)
            throw new InvalidOperationException($"{nameof(MessageWriter)}.{member}: the writer was not made by {nameof(Connection)}.{nameof(Connection.BeginMessage)}.");
        if (_hasEnded)
            throw new InvalidOperationException($"{nameof(MessageWriter)}.{member}: the message has ended.");

        return _connection;
    }
}
