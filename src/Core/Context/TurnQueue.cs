namespace EventLoops;

/// <summary>
/// Connections that want to be served in a step of the turn. A batch holds those that were queued when the step began; whoever
/// is queued while it is served waits for the next turn, so that nobody can keep the loop in one step for ever.
/// </summary>
internal sealed class TurnQueue
{
    private List<Connection> _waiting = [];
    private List<Connection> _batch = [];

    public bool IsEmpty => _waiting.Count == 0;

    public void Add(Connection connection) => _waiting.Add(connection);

    /// <summary>Those that are waiting now. Valid until the next call, after <see cref="Done"/> at the latest.</summary>
    public List<Connection> Take()
    {
        (_waiting, _batch) = (_batch, _waiting);
        return _batch;
    }

    /// <summary>The batch was served; lets the connections go.</summary>
    public void Done() => _batch.Clear();
}
