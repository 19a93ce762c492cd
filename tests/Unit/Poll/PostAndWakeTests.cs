using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class PostAndWakeTests : IDisposable
{
    private readonly Deadline _deadline = new();
    private readonly PollLoop _loop = new();

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void Work_posted_from_eight_threads_runs_all_and_in_the_order_of_each_thread()
    {
        const int Threads = 8;
        const int Each = 20_000;
        int[] next = new int[Threads];
        int done = 0;
        bool isOrdered = true;
        Thread[] threads = Start(Threads, thread =>
        {
            for (int i = 0; i < Each; i++)
            {
                _loop.Post(state =>
                {
                    (int from, int number) = ((int, int))state!;
                    isOrdered &= next[from]++ == number;
                    done++;
                }, (thread, i));
            }
        });

        while (done < Threads * Each) _loop.RunOnce(_deadline.Milliseconds);
        foreach (Thread thread in threads) thread.Join();

        Assert.True(isOrdered);
        Assert.False(_loop.RunOnce(0));
    }

    [Fact]
    public void A_million_wakes_from_eight_threads_are_coalesced_and_the_last_one_is_not_lost()
    {
        using CountingLoop loop = new();
        Thread[] threads = Start(8, _ =>
        {
            for (int i = 0; i < 125_000; i++) loop.Wake();
        });
        int turns = 0;
        while (threads.Any(thread => thread.IsAlive))
        {
            loop.RunOnce(0);
            turns++;
        }

        // Each answer of the loop lets at most one system call through.
        Assert.InRange(loop.Wakes, 1, turns + 1);
        loop.RunOnce(0);
        int before = loop.Wakes;
        loop.Wake();
        Assert.Equal(before + 1, loop.Wakes);
    }

    [Fact]
    public void A_wake_before_the_first_turn_ends_its_wait()
    {
        _loop.Wake();
        Assert.False(_loop.RunOnce(_deadline.Milliseconds));
        _deadline.Check();
    }

    [Fact]
    public void Work_that_posts_itself_again_runs_once_a_turn()
    {
        int runs = 0;
        void Again(object? state)
        {
            runs++;
            _deadline.Check();
            _loop.Post(Again, state);
        }

        _loop.Post(Again, null);
        _loop.RunOnce(_deadline.Milliseconds);
        Assert.Equal(1, runs);
        Assert.Equal(0, _loop.GetTimeout(-1));
        _loop.RunOnce(_deadline.Milliseconds);
        Assert.Equal(2, runs);
    }

    [Fact]
    public void A_long_queue_is_worked_off_in_slices_so_that_descriptors_are_served_between()
    {
        using Descriptors descriptors = new();
        Recorder recorder = new();
        _loop.Watch(descriptors.EventFd(1), PollEvents.In, recorder);
        int done = 0;
        for (int i = 0; i < 100_000; i++) _loop.Post(_ => done++, null);

        int turns = 0;
        while (done < 100_000)
        {
            _loop.RunOnce(_deadline.Milliseconds);
            turns++;
        }

        Assert.InRange(turns, 2, 1000);
        Assert.Equal(turns, recorder.Seen.Count);
    }

    [Fact]
    public void Posted_work_that_throws_is_reported_and_the_next_one_runs()
    {
        List<string> log = [];
        _loop.UnhandledException = exception => log.Add(exception.Message);
        _loop.Post(_ => throw new NotSupportedException("thrown"), null);
        _loop.Post(state => log.Add((string)state!), "next");

        _loop.RunOnce(_deadline.Milliseconds);

        Assert.Equal(["thrown", "next"], log);
    }

    [Fact]
    public void After_dispose_posts_and_wakes_are_ignored()
    {
        bool ran = false;
        _loop.Post(_ => ran = true, null);
        _loop.Dispose();

        _loop.Post(_ => ran = true, null);
        _loop.Wake();

        Assert.False(ran);
    }

    private static Thread[] Start(int count, Action<int> work)
    {
        Thread[] threads = [.. Enumerable.Range(0, count).Select(index => new Thread(() => work(index)))];
        foreach (Thread thread in threads) thread.Start();
        return threads;
    }

    /// <summary>A loop without descriptors that counts how often it is really woken.</summary>
    private sealed class CountingLoop() : OwnedEventLoop("counting", null)
    {
        private int _wakes;

        public int Wakes => Volatile.Read(ref _wakes);

        protected override void WaitCore(int milliseconds) => BeginTurn();

        protected override void AddCore(Watch watch)
        {
        }

        protected override void ChangeCore(Watch watch, PollEvents previous)
        {
        }

        protected override void RemoveCore(Watch watch)
        {
        }

        protected override void WakeCore() => Interlocked.Increment(ref _wakes);

        protected override void DisposeCore()
        {
        }
    }
}
