namespace EventLoops;

/// <summary>What a step of <see cref="ExtensionSession.Decode"/> came to.</summary>
public enum DecodeStatus
{
    /// <summary>The input is used up, nothing is left to be written, and the message goes on.</summary>
    NeedInput,

    /// <summary>The output is full; there may be more.</summary>
    OutputFull,

    /// <summary>The message has ended and everything was written.</summary>
    End,

    /// <summary>The peer sent something that cannot be decoded: the connection is closed with 1007.</summary>
    Failed,
}

/// <summary>
/// An extension on one connection: turns the parts of outgoing messages into the payload of frames, and back. Messages are streams for it: neither a whole
/// message nor a whole frame need be in memory. Called on the loop's thread; an exception closes the connection with 1011.
/// </summary>
public abstract class ExtensionSession
{
    internal const int LargestPart = 64 * 1024;

    /// <summary>
    /// The bits that mark the first frame of a message that this extension has transformed (RFC 6455 5.2). Two extensions of a connection cannot own the same bit.
    /// With <see cref="ReservedBits.None"/>, the default, the extension must transform every message or tell by itself which it did.
    /// </summary>
    public virtual ReservedBits Bits => ReservedBits.None;

    /// <summary>The most bytes of a decoded message that <c>OnReceive</c> is given at once; at most 64 KiB, the default.</summary>
    public virtual int MaxPartSize => LargestPart;

    /// <summary>The most bytes of payload in one frame; at most 64 KiB, the default. What is longer leaves in several frames (RFC 6455 5.4).</summary>
    public virtual int MaxFrameSize => LargestPart;

    /// <summary>A message is about to be sent. True, the default, sends it through <see cref="Encode"/>; false leaves it as it is.</summary>
    /// <param name="kind">Text or binary.</param>
    /// <param name="length">How many bytes its first part has.</param>
    /// <param name="isWhole">Whether that part is the whole message.</param>
    /// <returns>Whether the message is transformed.</returns>
    protected internal virtual bool BeginEncode(MessageKind kind, int length, bool isWhole) => true;

    /// <summary>
    /// Transforms the next part of an outgoing message. What is written to <paramref name="output"/> leaves in this turn, so the peer must be able to use it
    /// without waiting for the next part.
    /// </summary>
    /// <param name="part">The bytes; empty parts occur.</param>
    /// <param name="isLast">Whether the message ends with them.</param>
    /// <param name="output">Takes the result.</param>
    protected internal abstract void Encode(ReadOnlySpan<byte> part, bool isLast, ExtensionOutput output);

    /// <summary>A message begins to arrive. True sends it through <see cref="Decode"/>. The default is whether all of <see cref="Bits"/> are set.</summary>
    /// <param name="kind">Text or binary.</param>
    /// <param name="bits">The reserved bits of the message's first frame.</param>
    /// <returns>Whether this extension has transformed the message.</returns>
    protected internal virtual bool BeginDecode(MessageKind kind, ReservedBits bits) => (bits & Bits) == Bits;

    /// <summary>
    /// Transforms arrived bytes back, as many as fit into <paramref name="output"/>. It is called until it needs input or the message has ended; it may be
    /// called again with no input to write what is left.
    /// </summary>
    /// <param name="input">The bytes that have arrived; moved behind those that were used.</param>
    /// <param name="isLast">Whether the message ends with this input.</param>
    /// <param name="output">Where to write; never empty.</param>
    /// <param name="written">How many bytes were written.</param>
    /// <returns>What to do next.</returns>
    protected internal abstract DecodeStatus Decode(ref ReadOnlySpan<byte> input, bool isLast, scoped Span<byte> output, out int written);

    /// <summary>Changes an option of the extension on this connection: <see cref="Connection.SetExtensionOption"/>.</summary>
    /// <param name="name">The option's name.</param>
    /// <param name="value">The value as text.</param>
    /// <returns>What became of it; the default knows no option.</returns>
    protected internal virtual ExtensionOptionResult SetOption(string name, string value) => ExtensionOptionResult.UnknownOption;

    /// <summary>The connection has ended, or was not opened after all: gives back what is held. Called once.</summary>
    protected internal virtual void Release()
    {
    }

    /// <summary>The payload that was made for all receivers of a message together, where the extension has such a thing.</summary>
    internal virtual bool TryUsePrepared(PreparedMessage message, out ReadOnlyMemory<byte> payload)
    {
        payload = default;
        return false;
    }
}
