using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.IoUring;

/// <summary>Buffers that hold what one socket has received and nobody has taken yet, in their order. The buffers know their successors; this is the beginning and the end.</summary>
internal struct BufferChain
{
    // The number of the buffer and one, so that nothing is zero.
    public ushort First;
    public ushort Last;

    public readonly bool IsEmpty => First == 0;
}

/// <summary>
/// The buffers that the kernel receives into. It takes one when bytes come, so that a connection that waits has none; it is given back when its bytes have been taken. A buffer
/// lies with the kernel or in one <see cref="BufferChain"/>.
/// </summary>
internal sealed unsafe class ProvidedBuffers : IDisposable
{
    /// <summary>The number of the group, which entries that receive name.</summary>
    public const ushort Group = 0;

    // struct io_uring_buf is 16 bytes; the last two bytes of the first one are the tail of the ring.
    private const int TailOffset = 14;

    // Buffers that begin at the same place of a page would share few lines of the processor's cache, so each begins a line later than the one before it.
    private const int CacheLine = 64;

    private readonly ProvidedBuffer* _ring;
    private readonly byte* _memory;
    private readonly int _count;
    private readonly int _size;
    private readonly int _stride;
    private readonly ushort[] _next;
    private readonly int[] _offset;
    private readonly int[] _length;
    private readonly bool[] _isFree;
    private ushort _tail;

    /// <summary>Makes them.</summary>
    /// <param name="count">How many, a power of two.</param>
    /// <param name="size">How many bytes each has room for.</param>
    public ProvidedBuffers(int count, int size)
    {
        _count = count;
        _size = size;
        _stride = size + CacheLine;
        _ring = (ProvidedBuffer*)NativeMemory.AlignedAlloc((nuint)(count * sizeof(ProvidedBuffer)), (nuint)Environment.SystemPageSize);
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)count * (nuint)_stride, (nuint)Environment.SystemPageSize);
        _next = new ushort[count];
        _offset = new int[count];
        _length = new int[count];
        _isFree = new bool[count];
        Array.Fill(_isFree, true);
        Free = count;
    }

    /// <summary>How many the kernel has.</summary>
    public int Free { get; private set; }

    /// <summary>Whether so many are in use that others might find none.</summary>
    public bool IsScarce => Free * 2 < _count;

    /// <summary>Gives a ring all buffers that hold nothing. A ring that had them before is closed by now.</summary>
    public Errno Register(Ring ring)
    {
        _tail = 0;
        new Span<byte>(_ring, _count * sizeof(ProvidedBuffer)).Clear();
        for (int id = 0; id < _count; id++)
        {
            if (_isFree[id]) Provide(id);
        }

        BufferRegistration registration = new() { Address = (ulong)_ring, Entries = (uint)_count, Group = Group };
        return ring.Register(UringCalls.RegisterBufferRing, &registration, 1);
    }

    /// <summary>The kernel has filled a buffer: it goes to the end of a chain.</summary>
    public void Append(ref BufferChain chain, int id, int length)
    {
        _isFree[id] = false;
        Free--;
        _offset[id] = 0;
        _length[id] = length;
        _next[id] = 0;
        if (chain.IsEmpty) chain.First = (ushort)(id + 1);
        else _next[chain.Last - 1] = (ushort)(id + 1);
        chain.Last = (ushort)(id + 1);
    }

    /// <summary>The kernel has used a buffer for nothing, or for nobody: it gets it back.</summary>
    public void Return(int id) => Provide(id);

    /// <summary>Moves as many bytes as there is room for, and gives the kernel the buffers that are empty then.</summary>
    public int Take(ref BufferChain chain, Span<byte> room)
    {
        int taken = 0;
        while (taken < room.Length && !chain.IsEmpty)
        {
            int id = chain.First - 1;
            int count = Math.Min(_length[id] - _offset[id], room.Length - taken);
            new ReadOnlySpan<byte>(AddressOf(id) + _offset[id], count).CopyTo(room[taken..]);
            taken += count;
            _offset[id] += count;
            if (_offset[id] == _length[id]) Release(ref chain);
        }

        return taken;
    }

    /// <summary>Moves all bytes of a chain elsewhere, so that the kernel has its buffers again.</summary>
    public void Spill(ref BufferChain chain, ref NativeBytes target)
    {
        while (!chain.IsEmpty)
        {
            int id = chain.First - 1;
            target.Append(new ReadOnlySpan<byte>(AddressOf(id) + _offset[id], _length[id] - _offset[id]));
            Release(ref chain);
        }
    }

    /// <summary>Forgets what a chain holds.</summary>
    public void Drop(ref BufferChain chain)
    {
        while (!chain.IsEmpty) Release(ref chain);
    }

    /// <summary>Frees the memory. The ring that has them must be closed: after that the kernel writes into none of them.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_ring);
        NativeMemory.AlignedFree(_memory);
    }

    private byte* AddressOf(int id) => _memory + ((nint)id * _stride);

    private void Release(ref BufferChain chain)
    {
        int id = chain.First - 1;
        chain.First = _next[id];
        if (chain.First == 0) chain.Last = 0;
        _isFree[id] = true;
        Free++;
        Provide(id);
    }

    private void Provide(int id)
    {
        // The tail shares its bytes with the first entry, so an entry is not written as a whole.
        ProvidedBuffer* entry = _ring + (_tail & (_count - 1));
        entry->Address = (ulong)AddressOf(id);
        entry->Length = (uint)_size;
        entry->Id = (ushort)id;
        Volatile.Write(ref Unsafe.AsRef<ushort>((byte*)_ring + TailOffset), ++_tail);
    }
}
