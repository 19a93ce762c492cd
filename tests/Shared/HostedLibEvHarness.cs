using EventLoops.LibEv;

namespace EventLoops.Tests;

/// <summary>Drives a guest on a libev loop of the test's: one iteration of the host a turn.</summary>
public sealed class HostedLibEvHarness : LoopHarness
{
    // The guest's own ev_check, which every iteration makes pending.
    private const int AlwaysPending = 1;

    private readonly EvHostTimer _limit;
    private readonly bool _ownsHost;
    private int _depth;

    /// <summary>Makes a host and a guest on it.</summary>
    public HostedLibEvHarness(EventLoopOptions options)
        : this(new EvHost(), options)
    {
        _ownsHost = true;

        // A host without anything of its own would not wait at all.
        Host.NewTimer().Start(milliseconds: 1_000_000, repeat: 1_000_000);
    }

    /// <summary>Makes a guest on a host that stays the caller's.</summary>
    public HostedLibEvHarness(EvHost host, EventLoopOptions options)
        : base(HostedLibEvLoop.Attach(host.Loop, EvHost.Library, options), options)
    {
        Host = host;
        _limit = host.NewTimer();
    }

    /// <summary>What the guest runs on.</summary>
    public EvHost Host { get; }

    /// <summary>How one iteration of the host is made; by default it is just run.</summary>
    public Func<EvRunMode, bool> RunHost { get => field ??= Host.Run; set; }

    /// <inheritdoc/>
    public override bool Turn(int maxMilliseconds = 0)
    {
        int reported = Unhandled.Count;
        if (maxMilliseconds > 0) _limit.Start(maxMilliseconds);

        _depth++;
        RunHost(maxMilliseconds == 0 ? EvRunMode.NoWait : EvRunMode.Once);
        _depth--;

        _limit.Stop();
        if (_depth > 0) ThrowWhatWasReported(reported);
        return Host.LastEvents > AlwaysPending;
    }

    /// <inheritdoc/>
    protected override void DisposeHost()
    {
        if (_ownsHost) Host.Dispose();
    }

    /// <summary>An iteration inside an iteration cannot be refused by throwing through libev, so that the guest reports it. Here it is thrown after all.</summary>
    private void ThrowWhatWasReported(int before)
    {
        if (Unhandled.Count == before) return;

        Exception refusal = Unhandled[before];
        Unhandled.RemoveAt(before);
        throw refusal;
    }
}
