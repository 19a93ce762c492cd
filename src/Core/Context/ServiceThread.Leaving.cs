namespace EventLoops;

/// <summary>How the thread ends what it has: everything when its context goes, or what belongs to one virtual host.</summary>
public sealed partial class ServiceThread
{
    private static readonly Action<object?> LeaveSoonOn = static thread => ((ServiceThread)thread!).LeaveSoon();

    private readonly List<VirtualHost> _leavingHosts = [];
    private CancellationTokenSource? _running;
    private bool _isLeaving;
    private volatile bool _hasLeft;

    /// <summary>Whether it has ended everything and is off its loop.</summary>
    internal bool HasLeft => _hasLeft;

    /// <summary>The context was disposed inside a callback: the thread leaves with the closes of its turn, when no callback is under way any more.</summary>
    internal void RequestLeave() => Do(LeaveSoonOn, this);

    /// <summary>Ends everything at once; outside of every callback, on a thread to which the loop belongs.</summary>
    internal void LeaveNow()
    {
        if (_hasLeft)
            return;

        StopListening();
        CloseAll();
        KillChildren();
        TakeOff(_shutdownTimer);
        _accessLogs?.Close();
        _hasLeft = true;
        LoopMetrics.Leave(Counters);
        bool isLast = Context.OnThreadLeft();

        Loop.Leave(this);
        if (_ownsLoop)
            Loop.Dispose();
        _running?.Cancel();
        if (isLast)
            Context.RaiseCompleted();
    }

    /// <summary>Ends every connection of a host, as when the context is disposed; the host hears of it when the last one has had its closing callback.</summary>
    internal void CloseAllOf(VirtualHost host)
    {
        // A thread that leaves has ended, or ends, all of them anyway, and the host is stopped behind the last thread.
        if (_hasLeft)
            return;

        _leavingHosts.Add(host);
        foreach (Connection connection in _connections)
        {
            if (connection.VirtualHost == host)
                connection.EndForShutdown();
        }

        // Inside a turn the closes are still to come.
        if (!Loop.IsInTurn)
            ((ITurnParticipant)this).ServiceCloses();
    }

    private void LeaveSoon()
    {
        if (_hasLeft)
            return;

        StopListening();
        _isLeaving = true;
        if (!Loop.IsInTurn)
            Loop.Wake();
    }

    private void StopListening()
    {
        while (_listeners.Count > 0)
            _listeners[^1].Close();
    }

    /// <summary>Ends every connection, as when the context is disposed: open WebSockets are told 1001, everybody gets its closing callback.</summary>
    private void CloseAll()
    {
        // A closing callback may begin a new connection; those are ended as well, and the list shrinks with each of them.
        while (_connections.Count > 0 || _leavingHosts.Count > 0)
        {
            if (_connections.Count > 0)
                _connections[^1].EndForShutdown();
            ((ITurnParticipant)this).ServiceCloses();
        }

        ClientPool.CloseAll();
        foreach (ClientPool pool in _originPools.Values)
            pool.CloseAll();
        _originPools.Clear();
        ClientTlsContexts.Dispose();
    }

    /// <summary>The context goes, and nobody will hear of the ends of its programs any more: they end now.</summary>
    private void KillChildren()
    {
        foreach (ChildProcess child in Children.ToArray())
            child.Kill();
    }

    private void StopLeavingHosts()
    {
        // A protocol that leaves service may destroy another host: those wait for the next round of closes.
        while (_leavingHosts.Count > 0 && _closes.IsEmpty)
        {
            VirtualHost host = _leavingHosts[^1];
            _leavingHosts.RemoveAt(_leavingHosts.Count - 1);
            ClosePoolsOf(host);
            host.OnThreadLeft();
        }
    }
}
