namespace EventLoops.IoUring;

/// <summary>Slots in the order in which they came. The slots themselves know whether they are in it.</summary>
internal struct SlotList()
{
    private SocketSlot[] _slots = new SocketSlot[64];

    public int Count { get; private set; }

    public readonly SocketSlot this[int index]
    {
        get => _slots[index];
        set => _slots[index] = value;
    }

    public void Add(SocketSlot slot)
    {
        if (Count == _slots.Length) Array.Resize(ref _slots, Count * 2);
        _slots[Count++] = slot;
    }

    /// <summary>Drops all but the first so many.</summary>
    public void Truncate(int count)
    {
        Array.Clear(_slots, count, Count - count);
        Count = count;
    }

    /// <summary>Drops the first so many.</summary>
    public void Skip(int count)
    {
        Array.Copy(_slots, count, _slots, 0, Count - count);
        Truncate(Count - count);
    }
}
