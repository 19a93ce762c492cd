using EventLoops.LibUv;
using Xunit;

namespace EventLoops.Tests.Reliability.Guests;

/// <summary>
/// A guest on an <c>uv_loop_t</c> that the test makes, runs and destroys by calls of its own: whatever the guest did, the host is as it was found. The host says so when it
/// is disposed: no handle of the guest's is left on it, and the process has the descriptors that it had before.
/// </summary>
public sealed class LibUvGuestTests : IDisposable
{
    private readonly Ledger _ledger = new();
    private readonly UvHost _host = new();
    private readonly Descriptors _descriptors = new();

    // Descriptors are counted from here on.
    static LibUvGuestTests() => UvHost.Warm();

    public void Dispose()
    {
        _descriptors.Dispose();
        _host.Dispose();
        _ledger.CheckDescriptors();
    }

    [Fact]
    public void G01_ten_thousand_guests_come_and_go_and_the_host_is_as_before()
    {
        UvHostTimer own = _host.NewTimer();
        own.Start(milliseconds: 1_000_000);
        _host.Data = 4711;
        (int Handles, int References) before = (_host.HandleCount, _host.ReferenceCount);
        for (int round = 0; round < 10_000; round++)
        {
            HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop, UvHost.Library);
            Assert.Equal(before.References, _host.ReferenceCount);
            if (round % 3 == 1) guest.Wake();
            if (round % 2 == 1) _host.Run(UvRunMode.NoWait);
            Leave(guest);
            Assert.Equal(before, (_host.HandleCount, _host.ReferenceCount));
        }

        Assert.Equal(4711, _host.Data);
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
            HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop, UvHost.Library, keepsLoopAlive: round % 7 != 0);
            Watch first = guest.Watch(near, interests[round % 4], new Handler(_ => calls++));
            guest.Watch(read, interests[round / 4 % 2], new Handler(_ => calls++));
            guest.Schedule(new LoopTimer(_ => calls++), TimeSpan.FromMilliseconds(round % 2 * 1000));
            if (round % 3 == 0) guest.Post(_ => calls++, null);
            for (int turn = 0; turn < round % 3; turn++) _host.Run(UvRunMode.NoWait);
            guest.Change(first, interests[round / 8 % 4]);
            if (round % 5 == 0) guest.Wake();

            Leave(guest);
            Assert.Equal((0, 0), (_host.HandleCount, _host.ReferenceCount));
        }

        int before = calls;
        Assert.False(_host.IsAlive);
        _host.Run(UvRunMode.NoWait);
        Assert.Equal(before, calls);
        Assert.InRange(calls, 1, int.MaxValue);
    }

    [Fact]
    public void G02_a_guest_that_has_left_calls_nobody_and_is_gone_when_its_host_turns_again()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);
        int calls = 0;
        guest.Watch(_descriptors.EventFd(1), PollEvents.In, new Handler(_ => calls++));
        guest.Schedule(new LoopTimer(_ => calls++), TimeSpan.Zero);
        int handles = _host.HandleCount;
        int told = 0;

        guest.Detach(() => told++);
        guest.Detach(() => told++);

        // The host does not turn: it still points to all of them, and nothing has been freed.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal((handles, 0, false), (_host.HandleCount, told, guest.IsDetached));

        _host.Run(UvRunMode.NoWait);
        Assert.Equal((0, 2, true), (_host.HandleCount, told, guest.IsDetached));
        Assert.Equal(0, calls);
        guest.Detach(() => told++);
        Assert.Equal(3, told);
    }

    [Fact]
    public void G02_a_guest_that_leaves_in_a_callback_is_gone_when_that_iteration_is_over()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);
        bool isGone = false;
        guest.Watch(_descriptors.EventFd(1), PollEvents.In, new Handler(_ => guest.Detach(() => isGone = true)));
        _host.Run(UvRunMode.NoWait);
        Assert.True(isGone);

        HostedLibUvLoop next = HostedLibUvLoop.Attach(_host.Loop);
        bool isNextGone = false;
        int calls = 0;
        next.Watch(_descriptors.EventFd(1), PollEvents.In, new Handler(_ => calls++));
        _host.NewTimer(() => next.Detach(() => isNextGone = true)).Start(milliseconds: 0);
        _host.RunUntil(() => isNextGone);
        int before = calls;
        _host.Run(UvRunMode.NoWait);
        Assert.Equal(before, calls);
    }

    [Fact]
    public void G03_a_host_that_closes_handles_that_are_not_its_own_is_told_so_and_nothing_is_closed_twice()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);
        List<Exception> reported = [];
        guest.UnhandledException = reported.Add;
        guest.Watch(_descriptors.EventFd(), PollEvents.In, new Handler(static _ => { }));

        _host.CloseEverything();
        _host.Run(UvRunMode.NoWait);
        Assert.Equal(0, _host.HandleCount);
        bool isGone = false;
        guest.Detach(() => isGone = true);

        Assert.True(isGone);
        Assert.NotEmpty(reported);
        Assert.All(reported, exception => Assert.Contains("detach", Assert.IsType<InvalidOperationException>(exception).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void G07_a_descriptor_keeps_the_host_running_until_it_is_unwatched()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);
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

        Assert.False(_host.Run(UvRunMode.Default));

        Assert.Equal(3, calls);
        Leave(guest);
    }

    [Fact]
    public void G07_a_descriptor_of_which_only_the_end_is_wanted_keeps_the_host_running_too()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);
        (int read, int write) = _descriptors.Pipe();
        PollEvents told = PollEvents.None;
        Watch? watch = null;
        watch = guest.Watch(read, PollEvents.None, new Handler(ready =>
        {
            told = ready;
            guest.Unwatch(watch!);
        }));
        UvHostTimer own = _host.NewTimer(() => _descriptors.Close(write));
        own.Start(milliseconds: 1);

        Assert.False(_host.Run(UvRunMode.Default));

        Assert.Equal(PollEvents.HangUp, told);
        Leave(guest);
    }

    [Fact]
    public void G07_a_timer_keeps_the_host_running_until_it_has_fired_and_fires_though_nothing_else_happens()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);
        List<int> fired = [];
        guest.Schedule(new LoopTimer(_ => fired.Add(20)), TimeSpan.FromMilliseconds(20));
        guest.Schedule(new LoopTimer(_ => fired.Add(5)), TimeSpan.FromMilliseconds(5));

        Assert.False(_host.Run(UvRunMode.Default));

        Assert.Equal([5, 20], fired);
        Leave(guest);
    }

    [Fact]
    public void G07_work_that_was_posted_runs_before_a_host_without_anything_else_returns()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);
        int runs = 0;
        void Again(object? state)
        {
            if (++runs < 10) guest.Post(Again, state);
        }

        guest.Post(Again, null);
        Assert.False(_host.Run(UvRunMode.Default));

        Assert.Equal(10, runs);
        Leave(guest);
    }

    [Fact]
    public void G07_a_guest_with_nothing_to_wait_for_never_keeps_the_host_running()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);

        Assert.False(_host.Run(UvRunMode.Default));
        Leave(guest);
    }

    [Fact]
    public void G07_a_guest_that_was_told_so_keeps_the_host_running_by_nothing_and_is_served_while_the_host_runs()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop, keepsLoopAlive: false);
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
        Assert.False(_host.Run(UvRunMode.Default));

        UvHostTimer own = _host.NewTimer();
        own.Start(milliseconds: 50);
        Assert.False(_host.Run(UvRunMode.Default));

        Assert.InRange(read, 2, int.MaxValue);
        Assert.InRange(fired, 2, int.MaxValue);
        Assert.Equal(1, own.Ticks);
        Leave(guest);
    }

    [Fact]
    public void A_descriptor_that_the_host_watches_itself_is_refused_by_name_and_upsets_nobody()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);
        int fd = _descriptors.EventFd();
        nint own = _host.Watch(fd);
        int handles = _host.HandleCount;

        LoopFaultException refused = Assert.Throws<LoopFaultException>(() => guest.Watch(fd, PollEvents.In, new Handler(static _ => { })));

        Assert.Equal(("uv_poll_init", Errno.EEXIST), (refused.Call, refused.Errno));
        Assert.Equal((handles, 0), (_host.HandleCount, guest.WatchCount));

        UvHost.Unwatch(own);
        int calls = 0;
        guest.Watch(fd, PollEvents.In, new Handler(_ => calls++));
        Descriptors.Signal(fd);
        _host.RunUntil(() => calls > 0);
        Leave(guest);
    }

    [Fact]
    public void A_file_which_nobody_can_wait_for_is_refused_by_name()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);
        int handles = _host.HandleCount;
        using FileStream file = File.OpenRead(typeof(LibUvGuestTests).Assembly.Location);

        LoopFaultException refused = Assert.Throws<LoopFaultException>(
            () => guest.Watch((int)file.SafeFileHandle.DangerousGetHandle(), PollEvents.In, new Handler(static _ => { })));

        Assert.Equal(("uv_poll_init", Errno.EPERM), (refused.Call, refused.Errno));
        Assert.Equal((handles, 0), (_host.HandleCount, guest.WatchCount));
        Leave(guest);
    }

    [Theory]
    [InlineData(PollEvents.None)]
    [InlineData(PollEvents.In)]
    public void An_urgent_byte_that_nobody_reads_does_not_keep_the_host_busy(PollEvents interest)
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);
        using RawListener listener = new();
        using RawPeer near = RawPeer.Connect(listener.EndPoint);
        using RawPeer far = listener.Accept();
        List<PollEvents> told = [];
        Watch watch = guest.Watch((int)near.Socket.SafeHandle.DangerousGetHandle(), interest, new Handler(told.Add));
        _host.Run(UvRunMode.NoWait);

        far.Socket.Send([1], System.Net.Sockets.SocketFlags.OutOfBand);
        _host.RunUntil(() => _host.HasEvents);
        _host.RunUntil(() => !_host.HasEvents);
        for (int turn = 0; turn < 10; turn++)
        {
            Assert.False(_host.HasEvents);
            _host.Run(UvRunMode.NoWait);
        }

        // What is asked for later is told as before.
        far.Send("x");
        guest.Change(watch, PollEvents.In);
        _host.RunUntil(() => told.Contains(PollEvents.In));
        Leave(guest);
    }

    [Fact]
    public void A_wake_from_another_thread_ends_the_wait_of_the_host()
    {
        HostedLibUvLoop guest = HostedLibUvLoop.Attach(_host.Loop);
        UvHostTimer own = _host.NewTimer();
        own.Start(milliseconds: 1_000_000);
        bool ran = false;
        Thread other = new(() => guest.Post(_ => ran = true, null));
        guest.Post(_ => other.Start(), null);

        // Without the wake this would take a thousand seconds.
        while (!ran) _host.Run(UvRunMode.Once);

        other.Join();
        own.Stop();
        Leave(guest);
    }

    /// <summary>Has a guest leave, and its host turn once, which is all that it may take.</summary>
    private void Leave(HostedLibUvLoop guest)
    {
        bool isGone = false;
        guest.Detach(() => isGone = true);
        _host.Run(UvRunMode.NoWait);
        Assert.True(isGone);
    }

    private sealed class Handler(Action<PollEvents> onReady) : IReadyHandler
    {
        public void OnReady(Watch watch, PollEvents ready) => onReady(ready);
    }
}
