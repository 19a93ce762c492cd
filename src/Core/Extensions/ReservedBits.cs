namespace EventLoops;

/// <summary>The three bits of a frame that RFC 6455 leaves to extensions (RFC 6455 5.2), at their places in a frame's first byte.</summary>
[Flags]
public enum ReservedBits : byte
{
    /// <summary>None of them.</summary>
    None = 0,

    /// <summary>The last.</summary>
    Rsv3 = 0x10,

    /// <summary>The middle one.</summary>
    Rsv2 = 0x20,

    /// <summary>The first; permessage-deflate marks compressed messages with it (RFC 7692 6).</summary>
    Rsv1 = 0x40,

    /// <summary>All three.</summary>
    All = Rsv1 | Rsv2 | Rsv3,
}
