namespace EventLoops;

/// <summary>
/// Bytes in the order in which they came: appended at the end, taken from the front. It owns an array only while it holds something,
/// so a queue that is empty costs its three fields.
/// </summary>
internal struct ByteQueue
{
    private byte[]? _array;
    private int _start;
    private int _end;

    /// <summary>How many bytes are held.</summary>
    public readonly int Length => _end - _start;

    /// <summary>Whether nothing is held.</summary>
    public readonly bool IsEmpty => _end == _start;

    /// <summary>What is held. Valid until the next call that changes the queue.</summary>
    public readonly Span<byte> Span => _array.AsSpan(_start, _end - _start);

    /// <summary>Adds bytes at the end.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Extend(bytes.Length));

    /// <summary>Makes room for <paramref name="count"/> bytes at the end, counts them as held and hands them out to be filled.</summary>
    public Span<byte> Extend(int count)
    {
        if (_array is null || _end + count > _array.Length)
            MakeRoom(count);

        _end += count;
        return _array.AsSpan(_end - count, count);
    }

    /// <summary>Makes room for <paramref name="count"/> bytes at the end, which are expected, so that they need not be moved when they come.</summary>
    public void Reserve(int count)
    {
        if (_array is null || _end + (long)count > _array.Length)
            MakeRoom(count);
    }

    /// <summary>Takes <paramref name="count"/> bytes from the front; gives the array back with the last one.</summary>
    public void Consume(int count)
    {
        _start += count;
        if (_start == _end)
            Clear();
    }

    /// <summary>Takes bytes from the end, until <paramref name="length"/> are left.</summary>
    public void Truncate(int length) => _end = _start + length;

    /// <summary>Forgets everything and gives the array back.</summary>
    public void Clear()
    {
        if (_array is not null)
            BufferPool.Return(_array);
        _array = null;
        _start = _end = 0;
    }

    private void MakeRoom(int count)
    {
        int length = Length;
        int needed = checked(length + count);

        // Moving down costs a copy of what is left; it is worth it only when that frees at least half of the array.
        if (_array is not null && needed <= _array.Length / 2)
        {
            Span.CopyTo(_array);
            _start = 0;
            _end = length;
            return;
        }

        byte[] larger = BufferPool.Rent(Math.Max(needed, Math.Min(length * 2, Array.MaxLength)));
        Span.CopyTo(larger);
        if (_array is not null)
            BufferPool.Return(_array);
        _array = larger;
        _start = 0;
        _end = length;
    }
}
