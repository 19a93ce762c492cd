using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class AllocationTests
{
    private const int Count = 1000;

    [Fact]
    public void Dispatching_to_a_thousand_descriptors_allocates_nothing_after_warm_up()
    {
        using Descriptors descriptors = new();
        using PollLoop loop = new();
        CountingHandler handler = new();
        for (int i = 0; i < Count; i++) loop.Watch(descriptors.EventFd(1), PollEvents.In, handler);

        long allocated = AllocatedBy(() => loop.RunOnce(0), handler);

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Serving_a_thousand_entries_of_a_foreign_array_allocates_nothing_after_warm_up()
    {
        using Descriptors descriptors = new();
        PollFdArray array = new();
        using ExternalPollLoop loop = new(array);
        CountingHandler handler = new();
        for (int i = 0; i < Count; i++) loop.Watch(descriptors.EventFd(1), PollEvents.In, handler);

        long allocated = AllocatedBy(
            () =>
            {
                array.Poll(loop.GetTimeout(0));
                foreach (ref PollFd entry in array.Entries) loop.ServiceFd(ref entry);
                loop.EndFrame();
            },
            handler);

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Changing_scheduling_and_posting_allocate_nothing_after_warm_up()
    {
        using Descriptors descriptors = new();
        using PollLoop loop = new();
        CountingHandler handler = new();
        Watch watch = loop.Watch(descriptors.EventFd(1), PollEvents.In, handler);
        LoopTimer timer = new(static _ => { });
        Action<object?> work = static _ => { };

        long allocated = AllocatedBy(
            () =>
            {
                loop.Schedule(timer, TimeSpan.Zero);
                loop.Post(work, null);
                loop.Change(watch, PollEvents.In | PollEvents.Out);
                loop.RunOnce(0);
                loop.Schedule(timer, TimeSpan.FromHours(1));
                loop.Cancel(timer);
                loop.Change(watch, PollEvents.In);
            },
            handler);

        Assert.Equal(0, allocated);
    }

    private static long AllocatedBy(Action turn, CountingHandler handler)
    {
        for (int i = 0; i < 100; i++) turn();
        long calls = handler.Calls;
        long allocated = Allocation.Of(() =>
        {
            for (int i = 0; i < 5; i++) turn();
        });

        Assert.NotEqual(calls, handler.Calls);
        return allocated;
    }

    private sealed class CountingHandler : IReadyHandler
    {
        public long Calls { get; private set; }

        public void OnReady(Watch watch, PollEvents ready) => Calls++;
    }
}
