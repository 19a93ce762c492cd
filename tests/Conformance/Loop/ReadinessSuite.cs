using System.Runtime.InteropServices;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What every loop promises about descriptors: what is told, to whom, and what is no longer told.</summary>
public abstract class ReadinessSuite(LoopFactory factory) : LoopBench(factory)
{
    private Descriptors Files => field ??= Own(new Descriptors());

    [Fact]
    public void A_descriptor_is_told_readable_for_as_long_as_it_is()
    {
        (int read, int write) = NewPipe();
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(read, PollEvents.In, recorder);
        Harness.Turn();
        Assert.Empty(recorder.Seen);

        Descriptors.Write(write, 1);
        Harness.RunUntil(() => recorder.Seen.Count == 3);
        Descriptors.Drain(read);
        Harness.Settle();
        recorder.Seen.Clear();
        Harness.Turn();

        Assert.Empty(recorder.Seen);
        Loop.Unwatch(watch);
    }

    [Fact]
    public void A_descriptor_is_told_writable_when_there_is_room_again()
    {
        (int read, int write) = NewPipe();
        Descriptors.Fill(write);
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(write, PollEvents.Out, recorder);
        Harness.Turn();
        Harness.Turn();
        Assert.Empty(recorder.Seen);

        Descriptors.Drain(read);
        Harness.RunUntil(() => recorder.Seen.Count > 0);

        Assert.All(recorder.Seen, seen => Assert.Equal((write, PollEvents.Out), seen));
        Loop.Unwatch(watch);
    }

    [Fact]
    public void Only_what_was_asked_for_last_is_told()
    {
        (int first, int second) = NewPair();
        Descriptors.Write(second, 1);
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(first, PollEvents.None, recorder);
        Harness.Turn();
        Assert.Empty(recorder.Seen);

        foreach (PollEvents interest in new[] { PollEvents.Out, PollEvents.In, PollEvents.In | PollEvents.Out, PollEvents.None })
        {
            Loop.Change(watch, interest);
            recorder.Seen.Clear();
            Harness.Turn();
            Harness.Turn();
            PollEvents told = recorder.Seen.Aggregate(PollEvents.None, (bits, seen) => bits | seen.Ready);
            Assert.Equal(interest, told);
        }

        Loop.Unwatch(watch);
    }

    [Fact]
    public void After_unwatch_nothing_is_told_and_the_descriptor_is_still_open()
    {
        (int read, int write) = NewPipe();
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(read, PollEvents.In, recorder);
        Harness.Turn();
        Descriptors.Write(write, 1);

        Loop.Unwatch(watch);
        Loop.Unwatch(watch);
        Harness.Turn();

        Assert.Empty(recorder.Seen);
        Assert.False(watch.IsActive);
        Assert.Equal(0, Loop.WatchCount);
        Assert.Equal(1, Descriptors.Drain(read));
    }

    [Fact]
    public void Whichever_of_two_readyFiles_comes_first_the_other_is_not_told_after_it_was_unwatched()
    {
        int first = NewEvent();
        int second = NewEvent();
        Watch[] watches = new Watch[2];
        ReadyRecorder recorder = new((watch, _) =>
        {
            foreach (Watch other in watches) Loop.Unwatch(other);
        });
        watches[0] = Loop.Watch(first, PollEvents.In, recorder);
        watches[1] = Loop.Watch(second, PollEvents.In, recorder);

        Harness.RunUntil(() => recorder.Seen.Count > 0);
        Harness.Turn();

        Assert.Single(recorder.Seen);
    }

    [Fact]
    public void An_interest_that_was_taken_back_in_the_same_batch_is_not_told()
    {
        int first = NewEvent();
        int second = NewEvent();
        Watch[] watches = new Watch[2];
        ReadyRecorder recorder = new((watch, _) => Loop.Change(watch == watches[0] ? watches[1] : watches[0], PollEvents.None));
        watches[0] = Loop.Watch(first, PollEvents.In, recorder);
        watches[1] = Loop.Watch(second, PollEvents.In, recorder);

        Harness.RunUntil(() => recorder.Seen.Count > 2);

        Assert.Single(recorder.Seen.DistinctBy(seen => seen.Fd));
        foreach (Watch watch in watches) Loop.Unwatch(watch);
    }

    [Fact]
    public void O07_a_number_that_is_used_again_inside_a_batch_gets_no_event_of_the_former_descriptor()
    {
        int first = Files.MoveTo(Files.EventFd(1), Descriptors.PrivateNumber());
        int second = Files.MoveTo(Files.EventFd(1), Descriptors.PrivateNumber());
        ReadyRecorder next = new((watch, _) => Descriptors.Read(watch.Fd, stackalloc byte[8]));
        Dictionary<int, Watch> watches = [];
        ReadyRecorder former = new((watch, _) =>
        {
            // The other one is closed, and its number goes to a descriptor that is not ready.
            int other = watch.Fd == first ? second : first;
            Loop.Unwatch(watch);
            Loop.Unwatch(watches[other]);
            Files.Close(other);
            Files.MoveTo(Files.EventFd(), other);
            watches[other] = Loop.Watch(other, PollEvents.In, next);
        });
        watches[first] = Loop.Watch(first, PollEvents.In, former);
        watches[second] = Loop.Watch(second, PollEvents.In, former);

        Harness.RunUntil(() => former.Seen.Count > 0);
        Harness.Turn();
        Assert.Single(former.Seen);
        Assert.Empty(next.Seen);

        int number = former.Seen[0].Fd == first ? second : first;
        Descriptors.Signal(number);
        Harness.RunUntil(() => next.Seen.Count == 1);
        Assert.Equal((number, PollEvents.In), next.Seen[0]);
        Loop.Unwatch(watches[number]);
    }

    [Fact]
    public void A_watch_that_is_made_in_a_callback_gets_its_first_event_in_a_later_turn()
    {
        int first = NewEvent();
        int second = NewEvent();
        ReadyRecorder added = new();
        Watch? later = null;
        bool wasToldAtOnce = false;
        Watch watch = Loop.Watch(first, PollEvents.In, new ReadyRecorder((own, _) =>
        {
            Descriptors.Drain(own.Fd);
            later = Loop.Watch(second, PollEvents.In, added);
        }));
        Loop.Schedule(new LoopTimer(_ => wasToldAtOnce = added.Seen.Count > 0), TimeSpan.Zero);

        Harness.RunUntil(() => added.Seen.Count > 0);

        Assert.False(wasToldAtOnce);
        Loop.Unwatch(watch);
        Loop.Unwatch(later!);
    }

    [Fact]
    public void O08_a_hang_up_with_data_left_is_told_together_with_the_data()
    {
        (int read, int write) = NewPipe();
        int drained = 0;
        ReadyRecorder recorder = new((watch, ready) =>
        {
            if ((ready & PollEvents.In) != PollEvents.None) drained += Descriptors.Drain(watch.Fd);
        });
        Watch watch = Loop.Watch(read, PollEvents.In, recorder);
        Descriptors.Write(write, 1, 2, 3);
        Files.Close(write);

        Harness.RunUntil(() => recorder.HasSeen(PollEvents.HangUp));

        Assert.Equal(3, drained);
        Assert.Equal(PollEvents.In, recorder.Seen[0].Ready & PollEvents.In);
        Loop.Unwatch(watch);
    }

    [Fact]
    public void O08_a_hang_up_alone_is_told_without_being_asked_for()
    {
        (int read, int write) = NewPipe();
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(read, PollEvents.None, recorder);
        Files.Close(write);

        Harness.RunUntil(() => recorder.HasSeen(PollEvents.HangUp));

        Assert.All(recorder.Seen, seen => Assert.Equal(PollEvents.None, seen.Ready & (PollEvents.In | PollEvents.Out)));
        Loop.Unwatch(watch);
    }

    [Fact]
    public void O08_an_error_alone_is_told_without_being_asked_for()
    {
        (int read, int write) = NewPipe();
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(write, PollEvents.None, recorder);
        Files.Close(read);

        Harness.RunUntil(() => recorder.HasSeen(PollEvents.Error));

        Loop.Unwatch(watch);
    }

    [Fact]
    public void A_handler_that_throws_is_reported_and_disturbs_nobody()
    {
        int bad = NewEvent();
        int good = NewEvent();
        ReadyRecorder recorder = new();
        Watch first = Loop.Watch(bad, PollEvents.In, new ReadyRecorder((_, _) => throw new NotSupportedException()));
        Watch second = Loop.Watch(good, PollEvents.In, recorder);

        Harness.RunUntil(() => recorder.Seen.Count > 1 && Harness.Unhandled.Count > 1);

        Assert.All(Harness.Unhandled, exception => Assert.IsType<NotSupportedException>(exception));
        Harness.Unhandled.Clear();
        Loop.Unwatch(first);
        Loop.Unwatch(second);
    }

    [Fact]
    public void What_cannot_be_watched_is_refused_before_anything_happens()
    {
        int fd = NewEvent();
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(fd, PollEvents.None, recorder);

        Assert.Throws<ArgumentException>(() => Loop.Watch(fd, PollEvents.In, recorder));
        Assert.Throws<ArgumentOutOfRangeException>(() => Loop.Watch(-1, PollEvents.In, recorder));
        Assert.Throws<ArgumentOutOfRangeException>(() => Loop.Change(watch, PollEvents.HangUp));
        Assert.Equal(1, Loop.WatchCount);

        Loop.Unwatch(watch);
        Assert.Throws<InvalidOperationException>(() => Loop.Change(watch, PollEvents.In));
    }

    [Fact]
    public void O01_a_signal_during_the_wait_loses_nothing_and_throws_nothing()
    {
        (int read, int write) = NewPipe();
        ReadyRecorder recorder = new((watch, _) => Descriptors.Drain(watch.Fd));
        Watch watch = Loop.Watch(read, PollEvents.In, recorder);

        // A signal that has a handler ends the wait of whichever thread it reaches with EINTR.
        using PosixSignalRegistration handled = PosixSignalRegistration.Create(PosixSignal.SIGCONT, context => context.Cancel = true);
        Signals target = Signals.ToThisThread();
        int turns = 0;
        using CancellationTokenSource over = new();
        Thread sender = new(() =>
        {
            while (!over.IsCancellationRequested) target.Send(Signals.Continue);
        });
        sender.Start();
        Harness.RunUntil(() => ++turns > 200);
        Descriptors.Write(write, 1);
        Harness.RunUntil(() => recorder.Seen.Count == 1);
        over.Cancel();
        sender.Join();

        Assert.Equal((read, PollEvents.In), recorder.Seen[0]);
        Loop.Unwatch(watch);
    }

    private (int Read, int Write) NewPipe() => Files.Pipe();

    private (int First, int Second) NewPair() => Files.SocketPair();

    private int NewEvent() => Files.EventFd(1);
}
