using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class TurnTests : IDisposable
{
    private readonly Deadline _deadline = new();
    private readonly Descriptors _descriptors = new();
    private readonly PollLoop _loop = new();
    private readonly List<string> _log = [];

    public void Dispose()
    {
        _loop.Dispose();
        _descriptors.Dispose();
    }

    [Fact]
    public void A_turn_goes_through_its_steps_in_order()
    {
        _loop.Join(new RecordingParticipant(_log));
        _loop.Post(_ => _log.Add("posted"), null);
        _loop.Schedule(new LoopTimer(_ => _log.Add("timer")), TimeSpan.Zero);
        _loop.Watch(_descriptors.EventFd(1), PollEvents.In, new Recorder((_, _) => _log.Add("event")));

        _loop.RunOnce(_deadline.Milliseconds);

        Assert.Equal(["event", "timer", "posted", "input", "writes", "closes"], _log);
    }

    [Fact]
    public void Participants_are_called_in_the_order_in_which_they_joined_and_once_each()
    {
        RecordingParticipant first = new(_log, "first ");
        _loop.Join(first);
        _loop.Join(new RecordingParticipant(_log, "second "));
        _loop.Join(first);

        _loop.RunOnce(0);

        Assert.Equal(["first input", "second input", "first writes", "second writes", "first closes", "second closes"], _log);
    }

    [Fact]
    public void A_participant_that_another_one_makes_leave_is_not_called_again()
    {
        RecordingParticipant second = new(_log, "second ");
        _loop.Join(new RecordingParticipant(_log) { OnInput = () => _loop.Leave(second) });
        _loop.Join(second);

        _loop.RunOnce(0);

        Assert.Equal(["input", "writes", "closes"], _log);
    }

    [Fact]
    public void A_participant_that_joins_in_a_step_takes_part_from_the_next_step_on()
    {
        _loop.Join(new RecordingParticipant(_log) { OnInput = () => _loop.Join(new RecordingParticipant(_log, "new ")) });

        _loop.RunOnce(0);

        Assert.Equal(["input", "writes", "new writes", "closes", "new closes"], _log);
    }

    [Fact]
    public void While_a_participant_has_work_the_loop_does_not_sleep()
    {
        RecordingParticipant participant = new(_log) { HasPendingWork = true };
        _loop.Join(participant);

        Assert.Equal(0, _loop.GetTimeout(-1));
        _loop.RunOnce(_deadline.Milliseconds);

        participant.HasPendingWork = false;
        Assert.Equal(-1, _loop.GetTimeout(-1));
    }

    [Fact]
    public void A_participant_that_throws_is_reported_and_the_turn_goes_on()
    {
        List<Exception> reported = [];
        _loop.UnhandledException = reported.Add;
        _loop.Join(new RecordingParticipant(_log) { OnInput = () => throw new NotSupportedException() });

        _loop.RunOnce(0);

        Assert.Single(reported);
        Assert.Equal(["input", "writes", "closes"], _log);
    }

    [Fact]
    public void The_time_stands_still_within_a_turn()
    {
        ManualTime time = new();
        using PollLoop loop = new(new EventLoopOptions { TimeProvider = time });
        List<long> seen = [];
        loop.Schedule(new LoopTimer(_ =>
        {
            seen.Add(loop.NowMilliseconds);
            time.Advance(5);
            seen.Add(loop.NowMilliseconds);
            seen.Add(loop.UpdateNow());
        }), TimeSpan.FromMilliseconds(10));
        time.Advance(10);

        loop.RunOnce(0);

        Assert.Equal([10, 10, 15], seen);
    }

    [Fact]
    public void The_loop_says_whether_it_is_in_a_turn()
    {
        bool inTimer = false;
        _loop.Schedule(new LoopTimer(_ => inTimer = _loop.IsInTurn), TimeSpan.Zero);
        Assert.False(_loop.IsInTurn);

        _loop.RunOnce(0);

        Assert.True(inTimer);
        Assert.False(_loop.IsInTurn);
    }

    [Fact]
    public void Running_inside_a_callback_is_refused_for_each_kind_of_callback()
    {
        List<Exception> reported = [];
        _loop.UnhandledException = reported.Add;
        _loop.Post(_ => _loop.Run(TestContext.Current.CancellationToken), null);
        _loop.Schedule(new LoopTimer(_ => _loop.RunOnce(0)), TimeSpan.Zero);
        _loop.Watch(_descriptors.EventFd(1), PollEvents.In, new Recorder((_, _) => _loop.RunOnce(0)));
        _loop.Join(new RecordingParticipant(_log) { OnInput = () => _loop.RunOnce(0) });

        _loop.RunOnce(_deadline.Milliseconds);

        Assert.Equal(4, reported.Count);
        Assert.All(reported, exception => Assert.IsType<InvalidOperationException>(exception));
    }

    [Fact]
    public void Cancelling_ends_a_run_from_another_thread_and_from_a_callback()
    {
        using CancellationTokenSource fromCallback = new();
        _loop.Post(_ => fromCallback.Cancel(), null);
        _loop.Run(fromCallback.Token);

        using CancellationTokenSource fromThread = new();
        Thread other = new(fromThread.Cancel);
        _loop.Post(_ => other.Start(), null);
        _loop.Run(fromThread.Token);
        other.Join();

        using CancellationTokenSource before = new();
        before.Cancel();
        _loop.Run(before.Token);
        Assert.False(_loop.IsDisposed);
    }
}
