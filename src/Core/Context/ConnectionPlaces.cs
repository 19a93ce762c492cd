namespace EventLoops;

/// <summary>
/// How many connections there may be, over all service threads and on each of them, and which thread a new one goes to. Threads take and give back places by
/// interlocked counters; nobody waits for anybody.
/// </summary>
internal sealed class ConnectionPlaces(LoopContext context, int most, int mostPerThread, bool staysWhereAccepted)
{
    private int _taken;
    private int _wasSaid;

    /// <summary>
    /// The thread for a connection that <paramref name="accepting"/> is about to accept: of those that have room the one with the fewest connections, the first
    /// of several. Null when there is none.
    /// </summary>
    public ServiceThread? Choose(ServiceThread accepting)
    {
        if (Volatile.Read(ref _taken) >= most)
            return null;
        if (staysWhereAccepted)
            return accepting.ConnectionCount < mostPerThread ? accepting : null;

        ServiceThread? chosen = null;
        int fewest = mostPerThread;
        foreach (ServiceThread thread in context.AllThreads)
        {
            int count = thread.ConnectionCount;
            if (count >= fewest)
                continue;

            fewest = count;
            chosen = thread;
        }

        return chosen;
    }

    /// <summary>Takes a place for an accepted connection. False when several threads have accepted at once and this one was too late.</summary>
    public bool TryTake(ServiceThread thread)
    {
        Take(thread);
        if (Volatile.Read(ref _taken) <= most)
            return true;

        GiveBack(thread);
        return false;
    }

    /// <summary>Takes a place for a connection that this side begins, which is counted and not refused.</summary>
    public void Take(ServiceThread thread)
    {
        Interlocked.Increment(ref _taken);
        thread.CountPlace(1);
    }

    /// <summary>A connection has ended, or was not to be: whoever waits for room accepts again.</summary>
    public void GiveBack(ServiceThread thread)
    {
        thread.CountPlace(-1);
        int left = Interlocked.Decrement(ref _taken);

        // A limit that is reached and left again all the time is said once, until a tenth of the places has become free.
        if (_wasSaid != 0 && left < most - Math.Max(1, most / 10))
            Volatile.Write(ref _wasSaid, 0);
        foreach (ServiceThread waiting in context.AllThreads)
        {
            if (waiting.IsAcceptingPaused && Choose(waiting) is not null)
                waiting.EndAcceptingPause();
        }
    }

    /// <summary>Logs that the limit is reached.</summary>
    public void SayFull()
    {
        if (Interlocked.Exchange(ref _wasSaid, 1) == 0)
            context.Log.ConnectionLimitReached(Math.Min(most, Volatile.Read(ref _taken)));
    }
}
