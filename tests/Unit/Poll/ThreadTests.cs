using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class ThreadTests : IDisposable
{
    private readonly Descriptors _descriptors = new();
    private readonly PollLoop _loop = new();

    public void Dispose()
    {
        _loop.Dispose();
        _descriptors.Dispose();
    }

    [Fact]
    public void Every_member_but_post_and_wake_throws_on_another_thread()
    {
        Watch watch = _loop.Watch(_descriptors.EventFd(), PollEvents.In, new Recorder());
        LoopTimer timer = new(_ => { });
        RecordingParticipant participant = new([]);
        _loop.RunOnce(0);

        (string Member, Action Call)[] members =
        [
            ("Watch", () => _loop.Watch(0, PollEvents.In, new Recorder())),
            ("Change", () => _loop.Change(watch, PollEvents.Out)),
            ("Unwatch", () => _loop.Unwatch(watch)),
            ("Schedule", () => _loop.Schedule(timer, TimeSpan.Zero)),
            ("Cancel", () => _loop.Cancel(timer)),
            ("Join", () => _loop.Join(participant)),
            ("Leave", () => _loop.Leave(participant)),
            ("GetTimeout", () => _loop.GetTimeout(-1)),
            ("UpdateNow", () => _loop.UpdateNow()),
            ("Run", () => _loop.Run(CancellationToken.None)),
            ("RunOnce", () => _loop.RunOnce(0)),
            ("Something", () => _loop.VerifyThread("Something")),
        ];
        List<Exception?> thrown = OnAnotherThread(members.Select(member => member.Call));

        Assert.All(members.Zip(thrown), pair =>
        {
            InvalidOperationException exception = Assert.IsType<InvalidOperationException>(pair.Second);
            Assert.StartsWith(pair.First.Member + " was called on thread", exception.Message, StringComparison.Ordinal);
        });
        Assert.True(watch.IsActive);
        Assert.Equal(PollEvents.In, watch.Interest);
    }

    [Fact]
    public void The_first_turn_may_be_on_another_thread_and_binds_the_loop_to_it()
    {
        _loop.Schedule(new LoopTimer(_ => { }), TimeSpan.Zero);

        List<Exception?> thrown = OnAnotherThread([() => _loop.GetTimeout(-1), () => _loop.RunOnce(0), () => _loop.UpdateNow()]);

        Assert.All(thrown, Assert.Null);
        Assert.Throws<InvalidOperationException>(() => _loop.RunOnce(0));
        Assert.Throws<InvalidOperationException>(() => _loop.UpdateNow());
    }

    [Fact]
    public void Before_the_first_turn_the_loop_belongs_to_the_thread_that_made_it()
    {
        Exception? thrown = OnAnotherThread([() => _loop.UpdateNow()])[0];

        Assert.IsType<InvalidOperationException>(thrown);
    }

    [Fact]
    public void Disposing_from_another_thread_is_refused_while_the_loop_runs()
    {
        Exception? thrown = null;
        using CancellationTokenSource stopping = new();
        Thread other = new(() =>
        {
            thrown = Record.Exception(_loop.Dispose);
            stopping.Cancel();
        });
        _loop.Post(_ => other.Start(), null);

        _loop.Run(stopping.Token);
        other.Join();

        Assert.IsType<InvalidOperationException>(thrown);
        Assert.False(_loop.IsDisposed);
    }

    [Fact]
    public void Disposing_from_another_thread_is_allowed_while_no_turn_runs()
    {
        _loop.RunOnce(0);

        Assert.Null(OnAnotherThread([_loop.Dispose])[0]);

        Assert.True(_loop.IsDisposed);
    }

    [Fact]
    public void A_loop_that_is_between_turns_can_be_taken_over_by_another_thread_and_a_running_one_cannot()
    {
        _loop.RunOnce(0);
        Assert.All(OnAnotherThread([_loop.BindToCurrentThread, () => _loop.UpdateNow(), () => _loop.RunOnce(0)]), Assert.Null);
        Assert.Throws<InvalidOperationException>(() => _loop.UpdateNow());

        _loop.BindToCurrentThread();
        Exception? thrown = null;
        _loop.Post(_ => thrown = OnAnotherThread([_loop.BindToCurrentThread])[0], null);
        _loop.RunOnce(0);
        Assert.IsType<InvalidOperationException>(thrown);
        _loop.UpdateNow();
    }

    private static List<Exception?> OnAnotherThread(IEnumerable<Action> calls)
    {
        List<Exception?> thrown = [];
        Thread thread = new(() => thrown.AddRange(calls.Select(call => Record.Exception(call))));
        thread.Start();
        thread.Join();
        return thrown;
    }
}
