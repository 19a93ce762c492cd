using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class HostedEventLoopTests : IDisposable
{
    private readonly Descriptors _descriptors = new();
    private readonly ManualHostLoop _loop = new();
    private readonly List<string> _log = [];

    public void Dispose() => _descriptors.Dispose();

    [Fact]
    public void A_number_from_the_kernel_reaches_the_watch_of_that_generation_only()
    {
        int fd = _descriptors.EventFd();
        Recorder former = new();
        Recorder next = new();
        Watch watch = _loop.Watch(fd, PollEvents.In, former);
        uint generation = watch.Generation;
        _loop.Unwatch(watch);
        Watch again = _loop.Watch(fd, PollEvents.In, next);

        _loop.Turn(
            (fd, generation, PollEvents.In),
            (fd, again.Generation, PollEvents.In),
            (-5, again.Generation, PollEvents.In),
            (100_000, again.Generation, PollEvents.In));

        Assert.Empty(former.Seen);
        Assert.Equal([(fd, PollEvents.In)], next.Seen);
    }

    [Fact]
    public void A_watch_that_a_handler_ended_is_not_told_although_the_backend_still_reports_it()
    {
        Recorder quiet = new();
        Watch second = _loop.Watch(_descriptors.EventFd(), PollEvents.In, quiet);
        Watch first = _loop.Watch(_descriptors.EventFd(), PollEvents.In, new Recorder((_, _) => _loop.Unwatch(second)));

        _loop.Turn(first, second);

        Assert.Empty(quiet.Seen);
    }

    [Fact]
    public void A_backend_that_refuses_a_watch_leaves_nothing_half_done()
    {
        _loop.Refuses = true;
        int fd = _descriptors.EventFd();

        LoopFaultException fault = Assert.Throws<LoopFaultException>(() => _loop.Watch(fd, PollEvents.In, new Recorder()));
        Assert.Equal(("epoll_ctl", Errno.EPERM), (fault.Call, fault.Errno));
        Assert.Equal("epoll_ctl failed: EPERM (Operation not permitted).", fault.Message);
        Assert.Equal(0, _loop.WatchCount);

        _loop.Refuses = false;
        Watch watch = _loop.Watch(fd, PollEvents.In, new Recorder());
        _loop.Refuses = true;
        Assert.Throws<LoopFaultException>(() => _loop.Change(watch, PollEvents.Out));
        Assert.Equal(PollEvents.In, watch.Interest);
    }

    [Fact]
    public void Detaching_ends_everything_and_tells_when_the_host_has_let_go()
    {
        Watch watch = _loop.Watch(_descriptors.EventFd(), PollEvents.In, new Recorder());

        _loop.Detach(() => _log.Add("first"));
        _loop.Detach(() => _log.Add("second"));
        Assert.False(watch.IsActive);
        Assert.True(_loop.IsDisposed);
        Assert.False(_loop.IsDetached);
        Assert.Empty(_log);

        _loop.LetGo();
        _loop.Detach(() => _log.Add("late"));
        Assert.Equal(["first", "second", "late"], _log);
        Assert.True(_loop.IsDetached);
    }

    [Fact]
    public void Detaching_inside_a_callback_waits_for_the_end_of_the_turn()
    {
        int fd = _descriptors.EventFd();
        Watch watch = _loop.Watch(fd, PollEvents.In, new Recorder((_, _) =>
        {
            _loop.Detach(null);
            _log.Add(_loop.IsDisposed ? "disposed" : "still there");
        }));

        _loop.Turn((fd, watch.Generation, PollEvents.In));

        Assert.Equal(["still there"], _log);
        Assert.True(_loop.IsDisposed);
    }

    [Fact]
    public void A_detached_callback_that_throws_does_not_reach_the_host()
    {
        List<Exception> reported = [];
        _loop.UnhandledException = reported.Add;
        _loop.Detach(() => throw new NotSupportedException());

        _loop.LetGo();

        Assert.Single(reported);
    }

    [Fact]
    public void A_turn_that_the_host_nests_into_a_callback_runs_nothing_twice()
    {
        _loop.Post(_ =>
        {
            _log.Add("posted");
            _loop.Turn(events: []);
        }, null);
        _loop.Join(new RecordingParticipant(_log));

        _loop.Turn(events: []);

        Assert.Equal(["posted", "input", "writes", "closes"], _log);
        Assert.False(_loop.IsInTurn);
    }

    [Fact]
    public void A_hosted_loop_is_disposed_on_its_thread_only()
    {
        _loop.Turn(events: []);
        Exception? thrown = null;
        Thread other = new(() => thrown = Record.Exception(_loop.Dispose));
        other.Start();
        other.Join();

        Assert.IsType<InvalidOperationException>(thrown);
        Assert.False(_loop.IsDisposed);
    }

    /// <summary>A host that the test plays by hand.</summary>
    private sealed class ManualHostLoop() : HostedEventLoop("manual", null)
    {
        private Action? _detached;

        public bool Refuses { get; set; }

        public void LetGo() => _detached?.Invoke();

        public void Turn(params (int Fd, uint Generation, PollEvents Ready)[] events)
        {
            BeginTurn();
            foreach ((int fd, uint generation, PollEvents ready) in events) Dispatch(fd, generation, ready);
            EndTurn();
        }

        public void Turn(params Watch[] ready)
        {
            BeginTurn();
            foreach (Watch watch in ready) Dispatch(watch, PollEvents.In);
            EndTurn();
        }

        protected override void AddCore(Watch watch) => Refuse();

        protected override void ChangeCore(Watch watch, PollEvents previous) => Refuse();

        protected override void RemoveCore(Watch watch)
        {
        }

        protected override void WakeCore()
        {
        }

        protected override void DetachCore(Action detached) => _detached = detached;

        private void Refuse()
        {
            if (Refuses) throw new LoopFaultException("epoll_ctl", Errno.EPERM);
        }
    }
}
