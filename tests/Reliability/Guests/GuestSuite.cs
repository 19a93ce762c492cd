using Xunit;

namespace EventLoops.Tests.Reliability.Guests;

/// <summary>
/// A guest on a loop that the test makes, runs and destroys by calls of its own: whatever the guest did, the host is as it was found. The host says so when it is disposed:
/// nothing of the guest's is left on it, and the process has the descriptors that it had before.
/// </summary>
/// <typeparam name="THost">Whose loop it is.</typeparam>
public abstract class GuestSuite<THost> : IDisposable
    where THost : ForeignHost
{
    private readonly Ledger _ledger = new();

    /// <param name="makeHost">Makes the host, when the ledger has been opened.</param>
    private protected GuestSuite(Func<THost> makeHost) => Host = makeHost();

    /// <summary>Whose loop it is.</summary>
    protected THost Host { get; }

    /// <summary>What can be watched.</summary>
    protected Descriptors Descriptors { get; } = new();

    public void Dispose()
    {
        Descriptors.Dispose();
        Host.Dispose();
        _ledger.CheckDescriptors();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void G01_ten_thousand_guests_come_and_go_and_the_host_is_as_before()
    {
        ForeignTimer own = Host.NewTimer();
        own.Start(milliseconds: 1_000_000);
        string before = Host.Inventory;
        for (int round = 0; round < 10_000; round++)
        {
            HostedEventLoop guest = Host.Attach();
            if (round % 3 == 1) guest.Wake();
            if (round % 2 == 1) Host.Run(HostRun.NoWait);
            Leave(guest);
            Assert.Equal(before, Host.Inventory);
        }

        Assert.True(Host.IsAlive);
        own.Stop();
        Assert.False(Host.IsAlive);
    }

    [Fact]
    public void G01_ten_thousand_guests_leave_with_descriptors_timers_and_work_in_every_state()
    {
        (int near, int far) = Descriptors.SocketPair();
        (int read, _) = Descriptors.Pipe();
        Descriptors.Write(far, 1);
        PollEvents[] interests = [PollEvents.None, PollEvents.In, PollEvents.Out, PollEvents.In | PollEvents.Out];
        string empty = Host.Inventory;
        int calls = 0;
        for (int round = 0; round < 10_000; round++)
        {
            HostedEventLoop guest = Host.Attach(keepsLoopAlive: round % 7 != 0);
            Watch first = guest.Watch(near, interests[round % 4], new Handler(_ => calls++));
            guest.Watch(read, interests[round / 4 % 2], new Handler(_ => calls++));
            guest.Schedule(new LoopTimer(_ => calls++), TimeSpan.FromMilliseconds(round % 2 * 1000));
            if (round % 3 == 0) guest.Post(_ => calls++, null);
            for (int turn = 0; turn < round % 3; turn++) Host.Run(HostRun.NoWait);
            guest.Change(first, interests[round / 8 % 4]);
            if (round % 5 == 0) guest.Wake();

            Leave(guest);
            Assert.Equal(empty, Host.Inventory);
        }

        int before = calls;
        Assert.False(Host.IsAlive);
        Host.Run(HostRun.NoWait);
        Assert.Equal(before, calls);
        Assert.InRange(calls, 1, int.MaxValue);
    }

    [Fact]
    public void G02_a_guest_that_has_left_calls_nobody_and_is_gone_at_the_latest_when_its_host_turns_again()
    {
        string empty = Host.Inventory;
        HostedEventLoop guest = Host.Attach();
        int calls = 0;
        guest.Watch(Descriptors.EventFd(1), PollEvents.In, new Handler(_ => calls++));
        guest.Schedule(new LoopTimer(_ => calls++), TimeSpan.Zero);
        int told = 0;

        guest.Detach(() => told++);
        guest.Detach(() => told++);

        Assert.Equal((Host.LetsGoAtOnce ? 2 : 0, Host.LetsGoAtOnce), (told, guest.IsDetached));

        Host.Run(HostRun.NoWait);
        Assert.Equal((empty, 2, true), (Host.Inventory, told, guest.IsDetached));
        Assert.Equal(0, calls);
        guest.Detach(() => told++);
        Assert.Equal(3, told);
    }

    [Fact]
    public void G02_a_guest_that_leaves_in_its_own_callback_is_gone_when_that_iteration_is_over_though_the_host_never_turns_again()
    {
        string empty = Host.Inventory;
        HostedEventLoop guest = Host.Attach();
        bool isGone = false;
        bool wasGoneInside = true;
        guest.Watch(Descriptors.EventFd(1), PollEvents.In, new Handler(_ =>
        {
            guest.Detach(() => isGone = true);
            wasGoneInside = isGone;
        }));

        Host.Run(HostRun.NoWait);

        Assert.False(wasGoneInside);
        Assert.True(isGone);
        Assert.Equal(empty, Host.Inventory);
    }

    [Fact]
    public void G02_a_guest_that_leaves_in_a_callback_of_the_host_takes_its_pending_events_with_it()
    {
        HostedEventLoop guest = Host.Attach();
        int calls = 0;
        guest.Watch(Descriptors.EventFd(1), PollEvents.In, new Handler(_ => calls++));
        guest.Watch(Descriptors.EventFd(1), PollEvents.In, new Handler(_ => calls++));
        bool isGone = false;
        Host.NewTimer(() => guest.Detach(() => isGone = true)).Start(milliseconds: 0);

        Host.RunUntil(() => isGone);

        // The host may have been told of them before its timer, in that one iteration.
        Assert.InRange(calls, 0, 2);
        int before = calls;
        Host.Run(HostRun.NoWait);
        Assert.Equal(before, calls);
    }

    [Fact]
    public void G07_a_descriptor_keeps_the_host_running_until_it_is_unwatched()
    {
        HostedEventLoop guest = Host.Attach();
        (int read, int write) = Descriptors.Pipe();
        int calls = 0;
        Watch? watch = null;
        watch = guest.Watch(read, PollEvents.In, new Handler(_ =>
        {
            Descriptors.Drain(read);
            if (++calls == 3) guest.Unwatch(watch!);
            Descriptors.Write(write, 1);
        }));
        Descriptors.Write(write, 1);

        Assert.False(Host.Run(HostRun.ToTheEnd));

        Assert.Equal(3, calls);
        Leave(guest);
    }

    [Fact]
    public void G07_a_descriptor_of_which_only_the_end_is_wanted_keeps_the_host_running_too()
    {
        HostedEventLoop guest = Host.Attach();
        (int read, int write) = Descriptors.Pipe();
        PollEvents told = PollEvents.None;
        Watch? watch = null;
        watch = guest.Watch(read, PollEvents.None, new Handler(ready =>
        {
            told = ready;
            guest.Unwatch(watch!);
        }));
        ForeignTimer own = Host.NewTimer(() => Descriptors.Close(write));
        own.Start(milliseconds: 1);

        Assert.False(Host.Run(HostRun.ToTheEnd));

        Assert.Equal(PollEvents.HangUp, told);
        Leave(guest);
    }

    [Fact]
    public void G07_a_timer_keeps_the_host_running_until_it_has_fired_and_fires_though_nothing_else_happens()
    {
        HostedEventLoop guest = Host.Attach();
        List<int> fired = [];
        guest.Schedule(new LoopTimer(_ => fired.Add(20)), TimeSpan.FromMilliseconds(20));
        guest.Schedule(new LoopTimer(_ => fired.Add(5)), TimeSpan.FromMilliseconds(5));

        Assert.False(Host.Run(HostRun.ToTheEnd));

        Assert.Equal([5, 20], fired);
        Leave(guest);
    }

    [Fact]
    public void G07_work_that_was_posted_runs_before_a_host_without_anything_else_returns()
    {
        HostedEventLoop guest = Host.Attach();
        int runs = 0;
        void Again(object? state)
        {
            if (++runs < 10) guest.Post(Again, state);
        }

        guest.Post(Again, null);
        Assert.False(Host.Run(HostRun.ToTheEnd));

        Assert.Equal(10, runs);
        Leave(guest);
    }

    [Fact]
    public void G07_a_guest_with_nothing_to_wait_for_never_keeps_the_host_running()
    {
        HostedEventLoop guest = Host.Attach();

        Assert.False(Host.Run(HostRun.ToTheEnd));
        Leave(guest);
    }

    [Fact]
    public void G07_a_guest_that_was_told_so_keeps_the_host_running_by_nothing_and_is_served_while_the_host_runs()
    {
        HostedEventLoop guest = Host.Attach(keepsLoopAlive: false);
        int read = 0;
        int fired = 0;
        LoopTimer? timer = null;
        timer = new LoopTimer(_ =>
        {
            fired++;
            guest.Schedule(timer!, TimeSpan.FromMilliseconds(1));
        });
        guest.Watch(Descriptors.EventFd(1), PollEvents.In, new Handler(_ => read++));
        guest.Watch(Descriptors.SocketPair().First, PollEvents.None, new Handler(static _ => { }));
        guest.Schedule(timer, TimeSpan.FromMilliseconds(1));
        Assert.False(Host.Run(HostRun.ToTheEnd));

        // The host's own timer keeps it running; once may be enough, but a busy machine can let all of its time pass within one iteration.
        ForeignTimer own = Host.NewTimer();
        int started = 0;
        while (read < 2 || fired < 2)
        {
            Assert.True(started++ < 100, "The guest is not served while the host runs.");
            own.Start(milliseconds: 50);
            Assert.False(Host.Run(HostRun.ToTheEnd));
        }

        Assert.Equal(started, own.Ticks);
        Leave(guest);
    }

    [Fact]
    public void A_wake_from_another_thread_ends_the_wait_of_the_host()
    {
        HostedEventLoop guest = Host.Attach();
        ForeignTimer own = Host.NewTimer();
        own.Start(milliseconds: 1_000_000);
        bool ran = false;
        Thread other = new(() => guest.Post(_ => ran = true, null));
        guest.Post(_ => other.Start(), null);

        // Without the wake this would take a thousand seconds.
        while (!ran) Host.Run(HostRun.Once);

        other.Join();
        own.Stop();
        Leave(guest);
    }

    /// <summary>Has a guest leave. Its host turns once where it must, which is all that it may take.</summary>
    protected void Leave(HostedEventLoop guest)
    {
        ArgumentNullException.ThrowIfNull(guest);
        bool isGone = false;
        guest.Detach(() => isGone = true);
        if (!Host.LetsGoAtOnce) Host.Run(HostRun.NoWait);
        Assert.True(isGone);
    }

    /// <summary>A handler that does what the test says.</summary>
    protected sealed class Handler(Action<PollEvents> onReady) : IReadyHandler
    {
        /// <inheritdoc/>
        public void OnReady(Watch watch, PollEvents ready) => onReady(ready);
    }
}
