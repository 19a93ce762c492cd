using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What every loop promises about timers.</summary>
public abstract class TimerSuite(LoopFactory factory) : LoopBench(factory)
{
    private readonly List<string> _fired = [];

    [Fact]
    public void O15_timers_fire_in_the_order_of_their_times_and_equal_times_by_age()
    {
        Schedule("late", 30);
        Schedule("first of two", 20);
        Schedule("second of two", 20);
        Schedule("early", 10);

        Harness.Advance(TimeSpan.FromMilliseconds(30));
        Harness.RunUntil(() => _fired.Count == 4);

        Assert.Equal(["early", "first of two", "second of two", "late"], _fired);
    }

    [Fact]
    public void O15_a_timer_is_never_early_and_fires_once()
    {
        Schedule("timer", 10);
        Harness.Turn();
        Harness.Advance(TimeSpan.FromMilliseconds(9));
        Harness.Turn();
        Assert.Empty(_fired);

        Harness.Advance(TimeSpan.FromMilliseconds(1));
        Harness.RunUntil(() => _fired.Count > 0);
        Harness.Advance(TimeSpan.FromHours(1));
        Harness.Settle();

        Assert.Single(_fired);
        Assert.Equal(0, Loop.TimerCount);
    }

    [Fact]
    public void O15_a_million_timers_fire_in_their_order_and_each_once_though_half_of_them_are_cancelled()
    {
        const int Count = 1_000_000;
        long last = -1;
        int fired = 0;
        bool isOrdered = true;
        LoopTimer[] timers = new LoopTimer[Count];
        for (int i = 0; i < Count; i++)
        {
            // Every tenth of a second of a quarter of an hour, in an order that is none.
            long due = i * 7919L % 9000 * 100;
            timers[i] = new LoopTimer(timer =>
            {
                fired++;
                isOrdered &= (long)timer.State! >= last;
                last = (long)timer.State!;
            }, due);
            Loop.Schedule(timers[i], TimeSpan.FromMilliseconds(due));
        }

        for (int i = 0; i < Count; i += 2) Loop.Cancel(timers[i]);
        Assert.Equal(Count / 2, Loop.TimerCount);
        for (int quarter = 0; quarter < 4; quarter++)
        {
            Harness.Advance(TimeSpan.FromMinutes(3.75));
            Harness.Settle();
        }

        Assert.True(isOrdered);
        Assert.Equal((Count / 2, 0), (fired, Loop.TimerCount));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void O15_zero_and_less_are_due_in_the_next_timer_step(long ticks)
    {
        Loop.Schedule(new LoopTimer(_ => _fired.Add("now")), TimeSpan.FromTicks(ticks));

        Harness.Turn();

        Assert.Equal(["now"], _fired);
    }

    [Fact]
    public void O15_a_timer_of_a_hundred_years_or_of_for_ever_disturbs_nobody()
    {
        LoopTimer hundredYears = new(_ => _fired.Add("a hundred years"));
        LoopTimer forEver = new(_ => _fired.Add("for ever"));
        Loop.Schedule(hundredYears, TimeSpan.FromDays(36_525));
        Loop.Schedule(forEver, TimeSpan.MaxValue);
        Schedule("soon", 10);

        Harness.Advance(TimeSpan.FromDays(365));
        Harness.RunUntil(() => _fired.Count > 0);
        Harness.Settle();

        Assert.Equal(["soon"], _fired);
        Loop.Cancel(hundredYears);
        Loop.Cancel(forEver);
    }

    [Fact]
    public void O15_a_cancelled_timer_does_not_fire_also_when_another_one_of_the_same_turn_cancels_it()
    {
        LoopTimer before = Schedule("cancelled before", 5);
        LoopTimer during = new(_ => _fired.Add("cancelled during"));
        Loop.Schedule(new LoopTimer(_ => Loop.Cancel(during)), TimeSpan.FromMilliseconds(5));
        Loop.Schedule(during, TimeSpan.FromMilliseconds(6));
        Loop.Cancel(before);
        Loop.Cancel(before);

        Harness.Advance(TimeSpan.FromMilliseconds(10));
        Harness.RunUntil(() => Loop.TimerCount == 0);

        Assert.Empty(_fired);
        Assert.False(before.IsScheduled);
    }

    [Fact]
    public void O15_a_timer_that_is_scheduled_again_is_moved()
    {
        LoopTimer timer = Schedule("moved", 5);
        Schedule("other", 20);
        Loop.Schedule(timer, TimeSpan.FromMilliseconds(40));
        Assert.Equal(2, Loop.TimerCount);

        Harness.Advance(TimeSpan.FromMilliseconds(50));
        Harness.RunUntil(() => _fired.Count == 2);

        Assert.Equal(["other", "moved"], _fired);
    }

    [Fact]
    public void O15_a_timer_that_arms_itself_with_zero_waits_for_the_next_turn()
    {
        int fired = 0;
        LoopTimer? timer = null;
        timer = new LoopTimer(_ =>
        {
            if (++fired < 100) Loop.Schedule(timer!, TimeSpan.Zero);
        });
        bool postedRan = false;
        Loop.Schedule(timer, TimeSpan.Zero);
        Loop.Post(_ => postedRan = true, null);

        Harness.RunUntil(() => fired > 0);
        Assert.True(postedRan);
        Assert.InRange(fired, 1, 20);

        Harness.RunUntil(() => fired == 100);
    }

    [Fact]
    public void L06_a_timer_that_throws_is_reported_and_the_others_fire()
    {
        Loop.Schedule(new LoopTimer(_ => throw new NotSupportedException()), TimeSpan.FromMilliseconds(1));
        Schedule("next", 2);

        Harness.Advance(TimeSpan.FromMilliseconds(5));
        Harness.RunUntil(() => _fired.Count == 1);

        Assert.IsType<NotSupportedException>(Assert.Single(Harness.Unhandled));
        Harness.Unhandled.Clear();
    }

    [Fact]
    public void O16_after_a_long_stop_a_late_timer_fires_once()
    {
        int ticks = 0;
        LoopTimer? timer = null;
        timer = new LoopTimer(_ =>
        {
            ticks++;
            Loop.Schedule(timer!, TimeSpan.FromSeconds(1));
        });
        Loop.Schedule(timer, TimeSpan.FromSeconds(1));

        Harness.Advance(TimeSpan.FromHours(1));
        Harness.Settle();

        Assert.Equal(1, ticks);
        Loop.Cancel(timer);
    }

    [Fact]
    public void A_loop_with_nothing_to_do_wakes_up_for_its_timer()
    {
        using LoopHarness real = NewLoop(new EventLoopOptions());
        bool fired = false;
        long before = real.Loop.UpdateNow();
        real.Loop.Schedule(new LoopTimer(_ => fired = true), TimeSpan.FromMilliseconds(20));

        // A wait that is far longer than the timer, and nothing else to end it.
        while (!fired) real.Turn(60_000);

        Assert.True(real.Loop.NowMilliseconds - before >= 20);
    }

    private LoopTimer Schedule(string name, int milliseconds)
    {
        LoopTimer timer = new(_ => _fired.Add(name));
        Loop.Schedule(timer, TimeSpan.FromMilliseconds(milliseconds));
        return timer;
    }
}
