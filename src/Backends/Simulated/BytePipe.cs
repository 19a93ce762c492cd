namespace EventLoops.Simulated;

/// <summary>The bytes on their way in one direction: a ring that grows to its capacity and is then full.</summary>
internal sealed class BytePipe(int capacity)
{
    private byte[] _ring = [];
    private int _start;

    /// <summary>How many bytes wait to be read.</summary>
    public int Length { get; private set; }

    /// <summary>How many may wait at most. Lowering it throws nothing away.</summary>
    public int Capacity { get; set; } = capacity;

    /// <summary>How many bytes it takes now.</summary>
    public int Free => Math.Max(0, Capacity - Length);

    /// <summary>
    /// Whether a wait calls it writable. Linux waits until a third is free, so that a writer is not woken for every byte (tcp(7), the kernel's sk_stream_min_wspace).
    /// </summary>
    public bool HasRoom => Free > 0 && Free >= Length / 2;

    /// <summary>Takes as many of the bytes as fit. Returns how many.</summary>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        int count = Math.Min(bytes.Length, Free);
        if (Length + count > _ring.Length) Grow(Length + count);

        int end = (_start + Length) % Math.Max(1, _ring.Length);
        int first = Math.Min(count, _ring.Length - end);
        bytes[..first].CopyTo(_ring.AsSpan(end));
        bytes[first..count].CopyTo(_ring);
        Length += count;
        return count;
    }

    /// <summary>Moves as many bytes as there are and fit. Returns how many.</summary>
    public int Read(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, Length);
        int first = Math.Min(count, _ring.Length - _start);
        _ring.AsSpan(_start, first).CopyTo(buffer);
        _ring.AsSpan(0, count - first).CopyTo(buffer[first..]);
        Length -= count;
        _start = Length == 0 ? 0 : (_start + count) % _ring.Length;
        return count;
    }

    /// <summary>Forgets what is in it.</summary>
    public void Clear()
    {
        Length = 0;
        _start = 0;
    }

    private void Grow(int needed)
    {
        byte[] larger = new byte[Math.Max(needed, Math.Min(Capacity, Math.Max(256, _ring.Length * 2)))];
        int length = Length;
        Read(larger);
        _ring = larger;
        _start = 0;
        Length = length;
    }
}
