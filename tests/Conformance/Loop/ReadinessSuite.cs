using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What every loop promises about descriptors: what is told, to whom, and what is no longer told.</summary>
public abstract class ReadinessSuite(LoopFactory factory) : LoopBench(factory)
{
    private DescriptorSource Source => field ??= Own(Harness.NewDescriptors());

    [Fact]
    public void A_descriptor_is_told_readable_for_as_long_as_it_is()
    {
        int fd = Source.OpenReader();
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(fd, PollEvents.In, recorder);
        Harness.Turn();
        Assert.Empty(recorder.Seen);

        Source.Send(fd);
        Harness.RunUntil(() => recorder.Seen.Count == 3);
        Source.Drain(fd);
        Harness.Settle();
        recorder.Seen.Clear();
        Harness.Turn();

        Assert.Empty(recorder.Seen);
        Loop.Unwatch(watch);
    }

    [Fact]
    public void A_descriptor_is_told_writable_when_there_is_room_again()
    {
        int fd = Source.OpenWriter();
        Source.Fill(fd);
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(fd, PollEvents.Out, recorder);
        Harness.Turn();
        Harness.Turn();
        Assert.Empty(recorder.Seen);

        Source.MakeRoom(fd);
        Harness.RunUntil(() => recorder.Seen.Count > 0);

        Assert.All(recorder.Seen, seen => Assert.Equal((fd, PollEvents.Out), seen));
        Loop.Unwatch(watch);
    }

    [Fact]
    public void Only_what_was_asked_for_last_is_told()
    {
        int fd = Source.OpenBoth();
        Source.Send(fd);
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(fd, PollEvents.None, recorder);
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
        int fd = Source.OpenReader();
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(fd, PollEvents.In, recorder);
        Harness.Turn();
        Source.Send(fd);

        Loop.Unwatch(watch);
        Loop.Unwatch(watch);
        Harness.Turn();

        Assert.Empty(recorder.Seen);
        Assert.False(watch.IsActive);
        Assert.Equal(0, Loop.WatchCount);
        Assert.Equal(1, Source.Drain(fd));
    }

    [Fact]
    public void L02_whichever_of_two_ready_ones_comes_first_the_other_is_not_told_after_it_was_unwatched()
    {
        int first = Source.OpenReady();
        int second = Source.OpenReady();
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
        int first = Source.OpenReady();
        int second = Source.OpenReady();
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
        int first = Source.OpenReady();
        int second = Source.OpenReady();
        ReadyRecorder next = new((watch, _) => Source.Drain(watch.Fd));
        Dictionary<int, Watch> watches = [];
        ReadyRecorder former = new((watch, _) =>
        {
            // The other one is closed, and its number goes to a descriptor that is not ready.
            int other = watch.Fd == first ? second : first;
            Loop.Unwatch(watch);
            Loop.Unwatch(watches[other]);
            Source.Replace(other);
            watches[other] = Loop.Watch(other, PollEvents.In, next);
        });
        watches[first] = Loop.Watch(first, PollEvents.In, former);
        watches[second] = Loop.Watch(second, PollEvents.In, former);

        Harness.RunUntil(() => former.Seen.Count > 0);
        Harness.Turn();
        Assert.Single(former.Seen);
        Assert.Empty(next.Seen);

        int number = former.Seen[0].Fd == first ? second : first;
        Source.Send(number);
        Harness.RunUntil(() => next.Seen.Count == 1);
        Assert.Equal((number, PollEvents.In), next.Seen[0]);
        Loop.Unwatch(watches[number]);
    }

    [Fact]
    public void L12_ten_thousand_watches_one_after_the_other_leave_nothing_and_take_no_more_than_the_first_ones()
    {
        int fd = Source.OpenReady();
        ReadyRecorder recorder = new();
        void Round()
        {
            for (int i = 0; i < 1000; i++)
            {
                Watch watch = Loop.Watch(fd, PollEvents.In, recorder);
                if (i % 100 == 0) Harness.Turn();
                Loop.Unwatch(watch);
                recorder.Seen.Clear();
            }

            Harness.Turn();
        }

        long first = Allocation.Of(Round);
        for (int round = 0; round < 8; round++) Round();
        long later = Allocation.Of(Round);

        Assert.Equal(0, Loop.WatchCount);
        Assert.Equal(first, later);
    }

    [Fact]
    public void A_hundred_that_are_ready_together_are_told_once_each_but_those_whose_watch_has_ended_by_then()
    {
        int[] fds = [.. Enumerable.Range(0, 100).Select(_ => Source.OpenReady())];
        Dictionary<int, Watch> watches = [];
        Dictionary<int, int> told = [];
        HashSet<int> ended = [];
        foreach (int fd in fds)
        {
            watches[fd] = Loop.Watch(fd, PollEvents.In, new ReadyRecorder((own, _) =>
            {
                Source.Drain(own.Fd);
                told[own.Fd] = told.GetValueOrDefault(own.Fd) + 1;

                // The neighbour of each pair who comes second finds that its watch has ended.
                int other = fds[Array.IndexOf(fds, own.Fd) ^ 1];
                if (!told.ContainsKey(other) && ended.Add(other)) Loop.Unwatch(watches[other]);
            }));
        }

        Harness.RunUntil(() => told.Count == 50);
        Harness.Turn();

        Assert.Equal(50, ended.Count);
        Assert.All(told, one => Assert.Equal(1, one.Value));
        Assert.DoesNotContain(told.Keys, ended.Contains);
        foreach (int fd in told.Keys) Loop.Unwatch(watches[fd]);
    }

    [Fact]
    public void A_watch_that_is_made_in_a_callback_gets_its_first_event_in_a_later_turn()
    {
        int first = Source.OpenReady();
        int second = Source.OpenReady();
        ReadyRecorder added = new();
        Watch? later = null;
        bool wasToldAtOnce = false;
        Watch watch = Loop.Watch(first, PollEvents.In, new ReadyRecorder((own, _) =>
        {
            Source.Drain(own.Fd);
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
        int fd = Source.OpenReader();
        int drained = 0;
        ReadyRecorder recorder = new((watch, ready) =>
        {
            if ((ready & PollEvents.In) != PollEvents.None) drained += Source.Drain(watch.Fd);
        });
        Watch watch = Loop.Watch(fd, PollEvents.In, recorder);
        Source.Send(fd, 3);
        Source.HangUp(fd);

        Harness.RunUntil(() => recorder.HasSeen(PollEvents.HangUp));

        Assert.Equal(3, drained);
        Assert.Equal(PollEvents.In, recorder.Seen[0].Ready & PollEvents.In);
        Loop.Unwatch(watch);
    }

    [Fact]
    public void O08_a_hang_up_alone_is_told_without_being_asked_for()
    {
        int fd = Source.OpenReader();
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(fd, PollEvents.None, recorder);
        Source.HangUp(fd);

        Harness.RunUntil(() => recorder.HasSeen(PollEvents.HangUp));

        Assert.All(recorder.Seen, seen => Assert.Equal(PollEvents.None, seen.Ready & (PollEvents.In | PollEvents.Out)));
        Loop.Unwatch(watch);
    }

    [Fact]
    public void O08_an_error_alone_is_told_without_being_asked_for()
    {
        int fd = Source.OpenWriter();
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(fd, PollEvents.None, recorder);
        Source.Break(fd);

        Harness.RunUntil(() => recorder.HasSeen(PollEvents.Error));

        Loop.Unwatch(watch);
    }

    [Fact]
    public void L06_a_handler_that_throws_is_reported_and_disturbs_nobody()
    {
        int bad = Source.OpenReady();
        int good = Source.OpenReady();
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
        int fd = Source.OpenReady();
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(fd, PollEvents.None, recorder);

        Assert.Throws<ArgumentException>(() => Loop.Watch(fd, PollEvents.In, recorder));
        Assert.Throws<ArgumentOutOfRangeException>(() => Loop.Watch(-1, PollEvents.In, recorder));
        Assert.Throws<ArgumentOutOfRangeException>(() => Loop.Change(watch, PollEvents.HangUp));
        Assert.Equal(1, Loop.WatchCount);

        Loop.Unwatch(watch);
        Assert.Throws<InvalidOperationException>(() => Loop.Change(watch, PollEvents.In));
    }
}
