using EventLoops.LibEv;
using Xunit;

namespace EventLoops.Tests.Reliability.Guests;

/// <summary>
/// A guest on an <c>ev_loop</c> that the test makes, runs and destroys by calls of its own: whatever the guest did, the host is as it was found. The host says so when it
/// is disposed: nothing keeps it alive, nothing is pending, and the process has the descriptors that it had before.
/// </summary>
public sealed class LibEvGuestTests : IDisposable
{
    private readonly Ledger _ledger = new();
    private readonly EvHost _host = new();
    private readonly Descriptors _descriptors = new();

    public void Dispose()
    {
        _descriptors.Dispose();
        _host.Dispose();
        _ledger.CheckDescriptors();
    }

    [Fact]
    public void G01_ten_thousand_guests_come_and_go_and_the_host_is_as_before()
    {
        EvHostTimer own = _host.NewTimer();
        own.Start(milliseconds: 1_000_000);
        for (int round = 0; round < 10_000; round++)
        {
            HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop, EvHost.Library);
            if (round % 3 == 1) guest.Wake();
            if (round % 2 == 1) _host.Run(EvRunMode.NoWait);
            Assert.True(Leave(guest));
        }

        Assert.Equal(0, _host.PendingCount);
        Assert.True(_host.IsAlive);
        own.Stop();
        Assert.False(_host.IsAlive);
    }

    [Fact]
    public void G01_ten_thousand_guests_leave_with_descriptors_timers_and_work_in_every_state()
    {
        (int near, int far) = _descriptors.SocketPair();
        (int read, _) = _descriptors.Pipe();
        Descriptors.Write(far, 1);
        PollEvents[] interests = [PollEvents.None, PollEvents.In, PollEvents.Out, PollEvents.In | PollEvents.Out];
        int calls = 0;
        for (int round = 0; round < 10_000; round++)
        {
            HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop, EvHost.Library, keepsLoopAlive: round % 7 != 0);
            Watch first = guest.Watch(near, interests[round % 4], new Handler(_ => calls++));
            guest.Watch(read, interests[round / 4 % 2], new Handler(_ => calls++));
            guest.Schedule(new LoopTimer(_ => calls++), TimeSpan.FromMilliseconds(round % 2 * 1000));
            if (round % 3 == 0) guest.Post(_ => calls++, null);
            for (int turn = 0; turn < round % 3; turn++) _host.Run(EvRunMode.NoWait);
            guest.Change(first, interests[round / 8 % 4]);
            if (round % 5 == 0) guest.Wake();

            Assert.True(Leave(guest));
        }

        int before = calls;
        Assert.Equal(0, _host.PendingCount);
        Assert.False(_host.IsAlive);
        _host.Run(EvRunMode.NoWait);
        Assert.Equal(before, calls);
        Assert.InRange(calls, 1, int.MaxValue);
    }

    [Fact]
    public void G02_a_guest_that_leaves_between_iterations_needs_no_turn_of_the_host()
    {
        HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop);
        guest.Watch(_descriptors.EventFd(1), PollEvents.In, new Handler(static _ => { }));
        _host.Run(EvRunMode.NoWait);

        Assert.True(Leave(guest));

        Assert.True(guest.IsDetached);
        Assert.Equal(0, _host.PendingCount);
    }

    [Fact]
    public void G02_a_guest_that_leaves_in_its_own_callback_is_gone_when_that_iteration_is_over_though_the_host_never_turns_again()
    {
        HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop);
        bool isGone = false;
        bool wasGoneInside = true;
        guest.Watch(_descriptors.EventFd(1), PollEvents.In, new Handler(_ =>
        {
            guest.Detach(() => isGone = true);
            wasGoneInside = isGone;
        }));

        _host.Run(EvRunMode.NoWait);

        Assert.False(wasGoneInside);
        Assert.True(isGone);
        Assert.Equal(0, _host.PendingCount);
    }

    [Fact]
    public void G02_a_guest_that_leaves_in_a_callback_of_the_host_takes_its_pending_events_with_it()
    {
        HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop);
        int calls = 0;
        guest.Watch(_descriptors.EventFd(1), PollEvents.In, new Handler(_ => calls++));
        guest.Watch(_descriptors.EventFd(1), PollEvents.In, new Handler(_ => calls++));
        bool isGone = false;
        EvHostTimer own = _host.NewTimer(() => guest.Detach(() => isGone = true));
        own.Start(milliseconds: 0);

        _host.Run(EvRunMode.NoWait);

        Assert.True(isGone);
        Assert.InRange(calls, 0, 2);
        int before = calls;
        _host.Run(EvRunMode.NoWait);
        Assert.Equal(before, calls);
    }

    [Fact]
    public void G07_a_descriptor_keeps_the_host_running_until_it_is_unwatched()
    {
        HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop);
        (int read, int write) = _descriptors.Pipe();
        int calls = 0;
        Watch? watch = null;
        watch = guest.Watch(read, PollEvents.In, new Handler(_ =>
        {
            Descriptors.Drain(read);
            if (++calls == 3) guest.Unwatch(watch!);
            Descriptors.Write(write, 1);
        }));
        Descriptors.Write(write, 1);

        Assert.False(_host.Run(EvRunMode.Default));

        Assert.Equal(3, calls);
        Leave(guest);
    }

    [Fact]
    public void G07_a_descriptor_of_which_only_the_end_is_wanted_keeps_the_host_running_too()
    {
        HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop);
        (int read, int write) = _descriptors.Pipe();
        PollEvents told = PollEvents.None;
        Watch? watch = null;
        watch = guest.Watch(read, PollEvents.None, new Handler(ready =>
        {
            told = ready;
            guest.Unwatch(watch!);
        }));
        EvHostTimer own = _host.NewTimer(() => _descriptors.Close(write));
        own.Start(milliseconds: 1);

        Assert.False(_host.Run(EvRunMode.Default));

        Assert.Equal(PollEvents.HangUp, told);
        Leave(guest);
    }

    [Fact]
    public void G07_a_timer_keeps_the_host_running_until_it_has_fired_and_fires_though_nothing_else_happens()
    {
        HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop);
        List<int> fired = [];
        guest.Schedule(new LoopTimer(_ => fired.Add(20)), TimeSpan.FromMilliseconds(20));
        guest.Schedule(new LoopTimer(_ => fired.Add(5)), TimeSpan.FromMilliseconds(5));

        Assert.False(_host.Run(EvRunMode.Default));

        Assert.Equal([5, 20], fired);
        Leave(guest);
    }

    [Fact]
    public void G07_work_that_was_posted_runs_before_a_host_without_anything_else_returns()
    {
        HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop);
        int runs = 0;
        void Again(object? state)
        {
            if (++runs < 10) guest.Post(Again, state);
        }

        guest.Post(Again, null);
        Assert.False(_host.Run(EvRunMode.Default));

        Assert.Equal(10, runs);
        Leave(guest);
    }

    [Fact]
    public void G07_a_guest_with_nothing_to_wait_for_never_keeps_the_host_running()
    {
        HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop);

        Assert.False(_host.Run(EvRunMode.Default));
        Leave(guest);
    }

    [Fact]
    public void G07_a_guest_that_was_told_so_keeps_the_host_running_by_nothing_and_is_served_while_the_host_runs()
    {
        HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop, keepsLoopAlive: false);
        int read = 0;
        int fired = 0;
        LoopTimer? timer = null;
        timer = new LoopTimer(_ =>
        {
            fired++;
            guest.Schedule(timer!, TimeSpan.FromMilliseconds(1));
        });
        guest.Watch(_descriptors.EventFd(1), PollEvents.In, new Handler(_ => read++));
        guest.Watch(_descriptors.SocketPair().First, PollEvents.None, new Handler(static _ => { }));
        guest.Schedule(timer, TimeSpan.FromMilliseconds(1));
        Assert.False(_host.Run(EvRunMode.Default));

        EvHostTimer own = _host.NewTimer();
        own.Start(milliseconds: 50);
        Assert.False(_host.Run(EvRunMode.Default));

        Assert.InRange(read, 2, int.MaxValue);
        Assert.InRange(fired, 2, int.MaxValue);
        Assert.Equal(1, own.Ticks);
        Leave(guest);
    }

    [Fact]
    public void A_descriptor_that_is_not_open_is_refused_and_upsets_nothing()
    {
        HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop);
        int fd = _descriptors.MoveTo(_descriptors.EventFd(), Descriptors.PrivateNumber());
        Watch watch = guest.Watch(fd, PollEvents.In, new Handler(static _ => { }));
        _host.Run(EvRunMode.NoWait);
        _descriptors.Close(fd);

        LoopFaultException changed = Assert.Throws<LoopFaultException>(() => guest.Change(watch, PollEvents.In | PollEvents.Out));
        Assert.Equal(PollEvents.In, watch.Interest);
        guest.Unwatch(watch);
        LoopFaultException watched = Assert.Throws<LoopFaultException>(() => guest.Watch(fd, PollEvents.In, new Handler(static _ => { })));

        Assert.Equal(("ev_io_start", Errno.EBADF), (changed.Call, changed.Errno));
        Assert.Equal(("ev_io_start", Errno.EBADF), (watched.Call, watched.Errno));
        Assert.Equal(0, guest.WatchCount);
        _host.Run(EvRunMode.NoWait);
        Leave(guest);
    }

    [Fact]
    public void A_process_that_has_no_descriptor_left_is_told_so_and_lives_on()
    {
        new LibEvLoop().Dispose();
        LoopFaultException? own;
        LoopFaultException? hosted;
        using (Descriptors all = new())
        {
            all.Exhaust();
            own = Record.Exception(() => new LibEvLoop()) as LoopFaultException;
            hosted = Record.Exception(() => HostedLibEvLoop.Attach(_host.Loop)) as LoopFaultException;
        }

        Assert.Equal(Errno.EMFILE, own?.Errno);
        Assert.Equal(Errno.EMFILE, hosted?.Errno);
        Assert.Equal(0, _host.PendingCount);
        Leave(HostedLibEvLoop.Attach(_host.Loop));
    }

    [Fact]
    public void A_wake_from_another_thread_ends_the_wait_of_the_host()
    {
        HostedLibEvLoop guest = HostedLibEvLoop.Attach(_host.Loop);
        EvHostTimer own = _host.NewTimer();
        own.Start(milliseconds: 1_000_000);
        bool ran = false;
        Thread other = new(() => guest.Post(_ => ran = true, null));
        guest.Post(_ => other.Start(), null);

        // Without the wake this would take a thousand seconds.
        while (!ran) _host.Run(EvRunMode.Once);

        other.Join();
        own.Stop();
        Leave(guest);
    }

    private static bool Leave(HostedLibEvLoop guest)
    {
        bool isGone = false;
        guest.Detach(() => isGone = true);
        return isGone;
    }

    private sealed class Handler(Action<PollEvents> onReady) : IReadyHandler
    {
        public void OnReady(Watch watch, PollEvents ready) => onReady(ready);
    }
}
