using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EventLoops.Tests;

/// <summary>Makes the loop under test, with the clock and the system calls that the test brings.</summary>
public delegate LoopHarness LoopFactory(EventLoopOptions options);

/// <summary>
/// Drives the loop under test on the test's own thread, so that loop and test take turns and nothing happens behind a test's back. A new loop gets a
/// derived class of a few lines; whatever uses this one does not know which loop it is.
/// </summary>
public abstract class LoopHarness : IDisposable
{
    /// <summary>How long a condition may take to come true on a busy machine. It is only ever reached by a failing test.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // What the kernel still has to do on its own, such as delivering a segment, is done within a few looks.
    private const int TurnsWithoutWait = 20;
    private const int IdleTurnsToSettle = 3;

    private readonly List<Action> _pumps = [];
    private readonly List<Func<long>> _activities = [];

    /// <summary>Takes the loop under test into its care.</summary>
    /// <param name="loop">The loop; it is disposed with the harness.</param>
    /// <param name="options">What it was made with.</param>
    protected LoopHarness(EventLoop loop, EventLoopOptions options)
    {
        Loop = loop;
        Time = options.TimeProvider as ManualTime;
        loop.UnhandledException = Unhandled.Add;
    }

    /// <summary>The loop under test.</summary>
    public EventLoop Loop { get; }

    /// <summary>What peers and contexts of the test speak beneath what the test says; null for nothing.</summary>
    public PeerLayer? Layer { get; set; }

    /// <summary>Where the peers of this loop live.</summary>
    public PeerNetwork Network => field ??= Layer?.Over(PlainNetwork) ?? PlainNetwork;

    /// <summary>The same without <see cref="Layer"/>.</summary>
    public virtual PeerNetwork PlainNetwork => PeerNetwork.Loopback;

    /// <summary>The clock, when it moves only by <see cref="Advance"/>.</summary>
    public ManualTime? Time { get; }

    /// <summary>What handlers, timers and posted work let escape. The suites expect it to be empty at the end, unless a test clears it.</summary>
    public IList<Exception> Unhandled { get; } = new List<Exception>();

    /// <summary>Descriptors that this loop can watch. Whoever asks disposes them.</summary>
    public virtual DescriptorSource NewDescriptors() => new KernelDescriptors();

    /// <summary>One turn of the loop.</summary>
    /// <param name="maxMilliseconds">How long to wait for something to do; 0 does not wait.</param>
    /// <returns>Whether the wait reported something: a loop that is at rest says no.</returns>
    public abstract bool Turn(int maxMilliseconds = 0);

    /// <summary>Turns the loop, and the peers with it, until the condition holds.</summary>
    public void RunUntil(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        long start = Stopwatch.GetTimestamp();
        for (int turn = 0; ; turn++)
        {
            Pump();
            if (condition()) return;
            if (Stopwatch.GetElapsedTime(start) > Patience) throw new TimeoutException($"Within {Patience.TotalSeconds} s this did not come true: {what}");

            Turn(turn < TurnsWithoutWait ? 0 : 1);
        }
    }

    /// <summary>Turns the loop, and the peers with it, until nothing happens any more: no callback, no byte, no system call.</summary>
    public void Settle()
    {
        int idle = 0;
        for (int turn = 0; idle < IdleTurnsToSettle; turn++)
        {
            if (turn > 100_000) throw new TimeoutException("The loop does not come to rest.");

            long before = Activity();
            Pump();
            Turn(idle == IdleTurnsToSettle - 1 ? 1 : 0);
            Pump();
            idle = Activity() == before ? idle + 1 : 0;
        }
    }

    /// <summary>Lets time pass for the loop: at once when the clock is the test's, otherwise by turning for as long.</summary>
    public virtual void Advance(TimeSpan by)
    {
        if (Time is null)
        {
            long start = Stopwatch.GetTimestamp();
            RunUntil(() => Stopwatch.GetElapsedTime(start) > by);
            return;
        }

        Time.Advance(by);
        Loop.Wake();
    }

    /// <summary>Has something outside of the loop done between its turns, such as moving the bytes of a peer.</summary>
    /// <param name="pump">What to do.</param>
    /// <param name="activity">A number that changes when it has done something; see <see cref="Settle"/>.</param>
    public void Attach(Action pump, Func<long> activity)
    {
        _pumps.Add(pump);
        _activities.Add(activity);
    }

    /// <summary>Has <see cref="Settle"/> wait until this number stands still.</summary>
    public void Watch(Func<long> activity) => _activities.Add(activity);

    /// <inheritdoc/>
    public void Dispose()
    {
        Loop.Dispose();
        DisposeHost();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what the harness made beside the loop.</summary>
    protected virtual void DisposeHost()
    {
    }

    private void Pump()
    {
        // A pump may attach another one: a listener that has accepted a peer.
        for (int i = 0; i < _pumps.Count; i++) _pumps[i]();
    }

    private long Activity()
    {
        long sum = 0;
        foreach (Func<long> activity in _activities) sum += activity();
        return sum;
    }
}

/// <summary>Drives a loop that has a wait of its own.</summary>
public sealed class OwnedLoopHarness(OwnedEventLoop loop, EventLoopOptions options) : LoopHarness(loop, options)
{
    /// <inheritdoc/>
    public override bool Turn(int maxMilliseconds = 0) => loop.RunOnce(maxMilliseconds);
}

/// <summary>Drives a loop that lives in a poll array which the test owns, one frame a turn.</summary>
public sealed class ExternalLoopHarness : LoopHarness
{
    private readonly PollFdArray _array;
    private readonly ExternalPollLoop _loop;

    /// <summary>Makes an array and the loop in it.</summary>
    public ExternalLoopHarness(EventLoopOptions options)
        : this(new PollFdArray(), options)
    {
    }

    private ExternalLoopHarness(PollFdArray array, EventLoopOptions options)
        : this(array, new ExternalPollLoop(array, options), options)
    {
    }

    private ExternalLoopHarness(PollFdArray array, ExternalPollLoop loop, EventLoopOptions options)
        : base(loop, options)
    {
        _array = array;
        _loop = loop;
    }

    /// <inheritdoc/>
    public override bool Turn(int maxMilliseconds = 0)
    {
        int reported = _array.Poll(_loop.GetTimeout(maxMilliseconds));
        foreach (ref PollFd entry in _array.Entries) _loop.ServiceFd(ref entry);
        _loop.EndFrame();
        return reported > 0;
    }
}
