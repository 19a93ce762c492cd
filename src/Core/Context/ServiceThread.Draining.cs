namespace EventLoops;

/// <summary>How the thread shuts down: its connections are asked to end, and when the last one has, the context hears of it.</summary>
public sealed partial class ServiceThread
{
    private static readonly Action<object?> DrainOn = static thread => ((ServiceThread)thread!).Drain();

    private LoopTimer? _shutdownTimer;
    private bool _isDrainReported;

    /// <summary>Whether its connections are to end.</summary>
    internal bool IsDraining { get; private set; }

    internal void BeginDraining() => Do(DrainOn, this);

    /// <summary>The time of the shutdown is measured on this loop, and must not outlive the context on it.</summary>
    internal void CancelWhenLeaving(LoopTimer timer) => _shutdownTimer = timer;

    private void Drain()
    {
        if (_hasLeft || IsDraining)
            return;

        IsDraining = true;
        StopListening();
        foreach (Connection connection in _connections.ToArray())
            connection.BeginShutdown();
        ReportDrained();
    }

    /// <summary>Behind the closes of a turn.</summary>
    private void ReportDrained()
    {
        if (!IsDraining || _isDrainReported || _connections.Count > 0)
            return;

        _isDrainReported = true;
        Context.OnThreadDrained();
    }
}
