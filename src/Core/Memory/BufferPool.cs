using System.Numerics;

namespace EventLoops;

/// <summary>
/// Arrays for bytes that have to outlive a callback: a cut head, a message that is being collected, what the kernel did not take.
/// One pool a thread, so taking and giving back is a push and a pop without a lock. A framework pool keeps a few arrays of a size;
/// a loop may need one for each of its connections in the same turn, and would allocate in every turn.
/// </summary>
internal static class BufferPool
{
    private const int SmallestBits = 8;
    private const int LargestBits = 20;

    // What each size class keeps when its arrays come back, and what all of them may keep beyond that together, whichever needs it: many short messages, or a few
    // long ones that are collected for all connections at once. The collector takes the rest.
    private const int OwnBytesOfClass = 4 * 1024 * 1024;
    private const int SharedBytes = 32 * 1024 * 1024;

    private static readonly List<Tally> Tallies = [];

    [ThreadStatic]
    private static Shelf? shelf;

    /// <summary>How many bytes are out of the pool, of all threads together. Any thread; each thread's number is read by itself.</summary>
    public static long RentedBytes
    {
        get
        {
            lock (Tallies)
                return Tallies.Sum(one => Volatile.Read(ref one.Bytes));
        }
    }

    /// <summary>Takes an array of at least <paramref name="minimumLength"/> bytes. Its content is undefined.</summary>
    public static byte[] Rent(int minimumLength)
    {
        Shelf own = shelf ??= NewShelf();
        int bits = ClassOf(minimumLength);
        int length = bits > LargestBits ? minimumLength : 1 << bits;
        own.Rented.Bytes += length;
        if (bits > LargestBits)
            return GC.AllocateUninitializedArray<byte>(length);

        return own.TryTake(bits) ?? GC.AllocateUninitializedArray<byte>(length);
    }

    /// <summary>Gives an array back. The caller must not use it again.</summary>
    public static void Return(byte[] array)
    {
        Shelf own = shelf ??= NewShelf();
        own.Rented.Bytes -= array.Length;
        int bits = BitOperations.Log2((uint)array.Length);
        if (bits is >= SmallestBits and <= LargestBits && array.Length == 1 << bits)
            own.Keep(array, bits);
    }

    private static int ClassOf(int length) =>
        length <= 1 << SmallestBits ? SmallestBits : BitOperations.Log2((uint)length - 1) + 1;

    private static Shelf NewShelf()
    {
        Shelf made = new();
        lock (Tallies)
            Tallies.Add(made.Rented);
        return made;
    }

    /// <summary>How much is out of one shelf. An array may come back to another one, so only the sum of all means something, also of those whose threads have gone.</summary>
    private sealed class Tally
    {
        public long Bytes;
    }

    /// <summary>What one thread keeps; it goes with its thread.</summary>
    private sealed class Shelf
    {
        private readonly Stack<byte[]>?[] _classes = new Stack<byte[]>?[LargestBits + 1];
        private int _shared;

        public Tally Rented { get; } = new();

        public byte[]? TryTake(int bits)
        {
            if (_classes[bits] is not { } kept || !kept.TryPop(out byte[]? array))
                return null;

            if (kept.Count >= OwnBytesOfClass >> bits)
                _shared -= array.Length;
            return array;
        }

        public void Keep(byte[] array, int bits)
        {
            Stack<byte[]> kept = _classes[bits] ??= new Stack<byte[]>();
            if (kept.Count >= OwnBytesOfClass >> bits)
            {
                if (_shared + array.Length > SharedBytes)
                    return;

                _shared += array.Length;
            }

            kept.Push(array);
        }
    }
}
