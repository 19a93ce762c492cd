using EventLoops.IoUring;
using Xunit;
using ReadyRecorder = EventLoops.Tests.Poll.Recorder;

namespace EventLoops.Tests.IoUring;

/// <summary>What only this loop has to look after; what it promises like every other one is tested with the others.</summary>
public sealed class IoUringLoopTests : IDisposable
{
    private readonly Descriptors _descriptors = new();

    public IoUringLoopTests() => Assert.SkipWhen(UringSupport.FindMissing() is not null, UringSupport.FindMissing() ?? "");

    public void Dispose() => _descriptors.Dispose();

    [Fact]
    public void O12_more_watches_than_the_queues_have_room_for_are_all_served()
    {
        const int Count = 200;
        using IoUringLoop loop = new(null, entries: 2, completions: 4);
        HashSet<int> seen = [];
        ReadyRecorder recorder = new((watch, _) => seen.Add(watch.Fd));
        List<Watch> watches = [];
        for (int i = 0; i < Count; i++) watches.Add(loop.Watch(_descriptors.EventFd(1), PollEvents.In, recorder));

        RunUntil(loop, () => seen.Count == Count);
        for (int i = 0; i < Count; i += 2) loop.Change(watches[i], PollEvents.None);
        seen.Clear();
        RunUntil(loop, () => seen.Count == Count / 2);
        Assert.All(seen, fd => Assert.Equal(1, watches.FindIndex(watch => watch.Fd == fd) % 2));

        foreach (Watch watch in watches) loop.Unwatch(watch);
        Assert.False(loop.RunOnce(0));
    }

    [Fact]
    public void A_socket_that_is_closed_after_its_watch_was_taken_back_is_closed_for_its_peer_at_once()
    {
        using IoUringLoop loop = new();
        (int ours, int peers) = _descriptors.SocketPair();
        foreach (PollEvents interest in new[] { PollEvents.In, PollEvents.None, PollEvents.In })
        {
            Watch watch = loop.Watch(ours, interest, new ReadyRecorder());
            loop.RunOnce(0);
            loop.Unwatch(watch);
        }

        Watch changed = loop.Watch(ours, PollEvents.None, new ReadyRecorder());
        loop.RunOnce(0);
        loop.Change(changed, PollEvents.In);
        loop.RunOnce(0);
        loop.Unwatch(changed);
        _descriptors.Close(ours);

        // A request that the kernel still had would hold the socket, and the peer would hear nothing of its end.
        Assert.Equal(0, Descriptors.Read(peers, new byte[1]));
    }

    [Fact]
    public void A_peer_that_sends_no_more_does_not_keep_a_loop_busy_that_does_not_read()
    {
        using IoUringLoop loop = new();
        (int ours, int peers) = _descriptors.SocketPair();
        ReadyRecorder recorder = new();
        Watch watch = loop.Watch(ours, PollEvents.None, recorder);
        SocketIo.System.ShutdownWrite(peers);

        bool isOver = false;
        loop.Schedule(new LoopTimer(_ => isOver = true), TimeSpan.FromMilliseconds(50));
        int turns = 0;
        for (; !isOver; turns++) loop.RunOnce(-1);

        // One for what has come, one for the timer, and some that a signal may cost; a loop that is told again and again makes thousands.
        Assert.InRange(turns, 1, 20);
        Assert.Empty(recorder.Seen);

        _descriptors.Close(peers);
        RunUntil(loop, () => recorder.Seen.Count > 0);
        Assert.Equal(PollEvents.HangUp, recorder.Seen[^1].Ready);
        loop.Unwatch(watch);
    }

    [Fact]
    public void A_loop_that_comes_to_another_thread_goes_on_there()
    {
        using IoUringLoop loop = new();
        int ready = _descriptors.EventFd();
        ReadyRecorder recorder = new();
        Watch first = loop.Watch(ready, PollEvents.In, recorder);
        Watch second = loop.Watch(_descriptors.EventFd(), PollEvents.In, recorder);
        Thread former = new(() => loop.RunOnce(0));
        former.Start();
        former.Join();

        loop.BindToCurrentThread();
        loop.Unwatch(second);
        Descriptors.Signal(ready);
        RunUntil(loop, () => recorder.Seen.Count > 0);
        bool hasPosted = false;
        loop.Post(_ => hasPosted = true, null);
        RunUntil(loop, () => hasPosted);

        Assert.Equal(PollEvents.In, recorder.Seen[^1].Ready);
        loop.Unwatch(first);
    }

    [Fact]
    public void A_descriptor_that_is_not_open_is_told_once_and_unwatched()
    {
        using IoUringLoop loop = new();
        ReadyRecorder recorder = new();
        Watch watch = loop.Watch(Descriptors.PrivateNumber(), PollEvents.In, recorder);

        RunUntil(loop, () => recorder.Seen.Count > 0);

        Assert.Equal(PollEvents.Invalid, recorder.Seen[^1].Ready);
        Assert.False(watch.IsActive);
        Assert.False(loop.RunOnce(0));
    }

    private static void RunUntil(OwnedEventLoop loop, Func<bool> condition)
    {
        long deadline = Environment.TickCount64 + (long)LoopHarness.Patience.TotalMilliseconds;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, "It did not come true in time.");
            loop.RunOnce(1);
        }
    }
}
