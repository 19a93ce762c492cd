namespace EventLoops;

/// <summary>
/// A guest on a loop that somebody else runs: it has no wait and no <c>Run</c>, and it leaves the host as it was found.
/// A host may have to turn before it lets go of what the guest had registered, so that leaving has an end of its own.
/// </summary>
public abstract class HostedEventLoop : EventLoop
{
    private Action? _detached;

    /// <summary>Sets up what all loops share.</summary>
    /// <param name="name">What the loop is called in logs and messages.</param>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    protected HostedEventLoop(string name, EventLoopOptions? options)
        : base(name, options)
    {
    }

    /// <summary>Whether the host holds nothing of this loop any more.</summary>
    public bool IsDetached { get; private set; }

    /// <summary>
    /// Leaves the host: nothing is watched or scheduled from now on (in a callback: from the end of the turn on), and the loop is disposed.
    /// Only on the host's thread. <see cref="EventLoop.Dispose"/> does the same without a callback.
    /// </summary>
    /// <param name="detached">
    /// Called on the host's thread when the host holds nothing of this loop any more, which may take it another turn. It is called at
    /// once when that is so already, and once for each call that brought one.
    /// </param>
    /// <exception cref="InvalidOperationException">The thread is not the loop's.</exception>
    public void Detach(Action? detached)
    {
        VerifyThread();
        if (IsDetached)
        {
            detached?.Invoke();
            return;
        }

        _detached += detached;
        Dispose();
    }

    /// <summary>
    /// Takes everything off the host's loop, and calls <paramref name="detached"/> on its thread when the host has let go of it,
    /// possibly at once.
    /// </summary>
    protected abstract void DetachCore(Action detached);

    /// <summary>Leaves the host by <see cref="DetachCore"/>.</summary>
    protected sealed override void DisposeCore() => DetachCore(OnDetached);

    private protected sealed override void VerifyDispose()
    {
        if (!IsDisposed) VerifyThread(nameof(Dispose));
    }

    private void OnDetached()
    {
        IsDetached = true;
        Action? detached = _detached;
        _detached = null;
        try
        {
            detached?.Invoke();
        }
        catch (Exception exception)
        {
            // Above this there may be a native frame of the host.
            ReportUnhandled(exception);
        }
    }
}
