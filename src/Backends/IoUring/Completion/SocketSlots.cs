namespace EventLoops.IoUring;

/// <summary>The slots by descriptor, and those that wait for another one. The kernel gives out the lowest free number, so that an array is the smallest and fastest table.</summary>
internal sealed class SocketSlots
{
    private readonly Stack<SocketSlot> _spare = new();
    private SocketSlot?[] _slots = new SocketSlot?[64];

    /// <summary>One more than the largest descriptor that may have one.</summary>
    public int Limit => _slots.Length;

    public SocketSlot? Find(int fd) => (uint)fd < (uint)_slots.Length ? _slots[fd] : null;

    /// <summary>Gives a socket a slot, an empty one. It has none yet.</summary>
    public SocketSlot Add(int fd, bool isListener, uint acceptedIn)
    {
        if (fd >= _slots.Length) Array.Resize(ref _slots, Math.Max(fd + 1, _slots.Length * 2));
        if (!_spare.TryPop(out SocketSlot? slot)) slot = new SocketSlot();

        slot.Begin(fd, isListener, acceptedIn);
        _slots[fd] = slot;
        return slot;
    }

    /// <summary>Takes it back, empty.</summary>
    public void Remove(SocketSlot slot)
    {
        _slots[slot.Fd] = null;
        slot.Fd = -1;
        _spare.Push(slot);
    }
}
