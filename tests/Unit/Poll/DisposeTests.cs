using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class DisposeTests
{
    [Fact]
    public void Disposing_ends_watches_and_timers_and_leaves_the_descriptors_open()
    {
        using Descriptors descriptors = new();
        int fd = descriptors.EventFd();
        PollLoop loop = new();
        Watch watch = loop.Watch(fd, PollEvents.In, new Recorder());
        LoopTimer timer = new(_ => { });
        loop.Schedule(timer, TimeSpan.FromSeconds(1));

        loop.Dispose();
        loop.Dispose();

        Assert.False(watch.IsActive);
        Assert.False(timer.IsScheduled);
        Assert.Equal((0, 0), (loop.WatchCount, loop.TimerCount));
        Descriptors.Signal(fd);
    }

    [Fact]
    public void Disposing_inside_a_callback_takes_effect_after_the_turn()
    {
        List<string> log = [];
        PollLoop loop = new();
        loop.Join(new RecordingParticipant(log));
        loop.Post(_ =>
        {
            loop.Dispose();
            log.Add(loop.IsDisposed ? "disposed" : "still there");
        }, null);

        loop.Run(TestContext.Current.CancellationToken);

        Assert.Equal(["still there", "input", "writes", "closes"], log);
        Assert.True(loop.IsDisposed);
    }

    [Fact]
    public void A_disposed_loop_takes_nothing_new_and_lets_everything_go()
    {
        using Descriptors descriptors = new();
        int fd = descriptors.EventFd();
        PollLoop loop = new();
        Watch watch = loop.Watch(fd, PollEvents.In, new Recorder());
        LoopTimer timer = new(_ => { });
        RecordingParticipant participant = new([]);
        loop.Dispose();

        Assert.Throws<ObjectDisposedException>(() => loop.Watch(fd, PollEvents.In, new Recorder()));
        Assert.Throws<ObjectDisposedException>(() => loop.Change(watch, PollEvents.Out));
        Assert.Throws<ObjectDisposedException>(() => loop.Schedule(timer, TimeSpan.Zero));
        Assert.Throws<ObjectDisposedException>(() => loop.Join(participant));
        Assert.Throws<ObjectDisposedException>(() => loop.RunOnce(0));
        Assert.Throws<ObjectDisposedException>(() => loop.Run(TestContext.Current.CancellationToken));
        loop.Unwatch(watch);
        loop.Cancel(timer);
        loop.Leave(participant);
    }

    [Fact]
    public void An_option_that_is_null_is_named()
    {
        EventLoopOptions noIo = new() { SocketIo = null! };
        EventLoopOptions noTime = new() { TimeProvider = null! };

        Assert.StartsWith("EventLoopOptions.SocketIo ", Assert.Throws<ArgumentException>(() => new PollLoop(noIo)).Message, StringComparison.Ordinal);
        Assert.StartsWith("EventLoopOptions.TimeProvider ", Assert.Throws<ArgumentException>(() => new PollLoop(noTime)).Message, StringComparison.Ordinal);
    }
}
