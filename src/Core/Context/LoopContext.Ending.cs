namespace EventLoops;

/// <summary>How the context ends. Each service thread ends what it has, on its own; the last one lets the protocols go.</summary>
public sealed partial class LoopContext
{
    private readonly List<VirtualHost> _goingHosts = [];
    private int _threadsThere;
    private volatile bool _isDisposed;

    /// <summary>Whether the context was disposed. Its threads may still be finishing their turns. Any thread may ask.</summary>
    public bool IsDisposed => _isDisposed;

    /// <summary>
    /// Stops listening, ends every connection with its closing callback (open WebSockets are told 1001), lets the protocols go, and leaves the loops.
    /// Inside a callback, of whichever service thread, it takes effect when the turn is over, and with the next turn of the other threads. Twice is once. On another
    /// thread than the loops' it is allowed while no loop runs, and then everything has ended when it returns.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called outside of callbacks while a loop runs on another thread. Nothing was ended.</exception>
    public void Dispose()
    {
        if (_isDisposed)
        {
            LeaveWhatIsIdle();
            return;
        }

        if (Array.Exists(_threads, static thread => thread.Loop.IsInTurn && thread.Loop.IsOnThread))
        {
            _isDisposed = true;
            foreach (ServiceThread thread in _threads)
                thread.RequestLeave();
            return;
        }

        // Guests are served by the threads of their hosts, which go on; everything else must have stopped.
        ServiceThread[] elsewhere = _threads.Length == 1 ? [] : Array.FindAll(_threads, static thread => thread.Loop is HostedEventLoop && !thread.Loop.IsOnThread);
        if (elsewhere.Length == _threads.Length)
            elsewhere = [];
        foreach (ServiceThread thread in _threads.Except(elsewhere))
            thread.Loop.BindToCurrentThread();

        _isDisposed = true;
        foreach (ServiceThread thread in elsewhere)
            thread.RequestLeave();
        foreach (ServiceThread thread in _threads.Except(elsewhere))
            thread.LeaveNow();
    }

    /// <summary>Takes a host out of service; its connections end, and its protocols leave when the last one has.</summary>
    internal void Destroy(VirtualHost host) => Thread.Do(static leaving => ((VirtualHost)leaving!).Context.DestroyHere((VirtualHost)leaving), host);

    /// <summary>
    /// Does something when every service thread has come to the end of what it is in the middle of: for what has just been replaced and may be in use on any of them. With one
    /// thread that is now. On thread 0.
    /// </summary>
    internal void AfterEveryThread(Action work)
    {
        int left = _threads.Length - 1;
        if (left == 0)
            work();
        foreach (ServiceThread thread in _threads.Skip(1))
        {
            thread.Loop.Post(
                _ =>
                {
                    if (Interlocked.Decrement(ref left) == 0)
                        work();
                },
                null);
        }
    }

    /// <summary>A destroyed host has left altogether. On thread 0.</summary>
    internal void Forget(VirtualHost host) => _goingHosts.Remove(host);

    /// <summary>A service thread has ended everything; behind the last one the hosts stop.</summary>
    /// <returns>Whether it was the last.</returns>
    internal bool OnThreadLeft()
    {
        if (Interlocked.Decrement(ref _threadsThere) > 0)
            return false;

        foreach (ServiceThread thread in _threads)
            thread.DropArrivals();
        foreach (VirtualHost host in _hosts)
            host.Stop();
        foreach (VirtualHost host in _goingHosts.ToArray())
            host.Stop();
        return true;
    }

    private void DestroyHere(VirtualHost host)
    {
        // A context that is leaving does all of this itself.
        if (_isDisposed)
            return;

        _hosts = Array.FindAll(_hosts, other => other != host);
        _goingHosts.Add(host);
        host.StopListening();
        foreach (ServiceThread thread in _threads)
            thread.Do(leaving => thread.CloseAllOf((VirtualHost)leaving!), host);
    }

    /// <summary>
    /// The context was disposed and this is another call, or the end of <see cref="Run"/>: threads that were stopped before they could leave do so here. Those that
    /// are in a turn, or have a host, leave by themselves.
    /// </summary>
    private void LeaveWhatIsIdle()
    {
        if (Volatile.Read(ref _threadsThere) == 0)
            return;

        foreach (ServiceThread thread in _threads)
        {
            if (thread.HasLeft || (thread.Loop.IsInTurn && thread.Loop.IsOnThread))
                continue;

            try
            {
                thread.Loop.BindToCurrentThread();
            }
            catch (InvalidOperationException)
            {
                continue;
            }

            thread.LeaveNow();
        }
    }
}
