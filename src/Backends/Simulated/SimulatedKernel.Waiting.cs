namespace EventLoops.Simulated;

/// <summary>How loops wait: time is what passes when nobody has anything to do.</summary>
public sealed partial class SimulatedKernel
{
    /// <summary>
    /// How long in real time a loop that waits without limit waits for another thread to wake it, before it says that this cannot come. Default 30 s, the
    /// time after which a test would be called stuck.
    /// </summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Fills <paramref name="ready"/> when a loop has something to do, or returns without when it was woken or its time is over. Virtual time moves to
    /// the next thing that is scheduled, or to the end of the wait.
    /// </summary>
    internal void Wait(SimulatedLoop loop, int milliseconds, List<(Watch Watch, PollEvents Ready)> ready)
    {
        long end = milliseconds < 0 ? long.MaxValue : _time.Ticks + (milliseconds * TimeSpan.TicksPerMillisecond);
        while (true)
        {
            while (TryTakeScheduled(_time.Ticks, out Action? due)) due();
            lock (_gate)
            {
                loop.CollectReady(ready);
                if (loop.TakeWake() || ready.Count > 0 || _time.Ticks >= end) break;
                if (!_scheduled.TryPeek(out _, out (long Due, long Age) next) || next.Due > end)
                {
                    if (end == long.MaxValue)
                    {
                        WaitForOthers();
                        continue;
                    }

                    next.Due = end;
                }

                _time.Ticks = Math.Max(_time.Ticks, next.Due);
            }
        }

        lock (_gate)
        {
            Arrange(ready);
            Note("wait", ready.Count, milliseconds, IoResult.Ok(ready.Count));
        }
    }

    private void WaitForOthers()
    {
        if (Monitor.Wait(_gate, Patience)) return;

        throw new SimulationException(
            "The loop waits without limit, but no descriptor is ready, no timer is set, nothing is scheduled, and no other thread has woken it for " +
            $"{Patience.TotalSeconds} s.", this);
    }
}
