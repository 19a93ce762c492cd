namespace EventLoops;

/// <summary>
/// Pongs that wait for a peer that does not read, as whole frames: a fixed number in order, and of later ones only the newest, which answers for all
/// (RFC 6455 5.5.3). So a flood of pings costs a bounded amount of memory.
/// </summary>
internal struct WaitingPongs
{
    private ByteQueue _frames;
    private int _count;
    private int _lengthWithoutNewest;

    public void Add(ReadOnlySpan<byte> frame, int limit)
    {
        if (_count >= limit)
            _frames.Truncate(_lengthWithoutNewest);
        else
            _count++;

        _lengthWithoutNewest = _frames.Length;
        _frames.Append(frame);
    }

    public void SendAll(Connection connection)
    {
        if (_count == 0)
            return;

        connection.Send(_frames.Span);
        Clear();
    }

    public void Clear()
    {
        _frames.Clear();
        _count = 0;
    }
}
