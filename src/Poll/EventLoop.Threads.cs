using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace EventLoops;

// What other threads may do, whose thread the loop is, and how it ends.
public abstract partial class EventLoop
{
    private const int PhaseIdle = 0;
    private const int PhaseEntered = 1;
    private const int PhaseDisposed = 2;

    // A queue of a million does not keep descriptors waiting for longer than this many pieces of work take.
    private const int MaxPostsPerTurn = 4096;

    private readonly ConcurrentQueue<PostedWork> _posted = new();
    private readonly Lock _wakeGate = new();
    private int _isWakeOnItsWay;
    private bool _isWakeClosed;

    private int _threadId;
    private bool _isBound;
    private int _phase;
    private bool _isHeld;
    private bool _isDisposeRequested;

    /// <summary>Whether the loop has been disposed. Any thread may ask.</summary>
    public bool IsDisposed => Volatile.Read(ref _phase) == PhaseDisposed;

    /// <summary>
    /// Whether the calling thread is the loop's, so that its members may be called. Any thread may ask; only the loop's own is told yes. Before the first turn that is
    /// the thread that made the loop.
    /// </summary>
    public bool IsOnThread => Environment.CurrentManagedThreadId == Volatile.Read(ref _threadId);

    /// <summary>
    /// Has <paramref name="work"/> called on the loop's thread in step 5 of a turn, and wakes the loop for it. Work of one thread runs in
    /// its order. Work that is posted by posted work runs in the next turn. Any thread. Ignored after dispose, also for what
    /// still waits then. Allocates nothing but room in the queue.
    /// </summary>
    /// <param name="work">What to call. What it throws goes to <see cref="UnhandledException"/>.</param>
    /// <param name="state">What to call it with.</param>
    public void Post(Action<object?> work, object? state)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (IsDisposed) return;

        _posted.Enqueue(new PostedWork(work, state));
        Wake();
    }

    /// <summary>
    /// Ends the loop's wait, or makes the next one return at once. Any number of wakes before the loop has answered cost one system
    /// call together. Any thread, also before the first turn. Ignored after dispose.
    /// </summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _isWakeOnItsWay, 1) != 0) return;

        // The gate keeps a late wake away from a descriptor that dispose has closed, whose number may be somebody else's by now.
        lock (_wakeGate)
        {
            if (!_isWakeClosed) WakeCore();
        }
    }

    /// <summary>Throws unless it is called on the loop's thread. Costs a few nanoseconds, and is there in release builds too.</summary>
    /// <param name="member">What the message names; the caller's name by default.</param>
    /// <exception cref="InvalidOperationException">The thread is not the loop's.</exception>
    public void VerifyThread([CallerMemberName] string member = "")
    {
        if (Environment.CurrentManagedThreadId != _threadId) ThrowOffThread(member);
    }

    /// <summary>
    /// Makes the calling thread the loop's, while no turn runs: for a program that runs its loop on one thread and puts things away on
    /// another when that one has ended. Does nothing on the loop's own thread.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The loop's thread is in <c>Run</c> or in a turn, or the loop is a guest whose host has a thread of its own.
    /// </exception>
    public void BindToCurrentThread()
    {
        if (Environment.CurrentManagedThreadId == _threadId || IsDisposed) return;

        VerifyDispose();
        if (Interlocked.CompareExchange(ref _phase, PhaseEntered, PhaseIdle) == PhaseEntered) ThrowOffThread(nameof(BindToCurrentThread));
        _threadId = Environment.CurrentManagedThreadId;
        Leave();
    }

    /// <summary>
    /// Ends the loop: nothing is watched or scheduled any more, and posted work that has not run is dropped. In a callback it takes
    /// effect at the end of the turn. Any thread, while no turn runs. Calling it again does nothing. The descriptors that were watched
    /// stay open; they are their owners'.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Called on another thread while the loop's thread is in <c>Run</c> or in a turn.
    /// </exception>
    public void Dispose()
    {
        VerifyDispose();
        int former = Interlocked.CompareExchange(ref _phase, PhaseDisposed, PhaseIdle);
        if (former == PhaseDisposed) return;

        if (former == PhaseEntered)
        {
            VerifyThread();
            _isDisposeRequested = true;
            return;
        }

        DisposeNow();
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Makes the backend's wait return. Called on any thread, by one at a time, and never after <see cref="DisposeCore"/>.
    /// </summary>
    protected abstract void WakeCore();

    /// <summary>Gives back what the backend holds. Called once, when no watch and no timer is left.</summary>
    protected abstract void DisposeCore();

    /// <summary>Refuses a dispose that the kind of loop does not allow.</summary>
    private protected virtual void VerifyDispose()
    {
    }

    /// <summary>Enters a turn, or a run of many turns, and binds the loop to this thread if it is the first one.</summary>
    private protected void Enter(string member)
    {
        if (_isBound) VerifyThread(member);
        int former = Interlocked.CompareExchange(ref _phase, PhaseEntered, PhaseIdle);
        ObjectDisposedException.ThrowIf(former == PhaseDisposed, this);
        if (former == PhaseEntered) throw new InvalidOperationException($"{member} was called while the loop is in a turn already.");

        _threadId = Environment.CurrentManagedThreadId;
        _isBound = true;
    }

    /// <summary>Leaves what <see cref="Enter"/> entered. A loop that was disposed meanwhile stays disposed.</summary>
    private protected void Leave() => Interlocked.CompareExchange(ref _phase, PhaseIdle, PhaseEntered);

    /// <summary>Enters a run: turns begin and end in it without entering and leaving on their own.</summary>
    private protected void Hold(string member)
    {
        Enter(member);
        _isHeld = true;
    }

    private protected void Release()
    {
        _isHeld = false;
        IsInTurn = false;
        Leave();
    }

    private protected void VerifyUsable([CallerMemberName] string member = "")
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        VerifyThread(member);
    }

    /// <summary>Refuses what would begin a turn inside a turn. Before the first turn any thread may come; it is bound then.</summary>
    private protected void VerifyOutsideTurn([CallerMemberName] string member = "")
    {
        if (_isBound) VerifyThread(member);
        if (IsInTurn) throw new InvalidOperationException($"{member} was called inside a callback of the loop.");
    }

    private void ThrowOffThread(string member) => throw new InvalidOperationException(
        $"{member} was called on thread {Environment.CurrentManagedThreadId}, but loop \"{Name}\" belongs to thread {_threadId}. " +
        "Only Post and Wake may be called from other threads.");

    private void RunPostedWork()
    {
        // Cleared before the queue is looked at: whoever posts after the look finds it clear and wakes the loop again.
        if (Volatile.Read(ref _isWakeOnItsWay) != 0) WasWoken = Interlocked.Exchange(ref _isWakeOnItsWay, 0) != 0;
        if (_posted.IsEmpty) return;

        int count = Math.Min(_posted.Count, MaxPostsPerTurn);
        for (int done = 0; done < count && _posted.TryDequeue(out PostedWork posted); done++)
        {
            HasWorked = true;
            try
            {
                posted.Work(posted.State);
            }
            catch (Exception exception)
            {
                ReportUnhandled(exception);
            }
        }
    }

    private void DisposeNow()
    {
        while (_timers.TryTakeLast(out LoopTimer? timer)) timer.Loop = null;
        foreach (Watch? watch in _watches)
        {
            if (watch is null) continue;

            Forget(watch);
            try
            {
                RemoveCore(watch);
            }
            catch (Exception exception)
            {
                // One refusal must not keep the other descriptors in the table.
                ReportUnhandled(exception);
            }
        }

        _participants = [];
        _posted.Clear();
        lock (_wakeGate) _isWakeClosed = true;

        DisposeCore();
    }

    private readonly struct PostedWork(Action<object?> work, object? state)
    {
        public readonly Action<object?> Work = work;
        public readonly object? State = state;
    }
}
