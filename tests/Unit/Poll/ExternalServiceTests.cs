using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class ExternalServiceTests : IDisposable
{
    private readonly Deadline _deadline = new();
    private readonly Descriptors _descriptors = new();
    private readonly ExternalHost _host = new();
    private readonly ManualTime _time = new();
    private readonly ExternalPollLoop _loop;
    private readonly List<string> _log = [];

    public ExternalServiceTests() => _loop = new ExternalPollLoop(_host, new EventLoopOptions { TimeProvider = _time });

    public void Dispose()
    {
        _loop.Dispose();
        _descriptors.Dispose();
    }

    [Fact]
    public void G08_a_foreign_entry_is_not_touched()
    {
        int foreign = _descriptors.EventFd(1);
        _host.Array.Add(foreign, PollEvents.In);

        PollFd entry = Assert.Single(_host.Frame(_loop));

        Assert.Equal((foreign, PollEvents.In, PollEvents.In), (entry.Fd, entry.Events, entry.Revents));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    [InlineData(1_000_000)]
    public void G08_any_number_may_be_offered(int fd)
    {
        PollFd entry = new(fd, PollEvents.In) { Revents = PollEvents.In };

        Assert.False(_loop.ServiceFd(ref entry));
        Assert.Equal(PollEvents.In, entry.Revents);
    }

    [Fact]
    public void An_entry_of_ours_is_zeroed_before_its_handler_is_called()
    {
        PollFd[] array = [new(_descriptors.EventFd(1), PollEvents.In) { Revents = PollEvents.In }];
        PollEvents inHandler = PollEvents.Invalid;
        _loop.Watch(array[0].Fd, PollEvents.In, new Recorder((_, _) => inHandler = array[0].Revents));

        Assert.True(_loop.ServiceFd(ref array[0]));

        Assert.Equal(PollEvents.None, inHandler);
        Assert.Equal(PollEvents.None, array[0].Revents);
    }

    [Fact]
    public void An_entry_is_zeroed_also_when_its_own_handler_ended_the_watch()
    {
        int fd = _descriptors.EventFd(1);
        _loop.Watch(fd, PollEvents.In, new Recorder((watch, _) => _loop.Unwatch(watch)));
        PollFd entry = new(fd, PollEvents.In) { Revents = PollEvents.In };

        Assert.True(_loop.ServiceFd(ref entry));

        Assert.Equal((fd, PollEvents.None), (entry.Fd, entry.Revents));
        Assert.False(_loop.ServiceFd(ref entry));
    }

    [Fact]
    public void An_entry_that_moved_into_the_slot_meanwhile_keeps_its_events()
    {
        int fd = _descriptors.EventFd(1);
        PollFd other = new(_descriptors.EventFd(1), PollEvents.In) { Revents = PollEvents.In };
        PollFd[] array = [new(fd, PollEvents.In) { Revents = PollEvents.In }];
        _loop.Watch(fd, PollEvents.In, new Recorder((_, _) => array[0] = other));

        Assert.True(_loop.ServiceFd(ref array[0]));

        Assert.Equal(PollEvents.In, array[0].Revents);
    }

    [Fact]
    public void G08_the_same_entry_served_twice_is_harmless()
    {
        int fd = _descriptors.EventFd(1);
        Recorder recorder = new();
        _loop.Watch(fd, PollEvents.In, recorder);
        PollFd entry = new(fd, PollEvents.In) { Revents = PollEvents.In };

        Assert.True(_loop.ServiceFd(ref entry));
        Assert.True(_loop.ServiceFd(ref entry));

        Assert.Single(recorder.Seen);
    }

    [Fact]
    public void G08_a_stale_hang_up_does_not_reach_the_next_user_of_the_number()
    {
        (int first, _) = _descriptors.SocketPair();
        Recorder recorder = new();
        _loop.Watch(first, PollEvents.In, recorder);
        PollFd stale = new(first, PollEvents.In) { Revents = PollEvents.HangUp | PollEvents.Error | PollEvents.Invalid };

        Assert.True(_loop.ServiceFd(ref stale));

        Assert.Empty(recorder.Seen);
        Assert.Equal(1, _loop.WatchCount);
    }

    [Fact]
    public void A_true_hang_up_is_told_with_the_data_that_is_left()
    {
        (int first, int second) = _descriptors.SocketPair();
        Recorder recorder = new();
        _loop.Watch(first, PollEvents.In, recorder);
        Descriptors.Write(second, 7);
        _descriptors.Close(second);

        _host.Frame(_loop);

        Assert.Equal([(first, PollEvents.In | PollEvents.HangUp)], recorder.Seen);
    }

    [Fact]
    public void G08_a_descriptor_that_is_not_open_is_told_once_and_leaves_the_array()
    {
        int fd = _descriptors.MoveTo(_descriptors.EventFd(), Descriptors.PrivateNumber());
        Recorder recorder = new();
        _loop.Watch(fd, PollEvents.In, recorder);
        _descriptors.Close(fd);

        _host.Frame(_loop);
        _host.Frame(_loop);

        Assert.Equal([(fd, PollEvents.Invalid)], recorder.Seen);
        Assert.False(_host.Array.TryGetEvents(fd, out _));
    }

    [Fact]
    public void Writes_and_closes_are_done_at_once_and_the_rest_at_the_end_of_the_frame()
    {
        _loop.EndFrame();
        _loop.Join(new RecordingParticipant(_log));
        _loop.Watch(_descriptors.EventFd(1), PollEvents.In, new Recorder((_, _) => _log.Add("event")));
        _loop.Schedule(new LoopTimer(_ => _log.Add("timer")), TimeSpan.Zero);

        _host.Frame(_loop, withEnd: false);
        Assert.Equal(["event", "writes", "closes"], _log);

        _log.Clear();
        _loop.EndFrame();
        Assert.Equal(["timer", "input", "writes", "closes"], _log);
    }

    [Fact]
    public void Posted_work_reaches_a_host_that_only_serves_descriptors()
    {
        _loop.Post(_ => _log.Add("posted"), null);

        ServeUntil(() => _log.Count > 0);

        Assert.Equal(["posted"], _log);
    }

    [Fact]
    public void G09_timers_run_within_a_second_of_traffic_for_a_host_that_ends_no_frames()
    {
        int fd = _descriptors.EventFd(1);
        _loop.Watch(fd, PollEvents.In, new Recorder());
        _loop.Schedule(new LoopTimer(_ => _log.Add("timer")), TimeSpan.FromMilliseconds(10));
        PollFd entry = new(fd, PollEvents.In);

        entry.Revents = PollEvents.In;
        _loop.ServiceFd(ref entry);
        Assert.Empty(_log);

        _time.Advance(1001);
        entry.Revents = PollEvents.In;
        _loop.ServiceFd(ref entry);
        Assert.Equal(["timer"], _log);
    }

    [Fact]
    public void G09_timers_run_without_any_traffic_for_a_host_that_ends_no_frames()
    {
        ExternalHost host = new();
        using ExternalPollLoop loop = new(host);
        loop.Schedule(new LoopTimer(_ => _log.Add("timer")), TimeSpan.FromMilliseconds(10));

        while (_log.Count == 0)
        {
            host.Array.Poll(_deadline.Milliseconds);
            foreach (ref PollFd entry in host.Array.Entries) loop.ServiceFd(ref entry);
        }

        Assert.Equal(["timer"], _log);
    }

    [Fact]
    public void G09_pending_input_is_handled_for_a_host_that_ends_no_frames()
    {
        RecordingParticipant participant = new(_log);
        participant.OnInput = () => participant.HasPendingWork = false;
        _loop.Join(participant);
        _loop.Watch(_descriptors.EventFd(1), PollEvents.In, new Recorder((watch, _) =>
        {
            _loop.Unwatch(watch);
            participant.HasPendingWork = true;
        }));

        ServeUntil(() => _log.Contains("input"));

        Assert.False(participant.HasPendingWork);
    }

    [Fact]
    public void Serving_or_ending_a_frame_inside_a_callback_is_refused()
    {
        List<Exception> reported = [];
        _loop.UnhandledException = reported.Add;
        _loop.Schedule(new LoopTimer(_ => _loop.EndFrame()), TimeSpan.Zero);
        _loop.Schedule(new LoopTimer(_ =>
        {
            PollFd entry = default;
            _loop.ServiceFd(ref entry);
        }), TimeSpan.Zero);

        _loop.EndFrame();

        Assert.Equal(2, reported.Count);
        Assert.All(reported, exception => Assert.IsType<InvalidOperationException>(exception));
    }

    [Fact]
    public void The_deadline_is_told_when_it_changes_and_only_then()
    {
        LoopTimer timer = new(_ => { });
        _loop.EndFrame();
        _host.Deadlines.Clear();

        _loop.Schedule(timer, TimeSpan.FromSeconds(5));
        _loop.Schedule(new LoopTimer(_ => { }), TimeSpan.FromSeconds(9));
        _time.Advance(1000);
        _loop.EndFrame();
        _loop.Schedule(timer, TimeSpan.FromSeconds(2));
        _loop.Cancel(timer);
        Assert.Equal([TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(8)], _host.Deadlines);

        _host.Deadlines.Clear();
        _time.Advance(8000);
        _loop.EndFrame();
        Assert.Equal([Timeout.InfiniteTimeSpan], _host.Deadlines);
    }

    [Fact]
    public void A_host_whose_timer_was_early_is_told_the_deadline_again()
    {
        _loop.Schedule(new LoopTimer(_ => _log.Add("timer")), TimeSpan.FromSeconds(5));
        _time.Advance(4999);
        _host.Deadlines.Clear();

        _loop.EndFrame();

        Assert.Equal([TimeSpan.FromMilliseconds(1)], _host.Deadlines);
    }

    [Fact]
    public void Pending_work_is_a_deadline_of_zero_each_time()
    {
        RecordingParticipant participant = new(_log) { HasPendingWork = true };
        _loop.Join(participant);
        _loop.EndFrame();
        _loop.EndFrame();

        Assert.Equal([TimeSpan.Zero, TimeSpan.Zero], _host.Deadlines);
    }

    [Fact]
    public void A_disposed_loop_owns_no_entry_and_needs_no_frame()
    {
        int fd = _descriptors.EventFd(1);
        _loop.Watch(fd, PollEvents.In, new Recorder((_, _) => _loop.Dispose()));
        PollFd entry = new(fd, PollEvents.In) { Revents = PollEvents.In };

        Assert.True(_loop.ServiceFd(ref entry));
        Assert.True(_loop.IsDisposed);
        Assert.Equal(0, _host.Array.Count);

        entry.Revents = PollEvents.In;
        Assert.False(_loop.ServiceFd(ref entry));
        _loop.EndFrame();
        Assert.Equal(7, _loop.GetTimeout(7));
    }

    [Fact]
    public void G08_the_array_may_change_in_any_way_while_it_is_walked_through()
    {
        List<Watch> watches = [];
        Recorder recorder = new();
        bool hasChanged = false;
        Recorder changing = new((_, _) =>
        {
            if (hasChanged) return;
            hasChanged = true;
            for (int i = 0; i < 20; i += 2) _loop.Unwatch(watches[i]);
            for (int i = 0; i < 50; i++) _loop.Watch(_descriptors.EventFd(1), PollEvents.In, recorder);
            for (int i = 1; i < 20; i += 4) _loop.Unwatch(watches[i]);
        });
        _loop.Watch(_descriptors.EventFd(1), PollEvents.In, changing);
        for (int i = 0; i < 20; i++) watches.Add(_loop.Watch(_descriptors.EventFd(1), PollEvents.In, recorder));

        _host.Frame(_loop);
        Assert.Equal(watches.Where(watch => watch.IsActive).Select(watch => watch.Fd), recorder.Seen.Select(seen => seen.Fd));

        recorder.Seen.Clear();
        _host.Frame(_loop);
        Assert.Equal(55, recorder.Seen.Count);
    }

    /// <summary>Plays a host that polls and serves and does nothing else.</summary>
    private void ServeUntil(Func<bool> isDone)
    {
        while (!isDone())
        {
            _host.Array.Poll(_deadline.Milliseconds);
            foreach (ref PollFd entry in _host.Array.Entries) _loop.ServiceFd(ref entry);
        }
    }
}
