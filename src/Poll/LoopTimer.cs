namespace EventLoops;

/// <summary>
/// Something to be done once, later, on the loop's thread. The timer itself is the entry in the loop's heap, so that
/// <see cref="EventLoop.Schedule"/> and <see cref="EventLoop.Cancel"/> allocate nothing however often one timer is used.
/// Give it a delegate, or derive from it and override <see cref="OnDue"/>.
/// </summary>
public class LoopTimer
{
    private readonly Action<LoopTimer>? _onDue;

    /// <summary>Makes a timer that calls <paramref name="onDue"/>. It is not scheduled yet.</summary>
    /// <param name="onDue">Called on the loop's thread in step 4 of a turn. It may schedule or cancel any timer, this one included.</param>
    /// <param name="state">Whatever the caller wants to find in <see cref="State"/>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="onDue"/> is null.</exception>
    public LoopTimer(Action<LoopTimer> onDue, object? state = null)
    {
        ArgumentNullException.ThrowIfNull(onDue);
        _onDue = onDue;
        State = state;
    }

    /// <summary>Makes a timer for a class that overrides <see cref="OnDue"/>.</summary>
    protected LoopTimer()
    {
    }

    /// <summary>What the constructor was given, for the delegate to find again.</summary>
    public object? State { get; }

    /// <summary>Whether the timer waits in a loop. It is false again when the callback runs.</summary>
    public bool IsScheduled => Loop is not null;

    // The loop in whose heap the timer waits, and its place there.
    internal EventLoop? Loop { get; set; }

    internal int HeapIndex { get; set; } = -1;

    /// <summary>
    /// Called on the loop's thread when the timer is due; never early. The base method calls the delegate of the constructor.
    /// An exception thrown here does not stop the loop; it goes to <see cref="EventLoop.UnhandledException"/>.
    /// </summary>
    protected virtual void OnDue() => _onDue?.Invoke(this);

    internal void Fire() => OnDue();
}
