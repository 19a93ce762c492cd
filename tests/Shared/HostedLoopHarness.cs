namespace EventLoops.Tests;

/// <summary>Drives a guest on somebody else's loop: one iteration of the host a turn.</summary>
public sealed class HostedLoopHarness : LoopHarness
{
    private readonly ForeignTimer _limit;
    private readonly bool _ownsHost;
    private int _depth;

    /// <summary>Makes a guest on a host that stays the caller's.</summary>
    /// <param name="host">The host.</param>
    /// <param name="options">The clock and the system calls.</param>
    public HostedLoopHarness(ForeignHost host, EventLoopOptions options)
        : this(host, options, ownsHost: false)
    {
    }

    private HostedLoopHarness(ForeignHost host, EventLoopOptions options, bool ownsHost)
        : base(host.Attach(options), options)
    {
        Host = host;
        _ownsHost = ownsHost;

        // Some loops call timers before the wait, which would begin after the limit and have none.
        _limit = host.NewTimer(host.Stop);
    }

    /// <summary>What the guest runs on.</summary>
    public ForeignHost Host { get; }

    /// <summary>The guest.</summary>
    public HostedEventLoop Guest => (HostedEventLoop)Loop;

    /// <summary>How one iteration of the host is made; by default it is just run.</summary>
    public Func<HostRun, bool> RunHost { get => field ??= Host.Run; set; }

    /// <summary>Makes a guest on a host of its own.</summary>
    public static HostedLoopHarness On(ForeignHost host, EventLoopOptions options)
    {
        HostedLoopHarness harness = new(host, options, ownsHost: true);

        // A host without anything of its own would not turn, or not wait.
        host.NewTimer().Start(milliseconds: 1_000_000, repeat: 1_000_000);
        return harness;
    }

    /// <inheritdoc/>
    public override bool Turn(int maxMilliseconds = 0)
    {
        int reported = Unhandled.Count;
        if (maxMilliseconds > 0) _limit.Start(maxMilliseconds);

        _depth++;
        RunHost(maxMilliseconds == 0 ? HostRun.NoWait : HostRun.Once);
        _depth--;

        _limit.Stop();
        if (_depth > 0) ThrowWhatWasReported(reported);
        return Host.HasReported;
    }

    /// <inheritdoc/>
    protected override void DisposeHost()
    {
        if (_ownsHost) Host.Dispose();
    }

    /// <summary>An iteration inside an iteration cannot be refused by throwing through a native frame, so that the guest reports it. Here it is thrown after all.</summary>
    private void ThrowWhatWasReported(int before)
    {
        if (Unhandled.Count == before) return;

        Exception refusal = Unhandled[before];
        Unhandled.RemoveAt(before);
        throw refusal;
    }
}
