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

    // What one size class may keep when its arrays come back; beyond it the collector takes them.
    private const int KeptBytesPerClass = 8 * 1024 * 1024;

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

        return own.Kept(bits).TryPop(out byte[]? array) ? array : GC.AllocateUninitializedArray<byte>(length);
    }

    /// <summary>Gives an array back. The caller must not use it again.</summary>
    public static void Return(byte[] array)
    {
        Shelf own = shelf ??= NewShelf();
        own.Rented.Bytes -= array.Length;
        int bits = BitOperations.Log2((uint)array.Length);
        if (bits is < SmallestBits or > LargestBits || array.Length != 1 << bits)
            return;

        Stack<byte[]> kept = own.Kept(bits);
        if (kept.Count < KeptBytesPerClass >> bits)
            kept.Push(array);
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

        public Tally Rented { get; } = new();

        public Stack<byte[]> Kept(int bits) => _classes[bits] ??= new Stack<byte[]>();
    }
}
