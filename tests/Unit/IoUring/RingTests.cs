using EventLoops.IoUring;
using Xunit;

namespace EventLoops.Tests.IoUring;

/// <summary>The two queues, against the kernel.</summary>
public sealed class RingTests : IDisposable
{
    private readonly Descriptors _descriptors = new();

    public RingTests() => Assert.SkipWhen(UringSupport.FindMissing() is not null, UringSupport.FindMissing() ?? "");

    public void Dispose() => _descriptors.Dispose();

    [Fact]
    public void O12_completions_for_which_the_queue_has_no_room_are_kept_and_come_later()
    {
        const int Count = 100;
        using Ring ring = new(entries: 4, completions: 8);
        int fd = _descriptors.EventFd();
        for (ulong key = 1; key <= Count; key++)
        {
            if (ring.Room == 0) Assert.Equal(Errno.None, ring.Enter(0));
            PollForOut(ring, fd, key);
        }

        Assert.Equal(Errno.None, ring.Enter(0));
        Assert.True(ring.HasOverflow);
        Assert.False(ring.HasLost);

        List<ulong> keys = [];
        do
        {
            while (ring.TryTake(out Completion completion)) keys.Add(completion.Key);
            Assert.Equal(Errno.None, ring.Enter(0));
        }
        while (ring.HasOverflow || keys.Count < Count);

        Assert.Equal(Enumerable.Range(1, Count).Select(key => (ulong)key), keys);
    }

    [Fact]
    public void Another_thread_is_told_that_the_ring_is_not_its_own()
    {
        using Ring ring = new(entries: 4, completions: 8);
        Assert.Equal(Errno.None, ring.Enter(0));

        Errno said = Errno.None;
        Thread other = new(() => said = ring.Enter(0));
        other.Start();
        other.Join();

        Assert.Equal(Errno.EEXIST, said);
        Assert.Equal(Errno.None, ring.Enter(0));
    }

    [Fact]
    public void A_ring_that_was_given_back_has_no_room_and_may_be_given_back_again()
    {
        Ring ring = new(entries: 4, completions: 8);
        Assert.Equal(4u, ring.Room);

        ring.Dispose();
        ring.Dispose();

        Assert.True(ring.IsClosed);
        Assert.Equal(0u, ring.Room);
    }

    private static void PollForOut(Ring ring, int fd, ulong key)
    {
        ref Submission entry = ref ring.Next();
        entry.Operation = Submission.PollAdd;
        entry.Fd = fd;
        entry.Events = (uint)PollEvents.Out;
        entry.Key = key;
    }
}
