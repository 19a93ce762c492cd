using System.Runtime.CompilerServices;

namespace EventLoops.Tests;

/// <summary>How a host runs its loop.</summary>
public enum HostRun
{
    /// <summary>Until nothing is left that keeps the loop alive.</summary>
    ToTheEnd,

    /// <summary>One iteration, which may sleep.</summary>
    Once,

    /// <summary>One iteration, which does not.</summary>
    NoWait,
}

/// <summary>
/// Somebody else's loop: made, run and destroyed by P/Invokes of the tests, so that nothing of the library under test has a hand in it. When it is disposed it must be as
/// it was made, or that throws.
/// </summary>
public abstract class ForeignHost : IDisposable
{
    /// <summary>The native loop.</summary>
    public abstract nint Loop { get; }

    /// <summary>Whether anything keeps the loop going: otherwise a run ends after its first iteration, whatever its mode.</summary>
    public abstract bool IsAlive { get; }

    /// <summary>What the host can tell of who is on its loop, to be compared before and after.</summary>
    public abstract string Inventory { get; }

    /// <summary>Whether a guest that leaves between iterations has left at once; otherwise the host has to turn once more.</summary>
    public abstract bool LetsGoAtOnce { get; }

    /// <summary>Whether the iteration that was run last had anything to report, apart from this host's own plumbing.</summary>
    public abstract bool HasReported { get; }

    /// <summary>Makes a guest on the loop.</summary>
    /// <param name="options">The clock and the system calls; null for the defaults.</param>
    /// <param name="keepsLoopAlive">Whether what the guest waits for keeps the loop running.</param>
    /// <param name="library">A library in place of the host's own.</param>
    public abstract HostedEventLoop Attach(EventLoopOptions? options = null, bool keepsLoopAlive = true, nint library = 0);

    /// <summary>Runs the loop. Returns whether something still keeps it alive.</summary>
    public abstract bool Run(HostRun mode);

    /// <summary>Ends the innermost run after its iteration.</summary>
    public abstract void Stop();

    /// <summary>A timer of the host's own, not started. It ends with the host.</summary>
    public abstract ForeignTimer NewTimer(Action? tick = null);

    /// <summary>Runs iterations until a condition holds.</summary>
    public void RunUntil(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        Deadline deadline = new();
        while (!condition())
        {
            Run(HostRun.NoWait);
            try
            {
                deadline.Check();
            }
            catch (TimeoutException late)
            {
                throw new TimeoutException($"This did not come true: {what}", late);
            }
        }
    }

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>A timer that belongs to a host.</summary>
public abstract class ForeignTimer
{
    /// <summary>How often it has gone off.</summary>
    public int Ticks { get; private set; }

    /// <summary>Starts it, or starts it anew.</summary>
    /// <param name="milliseconds">Until it goes off.</param>
    /// <param name="repeat">From then on every so many milliseconds; 0 for once.</param>
    public abstract void Start(int milliseconds, int repeat = 0);

    /// <summary>Stops it.</summary>
    public abstract void Stop();

    /// <summary>What it does when it goes off.</summary>
    protected Action? Tick { private get; init; }

    /// <summary>It has gone off.</summary>
    protected void GoOff()
    {
        Ticks++;
        Tick?.Invoke();
    }
}
