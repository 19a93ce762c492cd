using System.Buffers.Binary;
using System.Diagnostics;

namespace Ping;

/// <summary>
/// The pings that were sent: numbered from 1, and written down until they are answered, the last 4,096 of them. A ping carries its number in its first
/// bytes, eight of them if it has so many; from fewer the number is the next that fits, as
/// answers come in the order of the questions.
/// </summary>
internal sealed class SentPings
{
    private const int Remembered = 4096;

    private readonly long[] _sentAt = new long[Remembered];
    private long _lastAnswered;

    /// <summary>How many were sent: the number of the last one.</summary>
    public long Count { get; private set; }

    /// <summary>Writes the number of the next ping into its payload.</summary>
    public void Number(Span<byte> payload)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, Count + 1);
        number[..Math.Min(number.Length, payload.Length)].CopyTo(payload);
    }

    /// <summary>The ping with the next number has been sent.</summary>
    public void Add()
    {
        Count++;
        _sentAt[Count % Remembered] = Stopwatch.GetTimestamp();
    }

    /// <summary>Finds the ping that a pong answers.</summary>
    /// <param name="payload">What the pong carries.</param>
    /// <param name="number">The number of the ping.</param>
    /// <param name="sentAt">When it was sent; 0 when it has been answered before, or is too long ago.</param>
    /// <returns>Whether it was one of ours.</returns>
    public bool TryTake(ReadOnlySpan<byte> payload, out long number, out long sentAt)
    {
        number = NumberIn(payload);
        sentAt = 0;
        if (number < 1 || number > Count)
            return false;
        if (Count - number >= Remembered)
            return true;

        _lastAnswered = Math.Max(_lastAnswered, number);
        sentAt = _sentAt[number % Remembered];
        _sentAt[number % Remembered] = 0;
        return true;
    }

    private long NumberIn(ReadOnlySpan<byte> payload)
    {
        int bytes = Math.Min(payload.Length, sizeof(long));
        Span<byte> number = stackalloc byte[sizeof(long)];
        payload[..bytes].CopyTo(number);
        long written = BinaryPrimitives.ReadInt64LittleEndian(number);
        if (bytes == sizeof(long))
            return written;

        // Numbers that look the same are this far apart. One that is not to come any more was the newest of them, a second time.
        long distance = 1L << (bytes * 8);
        long next = _lastAnswered + 1 + ((written - _lastAnswered - 1) & (distance - 1));
        return next <= Count ? next : Count - ((Count - written) & (distance - 1));
    }
}
