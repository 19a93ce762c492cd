using System.Buffers;

namespace EventLoops;

/// <summary>
/// Where an extension writes what it makes of an outgoing message. Its memory is bounded: while an extension writes, what is there already leaves in frames.
/// </summary>
public abstract class ExtensionOutput : IBufferWriter<byte>
{
    /// <summary>The most bytes that <see cref="TakeBack"/> can take back.</summary>
    public const int MaxTakeBack = 16;

    private byte[] _bytes = [];
    private int _length;

    private protected ExtensionOutput()
    {
    }

    private protected ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    private protected int Length => _length;

    /// <summary>Room for at least <paramref name="sizeHint"/> bytes, and never less than 64. Valid until the next call.</summary>
    /// <param name="sizeHint">How many bytes are needed; 0 for any number.</param>
    /// <returns>The room; <see cref="Advance"/> says how much of it was used.</returns>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _bytes.AsSpan(_length);
    }

    /// <inheritdoc cref="GetSpan" />
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _bytes.AsMemory(_length);
    }

    /// <summary>Counts bytes as written that were put into what <see cref="GetSpan"/> or <see cref="GetMemory"/> gave.</summary>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than there was room for.</exception>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _bytes.Length - _length);
        _length += count;
    }

    /// <summary>Writes bytes.</summary>
    /// <param name="bytes">The bytes; they are copied.</param>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Span<byte> room = GetSpan();
            int count = Math.Min(room.Length, bytes.Length);
            bytes[..count].CopyTo(room);
            Advance(count);
            bytes = bytes[count..];
        }
    }

    /// <summary>
    /// Takes the last bytes back that were written for this part: for formats that write an end which is then left out, as RFC 7692 7.2.1 wants. That many never leave early.
    /// </summary>
    /// <param name="count">How many, at most <see cref="MaxTakeBack"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">Negative, more than may be taken back, or more than was written.</exception>
    public void TakeBack(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Math.Min(MaxTakeBack, _length));
        _length -= count;
    }

    /// <summary>The buffer is full: what may leave does, the rest moves to the front or the buffer grows.</summary>
    private protected abstract void OnFull(int needed);

    private protected void Clear() => _length = 0;

    /// <summary>Keeps the last bytes and forgets those in front of them.</summary>
    private protected void KeepLast(int count)
    {
        _bytes.AsSpan(_length - count, count).CopyTo(_bytes);
        _length = count;
    }

    private protected void Resize(int size) => Array.Resize(ref _bytes, size);

    private void MakeRoom(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        int needed = Math.Max(sizeHint, 64);
        if (_bytes.Length - _length < needed)
            OnFull(needed);
    }

    /// <summary>How much fits now.</summary>
    private protected int Capacity => _bytes.Length;
}
