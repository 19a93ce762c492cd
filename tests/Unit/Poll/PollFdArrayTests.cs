using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class PollFdArrayTests : IDisposable
{
    private readonly Descriptors _descriptors = new();
    private readonly PollFdArray _array = new();

    public void Dispose() => _descriptors.Dispose();

    [Fact]
    public void Polling_reports_what_is_ready()
    {
        int quiet = _descriptors.EventFd();
        int ready = _descriptors.EventFd(1);
        _array.Add(quiet, PollEvents.In);
        _array.Add(ready, PollEvents.In | PollEvents.Out);

        Assert.Equal(1, _array.Poll(0));

        Assert.Equal(PollEvents.None, _array.Entries[0].Revents);
        Assert.Equal(PollEvents.In | PollEvents.Out, _array.Entries[1].Revents);
    }

    [Fact]
    public void G08_an_entry_removed_while_the_caller_walks_becomes_a_hole_and_vanishes_with_the_next_poll()
    {
        int[] fds = [_descriptors.EventFd(1), _descriptors.EventFd(1), _descriptors.EventFd(1)];
        foreach (int fd in fds) _array.Add(fd, PollEvents.In);
        _array.Poll(0);
        Span<PollFd> entries = _array.Entries;

        Assert.True(_array.Remove(fds[1]));
        Assert.False(_array.Remove(fds[1]));

        Assert.Equal((-1, PollEvents.None), (entries[1].Fd, entries[1].Revents));
        Assert.Equal(2, _array.Count);
        Assert.Equal(2, _array.Poll(0));
        Assert.Equal([fds[0], fds[2]], _array.Entries.ToArray().Select(entry => entry.Fd));
    }

    [Fact]
    public void A_removal_after_the_array_has_grown_still_shows_in_the_entries_that_are_walked()
    {
        int first = _descriptors.EventFd(1);
        _array.Add(first, PollEvents.In);
        _array.Poll(0);
        Span<PollFd> entries = _array.Entries;
        for (int i = 0; i < 100; i++) _array.Add(_descriptors.EventFd(), PollEvents.In);

        _array.Remove(first);

        Assert.Equal(-1, entries[0].Fd);
        Assert.Equal(0, _array.Poll(0));
        Assert.Equal(100, _array.Entries.Length);
    }

    [Fact]
    public void Masks_can_be_changed_and_read()
    {
        int fd = _descriptors.EventFd(1);
        _array.Add(fd, PollEvents.In);

        Assert.True(_array.SetEvents(fd, PollEvents.Out));
        Assert.True(_array.TryGetEvents(fd, out PollEvents events));
        Assert.Equal(PollEvents.Out, events);

        Assert.False(_array.SetEvents(fd + 1, PollEvents.Out));
        Assert.False(_array.TryGetEvents(-1, out _));
        Assert.False(_array.Remove(int.MaxValue));
    }

    [Fact]
    public void A_descriptor_is_added_once()
    {
        int fd = _descriptors.EventFd();
        _array.Add(fd, PollEvents.In);

        Assert.Equal("fd", Assert.Throws<ArgumentException>(() => _array.Add(fd, PollEvents.In)).ParamName);
        Assert.Throws<ArgumentOutOfRangeException>(() => _array.Add(-1, PollEvents.In));
    }
}
