using System.Net.Sockets;
using EventLoops.Simulated;
using Xunit;

namespace EventLoops.Tests.Simulated;

/// <summary>How the simulated loop waits, and that what every loop promises about descriptors holds for virtual ones.</summary>
public sealed class SimulatedLoopTests : IDisposable
{
    private readonly SimulatedKernel _kernel = new();
    private readonly SimulatedLoop _loop;

    public SimulatedLoopTests() => _loop = new SimulatedLoop(_kernel);

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void A_day_of_timers_takes_no_time_and_each_has_its_own_moment()
    {
        List<TimeSpan> fired = [];
        foreach (int hours in new[] { 20, 1, 3 }) _loop.Schedule(new LoopTimer(_ => fired.Add(_kernel.Elapsed)), TimeSpan.FromHours(hours));

        _loop.RunFor(TimeSpan.FromDays(1));

        Assert.Equal([TimeSpan.FromHours(1), TimeSpan.FromHours(3), TimeSpan.FromHours(20)], fired);
        Assert.Equal(TimeSpan.FromDays(1), _kernel.Elapsed);
        Assert.Equal(TimeSpan.FromDays(1).TotalMilliseconds, _loop.UpdateNow());
        Assert.Equal(new DateTimeOffset(2000, 1, 2, 0, 0, 0, TimeSpan.Zero), _kernel.Time.GetUtcNow());
    }

    [Fact]
    public void Time_stands_still_while_there_is_something_to_do()
    {
        int turns = 0;
        LoopTimer? again = null;
        again = new LoopTimer(_ =>
        {
            if (++turns < 10) _loop.Schedule(again!, TimeSpan.Zero);
        });
        _loop.Schedule(again, TimeSpan.Zero);
        _loop.Schedule(new LoopTimer(_ => turns = -1), TimeSpan.FromMilliseconds(1));

        _loop.RunUntilIdle();

        Assert.Equal(10, turns);
        Assert.Equal(TimeSpan.Zero, _kernel.Elapsed);
    }

    [Fact]
    public void What_the_world_does_later_ends_a_wait_at_its_moment()
    {
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(_kernel);
        List<(TimeSpan At, int Count)> read = [];
        _loop.Watch(fd, PollEvents.In, new VirtualNet.Handler((watch, _) => read.Add((_kernel.Elapsed, VirtualNet.Receive(_kernel, watch.Fd).Bytes.Length))));
        _kernel.Schedule(TimeSpan.FromSeconds(2), () => peer.Send([1, 2]));
        _kernel.Schedule(TimeSpan.FromSeconds(1), () => peer.Send([1]));

        _loop.RunOnce(maxMilliseconds: -1);
        Assert.Equal([(TimeSpan.FromSeconds(1), 1)], read);
        _loop.RunFor(TimeSpan.FromMilliseconds(2500));

        Assert.Equal((TimeSpan.FromSeconds(2), 2), read[1]);
        Assert.Equal(TimeSpan.FromMilliseconds(3500), _kernel.Elapsed);
    }

    [Fact]
    public void Advancing_the_clock_by_hand_does_what_is_due_on_the_way()
    {
        List<TimeSpan> seen = [];
        _kernel.Schedule(TimeSpan.FromTicks(5), () => seen.Add(_kernel.Elapsed));
        _kernel.Schedule(TimeSpan.FromTicks(7), () => seen.Add(_kernel.Elapsed));

        _kernel.Advance(TimeSpan.FromTicks(6));

        Assert.Equal([TimeSpan.FromTicks(5)], seen);
        Assert.Equal(TimeSpan.FromTicks(6), _kernel.Elapsed);
        Assert.Throws<NotSupportedException>(() => _kernel.Time.CreateTimer(static _ => { }, null, TimeSpan.Zero, TimeSpan.Zero));
    }

    [Fact]
    public void A_post_from_another_thread_ends_a_wait_without_limit()
    {
        bool ran = false;
        Thread poster = new(() => _loop.Post(_ => ran = true, null));
        poster.Start();
        while (!ran) _loop.RunOnce(maxMilliseconds: -1);

        poster.Join();
        Assert.Equal(TimeSpan.Zero, _kernel.Elapsed);
    }

    [Fact]
    public void A_peer_on_another_thread_ends_a_wait_without_limit()
    {
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(_kernel);
        bool wasRead = false;
        _loop.Watch(fd, PollEvents.In, new VirtualNet.Handler((watch, _) => wasRead = VirtualNet.Receive(_kernel, watch.Fd).Bytes.Length == 1));
        Thread sender = new(() => peer.Send([1]));
        _loop.Post(_ => sender.Start(), null);
        while (!wasRead) _loop.RunOnce(maxMilliseconds: -1);

        sender.Join();
    }

    [Fact]
    public void A_wait_that_nobody_can_end_says_so_and_how_it_came_to_it()
    {
        _kernel.Patience = TimeSpan.FromMilliseconds(1);
        VirtualNet.Listen(_kernel);

        SimulationException stuck = Assert.Throws<SimulationException>(() => _loop.RunOnce(maxMilliseconds: -1));

        Assert.Contains("waits without limit", stuck.Message, StringComparison.Ordinal);
        Assert.Contains("listen(100000, 16) = 0", stuck.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_with_a_clock_and_calls_of_its_own_uses_those()
    {
        ManualTime time = new();
        CountingSocketIo io = new(_kernel.Sockets);
        using SimulatedLoop loop = new(_kernel, new EventLoopOptions { TimeProvider = time, SocketIo = io });
        bool fired = false;
        loop.Schedule(new LoopTimer(_ => fired = true), TimeSpan.FromSeconds(1));

        loop.RunOnce(maxMilliseconds: 5000);
        Assert.False(fired);
        time.Advance(TimeSpan.FromSeconds(1));
        loop.RunOnce(maxMilliseconds: 0);

        Assert.True(fired);
        Assert.Same(io, loop.SocketIo);
        Assert.Same(_kernel.Time, _loop.TimeProvider);
        Assert.Same(_kernel.Sockets, _loop.SocketIo);
    }

    [Fact]
    public void A_descriptor_that_is_none_of_the_kernels_cannot_be_watched()
    {
        LoopFaultException refused = Assert.Throws<LoopFaultException>(() => _loop.Watch(0, PollEvents.In, new VirtualNet.Handler((_, _) => { })));

        Assert.Equal(Errno.EBADF, refused.Errno);
        Assert.Equal(0, _loop.WatchCount);
    }

    [Fact]
    public void A_descriptor_is_told_for_as_long_as_it_is_ready()
    {
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(_kernel);
        int told = 0;
        Watch watch = _loop.Watch(fd, PollEvents.In, new VirtualNet.Handler((_, ready) => told += ready == PollEvents.In ? 1 : 100));
        Assert.False(_loop.RunOnce(0));

        peer.Send([1]);
        _loop.RunOnce(0);
        _loop.RunOnce(0);
        VirtualNet.Receive(_kernel, fd);
        Assert.False(_loop.RunOnce(0));
        Assert.Equal(2, told);

        _loop.Change(watch, PollEvents.None);
        peer.Send([2]);
        Assert.False(_loop.RunOnce(0));
        peer.Reset();
        Assert.True(_loop.RunOnce(0));
    }

    [Fact]
    public void A_number_that_is_used_again_inside_a_batch_gets_no_event_of_the_former_descriptor()
    {
        int first = _kernel.Sockets.OpenStream(AddressFamily.InterNetwork).Value;
        int second = _kernel.Sockets.OpenStream(AddressFamily.InterNetwork).Value;
        List<string> told = [];
        Watch? other = null;
        _loop.Watch(first, PollEvents.Out, new VirtualNet.Handler((watch, _) =>
        {
            told.Add("first");
            _loop.Unwatch(watch);
            _loop.Unwatch(other!);
            _kernel.Sockets.Close(second);
            Assert.Equal(second, _kernel.Sockets.OpenStream(AddressFamily.InterNetwork).Value);
            _loop.Watch(second, PollEvents.Out, new VirtualNet.Handler((_, _) => told.Add("second, new")));
        }));
        other = _loop.Watch(second, PollEvents.Out, new VirtualNet.Handler((_, _) => told.Add("second, old")));

        _loop.RunOnce(0);
        Assert.Equal(["first"], told);
        _loop.RunOnce(0);
        Assert.Equal(["first", "second, new"], told);
    }

    [Fact]
    public void A_descriptor_that_is_closed_while_it_is_watched_is_invalid_once()
    {
        int fd = _kernel.Sockets.OpenStream(AddressFamily.InterNetwork).Value;
        List<PollEvents> told = [];
        Watch watch = _loop.Watch(fd, PollEvents.In, new VirtualNet.Handler((_, ready) => told.Add(ready)));
        _kernel.Sockets.Close(fd);

        _loop.RunUntilIdle();

        Assert.Equal([PollEvents.Invalid], told);
        Assert.False(watch.IsActive);
    }

    [Fact]
    public void Waiting_and_moving_bytes_allocates_nothing_after_warm_up()
    {
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(_kernel);
        byte[] buffer = new byte[64];
        _loop.Watch(fd, PollEvents.In, new VirtualNet.Handler((watch, _) => _kernel.Sockets.Send(watch.Fd, buffer.AsSpan(0, _kernel.Sockets.Receive(watch.Fd, buffer).Value))));
        byte[] answer = new byte[64];
        void Turn()
        {
            peer.Send(answer.AsSpan(0, 32));
            _loop.RunOnce(0);
            if (peer.Receive(answer) != 32) throw new InvalidOperationException("The echo is not whole.");
        }

        for (int i = 0; i < 100; i++) Turn();
        long allocated = Allocation.Of(() =>
        {
            for (int i = 0; i < 1000; i++) Turn();
        });

        Assert.Equal(0, allocated);
    }
}
