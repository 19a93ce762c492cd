using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class ExternalAnnouncementTests : IDisposable
{
    private readonly Descriptors _descriptors = new();
    private readonly ExternalHost _host = new();
    private readonly ExternalPollLoop _loop;

    public ExternalAnnouncementTests() => _loop = new ExternalPollLoop(_host);

    public void Dispose()
    {
        _loop.Dispose();
        _descriptors.Dispose();
    }

    [Fact]
    public void The_wake_descriptor_is_announced_like_any_other()
    {
        Assert.Equal(["lock None -> In", "add None -> In", "unlock None -> In"], _host.Log);
        Assert.Equal(1, _host.Array.Count);
        Assert.Equal(0, _loop.WatchCount);
    }

    [Fact]
    public void Every_change_is_announced_between_lock_and_unlock_with_the_same_arguments()
    {
        _host.Log.Clear();
        Watch watch = _loop.Watch(_descriptors.EventFd(), PollEvents.In, new Recorder());
        _loop.Change(watch, PollEvents.In | PollEvents.Out);
        _loop.Change(watch, PollEvents.In | PollEvents.Out);
        _loop.Change(watch, PollEvents.Out);
        _loop.Unwatch(watch);
        _loop.Unwatch(watch);

        Assert.Equal(
        [
            "lock None -> In", "add None -> In", "unlock None -> In",
            "lock In -> In, Out", "set In -> In, Out", "unlock In -> In, Out",
            "lock In, Out -> Out", "clear In, Out -> Out", "unlock In, Out -> Out",
            "lock Out -> None", "delete Out -> None", "unlock Out -> None",
        ], _host.Log);
    }

    [Fact]
    public void A_change_that_adds_and_takes_away_sets_first_and_clears_then()
    {
        Watch watch = _loop.Watch(_descriptors.EventFd(), PollEvents.In, new Recorder());
        _host.Log.Clear();

        _loop.Change(watch, PollEvents.Out);

        Assert.Equal(
        [
            "lock In -> In, Out", "set In -> In, Out", "unlock In -> In, Out",
            "lock In, Out -> Out", "clear In, Out -> Out", "unlock In, Out -> Out",
        ], _host.Log);
    }

    [Fact]
    public void The_arguments_tell_the_bits_that_were_added_and_taken_away()
    {
        PollArgs args = new(5, PollEvents.Out, PollEvents.In);

        Assert.Equal((PollEvents.Out, PollEvents.In), (args.Added, args.Removed));
    }

    [Fact]
    public void An_add_that_throws_surfaces_and_leaves_nothing_half_watched()
    {
        int fd = _descriptors.EventFd();
        _host.ThrowIn = "add";
        Assert.Throws<NotSupportedException>(() => _loop.Watch(fd, PollEvents.In, new Recorder()));
        Assert.Equal(0, _loop.WatchCount);
        Assert.Equal("unlock None -> In", _host.Log[^1]);

        _host.ThrowIn = null;
        Assert.True(_loop.Watch(fd, PollEvents.In, new Recorder()).IsActive);
    }

    [Fact]
    public void A_delete_that_throws_surfaces_and_the_watch_is_gone()
    {
        Watch watch = _loop.Watch(_descriptors.EventFd(), PollEvents.In, new Recorder());
        _host.ThrowIn = "delete";

        Assert.Throws<NotSupportedException>(() => _loop.Unwatch(watch));

        _host.ThrowIn = null;
        Assert.False(watch.IsActive);
        Assert.Equal(0, _loop.WatchCount);
    }

    [Theory]
    [InlineData("set", PollEvents.In)]
    [InlineData("clear", PollEvents.In | PollEvents.Out)]
    public void A_change_that_throws_surfaces_and_the_interest_is_what_the_array_was_told(string call, PollEvents left)
    {
        Watch watch = _loop.Watch(_descriptors.EventFd(), PollEvents.In, new Recorder());
        _host.ThrowIn = call;

        Assert.Throws<NotSupportedException>(() => _loop.Change(watch, PollEvents.Out));

        _host.ThrowIn = null;
        Assert.Equal(left, watch.Interest);
        Assert.True(_host.Array.TryGetEvents(watch.Fd, out PollEvents events));
        Assert.Equal(left, events);
    }

    [Fact]
    public void A_wake_descriptor_that_cannot_be_announced_fails_the_constructor()
    {
        ExternalHost refusing = new() { ThrowIn = "add" };

        Assert.Throws<NotSupportedException>(() => new ExternalPollLoop(refusing));
        Assert.Throws<ArgumentNullException>(() => new ExternalPollLoop(null!));
    }

    [Fact]
    public void Disposing_takes_every_descriptor_out_of_the_array_again()
    {
        int foreign = _descriptors.EventFd();
        _host.Array.Add(foreign, PollEvents.In);
        for (int i = 0; i < 10; i++) _loop.Watch(_descriptors.EventFd(), PollEvents.In, new Recorder());

        _loop.Dispose();

        Assert.Equal(1, _host.Array.Count);
        Assert.True(_host.Array.TryGetEvents(foreign, out _));
    }

    [Fact]
    public void A_delete_that_throws_while_disposing_keeps_nothing_else_in_the_array()
    {
        List<Exception> reported = [];
        _loop.UnhandledException = reported.Add;
        for (int i = 0; i < 3; i++) _loop.Watch(_descriptors.EventFd(), PollEvents.In, new Recorder());
        _host.ThrowIn = "delete";

        Assert.Throws<NotSupportedException>(_loop.Dispose);

        Assert.Equal(3, reported.Count);
        Assert.Equal(4, _host.Log.Count(line => line.StartsWith("delete", StringComparison.Ordinal)));
        Assert.True(_loop.IsDisposed);
    }
}
