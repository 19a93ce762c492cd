using System.Runtime.ExceptionServices;
using Xunit;

namespace EventLoops.Tests.Unit.Memory;

/// <summary>What the pool keeps. Each test has a thread of its own, since each thread has a pool of its own.</summary>
public sealed class BufferPoolTests
{
    private const int Megabyte = 1024 * 1024;

    [Theory]
    [InlineData(0, 256)]
    [InlineData(256, 256)]
    [InlineData(257, 512)]
    [InlineData(Megabyte, Megabyte)]
    [InlineData(Megabyte + 1, Megabyte + 1)]
    public void An_array_is_as_long_as_its_class_and_beyond_the_largest_as_long_as_it_has_to_be(int asked, int length) =>
        OnItsOwnThread(() => Assert.Equal(length, BufferPool.Rent(asked).Length));

    [Fact]
    public void As_many_long_messages_as_a_loop_collects_at_once_allocate_nothing_the_next_time() => OnItsOwnThread(() =>
    {
        RentAndReturn(count: 32, Megabyte);
        long before = GC.GetAllocatedBytesForCurrentThread();
        byte[][] arrays = new byte[32][];
        long own = GC.GetAllocatedBytesForCurrentThread() - before;

        for (int i = 0; i < arrays.Length; i++) arrays[i] = BufferPool.Rent(Megabyte);

        Assert.Equal(before + own, GC.GetAllocatedBytesForCurrentThread());
    });

    [Fact]
    public void Long_arrays_leave_room_for_short_ones() => OnItsOwnThread(() =>
    {
        RentAndReturn(count: 100, Megabyte);
        RentAndReturn(count: 1000, 4096);

        Assert.Equal(36, CountKept(Megabyte, most: 100));
        Assert.Equal(1000, CountKept(4096, most: 1000));
    });

    [Fact]
    public void What_was_taken_again_makes_room_for_others() => OnItsOwnThread(() =>
    {
        RentAndReturn(count: 36, Megabyte);
        Assert.Equal(36, CountKept(Megabyte, most: 36));

        RentAndReturn(count: 72, Megabyte / 2);
        Assert.Equal(72, CountKept(Megabyte / 2, most: 72));
    });

    [Fact]
    public void An_array_of_no_class_is_not_kept() => OnItsOwnThread(() =>
    {
        byte[] large = BufferPool.Rent(Megabyte + 1);
        BufferPool.Return(large);

        Assert.NotSame(large, BufferPool.Rent(Megabyte + 1));
    });

    private static void RentAndReturn(int count, int length)
    {
        byte[][] arrays = [.. Enumerable.Range(0, count).Select(_ => BufferPool.Rent(length))];
        foreach (byte[] array in arrays) BufferPool.Return(array);
    }

    /// <summary>How many of a length can be had without an allocation. They are not given back.</summary>
    private static int CountKept(int length, int most)
    {
        for (int i = 0; i < most; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            _ = BufferPool.Rent(length);
            if (GC.GetAllocatedBytesForCurrentThread() - before >= length) return i;
        }

        return most;
    }

    private static void OnItsOwnThread(Action body)
    {
        ExceptionDispatchInfo? fault = null;
        Thread thread = new(() =>
        {
            try
            {
                body();
            }
            catch (Exception error)
            {
                fault = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        thread.Join();
        fault?.Throw();
    }
}
