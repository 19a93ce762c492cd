using System.Runtime.InteropServices;

namespace EventLoops.IoUring;

/// <summary>Bytes outside of the heap that wait for somebody: appended at the end, taken from the front, given back when the last one is gone.</summary>
internal unsafe struct NativeBytes
{
    private byte* _start;
    private int _capacity;
    private int _offset;

    public int Length { get; private set; }

    public readonly bool IsEmpty => Length == 0;

    public readonly byte* Address => _start + _offset;

    public readonly ReadOnlySpan<byte> Span => new(Address, Length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        int needed = _offset + Length + bytes.Length;
        if (needed > _capacity)
        {
            _capacity = Math.Max(needed, _capacity * 2);
            _start = (byte*)NativeMemory.Realloc(_start, (nuint)_capacity);
        }

        bytes.CopyTo(new Span<byte>(Address + Length, bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>Drops bytes from the front.</summary>
    public void Skip(int count)
    {
        _offset += count;
        Length -= count;
        if (Length == 0) Free();
    }

    /// <summary>Moves as many bytes as there is room for.</summary>
    public int Take(Span<byte> room)
    {
        int count = Math.Min(Length, room.Length);
        Span[..count].CopyTo(room);
        Skip(count);
        return count;
    }

    public void Free()
    {
        NativeMemory.Free(_start);
        this = default;
    }
}
