using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What every loop promises about other threads, about being entered twice, and about its end.</summary>
public abstract class ThreadSuite(LoopFactory factory) : LoopBench(factory)
{
    [Fact]
    public void O13_work_from_eight_threads_runs_all_on_the_loops_thread_and_in_the_order_of_each()
    {
        const int Threads = 8;
        const int Each = 2000;
        int[] next = new int[Threads];
        int done = 0;
        int thread = Environment.CurrentManagedThreadId;
        Thread[] posters = StartAll(Threads, from =>
        {
            for (int i = 0; i < Each; i++)
            {
                Loop.Post(state =>
                {
                    (int sender, int number) = ((int, int))state!;
                    if (Environment.CurrentManagedThreadId == thread && next[sender] == number) next[sender]++;
                    done++;
                }, (from, i));
            }
        });

        Harness.RunUntil(() => done == Threads * Each);
        foreach (Thread poster in posters) poster.Join();

        Assert.All(next, count => Assert.Equal(Each, count));
    }

    [Fact]
    public void A_post_ends_a_wait_that_has_begun()
    {
        bool ran = false;
        Thread poster = new(() => Loop.Post(_ => ran = true, null));
        Loop.Post(_ => poster.Start(), null);

        // Without the wake a turn would last for a minute.
        while (!ran) Harness.Turn(60_000);

        poster.Join();
    }

    [Fact]
    public void O13_a_wake_before_the_first_turn_ends_its_wait()
    {
        Loop.Wake();
        Harness.Turn(60_000);
    }

    [Fact]
    public void O13_a_million_wakes_from_eight_threads_are_coalesced_and_none_of_them_is_lost()
    {
        const int Threads = 8;
        void WakeOften(int thread)
        {
            for (int i = 0; i < 125_000; i++) Loop.Wake();
        }

        // While the loop turns: how many turns that makes is up to who runs when.
        Thread[] wakers = StartAll(Threads, WakeOften);
        while (Array.Exists(wakers, waker => waker.IsAlive)) Harness.Turn(1);
        foreach (Thread waker in wakers) waker.Join();
        Loop.Wake();
        Harness.Turn(60_000);

        // While it does not turn all of them are one.
        foreach (Thread waker in StartAll(Threads, WakeOften)) waker.Join();
        int turns = 0;
        for (Harness.Turn(60_000); Harness.Turn(); turns++) Assert.InRange(turns, 0, 10);
    }

    [Fact]
    public void O14_a_million_pieces_of_work_are_done_in_slices_between_which_others_are_served()
    {
        const int Count = 1_000_000;
        int done = 0;
        int doneAtTimer = -1;
        for (int i = 0; i < Count; i++) Loop.Post(_ => done++, null);
        Loop.Schedule(new LoopTimer(_ => doneAtTimer = done), TimeSpan.FromMilliseconds(1));
        Harness.Turn();
        Assert.InRange(done, 1, Count / 10);

        Harness.Advance(TimeSpan.FromMilliseconds(1));
        Harness.RunUntil(() => done == Count);

        Assert.InRange(doneAtTimer, 0, Count / 10);
    }

    [Fact]
    public void O14_work_that_posts_itself_for_ever_starves_nobody()
    {
        int runs = 0;
        bool fired = false;
        void Again(object? state)
        {
            runs++;
            if (!fired) Loop.Post(Again, state);
        }

        Loop.Post(Again, null);
        Loop.Schedule(new LoopTimer(_ => fired = true), TimeSpan.FromMilliseconds(5));
        for (int turn = 0; turn < 3; turn++) Harness.Turn();
        Harness.Advance(TimeSpan.FromMilliseconds(5));
        Harness.RunUntil(() => fired);

        Assert.InRange(runs, 1, 100);
        Harness.Settle();
    }

    [Fact]
    public void O14_work_that_throws_is_reported_and_the_rest_runs()
    {
        bool ran = false;
        Loop.Post(_ => throw new NotSupportedException(), null);
        Loop.Post(_ => ran = true, null);

        Harness.RunUntil(() => ran);

        Assert.IsType<NotSupportedException>(Assert.Single(Harness.Unhandled));
        Harness.Unhandled.Clear();
    }

    [Fact]
    public void L05_turning_the_loop_inside_a_callback_is_refused()
    {
        List<Exception?> refused = [];
        Loop.Post(_ => refused.Add(Record.Exception(() => Harness.Turn())), null);
        Loop.Schedule(new LoopTimer(_ => refused.Add(Record.Exception(() => Harness.Turn()))), TimeSpan.Zero);

        Harness.RunUntil(() => refused.Count == 2);

        Assert.All(refused, exception => Assert.IsType<InvalidOperationException>(exception));
        Assert.False(Loop.IsInTurn);
    }

    [Fact]
    public void L08_members_of_the_loop_throw_on_another_thread()
    {
        Harness.Turn();
        LoopTimer timer = new(static _ => { });
        List<Exception?> thrown = OnAnotherThread(
            () => Loop.Watch(0, PollEvents.In, new ReadyRecorder()),
            () => Loop.Schedule(timer, TimeSpan.Zero),
            () => Loop.Cancel(timer),
            () => Loop.UpdateNow(),
            () => Loop.GetTimeout(0));

        Assert.All(thrown, exception => Assert.IsType<InvalidOperationException>(exception));
        Assert.Equal(0, Loop.TimerCount);
    }

    [Fact]
    public void O13_posts_and_wakes_after_dispose_are_ignored()
    {
        Loop.Dispose();
        Loop.Dispose();

        Loop.Wake();
        Loop.Post(_ => throw new NotSupportedException(), null);

        Assert.True(Loop.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => Loop.Schedule(new LoopTimer(static _ => { }), TimeSpan.Zero));
    }

    [Fact]
    public void L11_a_loop_with_watches_timers_and_work_can_be_disposed_again_and_again()
    {
        using DescriptorSource source = Harness.NewDescriptors();
        List<string> calls = [];
        Watch watch = Loop.Watch(source.OpenReady(), PollEvents.In, new ReadyRecorder((_, _) => calls.Add("ready")));
        Loop.Schedule(new LoopTimer(_ => calls.Add("timer")), TimeSpan.Zero);
        Loop.Post(_ => calls.Add("work"), null);

        for (int time = 0; time < 3; time++) Loop.Dispose();

        Assert.Empty(calls);
        Assert.False(watch.IsActive);
        Assert.Equal((0, 0), (Loop.WatchCount, Loop.TimerCount));
    }

    [Fact]
    public void L04_a_loop_that_is_disposed_in_a_callback_finishes_its_turn_and_calls_nobody_afterwards()
    {
        List<string> calls = [];
        Loop.Schedule(new LoopTimer(_ => Loop.Dispose()), TimeSpan.Zero);
        Loop.Schedule(new LoopTimer(_ => calls.Add("timer of the same turn")), TimeSpan.Zero);
        Loop.Schedule(new LoopTimer(_ => calls.Add("timer of a later turn")), TimeSpan.FromMilliseconds(1));

        Harness.Turn();

        Assert.True(Loop.IsDisposed);
        Assert.Equal(["timer of the same turn"], calls);
        Assert.Equal(0, Loop.TimerCount);
    }

    private static Thread[] StartAll(int count, Action<int> body)
    {
        Thread[] threads = [.. Enumerable.Range(0, count).Select(number => new Thread(() => body(number)))];
        foreach (Thread thread in threads) thread.Start();
        return threads;
    }

    private static List<Exception?> OnAnotherThread(params Action[] calls)
    {
        List<Exception?> thrown = [];
        Thread thread = new(() => thrown.AddRange(calls.Select(Record.Exception)));
        thread.Start();
        thread.Join();
        return thrown;
    }
}
