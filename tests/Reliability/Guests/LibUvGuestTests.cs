using Xunit;

namespace EventLoops.Tests.Reliability.Guests;

/// <summary>A guest on an <c>uv_loop_t</c>: the suite, and what is libuv's own.</summary>
public sealed class LibUvGuestTests() : GuestSuite<UvHost>(static () => new UvHost())
{
    // Descriptors are counted from here on.
    static LibUvGuestTests() => UvHost.Warm();

    [Fact]
    public void G01_the_handles_of_a_guest_are_no_references_of_the_host_and_its_data_is_left_alone()
    {
        Host.Data = 4711;
        HostedEventLoop guest = Host.Attach();

        Assert.InRange(Host.HandleCount, 1, int.MaxValue);
        Assert.Equal(0, Host.ReferenceCount);
        Leave(guest);
        Assert.Equal((0, 4711), (Host.HandleCount, Host.Data));
    }

    [Fact]
    public void G02_nothing_is_freed_that_a_host_which_does_not_turn_still_points_to()
    {
        HostedEventLoop guest = Host.Attach();
        guest.Watch(Descriptors.EventFd(1), PollEvents.In, new Handler(static _ => { }));
        int handles = Host.HandleCount;
        guest.Detach(null);

        // What only libuv points to is nothing to the collector: had the guest let go of it, it would be gone after this.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal((handles, false), (Host.HandleCount, guest.IsDetached));
        Assert.Equal(handles, Host.FindOwners().Count(owner => owner is not null));

        Host.Run(HostRun.NoWait);
        Assert.Equal((0, true), (Host.HandleCount, guest.IsDetached));
    }

    [Fact]
    public void G03_a_host_that_closes_handles_that_are_not_its_own_is_told_so_and_nothing_is_closed_twice()
    {
        HostedEventLoop guest = Host.Attach();
        List<Exception> reported = [];
        guest.UnhandledException = reported.Add;
        guest.Watch(Descriptors.EventFd(), PollEvents.In, new Handler(static _ => { }));

        Host.CloseEverything();
        Host.Run(HostRun.NoWait);
        Assert.Equal(0, Host.HandleCount);
        bool isGone = false;
        guest.Detach(() => isGone = true);

        Assert.True(isGone);
        Assert.NotEmpty(reported);
        Assert.All(reported, exception => Assert.Contains("detach", Assert.IsType<InvalidOperationException>(exception).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void G03_a_watch_whose_handle_the_host_has_closed_cannot_be_changed_and_the_message_says_why()
    {
        HostedEventLoop guest = Host.Attach();
        Watch watch = guest.Watch(Descriptors.EventFd(), PollEvents.In, new Handler(static _ => { }));
        Host.CloseEverything();
        Host.Run(HostRun.NoWait);

        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => guest.Change(watch, PollEvents.Out));

        Assert.Contains("detach", refused.Message, StringComparison.Ordinal);
        Assert.Equal(PollEvents.In, watch.Interest);
        guest.Dispose();
    }

    [Fact]
    public void G03_a_host_that_closes_its_loop_first_is_refused_by_libuv_and_disturbs_nobody()
    {
        HostedEventLoop guest = Host.Attach();
        int calls = 0;
        guest.Watch(Descriptors.EventFd(1), PollEvents.In, new Handler(_ => calls++));

        Assert.False(Host.TryClose());

        Host.RunUntil(() => calls > 0);
        guest.Detach(null);
        Assert.False(Host.TryClose());
        Host.Run(HostRun.NoWait);
        Assert.True(guest.IsDetached);
    }

    [Fact]
    public void A_descriptor_that_the_host_watches_itself_is_refused_by_name_and_upsets_nobody()
    {
        HostedEventLoop guest = Host.Attach();
        int fd = Descriptors.EventFd();
        nint own = Host.Watch(fd);
        int handles = Host.HandleCount;

        LoopFaultException refused = Assert.Throws<LoopFaultException>(() => guest.Watch(fd, PollEvents.In, new Handler(static _ => { })));

        Assert.Equal(("uv_poll_init", Errno.EEXIST), (refused.Call, refused.Errno));
        Assert.Equal((handles, 0), (Host.HandleCount, guest.WatchCount));

        UvHost.Unwatch(own);
        int calls = 0;
        guest.Watch(fd, PollEvents.In, new Handler(_ => calls++));
        Descriptors.Signal(fd);
        Host.RunUntil(() => calls > 0);
        Leave(guest);
    }

    [Fact]
    public void A_file_which_nobody_can_wait_for_is_refused_by_name()
    {
        HostedEventLoop guest = Host.Attach();
        int handles = Host.HandleCount;
        using FileStream file = File.OpenRead(typeof(LibUvGuestTests).Assembly.Location);

        LoopFaultException refused = Assert.Throws<LoopFaultException>(
            () => guest.Watch((int)file.SafeFileHandle.DangerousGetHandle(), PollEvents.In, new Handler(static _ => { })));

        Assert.Equal(("uv_poll_init", Errno.EPERM), (refused.Call, refused.Errno));
        Assert.Equal((handles, 0), (Host.HandleCount, guest.WatchCount));
        Leave(guest);
    }

    [Theory]
    [InlineData(PollEvents.None)]
    [InlineData(PollEvents.In)]
    public void An_urgent_byte_that_nobody_reads_does_not_keep_the_host_busy(PollEvents interest)
    {
        HostedEventLoop guest = Host.Attach();
        using RawListener listener = new();
        using RawPeer near = RawPeer.Connect(listener.EndPoint);
        using RawPeer far = listener.Accept();
        List<PollEvents> told = [];
        Watch watch = guest.Watch((int)near.Socket.SafeHandle.DangerousGetHandle(), interest, new Handler(told.Add));
        Host.Run(HostRun.NoWait);

        far.Socket.Send([1], System.Net.Sockets.SocketFlags.OutOfBand);
        Host.RunUntil(() => Host.HasEvents);
        Host.RunUntil(() => !Host.HasEvents);
        for (int turn = 0; turn < 10; turn++)
        {
            Assert.False(Host.HasEvents);
            Host.Run(HostRun.NoWait);
        }

        // What is asked for later is told as before.
        far.Send("x");
        guest.Change(watch, PollEvents.In);
        Host.RunUntil(() => told.Contains(PollEvents.In));
        Leave(guest);
    }
}
