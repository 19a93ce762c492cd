using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What every loop with a wait of its own promises while it looks before it sleeps (<see cref="EventLoopOptions.BusyPoll"/>): the same as ever.</summary>
public abstract class BusyPollSuite(LoopFactory factory) : LoopBench(factory)
{
    // Longer than any look takes, so that a test sees the looks, and the sleep behind them too.
    private static readonly EventLoopOptions Looking = new() { BusyPoll = TimeSpan.FromMilliseconds(1) };

    [Fact]
    public void A_descriptor_that_is_ready_is_told_to_a_loop_that_looks()
    {
        using LoopHarness harness = NewLoop(Looking);
        using DescriptorSource descriptors = harness.NewDescriptors();
        int told = 0;
        Watch watch = harness.Loop.Watch(descriptors.OpenReady(), PollEvents.In, new ReadyRecorder((_, _) => told++));

        harness.Turn(60_000);
        harness.Turn(60_000);

        Assert.Equal(2, told);
        harness.Loop.Unwatch(watch);
        Assert.Empty(harness.Unhandled);
    }

    [Fact]
    public void A_post_of_another_thread_ends_the_looks_or_the_sleep_behind_them()
    {
        using LoopHarness harness = NewLoop(Looking);
        int ran = 0;
        Thread poster = new(() =>
        {
            for (int i = 0; i < 1000; i++) harness.Loop.Post(_ => ran++, null);
        });
        harness.Loop.Post(_ => poster.Start(), null);

        // Without its wakes a turn would last for a minute.
        while (ran < 1000) harness.Turn(60_000);

        poster.Join();
        Assert.Empty(harness.Unhandled);
    }

    [Fact]
    public void A_wake_before_the_first_turn_ends_its_wait_though_it_is_seen_by_a_look()
    {
        using LoopHarness harness = NewLoop(Looking);

        harness.Loop.Wake();
        harness.Turn(60_000);
    }

    [Fact]
    public void A_timer_that_is_due_after_the_looks_ends_the_sleep()
    {
        using LoopHarness harness = NewLoop(Looking);
        bool ran = false;
        harness.Loop.Schedule(new LoopTimer(_ => ran = true), TimeSpan.FromMilliseconds(20));

        while (!ran) harness.Turn(60_000);

        Assert.Equal(0, harness.Loop.TimerCount);
    }
}
