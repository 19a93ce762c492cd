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

    [ThreadStatic]
    private static Stack<byte[]>?[]? classes;

    /// <summary>Takes an array of at least <paramref name="minimumLength"/> bytes. Its content is undefined.</summary>
    public static byte[] Rent(int minimumLength)
    {
        int bits = ClassOf(minimumLength);
        if (bits > LargestBits)
            return GC.AllocateUninitializedArray<byte>(minimumLength);

        Stack<byte[]> kept = Kept(bits);
        return kept.TryPop(out byte[]? array) ? array : GC.AllocateUninitializedArray<byte>(1 << bits);
    }

    /// <summary>Gives an array back. The caller must not use it again.</summary>
    public static void Return(byte[] array)
    {
        int bits = BitOperations.Log2((uint)array.Length);
        if (bits is < SmallestBits or > LargestBits || array.Length != 1 << bits)
            return;

        Stack<byte[]> kept = Kept(bits);
        if (kept.Count < KeptBytesPerClass >> bits)
            kept.Push(array);
    }

    private static int ClassOf(int length) =>
        length <= 1 << SmallestBits ? SmallestBits : BitOperations.Log2((uint)length - 1) + 1;

    private static Stack<byte[]> Kept(int bits)
    {
        Stack<byte[]>?[] all = classes ??= new Stack<byte[]>?[LargestBits + 1];
        return all[bits] ??= new Stack<byte[]>();
    }
}
