namespace EventLoops.Protocols.WebSocket;

/// <summary>What <see cref="FrameReader.Read"/> came upon.</summary>
internal enum FrameEventKind : byte
{
    /// <summary>The input is used up and there is nothing to report yet.</summary>
    NeedMore,

    /// <summary>A part of a text or binary message.</summary>
    Data,

    /// <summary>A whole ping.</summary>
    Ping,

    /// <summary>A whole pong.</summary>
    Pong,

    /// <summary>The peer's close frame. Whatever comes after it is swallowed without an event.</summary>
    Close,

    /// <summary>The peer broke a rule. Every later read reports the same fault.</summary>
    Fault,
}

/// <summary>
/// One event of a <see cref="FrameReader"/>. <see cref="Payload"/> is valid until the next call on the reader; it lies in the
/// caller's input, or, when a control frame came in pieces, in a buffer of the reader.
/// </summary>
internal readonly ref struct FrameEvent
{
    /// <summary>The unmasked payload: of the part, of the ping or pong, or of the close frame (its code first, if it has one).</summary>
    internal Span<byte> Payload { get; init; }

    /// <summary>For <see cref="FrameEventKind.Data"/>: where the part lies in its message.</summary>
    internal MessageInfo Info { get; init; }

    /// <summary>For <see cref="FrameEventKind.Fault"/>: which rule was broken.</summary>
    internal ProtocolFault Fault { get; init; }

    /// <summary>
    /// For <see cref="FrameEventKind.Close"/>: the peer's code; <see cref="WebSocketCloseCode.NoStatus"/> when it sent none.
    /// </summary>
    internal WebSocketCloseCode CloseCode { get; init; }

    /// <summary>For <see cref="FrameEventKind.Close"/>: the text behind the code (RFC 6455 5.5.1).</summary>
    internal Span<byte> CloseReason => Payload.IsEmpty ? default : Payload[sizeof(ushort)..];

    internal FrameEventKind Kind { get; init; }

    /// <summary>
    /// For <see cref="FrameEventKind.Data"/>: the reserved bits of the first frame of the message, which tell the extensions that must decode it.
    /// </summary>
    internal ReservedBits Bits { get; init; }
}
