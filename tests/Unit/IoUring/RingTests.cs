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

    [Fact]
    public void A_ring_that_is_closed_on_another_thread_says_when_the_kernel_has_let_go_of_what_it_polled()
    {
        (int ours, int peers) = _descriptors.SocketPair();
        Ring ring = new(entries: 4, completions: 8);
        using ManualResetEventSlim isArmed = new();
        using ManualResetEventSlim isOver = new();
        Errno said = Errno.EIO;
        Thread owner = new(() =>
        {
            ref Submission entry = ref ring.Next();
            entry.Operation = Submission.PollAdd;
            entry.Fd = ours;
            entry.Events = (uint)PollEvents.In;
            entry.Key = 1;
            said = ring.Enter(0);
            isArmed.Set();
            isOver.Wait();
        });
        owner.Start();
        isArmed.Wait();
        Assert.Equal(Errno.None, said);

        Assert.True(ring.Close((int)LoopHarness.Patience.TotalMilliseconds));
        _descriptors.Close(ours);

        Assert.True(SpinWait.SpinUntil(() => Descriptors.Read(peers, new byte[1]) == 0, LoopHarness.Patience));
        isOver.Set();
        owner.Join();
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
