namespace EventLoops;

/// <summary>Which of the two kinds a WebSocket message is. The kind of a fragmented message is that of its first frame.</summary>
public enum MessageKind : byte
{
    /// <summary>Text: UTF-8, checked before it is delivered unless the check was turned off.</summary>
    Text = 1,

    /// <summary>Bytes without a meaning to the protocol.</summary>
    Binary = 2,
}

/// <summary>
/// What is known about one received part of a message. A message is one frame or several fragments (RFC 6455 5.4), and each
/// frame is delivered in one part or several, so a part may be the whole message or any piece of it.
/// </summary>
/// <remarks>To collect whole messages: append every part, and take the message when <see cref="IsFinalFragment"/> is true.</remarks>
public readonly struct MessageInfo
{
    private readonly PartFlags _flags;

    internal MessageInfo(MessageKind kind, PartFlags flags, long remainingPayload)
    {
        Kind = kind;
        _flags = flags;
        RemainingPayload = remainingPayload;
    }

    /// <summary>Text or binary; the same for every part of a message.</summary>
    public MessageKind Kind { get; }

    /// <summary>
    /// How many bytes of this frame are still to come after this part; 0 on the last part of a frame. A hint for the size of a buffer.
    /// </summary>
    public long RemainingPayload { get; }

    /// <summary>Whether this part belongs to the first frame of its message.</summary>
    public bool IsFirstFragment => (_flags & PartFlags.FirstFragment) != PartFlags.None;

    /// <summary>Whether the message ends with this part: the frame has the FIN bit and nothing of it remains.</summary>
    public bool IsFinalFragment => (_flags & PartFlags.Final) != PartFlags.None;

    /// <summary>Whether the message begins with this part.</summary>
    public bool IsFirstPart => (_flags & PartFlags.FirstPart) != PartFlags.None;

    /// <summary>
    /// Whether the message ends with this part; the same as <see cref="IsFinalFragment"/>, to be read beside <see cref="IsFirstPart"/>.
    /// </summary>
    public bool IsLastPart => IsFinalFragment;
}

/// <summary>Where a part lies in its message.</summary>
[Flags]
internal enum PartFlags : byte
{
    None = 0,
    FirstFragment = 1,
    FirstPart = 2,
    Final = 4,

    /// <summary>The part is the message.</summary>
    Whole = FirstFragment | FirstPart | Final,
}
