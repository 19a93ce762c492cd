using EventLoops.LibEv;
using Xunit;

namespace EventLoops.Tests.Reliability.Guests;

/// <summary>A guest on an <c>ev_loop</c>: the suite, and what is libev's own.</summary>
public sealed class LibEvGuestTests() : GuestSuite<EvHost>(static () => new EvHost())
{
    [Fact]
    public void G03_a_host_that_destroys_its_loop_first_is_told_so_and_the_guest_has_left_before_the_loop_is_gone()
    {
        HostedEventLoop guest = Host.Attach();
        List<Exception> reported = [];
        guest.UnhandledException = reported.Add;
        int calls = 0;
        Watch watch = guest.Watch(Descriptors.EventFd(1), PollEvents.In, new Handler(_ => calls++));
        guest.Schedule(new LoopTimer(_ => calls++), TimeSpan.FromHours(1));
        Host.Run(HostRun.NoWait);
        int before = calls;

        Host.Destroy();

        Assert.Contains("detach", Assert.IsType<InvalidOperationException>(Assert.Single(reported)).Message, StringComparison.Ordinal);
        Assert.True(guest.IsDetached);
        Assert.False(watch.IsActive);
        Assert.Equal(before, calls);
        guest.Dispose();
        guest.Wake();
    }

    [Fact]
    public void G03_a_context_on_a_loop_that_was_destroyed_can_still_be_disposed()
    {
        HostedEventLoop guest = Host.Attach();
        guest.UnhandledException = static _ => { };
        LoopContext context = new(new LoopContextOptions { Loop = guest, VirtualHosts = [LoopBench.HostOf(new SendingEcho())] });
        Host.Run(HostRun.NoWait);

        Host.Destroy();
        context.Dispose();

        Assert.True(context.IsDisposed);
    }

    [Fact]
    public void A_descriptor_that_is_not_open_is_refused_and_upsets_nothing()
    {
        HostedEventLoop guest = Host.Attach();
        int fd = Descriptors.MoveTo(Descriptors.EventFd(), Descriptors.PrivateNumber());
        Watch watch = guest.Watch(fd, PollEvents.In, new Handler(static _ => { }));
        Host.Run(HostRun.NoWait);
        Descriptors.Close(fd);

        LoopFaultException changed = Assert.Throws<LoopFaultException>(() => guest.Change(watch, PollEvents.In | PollEvents.Out));
        Assert.Equal(PollEvents.In, watch.Interest);
        guest.Unwatch(watch);
        LoopFaultException watched = Assert.Throws<LoopFaultException>(() => guest.Watch(fd, PollEvents.In, new Handler(static _ => { })));

        Assert.Equal(("ev_io_start", Errno.EBADF), (changed.Call, changed.Errno));
        Assert.Equal(("ev_io_start", Errno.EBADF), (watched.Call, watched.Errno));
        Assert.Equal(0, guest.WatchCount);
        Host.Run(HostRun.NoWait);
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
            hosted = Record.Exception(() => HostedLibEvLoop.Attach(Host.Loop)) as LoopFaultException;
        }

        Assert.Equal(Errno.EMFILE, own?.Errno);
        Assert.Equal(Errno.EMFILE, hosted?.Errno);
        Assert.Equal(0, Host.PendingCount);
        Leave(HostedLibEvLoop.Attach(Host.Loop));
    }
}
