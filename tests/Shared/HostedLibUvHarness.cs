using EventLoops.LibUv;

namespace EventLoops.Tests;

/// <summary>Drives a guest on a libuv loop of the test's: one iteration of the host a turn.</summary>
public sealed class HostedLibUvHarness : LoopHarness
{
    private readonly UvHostTimer _limit;
    private readonly bool _ownsHost;
    private int _depth;

    /// <summary>Makes a host and a guest on it.</summary>
    public HostedLibUvHarness(EventLoopOptions options)
        : this(new UvHost(), options)
    {
        _ownsHost = true;

        // A host without anything of its own would not turn at all.
        Host.NewTimer().Start(milliseconds: 1_000_000, repeat: 1_000_000);
    }

    /// <summary>Makes a guest on a host that stays the caller's.</summary>
    public HostedLibUvHarness(UvHost host, EventLoopOptions options)
        : base(HostedLibUvLoop.Attach(host.Loop, UvHost.Library, options), options)
    {
        Host = host;

        // Timers may come before the wait, which would begin after the limit and have none.
        _limit = host.NewTimer(host.Stop);
    }

    /// <summary>What the guest runs on.</summary>
    public UvHost Host { get; }

    /// <summary>How one iteration of the host is made; by default it is just run.</summary>
    public Func<UvRunMode, bool> RunHost { get => field ??= Host.Run; set; }

    /// <inheritdoc/>
    public override bool Turn(int maxMilliseconds = 0)
    {
        int reported = Unhandled.Count;
        bool hasEvents = Host.HasEvents;
        if (maxMilliseconds > 0) _limit.Start(maxMilliseconds);

        _depth++;
        RunHost(maxMilliseconds == 0 ? UvRunMode.NoWait : UvRunMode.Once);
        _depth--;

        _limit.Stop();
        if (_depth > 0) ThrowWhatWasReported(reported);
        return hasEvents;
    }

    /// <inheritdoc/>
    protected override void DisposeHost()
    {
        if (_ownsHost) Host.Dispose();
    }

    /// <summary>An iteration inside an iteration cannot be refused by throwing through libuv, so that the guest reports it. Here it is thrown after all.</summary>
    private void ThrowWhatWasReported(int before)
    {
        if (Unhandled.Count == before) return;

        Exception refusal = Unhandled[before];
        Unhandled.RemoveAt(before);
        throw refusal;
    }
}
