namespace EventLoops;

/// <summary>
/// Events in groups, for backends that a native library calls for one after the other, without saying which comes next. Telling a few of them together makes the next ones known,
/// as where the kernel's whole batch is ours.
/// </summary>
public abstract partial class EventLoop
{
    // So few that what the library and we have touched of the first is still near when the last has been collected.
    private const int GroupSize = 32;

    private readonly (Watch Watch, PollEvents Ready)[] _group = new (Watch, PollEvents)[GroupSize];
    private int _groupLength;

    /// <summary>
    /// Keeps an event of this turn until some have come, and dispatches all of those then: this begins the turn, and handlers may run before it returns. The rest waits for
    /// <see cref="DispatchCollected"/>. Not to be called from inside of a handler.
    /// </summary>
    /// <param name="watch">Who it is for.</param>
    /// <param name="ready">What has happened.</param>
    /// <exception cref="InvalidOperationException">The thread is not the loop's.</exception>
    protected void Collect(Watch watch, PollEvents ready)
    {
        _group[_groupLength++] = (watch, ready);
        if (_groupLength == GroupSize) DispatchCollected();
    }

    /// <summary>
    /// Steps 2 and 3: begins the turn, unless it has begun, and dispatches what was collected and is not told yet, in its order, each like <see cref="Dispatch(Watch, PollEvents)"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The thread is not the loop's.</exception>
    protected void DispatchCollected()
    {
        BeginTurn();
        for (int i = 0; i < _groupLength; i++)
        {
            ExpectNext(CollectedFd(i + 1), CollectedFd(i + 2));
            Dispatch(_group[i].Watch, _group[i].Ready);
        }

        Array.Clear(_group, 0, _groupLength);
        _groupLength = 0;
    }

    private int CollectedFd(int place) => place < _groupLength ? _group[place].Watch.Fd : -1;
}
