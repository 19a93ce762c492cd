using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class WatchTests : IDisposable
{
    private readonly Deadline _deadline = new();
    private readonly Descriptors _descriptors = new();
    private readonly PollLoop _loop = new();

    public void Dispose()
    {
        _loop.Dispose();
        _descriptors.Dispose();
    }

    [Fact]
    public void A_readable_descriptor_is_told_to_its_handler()
    {
        (int read, int write) = _descriptors.Pipe();
        Recorder recorder = new((watch, _) => Descriptors.Drain(watch.Fd));
        Watch watch = _loop.Watch(read, PollEvents.In, recorder);
        Assert.False(_loop.RunOnce(0));

        Descriptors.Write(write, 1);
        Assert.True(_loop.RunOnce(_deadline.Milliseconds));

        Assert.Equal([(read, PollEvents.In)], recorder.Seen);
        Assert.True(watch.IsActive);
        Assert.Equal(1, _loop.WatchCount);
    }

    [Fact]
    public void Only_what_was_asked_for_is_told()
    {
        int fd = _descriptors.EventFd(1);
        Recorder recorder = new();
        Watch watch = _loop.Watch(fd, PollEvents.None, recorder);
        Assert.False(_loop.RunOnce(0));

        _loop.Change(watch, PollEvents.Out);
        _loop.RunOnce(0);
        _loop.Change(watch, PollEvents.In | PollEvents.Out);
        _loop.RunOnce(0);
        _loop.Change(watch, PollEvents.None);
        _loop.RunOnce(0);

        Assert.Equal([(fd, PollEvents.Out), (fd, PollEvents.In | PollEvents.Out)], recorder.Seen);
    }

    [Fact]
    public void An_interest_taken_away_in_the_same_batch_is_not_told()
    {
        int first = _descriptors.EventFd(1);
        int second = _descriptors.EventFd(1);
        Watch? other = null;
        Recorder quiet = new();
        _loop.Watch(first, PollEvents.In, new Recorder((_, _) => _loop.Change(other!, PollEvents.None)));
        other = _loop.Watch(second, PollEvents.In, quiet);

        _loop.RunOnce(0);

        Assert.Empty(quiet.Seen);
    }

    [Fact]
    public void The_event_of_a_watch_that_ends_in_the_same_batch_is_dropped()
    {
        int first = _descriptors.EventFd(1);
        int second = _descriptors.EventFd(1);
        Watch? other = null;
        Recorder dropped = new();
        _loop.Watch(first, PollEvents.In, new Recorder((_, _) => _loop.Unwatch(other!)));
        other = _loop.Watch(second, PollEvents.In, dropped);

        _loop.RunOnce(0);

        Assert.Empty(dropped.Seen);
        Assert.Equal(1, _loop.WatchCount);
    }

    [Fact]
    public void A_number_that_is_used_again_in_the_same_batch_gets_no_event_of_the_former_descriptor()
    {
        int number = Descriptors.PrivateNumber();
        int first = _descriptors.EventFd(1);
        int second = _descriptors.MoveTo(_descriptors.EventFd(1), number);
        Recorder former = new();
        Recorder next = new();
        Watch? other = null;
        _loop.Watch(first, PollEvents.In, new Recorder((watch, _) =>
        {
            _loop.Unwatch(watch);
            _loop.Unwatch(other!);
            _descriptors.Close(second);
            _descriptors.MoveTo(_descriptors.EventFd(), number);
            other = _loop.Watch(number, PollEvents.In, next);
        }));
        other = _loop.Watch(second, PollEvents.In, former);
        uint generation = other.Generation;

        _loop.RunOnce(0);
        Assert.Empty(former.Seen);
        Assert.Empty(next.Seen);
        Assert.NotEqual(generation, other.Generation);

        Descriptors.Signal(number);
        _loop.RunOnce(0);
        Assert.Equal([(number, PollEvents.In)], next.Seen);
    }

    [Fact]
    public void A_watch_made_by_a_callback_gets_its_first_event_in_the_next_turn()
    {
        int first = _descriptors.EventFd(1);
        int second = _descriptors.EventFd(1);
        Recorder added = new();
        _loop.Watch(first, PollEvents.In, new Recorder((watch, _) =>
        {
            _loop.Unwatch(watch);
            for (int i = 0; i < 40; i++) _loop.Watch(_descriptors.EventFd(), PollEvents.In, added);
            _loop.Watch(second, PollEvents.In, added);
        }));

        _loop.RunOnce(0);
        Assert.Empty(added.Seen);

        _loop.RunOnce(0);
        Assert.Equal([(second, PollEvents.In)], added.Seen);
    }

    [Fact]
    public void A_handler_that_throws_is_reported_and_disturbs_nobody()
    {
        List<Exception> reported = [];
        _loop.UnhandledException = reported.Add;
        Recorder after = new();
        _loop.Watch(_descriptors.EventFd(1), PollEvents.In, new Recorder((_, _) => throw new NotSupportedException("mine")));
        _loop.Watch(_descriptors.EventFd(1), PollEvents.In, after);

        Assert.True(_loop.RunOnce(0));

        Assert.Equal("mine", Assert.Single(reported).Message);
        Assert.Single(after.Seen);
    }

    [Fact]
    public void A_reporter_that_throws_too_stops_nothing()
    {
        _loop.UnhandledException = _ => throw new NotSupportedException();
        Recorder after = new();
        _loop.Watch(_descriptors.EventFd(1), PollEvents.In, new Recorder((_, _) => throw new NotSupportedException()));
        _loop.Watch(_descriptors.EventFd(1), PollEvents.In, after);

        _loop.RunOnce(0);

        Assert.Single(after.Seen);
    }

    [Fact]
    public void A_hang_up_comes_together_with_the_data_that_is_left()
    {
        (int read, int write) = _descriptors.Pipe();
        Recorder recorder = new();
        _loop.Watch(read, PollEvents.In, recorder);
        Descriptors.Write(write, 1, 2, 3);
        _descriptors.Close(write);

        _loop.RunOnce(_deadline.Milliseconds);
        Assert.Equal([(read, PollEvents.In | PollEvents.HangUp)], recorder.Seen);

        Assert.Equal(3, Descriptors.Drain(read));
        _loop.RunOnce(_deadline.Milliseconds);
        Assert.Equal((read, PollEvents.HangUp), recorder.Seen[1]);
    }

    [Fact]
    public void An_error_is_told_without_being_asked_for()
    {
        (int read, int write) = _descriptors.Pipe();
        Recorder recorder = new();
        _loop.Watch(write, PollEvents.None, recorder);
        _descriptors.Close(read);

        _loop.RunOnce(_deadline.Milliseconds);

        Assert.Equal([(write, PollEvents.Error)], recorder.Seen);
    }

    [Fact]
    public void A_descriptor_that_is_not_open_is_told_once_and_then_unwatched()
    {
        int fd = _descriptors.MoveTo(_descriptors.EventFd(), Descriptors.PrivateNumber());
        Recorder recorder = new();
        Watch watch = _loop.Watch(fd, PollEvents.In, recorder);
        _descriptors.Close(fd);

        _loop.RunOnce(0);
        _loop.RunOnce(0);

        Assert.Equal([(fd, PollEvents.Invalid)], recorder.Seen);
        Assert.False(watch.IsActive);
        Assert.Equal(0, _loop.WatchCount);
    }

    [Fact]
    public void Unwatching_is_idempotent_and_a_watch_stays_what_it_was()
    {
        int fd = _descriptors.EventFd();
        Watch watch = _loop.Watch(fd, PollEvents.In, new Recorder());
        _loop.Unwatch(watch);
        Watch next = _loop.Watch(fd, PollEvents.In, new Recorder());
        _loop.Unwatch(watch);

        Assert.False(watch.IsActive);
        Assert.True(next.IsActive);
        Assert.Throws<InvalidOperationException>(() => _loop.Change(watch, PollEvents.Out));
    }

    [Fact]
    public void Mistakes_of_the_caller_are_named()
    {
        int fd = _descriptors.EventFd();
        Watch watch = _loop.Watch(fd, PollEvents.In, new Recorder());
        using PollLoop other = new();

        Assert.Equal("fd", Assert.Throws<ArgumentException>(() => _loop.Watch(fd, PollEvents.In, new Recorder())).ParamName);
        Assert.Equal("fd", Assert.Throws<ArgumentOutOfRangeException>(() => _loop.Watch(-1, PollEvents.In, new Recorder())).ParamName);
        Assert.Equal("handler", Assert.Throws<ArgumentNullException>(() => _loop.Watch(0, PollEvents.In, null!)).ParamName);
        Assert.Equal("interest", Assert.Throws<ArgumentOutOfRangeException>(() => _loop.Change(watch, PollEvents.HangUp)).ParamName);
        Assert.Equal("watch", Assert.Throws<ArgumentException>(() => other.Unwatch(watch)).ParamName);
    }

    [Fact]
    public void Many_descriptors_come_and_go_in_any_order()
    {
        List<Watch> watches = [];
        Recorder recorder = new();
        for (int i = 0; i < 200; i++) watches.Add(_loop.Watch(_descriptors.EventFd(1), PollEvents.In, recorder));
        for (int i = 0; i < 200; i += 2) _loop.Unwatch(watches[i]);

        _loop.RunOnce(0);

        Assert.Equal(watches.Where(watch => watch.IsActive).Select(watch => watch.Fd), recorder.Seen.Select(seen => seen.Fd));
        Assert.Equal(100, _loop.WatchCount);
    }
}
