using System.Collections.Concurrent;

namespace EventLoops;

/// <summary>The orderly end: nobody new, and those who are there may finish.</summary>
public sealed partial class LoopContext
{
    private readonly ConcurrentQueue<Action> _completed = new();
    private LoopTimer? _grace;
    private int _isShuttingDown;
    private int _threadsToDrain;

    /// <summary>Whether <see cref="BeginShutdown"/> was called. Any thread may ask.</summary>
    public bool IsShuttingDown => Volatile.Read(ref _isShuttingDown) != 0;

    /// <summary>
    /// Ends the context in an orderly way. From now on nothing is accepted and no client begun. Open WebSockets are told 1001 and closed by handshake. Requests that
    /// are being read or answered are answered as ever, with <c>Connection: close</c> where the answer's head has not been sent, and connections that wait for a request are
    /// closed, as are WebSocket clients that are not open yet. When the last connection has ended, or <paramref name="grace"/> is over, the context is disposed. A
    /// second call disposes it at once, as a second signal should. On any service thread, inside a callback or not.
    /// </summary>
    /// <param name="grace">How long connections may take to end by themselves; <see cref="Timeout.InfiniteTimeSpan"/> for as long as their own time-outs let them.</param>
    /// <param name="completed">
    /// Called once when everything has ended and the context has left its loops, on the service thread that was last; also when the context is disposed meanwhile. Here a
    /// guest can be detached from its host.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The time is not between 1 ms and 24 days, and not infinite.</exception>
    /// <exception cref="InvalidOperationException">Called from a thread that is no service thread's.</exception>
    /// <exception cref="ObjectDisposedException">The context was disposed before.</exception>
    public void BeginShutdown(TimeSpan grace, Action? completed = null)
    {
        ConnectionTimeouts.Check(grace, nameof(grace));
        ServiceThread here = ThreadHere();
        bool isFirst = Interlocked.Exchange(ref _isShuttingDown, 1) == 0;
        ObjectDisposedException.ThrowIf(_isDisposed && isFirst, this);
        if (completed is not null)
            _completed.Enqueue(completed);
        if (!isFirst)
        {
            EndShutdown();
            return;
        }

        Log.ShuttingDown(_threads.Sum(thread => thread.ConnectionCount));
        _threadsToDrain = _threads.Length;
        if (grace != Timeout.InfiniteTimeSpan)
        {
            _grace = new LoopTimer(_ => EndShutdown());
            here.Loop.Schedule(_grace, grace);
            here.CancelWhenLeaving(_grace);
        }

        foreach (ServiceThread thread in _threads)
            thread.BeginDraining();
    }

    /// <summary>A service thread has no connection left; behind the last one the context goes.</summary>
    internal void OnThreadDrained()
    {
        if (Interlocked.Decrement(ref _threadsToDrain) == 0)
            EndShutdown();
    }

    /// <summary>Everything has ended, and the last thread is off its loop.</summary>
    internal void RaiseCompleted()
    {
        while (_completed.TryDequeue(out Action? completed))
        {
            try
            {
                completed();
            }
            catch (Exception exception)
            {
                Log.LoopWorkThrew(exception);
            }
        }
    }

    private void EndShutdown()
    {
        if (_isDisposed)
            return;

        _isDisposed = true;
        foreach (ServiceThread thread in _threads)
            thread.RequestLeave();
    }
}
