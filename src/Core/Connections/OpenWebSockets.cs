namespace EventLoops;

/// <summary>The open WebSockets of one protocol, the newest first: a list that runs through the connections themselves, so that nothing is allocated.</summary>
internal sealed class OpenWebSockets
{
    private Connection? _newest;

    public bool IsEmpty => _newest is null;

    public void Add(Connection connection)
    {
        connection.NextInProtocol = _newest;
        connection.PreviousInProtocol = null;
        if (_newest is not null)
            _newest.PreviousInProtocol = connection;
        _newest = connection;
    }

    /// <summary>Takes a connection out. One that never was in the list, since it never was open, is no mistake.</summary>
    public void Remove(Connection connection)
    {
        Connection? next = connection.NextInProtocol;
        Connection? previous = connection.PreviousInProtocol;
        if (next is not null)
            next.PreviousInProtocol = previous;
        if (previous is not null)
            previous.NextInProtocol = next;
        else if (_newest == connection)
            _newest = next;

        connection.NextInProtocol = connection.PreviousInProtocol = null;
    }

    public void RequestWritableAll()
    {
        for (Connection? connection = _newest; connection is not null; connection = connection.NextInProtocol)
            connection.RequestWritable();
    }
}
