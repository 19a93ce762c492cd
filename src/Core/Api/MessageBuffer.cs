namespace EventLoops;

/// <summary>
/// Collects the parts of a message in a session until it can be used or written back. It owns memory, from the thread's pool, only while it
/// holds bytes; the default value is an empty buffer that is ready to use. For the loop's thread only. Call <see cref="Clear"/> when the message
/// is done and in <c>OnClosed</c>, otherwise the memory is left to the garbage collector.
/// </summary>
/// <remarks>
/// What it can hold is bounded by what can arrive: a connection refuses messages above <see cref="ConnectionLimits.MaxMessageSize"/>
/// before their payload is read.
/// </remarks>
public struct MessageBuffer
{
    private ByteQueue _bytes;

    /// <summary>How many bytes are held.</summary>
    public readonly int Length => _bytes.Length;

    /// <summary>Whether nothing is held.</summary>
    public readonly bool IsEmpty => _bytes.IsEmpty;

    /// <summary>What is held, in the order in which it was appended. Valid until the next change of the buffer.</summary>
    public readonly ReadOnlySpan<byte> Span => _bytes.Span;

    /// <summary>Adds bytes at the end.</summary>
    /// <param name="part">The bytes; they are copied.</param>
    public void Append(ReadOnlySpan<byte> part) => _bytes.Append(part);

    /// <summary>Takes bytes from the front.</summary>
    /// <param name="count">How many; at most <see cref="Length"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">More than the buffer holds, or negative.</exception>
    public void Consume(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _bytes.Length);
        _bytes.Consume(count);
    }

    /// <summary>Forgets everything and gives the memory back.</summary>
    public void Clear() => _bytes.Clear();
}
