using System.Diagnostics;
using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class TimerTests : IDisposable
{
    private readonly Deadline _deadline = new();
    private readonly ManualTime _time = new();
    private readonly PollLoop _loop;
    private readonly List<string> _fired = [];

    public TimerTests() => _loop = new PollLoop(new EventLoopOptions { TimeProvider = _time });

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void Timers_run_in_the_order_of_their_times_and_equal_times_in_the_order_of_scheduling()
    {
        Schedule("late", 30);
        Schedule("first of two", 20);
        Schedule("second of two", 20);
        Schedule("early", 10);
        _time.Advance(30);

        Assert.True(_loop.RunOnce(0));

        Assert.Equal(["early", "first of two", "second of two", "late"], _fired);
        Assert.Equal(0, _loop.TimerCount);
    }

    [Fact]
    public void A_timer_is_never_early_by_any_part_of_a_millisecond()
    {
        _time.Advance(0.7);
        Schedule("one", 1);

        _time.Advance(0.9999);
        Assert.False(_loop.RunOnce(0));

        _time.Advance(0.3001);
        Assert.True(_loop.RunOnce(0));
    }

    [Fact]
    public void A_timer_counts_from_the_call_and_not_from_the_beginning_of_the_turn()
    {
        Schedule("slow", 0, _ =>
        {
            _time.Advance(50);
            Schedule("after", 10);
        });
        _loop.RunOnce(0);

        _time.Advance(9);
        Assert.False(_loop.RunOnce(0));
        _time.Advance(1);
        Assert.True(_loop.RunOnce(0));
    }

    [Fact]
    public void The_timeout_is_rounded_up_so_that_a_timer_makes_no_loop_spin()
    {
        Schedule("one", 5);
        _time.Advance(0.2);

        Assert.Equal(5, _loop.GetTimeout(-1));
        Assert.Equal(3, _loop.GetTimeout(3));
        _time.Advance(4.3);
        Assert.Equal(1, _loop.GetTimeout(-1));
        _time.Advance(0.5);
        Assert.Equal(0, _loop.GetTimeout(-1));
    }

    [Fact]
    public void The_timeout_without_timers_is_what_the_caller_said()
    {
        Assert.Equal(-1, _loop.GetTimeout(-1));
        Assert.Equal(-1, _loop.GetTimeout(-7));
        Assert.Equal(0, _loop.GetTimeout(0));
        Assert.Equal(1000, _loop.GetTimeout(1000));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void Zero_and_less_mean_the_next_timer_step(long ticks)
    {
        _loop.Schedule(new LoopTimer(_ => _fired.Add("now")), TimeSpan.FromTicks(ticks));

        Assert.Equal(0, _loop.GetTimeout(-1));
        _loop.RunOnce(_deadline.Milliseconds);

        Assert.Equal(["now"], _fired);
    }

    [Fact]
    public void A_timer_for_the_end_of_time_is_kept_and_disturbs_nobody()
    {
        LoopTimer never = new(_ => _fired.Add("never"));
        _loop.Schedule(never, TimeSpan.MaxValue);
        _loop.Schedule(new LoopTimer(_ => _fired.Add("in a hundred years")), TimeSpan.FromDays(36525));
        Assert.Equal(int.MaxValue, _loop.GetTimeout(-1));

        _time.Advance(TimeSpan.FromDays(36525));
        _loop.RunOnce(0);

        Assert.Equal(["in a hundred years"], _fired);
        Assert.True(never.IsScheduled);
    }

    [Fact]
    public void A_timer_that_arms_itself_again_with_zero_runs_in_the_next_turn()
    {
        int runs = 0;
        _loop.Schedule(new LoopTimer(timer =>
        {
            runs++;
            _deadline.Check();
            _loop.Schedule(timer, TimeSpan.Zero);
        }), TimeSpan.Zero);

        _loop.RunOnce(_deadline.Milliseconds);
        Assert.Equal(1, runs);
        _loop.RunOnce(_deadline.Milliseconds);
        Assert.Equal(2, runs);
    }

    [Fact]
    public void A_timer_scheduled_with_zero_while_events_are_dispatched_runs_in_the_same_turn()
    {
        using Descriptors descriptors = new();
        int fd = descriptors.EventFd(1);
        _loop.Watch(fd, PollEvents.In, new Recorder((watch, _) =>
        {
            _loop.Unwatch(watch);
            Schedule("now", 0);
        }));

        _loop.RunOnce(_deadline.Milliseconds);

        Assert.Equal(["now"], _fired);
    }

    [Fact]
    public void A_timer_cancelled_inside_the_callback_of_another_does_not_run()
    {
        LoopTimer victim = new(_ => _fired.Add("victim"));
        Schedule("killer", 10, _ => _loop.Cancel(victim));
        _loop.Schedule(victim, TimeSpan.FromMilliseconds(10));
        _time.Advance(10);

        _loop.RunOnce(0);

        Assert.Equal(["killer"], _fired);
        Assert.False(victim.IsScheduled);
        Assert.Equal(0, _loop.TimerCount);
    }

    [Fact]
    public void A_timer_that_is_late_runs_once_however_late_it_is()
    {
        int runs = 0;
        _loop.Schedule(new LoopTimer(timer =>
        {
            runs++;
            _loop.Schedule(timer, TimeSpan.FromMilliseconds(10));
        }), TimeSpan.FromMilliseconds(10));

        _time.Advance(TimeSpan.FromHours(1));
        _loop.RunOnce(0);

        Assert.Equal(1, runs);
    }

    [Fact]
    public void Scheduling_again_moves_the_timer()
    {
        LoopTimer timer = new(_ => _fired.Add("moved"));
        _loop.Schedule(timer, TimeSpan.FromMilliseconds(10));
        _loop.Schedule(timer, TimeSpan.FromMilliseconds(50));
        Assert.Equal(1, _loop.TimerCount);

        _time.Advance(10);
        _loop.RunOnce(0);
        Assert.Empty(_fired);

        _time.Advance(40);
        _loop.RunOnce(0);
        Assert.Equal(["moved"], _fired);
    }

    [Fact]
    public void Cancelling_twice_or_never_scheduled_does_nothing()
    {
        LoopTimer timer = new(_ => _fired.Add("never"));
        _loop.Cancel(timer);
        _loop.Schedule(timer, TimeSpan.Zero);
        _loop.Cancel(timer);
        _loop.Cancel(timer);

        _loop.RunOnce(0);
        Assert.Empty(_fired);
    }

    [Fact]
    public void A_timer_waits_on_one_loop_only()
    {
        using PollLoop other = new();
        LoopTimer timer = new(_ => { });
        _loop.Schedule(timer, TimeSpan.FromSeconds(1));

        Assert.Throws<InvalidOperationException>(() => other.Schedule(timer, TimeSpan.Zero));
        Assert.Throws<InvalidOperationException>(() => other.Cancel(timer));
        Assert.True(timer.IsScheduled);
    }

    [Fact]
    public void A_clock_that_goes_back_takes_no_timer_with_it()
    {
        _time.Advance(100);
        _loop.RunOnce(0);
        _time.Advance(-80);
        Schedule("ten", 10);
        _loop.RunOnce(0);
        Assert.Equal(100, _loop.NowMilliseconds);

        _time.Advance(90);
        _loop.RunOnce(0);
        Assert.Equal(["ten"], _fired);
    }

    [Fact]
    public void A_derived_timer_needs_no_delegate()
    {
        CountingTimer timer = new();
        _loop.Schedule(timer, TimeSpan.Zero);

        _loop.RunOnce(0);

        Assert.Equal(1, timer.Count);
    }

    [Fact]
    public void On_the_real_clock_a_timer_is_not_early_either()
    {
        using PollLoop loop = new();
        long start = Stopwatch.GetTimestamp();
        TimeSpan? fired = null;
        loop.Schedule(new LoopTimer(_ => fired = Stopwatch.GetElapsedTime(start)), TimeSpan.FromMilliseconds(3));

        while (fired is null) loop.RunOnce(_deadline.Milliseconds);

        Assert.True(fired >= TimeSpan.FromMilliseconds(3));
    }

    private void Schedule(string name, double milliseconds, Action<LoopTimer>? then = null)
    {
        LoopTimer timer = new(due =>
        {
            _fired.Add(name);
            then?.Invoke(due);
        });
        _loop.Schedule(timer, TimeSpan.FromMilliseconds(milliseconds));
    }

    private sealed class CountingTimer : LoopTimer
    {
        public int Count { get; private set; }

        protected override void OnDue() => Count++;
    }
}
