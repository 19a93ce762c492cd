using Xunit;

namespace EventLoops.Tests.Poll;

/// <summary>
/// <see cref="EventLoopOptions.BusyPoll"/>, wait by wait: the loop here writes down how long it was to wait, and each wait takes a microsecond of a clock that
/// moves in no other way.
/// </summary>
public sealed class BusyPollTests : IDisposable
{
    private static readonly TimeSpan FiveMicroseconds = TimeSpan.FromMicroseconds(5);

    private readonly ManualTime _time = new();
    private ScriptedLoop? _loop;

    public void Dispose() => _loop?.Dispose();

    [Fact]
    public void A_loop_sleeps_at_once_unless_it_was_told_to_look()
    {
        ScriptedLoop loop = NewLoop(TimeSpan.Zero);

        Assert.False(loop.RunOnce(-1));

        Assert.Equal([-1], loop.Waits);
    }

    [Fact]
    public void A_loop_without_work_looks_for_as_long_as_it_was_told_and_then_sleeps()
    {
        ScriptedLoop loop = NewLoop(FiveMicroseconds);

        Assert.False(loop.RunOnce(-1));
        Assert.False(loop.RunOnce(250));

        Assert.Equal([0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 250], loop.Waits);
    }

    [Fact]
    public void What_comes_while_a_loop_looks_is_served_without_a_sleep()
    {
        ScriptedLoop loop = NewLoop(FiveMicroseconds);
        bool ran = false;
        loop.OnWait = wait =>
        {
            if (wait == 3) loop.Post(_ => ran = true, null);
        };

        Assert.True(loop.RunOnce(-1));

        Assert.True(ran);
        Assert.Equal([0, 0, 0], loop.Waits);
    }

    [Fact]
    public void A_wake_while_a_loop_looks_is_not_slept_over()
    {
        ScriptedLoop loop = NewLoop(FiveMicroseconds);
        loop.OnWait = wait =>
        {
            if (wait == 2) loop.Wake();
        };

        Assert.False(loop.RunOnce(-1));

        Assert.Equal([0, 0], loop.Waits);
    }

    [Fact]
    public void A_timer_that_comes_due_while_a_loop_looks_runs()
    {
        ScriptedLoop loop = NewLoop(TimeSpan.FromMilliseconds(2));
        loop.TimeOfWait = TimeSpan.FromMilliseconds(0.25);
        bool ran = false;
        loop.Schedule(new LoopTimer(_ => ran = true), TimeSpan.FromMilliseconds(1));

        Assert.True(loop.RunOnce(-1));

        Assert.True(ran);
        Assert.All(loop.Waits, wait => Assert.Equal(0, wait));
    }

    [Fact]
    public void A_turn_that_is_not_to_wait_looks_once()
    {
        ScriptedLoop loop = NewLoop(FiveMicroseconds);

        loop.RunOnce(0);
        loop.Post(_ => { }, null);
        loop.RunOnce(-1);

        Assert.Equal([0, 0], loop.Waits);
    }

    [Fact]
    public void The_time_of_looking_is_part_of_the_longest_wait()
    {
        ScriptedLoop loop = NewLoop(TimeSpan.FromMilliseconds(20));
        loop.TimeOfWait = TimeSpan.FromMilliseconds(10);

        loop.RunOnce(50);
        loop.RunOnce(10);

        Assert.Equal([0, 0, 30, 0, 0], loop.Waits);
    }

    [Fact]
    public void A_clock_that_stands_still_does_not_keep_a_loop_looking()
    {
        ScriptedLoop loop = NewLoop(FiveMicroseconds);
        loop.TimeOfWait = TimeSpan.Zero;

        loop.RunOnce(-1);

        Assert.Equal(51, loop.Waits.Count);
        Assert.Equal(-1, loop.Waits[^1]);
    }

    [Fact]
    public void A_dispose_while_a_loop_looks_ends_it()
    {
        ScriptedLoop loop = NewLoop(FiveMicroseconds);
        loop.OnWait = wait =>
        {
            if (wait == 2) loop.Dispose();
        };

        loop.RunOnce(-1);

        Assert.True(loop.IsDisposed);
        Assert.Equal([0, 0], loop.Waits);
    }

    [Fact]
    public void A_time_that_makes_no_sense_is_refused_by_name()
    {
        foreach (TimeSpan wrong in (TimeSpan[])[TimeSpan.FromTicks(-1), EventLoopOptions.LongestBusyPoll + TimeSpan.FromTicks(1), Timeout.InfiniteTimeSpan])
        {
            ArgumentOutOfRangeException refused = Assert.Throws<ArgumentOutOfRangeException>(() => NewLoop(wrong));
            Assert.Contains("EventLoopOptions.BusyPoll", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_loop_that_does_not_wait_itself_refuses_to_look()
    {
        EventLoopOptions options = new() { BusyPoll = FiveMicroseconds };

        ArgumentException external = Assert.Throws<ArgumentException>(() => new ExternalPollLoop(new PollFdArray(), options));

        Assert.Contains("EventLoopOptions.BusyPoll", external.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_context_says_it_to_the_loops_that_it_makes_and_not_to_one_that_it_is_given()
    {
        using PollLoop given = new();

        ArgumentException refused = Assert.Throws<ArgumentException>(() => new LoopContext(new LoopContextOptions { Loop = given, BusyPoll = FiveMicroseconds }));
        ArgumentOutOfRangeException tooLong = Assert.Throws<ArgumentOutOfRangeException>(() => new LoopContext(new LoopContextOptions { BusyPoll = TimeSpan.FromSeconds(1) }));
        using LoopContext context = new(new LoopContextOptions { BusyPoll = FiveMicroseconds });

        Assert.Equal("BusyPoll", refused.ParamName);
        Assert.Equal("BusyPoll", tooLong.ParamName);
        context.Service(0);
    }

    private ScriptedLoop NewLoop(TimeSpan busyPoll) => _loop = new ScriptedLoop(_time, busyPoll);

    /// <summary>A loop that watches nothing: it notes each wait, lets the clock go on, and does what the test says.</summary>
    private sealed class ScriptedLoop(ManualTime time, TimeSpan busyPoll)
        : OwnedEventLoop("scripted", new EventLoopOptions { TimeProvider = time, BusyPoll = busyPoll })
    {
        public List<int> Waits { get; } = [];

        public TimeSpan TimeOfWait { get; set; } = TimeSpan.FromMicroseconds(1);

        /// <summary>Called in each wait with its number, from 1.</summary>
        public Action<int>? OnWait { get; set; }

        protected override void WaitCore(int milliseconds)
        {
            Waits.Add(milliseconds);
            BeginTurn();
            time.Advance(TimeOfWait);
            UpdateNow();
            OnWait?.Invoke(Waits.Count);
        }

        protected override void AddCore(Watch watch)
        {
        }

        protected override void ChangeCore(Watch watch, PollEvents previous)
        {
        }

        protected override void RemoveCore(Watch watch)
        {
        }

        protected override void WakeCore()
        {
        }

        protected override void DisposeCore()
        {
        }
    }
}
