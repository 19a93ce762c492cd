namespace EventLoops;

/// <summary>Where a connection is in its life.</summary>
public enum ConnectionState : byte
{
    /// <summary>Client: the host name is being looked up, or the attempt has not begun yet, the first one or another.</summary>
    Resolving,

    /// <summary>Client: the TCP connection is being made.</summary>
    Connecting,

    /// <summary>Client: a proxy was asked for a tunnel (CONNECT) and its reply is awaited.</summary>
    AwaitingProxy,

    /// <summary>Both: TLS is being agreed on. On a server the first byte may show that the peer does not speak it.</summary>
    Securing,

    /// <summary>Client: the request has been written and its reply is awaited.</summary>
    AwaitingReply,

    /// <summary>Client of HTTP: the head of the reply is there, and its body is being read.</summary>
    ReadingReply,

    /// <summary>Server: a request head is awaited or being read.</summary>
    AwaitingRequest,

    /// <summary>Server: the body of a request is being read.</summary>
    ReadingBody,

    /// <summary>Server: the request has been read and its answer is not complete.</summary>
    Responding,

    /// <summary>Both: an open WebSocket, or one that is passed on between a client and the origin of a mount.</summary>
    Established,

    /// <summary>Both: our close frame has been written and the peer's is awaited (RFC 6455 7.1.2).</summary>
    Closing,

    /// <summary>Both: what is still unsent leaves; nothing is read any more.</summary>
    Flushing,

    /// <summary>Both: everything was sent and the peer's end of the stream is awaited; what it sends is dropped.</summary>
    Lingering,

    /// <summary>Both: over. Nothing is raised any more once the closing callback has returned.</summary>
    Closed,
}

/// <summary>
/// The legal moves between the states of a connection, in one table. A new state is a new row; the diagram in the folder's README is generated
/// from it and a test compares the two.
/// </summary>
internal static class ConnectionStates
{
    private static readonly (ConnectionState From, ConnectionState[] To)[] Table =
    [
        (ConnectionState.Resolving, [ConnectionState.Connecting, ConnectionState.AwaitingReply, ConnectionState.Closed]),
        (ConnectionState.Connecting,
            [ConnectionState.Resolving, ConnectionState.AwaitingProxy, ConnectionState.Securing, ConnectionState.AwaitingReply, ConnectionState.Closed]),
        (ConnectionState.AwaitingProxy, [ConnectionState.Resolving, ConnectionState.Securing, ConnectionState.AwaitingReply, ConnectionState.Closed]),
        (ConnectionState.Securing,
            [ConnectionState.Resolving, ConnectionState.AwaitingReply, ConnectionState.AwaitingRequest, ConnectionState.Flushing, ConnectionState.Closed]),
        (ConnectionState.AwaitingReply, [ConnectionState.Resolving, ConnectionState.ReadingReply, ConnectionState.Established, ConnectionState.Closed]),
        (ConnectionState.ReadingReply, [ConnectionState.Closed]),
        (ConnectionState.AwaitingRequest,
            [ConnectionState.ReadingBody, ConnectionState.Responding, ConnectionState.Established, ConnectionState.Flushing, ConnectionState.Lingering, ConnectionState.Closed]),
        (ConnectionState.ReadingBody,
            [ConnectionState.AwaitingRequest, ConnectionState.Responding, ConnectionState.Flushing, ConnectionState.Lingering, ConnectionState.Closed]),
        (ConnectionState.Responding,
            [ConnectionState.AwaitingRequest, ConnectionState.Established, ConnectionState.Flushing, ConnectionState.Lingering, ConnectionState.Closed]),
        (ConnectionState.Established, [ConnectionState.Closing, ConnectionState.Flushing, ConnectionState.Lingering, ConnectionState.Closed]),
        (ConnectionState.Closing, [ConnectionState.Flushing, ConnectionState.Lingering, ConnectionState.Closed]),
        (ConnectionState.Flushing, [ConnectionState.Lingering, ConnectionState.Closed]),
        (ConnectionState.Lingering, [ConnectionState.Closed]),
        (ConnectionState.Closed, []),
    ];

    private static readonly ushort[] Masks = BuildMasks();

    /// <summary>Whether a connection may go from one state to another.</summary>
    public static bool IsLegal(ConnectionState from, ConnectionState to) => (Masks[(int)from] & (1 << (int)to)) != 0;

    /// <summary>The table as a Mermaid state diagram.</summary>
    public static string Diagram()
    {
        List<string> lines = ["stateDiagram-v2", "    [*] --> AwaitingRequest: accepted", "    [*] --> Securing: accepted for TLS", "    [*] --> Resolving: connect"];
        foreach ((ConnectionState from, ConnectionState[] to) in Table)
        {
            lines.AddRange(to.Select(next => $"    {from} --> {next}"));
        }

        lines.Add("    Closed --> [*]");
        return string.Join('\n', lines);
    }

    private static ushort[] BuildMasks()
    {
        ushort[] masks = new ushort[Table.Length];
        foreach ((ConnectionState from, ConnectionState[] to) in Table)
        {
            foreach (ConnectionState next in to)
                masks[(int)from] |= (ushort)(1 << (int)next);
        }

        return masks;
    }
}
