using System.Net;

namespace EventLoops.Simulated;

/// <summary>
/// A kernel inside the process, for tests: sockets that exist nowhere else, a clock that moves only when everybody waits, and faults on demand. A
/// <see cref="SimulatedLoop"/> runs on it; <see cref="SimulatedPeer"/> and <see cref="SimulatedListener"/> are the world outside, which the test plays.
/// The same script and the same calls give the same run, to the byte.
/// <para>
/// Descriptors begin at <see cref="FirstDescriptor"/>, so that none is ever a real one, and the lowest free number is given out first, as Linux does.
/// All members may be called on any thread; a run is only repeatable when one thread makes all calls.
/// </para>
/// </summary>
public sealed partial class SimulatedKernel
{
    /// <summary>The lowest number of a virtual descriptor: 100,000.</summary>
    public const int FirstDescriptor = 100_000;

    private readonly object _gate = new();
    private readonly SimulatedTime _time = new();
    private readonly KernelTrace _trace = new();
    private readonly PriorityQueue<Action, (long Due, long Age)> _scheduled = new();
    private long _scheduledCount;
    private Chance _chance;

    /// <summary>Makes a kernel.</summary>
    /// <param name="script">How it behaves; null for a friendly one. <see cref="KernelScript.Random"/> makes a difficult one.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number of the script is out of its range.</exception>
    public SimulatedKernel(KernelScript? script = null)
    {
        Script = (script ?? new KernelScript()).Validated();
        _chance = new Chance(Script.Seed);
        Sockets = new SimulatedSocketIo(this);
    }

    /// <summary>How the kernel behaves, with the faults that were added by <see cref="Fail"/>. Its <c>ToString</c> is the C# that makes it again.</summary>
    public KernelScript Script { get; private set; }

    /// <summary>The clock: it begins at zero and on 2000-01-01 UTC. It makes no timers (<see cref="NotSupportedException"/>); the loop does.</summary>
    public TimeProvider Time => _time;

    /// <summary>How much virtual time has passed.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(_time.Ticks);

    /// <summary>The system calls on this kernel's sockets.</summary>
    public SocketIo Sockets { get; }

    /// <summary>What happened last, one line each: time, call, descriptor, size, result. The last 512 lines are kept.</summary>
    public string Trace
    {
        get
        {
            lock (_gate) return _trace.ToString();
        }
    }

    /// <summary>
    /// Runs a test on one difficult kernel after another (<see cref="KernelScript.Random"/>), with the seeds <paramref name="firstSeed"/>, <paramref name="firstSeed"/>
    /// + 1 and so on.
    /// </summary>
    /// <param name="runs">How many.</param>
    /// <param name="test">The test. What it throws ends the runs.</param>
    /// <param name="firstSeed">The first seed.</param>
    /// <exception cref="SimulationException">A run has failed: the message names the script that repeats it; the test's exception is inside.</exception>
    public static void Explore(int runs, Action<SimulatedKernel> test, ulong firstSeed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(runs);
        ArgumentNullException.ThrowIfNull(test);
        for (int run = 0; run < runs; run++)
        {
            SimulatedKernel kernel = new(KernelScript.Random(firstSeed + (ulong)run));
            try
            {
                test(kernel);
            }
            catch (Exception exception)
            {
                throw new SimulationException($"Run {run + 1} of {runs} failed, with seed {kernel.Script.Seed}: {exception.Message}", kernel, exception);
            }
        }
    }

    /// <summary>Has something done at a time of the virtual clock, on the thread that moves the clock there: what the world does meanwhile.</summary>
    /// <param name="dueIn">From now on; zero is the next wait.</param>
    /// <param name="action">What to do.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative time.</exception>
    public void Schedule(TimeSpan dueIn, Action action)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dueIn, TimeSpan.Zero);
        ArgumentNullException.ThrowIfNull(action);
        lock (_gate)
        {
            _scheduled.Enqueue(action, (_time.Ticks + dueIn.Ticks, _scheduledCount++));
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Moves the clock, and does what was scheduled on the way. Loops notice in their next turn.</summary>
    /// <param name="by">How far.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative time.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        long end = _time.Ticks + by.Ticks;
        while (TryTakeScheduled(end, out Action? action)) action();

        lock (_gate)
        {
            _time.Ticks = Math.Max(_time.Ticks, end);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>A peer that connects to a listener of the program under test. It can send at once; whether it was answered is <see cref="SimulatedPeer.IsConnected"/>.</summary>
    /// <param name="port">The port of the listener, of either family.</param>
    public SimulatedPeer Connect(int port) => Connect(new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>A peer that connects to a listener of the program under test.</summary>
    /// <param name="endPoint">Where the listener is: an address, of which only family and port count, or a Unix path.</param>
    public SimulatedPeer Connect(EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        lock (_gate)
        {
            VirtualSocket socket = NewSocket(endPoint.AddressFamily);
            StartConnecting(socket, endPoint, anyFamily: true);
            return new SimulatedPeer(this, socket);
        }
    }

    /// <summary>A listener that the test plays, for a program under test that connects.</summary>
    /// <param name="port">The port; 0 takes a free one.</param>
    /// <exception cref="InvalidOperationException">The port is taken.</exception>
    public SimulatedListener Listen(int port) => Listen(new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>A listener that the test plays, for a program under test that connects.</summary>
    /// <param name="endPoint">Where: an address, of which only family and port count, or a Unix path.</param>
    /// <exception cref="InvalidOperationException">The address is taken.</exception>
    public SimulatedListener Listen(EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        lock (_gate)
        {
            VirtualSocket socket = NewSocket(endPoint.AddressFamily);
            IoResult bound = BindTo(socket, endPoint);
            if (bound.IsError) throw new InvalidOperationException($"{endPoint} is taken: {bound}.");

            StartListening(socket, backlog: int.MaxValue);
            return new SimulatedListener(this, socket);
        }
    }

    /// <summary>The script and the trace: what to print when a test fails.</summary>
    public override string ToString() => $"new SimulatedKernel({Script})\n{Trace}";

    internal object Gate => _gate;

    internal void TellOthers() => Monitor.PulseAll(_gate);

    internal void Note(string what, int number, int size, IoResult result) => _trace.Add(_time.Ticks, what, number, size, result);

    /// <summary>Takes what is due first, unless that is later than <paramref name="end"/>, and moves the clock to it.</summary>
    private bool TryTakeScheduled(long end, out Action action)
    {
        lock (_gate)
        {
            if (!_scheduled.TryPeek(out action!, out (long Due, long Age) next) || next.Due > end) return false;

            _scheduled.Dequeue();
            _time.Ticks = Math.Max(_time.Ticks, next.Due);
            return true;
        }
    }
}
