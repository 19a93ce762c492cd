using System.Runtime.InteropServices;

namespace EventLoops.IoUring;

/// <summary>
/// Where the bytes lie that leave with the next submission, of all sockets one behind the other. The kernel has taken them when the call is over, so the room is used anew in
/// each turn, and no connection has room of its own.
/// </summary>
internal sealed unsafe class SendArena : IDisposable
{
    /// <summary>What all sockets may put off together; what does not fit leaves by a system call of its own.</summary>
    public const int Size = 256 * 1024;

    private readonly byte* _memory = (byte*)NativeMemory.Alloc(Size);
    private int _used;

    public byte* AddressOf(int offset) => _memory + offset;

    public ReadOnlySpan<byte> Span(int offset, int length) => new(_memory + offset, length);

    /// <summary>Takes room at the end.</summary>
    public bool TryReserve(int length, out int offset)
    {
        offset = _used;
        if (length > Size - _used) return false;

        _used += length;
        return true;
    }

    /// <summary>Takes more room behind what was reserved up to <paramref name="end"/>, when nobody else has reserved since.</summary>
    public bool TryExtend(int end, int length) => end == _used && TryReserve(length, out _);

    public void Put(int offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(new Span<byte>(_memory + offset, bytes.Length));

    public void Reset() => _used = 0;

    public void Dispose() => NativeMemory.Free(_memory);
}
