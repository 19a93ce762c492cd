using EventLoops.Protocols.Deflate;
using Xunit;

namespace EventLoops.Tests.Deflate;

/// <summary>Windows that are smaller than zlib's usual one: nothing that is compressed refers farther back than was agreed on.</summary>
public sealed class SmallWindowTests
{
    public static TheoryData<int, int> WindowsAndLevels()
    {
        TheoryData<int, int> all = [];
        for (int bits = 8; bits <= 14; bits++)
        {
            foreach (int level in new[] { 1, 6, 9 }) all.Add(bits, level);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(WindowsAndLevels))]
    public void A_receiver_that_remembers_no_more_than_the_window_understands_everything(int bits, int level)
    {
        ZlibLibrary zlib = Assert.IsType<ZlibLibrary>(ZlibLibrary.Instance);
        using ZlibDeflater deflater = new(zlib, new DeflateSettings(bits, level, MemoryLevel: 8));
        using ZlibInflater inflater = new(zlib, bits);

        // Each block comes again after a little less and a little more than a window, which is what tempts a compressor to look too far back.
        Random random = new(bits * 10 + level);
        for (int distance = (1 << bits) - 20; distance <= (1 << bits) + 20; distance += 4)
        {
            byte[] message = new byte[distance * 3];
            random.NextBytes(message.AsSpan(0, distance));
            message.AsSpan(0, distance).CopyTo(message.AsSpan(distance));
            message.AsSpan(0, distance).CopyTo(message.AsSpan(distance * 2));

            Assert.Equal(message, InflateByteByByte(inflater, Deflate(deflater, message), message.Length));
        }
    }

    private static byte[] Deflate(ZlibDeflater deflater, byte[] message)
    {
        CollectedOutput output = new();
        deflater.Deflate(message, output);
        return output.Bytes.ToArray();
    }

    /// <summary>With room for one byte at a time the inflater has nothing to look back at but its window.</summary>
    private static byte[] InflateByteByByte(ZlibInflater inflater, ReadOnlySpan<byte> compressed, int length)
    {
        byte[] message = new byte[length];
        for (int i = 0; i < length; i++)
        {
            InflateStatus status = inflater.Inflate(ref compressed, message.AsSpan(i, 1), out int written);
            Assert.Equal((InflateStatus.OutputFull, 1), (status, written));
        }

        // What is left is the end of the step, which stands for nothing.
        Assert.Equal(InflateStatus.NeedInput, inflater.Inflate(ref compressed, new byte[1], out int more));
        Assert.Equal(0, more);
        return message;
    }
}
