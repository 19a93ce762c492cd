namespace EventLoops.Tests.Poll;

/// <summary>A user's side that writes down what it is told, keeps a real array, and throws where a test says so.</summary>
internal sealed class ExternalHost : IPollSet
{
    private readonly IPollSet _array;

    public ExternalHost()
    {
        Array = new PollFdArray();
        _array = Array;
    }

    public PollFdArray Array { get; }

    public List<string> Log { get; } = [];

    public List<TimeSpan> Deadlines { get; } = [];

    public string? ThrowIn { get; set; }

    /// <summary>Polls once and offers every entry. Returns those that were not the loop's, as they were left.</summary>
    public List<PollFd> Frame(ExternalPollLoop loop, bool withEnd = true, int maxMilliseconds = 0)
    {
        List<PollFd> foreign = [];
        Array.Poll(loop.GetTimeout(maxMilliseconds));
        foreach (ref PollFd entry in Array.Entries)
        {
            if (!loop.ServiceFd(ref entry) && entry.Revents != PollEvents.None) foreign.Add(entry);
        }

        if (withEnd) loop.EndFrame();
        return foreign;
    }

    public void AddPollFd(in PollArgs args)
    {
        Note("add", args);
        _array.AddPollFd(args);
    }

    public void DeletePollFd(in PollArgs args)
    {
        Note("delete", args);
        _array.DeletePollFd(args);
    }

    public void SetModePollFd(in PollArgs args)
    {
        Note("set", args);
        _array.SetModePollFd(args);
    }

    public void ClearModePollFd(in PollArgs args)
    {
        Note("clear", args);
        _array.ClearModePollFd(args);
    }

    public void LockPoll(in PollArgs args) => Note("lock", args);

    public void UnlockPoll(in PollArgs args) => Note("unlock", args);

    public void DeadlineChanged(TimeSpan dueIn) => Deadlines.Add(dueIn);

    private void Note(string call, in PollArgs args)
    {
        Log.Add($"{call} {args.PreviousEvents} -> {args.Events}");
        if (string.Equals(ThrowIn, call, StringComparison.Ordinal)) throw new NotSupportedException(call);
    }
}
