using System.Collections.Concurrent;

namespace EventLoops;

/// <summary>
/// How connections come to the thread. The accepting thread chooses who gets one and puts the descriptor into that thread's inbox; a post tells it. So a
/// connection is made on the thread on which it stays, and no table is touched by two threads.
/// </summary>
public sealed partial class ServiceThread
{
    private static readonly Action<object?> TakeOne = static thread => ((ServiceThread)thread!).TakeArrival();
    private static readonly Action<object?> Resume = static thread => ((ServiceThread)thread!).ResumeAccepting();

    private readonly ConcurrentQueue<Arrival> _arrivals = new();
    private readonly List<Listener> _listeners = [];
    private int _places;
    private int _isAcceptingPaused;

    /// <summary>How many connections it has, those on their way to it included, without listeners. Any thread may read it.</summary>
    public int ConnectionCount => Volatile.Read(ref _places);

    internal bool IsAcceptingPaused => Volatile.Read(ref _isAcceptingPaused) != 0;

    internal void CountPlace(int change) => Interlocked.Add(ref _places, change);

    /// <summary>A listener accepts on this thread from now on. On its own thread.</summary>
    internal void Enter(Listener listener) => _listeners.Add(listener);

    /// <summary>A listener accepts no more.</summary>
    internal void Leave(Listener listener) => _listeners.Remove(listener);

    /// <summary>Gives an accepted descriptor, for which a place is taken, to this thread. Called on the accepting thread.</summary>
    internal void HandOver(ServiceThread accepting, Listener listener, int fd, ulong address)
    {
        if (accepting == this)
        {
            Connection.Accept(this, listener, fd, address);
            return;
        }

        _arrivals.Enqueue(new Arrival(listener, fd, address));
        Loop.Post(TakeOne, this);
    }

    /// <summary>There are as many connections as there may be; nothing is accepted until one ends.</summary>
    internal void PauseAccepting()
    {
        Context.Places.SayFull();
        Interlocked.Exchange(ref _isAcceptingPaused, 1);
        foreach (Listener listener in _listeners)
            listener.Pause();

        // Whoever gave a place back before the pause was marked has told nobody.
        if (Context.Places.Choose(this) is not null)
            EndAcceptingPause();
    }

    /// <summary>There is room again. Any service thread; of several that come at once the first one acts.</summary>
    internal void EndAcceptingPause()
    {
        if (Interlocked.Exchange(ref _isAcceptingPaused, 0) != 0)
            Do(Resume, this);
    }

    /// <summary>Closes what arrived and was not taken any more, after the last thread has left.</summary>
    internal void DropArrivals()
    {
        while (_arrivals.TryDequeue(out Arrival arrival))
            TurnAway(in arrival);
    }

    private void TakeArrival()
    {
        if (!_arrivals.TryDequeue(out Arrival arrival))
            return;

        // Meanwhile the context may have been disposed, or the last host of that listener destroyed.
        if (IsDraining || Context.IsDisposed || arrival.Listener.Hosts.Default is null)
            TurnAway(in arrival);
        else
            Connection.Accept(this, arrival.Listener, arrival.Fd, arrival.Address);
    }

    private void TurnAway(in Arrival arrival)
    {
        Loop.SocketIo.Close(arrival.Fd);
        Context.Addresses?.Leave(arrival.Address);
        Context.Places.GiveBack(this);
    }

    private void ResumeAccepting()
    {
        foreach (Listener listener in _listeners)
            listener.Resume();
    }

    private readonly record struct Arrival(Listener Listener, int Fd, ulong Address);
}
