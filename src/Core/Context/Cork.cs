namespace EventLoops;

/// <summary>
/// Where the output of the connection that is being served collects, so that all it writes during its callbacks leaves in one send. There is one a
/// service thread; whoever is served owns it for that time. A connection that is written to while another one is served keeps its bytes itself.
/// </summary>
internal sealed class Cork
{
    /// <summary>What fits. Large enough for every answer to one read of small messages; larger payloads are sent from where they are.</summary>
    public const int Capacity = 64 * 1024;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Capacity, pinned: true);
    private int _length;

    /// <summary>The connection that is being served, or null between two of them.</summary>
    public Connection? Owner { get; private set; }

    public int Length => _length;

    public int Free => Capacity - _length;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>
    /// Gives the cork to a connection. False when another one has it already: user code that runs inside a callback may make a second
    /// connection work.
    /// </summary>
    public bool TryEnter(Connection connection)
    {
        if (Owner is not null)
            return false;

        Owner = connection;
        return true;
    }

    public void Leave()
    {
        Owner = null;
        _length = 0;
    }

    /// <summary>Counts <paramref name="count"/> bytes as written and hands them out to be filled. The caller has seen that they fit.</summary>
    public Span<byte> Extend(int count)
    {
        _length += count;
        return _bytes.AsSpan(_length - count, count);
    }

    public void Clear() => _length = 0;
}
