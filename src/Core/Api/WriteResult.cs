namespace EventLoops;

/// <summary>What became of bytes that were given to a connection.</summary>
public enum WriteResult : byte
{
    /// <summary>Taken: sent, or kept and sent before anything that is written later.</summary>
    Accepted,

    /// <summary>
    /// Not taken, not one byte: the kernel still refuses what was written before. <see cref="Connection.RequestWritable"/> and try again then.
    /// </summary>
    Busy,

    /// <summary>Not taken: the connection no longer carries messages.</summary>
    Closed,
}

/// <summary>Which part of a message is written.</summary>
public enum MessagePart : byte
{
    /// <summary>The message as a whole, in one frame.</summary>
    Whole,

    /// <summary>The first part; more follow.</summary>
    First,

    /// <summary>A part between the first and the last.</summary>
    Middle,

    /// <summary>The last part.</summary>
    Last,
}
