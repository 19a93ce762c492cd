using EventLoops.LibUv;

namespace EventLoops.Tests;

/// <summary>Drives a guest on a libuv loop of the test's: one iteration of the host a turn.</summary>
public sealed class HostedLibUvHarness : LoopHarness
{
    private readonly UvHost _host;
    private readonly UvHostTimer _limit;
    private int _depth;

    /// <summary>Makes a host and a guest on it.</summary>
    public HostedLibUvHarness(EventLoopOptions options)
        : this(new UvHost(), options)
    {
    }

    private HostedLibUvHarness(UvHost host, EventLoopOptions options)
        : base(HostedLibUvLoop.Attach(host.Loop, UvHost.Library, options), options)
    {
        _host = host;

        // Timers may come before the wait, which would begin after the limit and have none.
        _limit = host.NewTimer(host.Stop);

        // A host without anything of its own would not turn at all.
        host.NewTimer().Start(milliseconds: 1_000_000, repeat: 1_000_000);
    }

    /// <summary>What the guest runs on.</summary>
    public UvHost Host => _host;

    /// <inheritdoc/>
    public override bool Turn(int maxMilliseconds = 0)
    {
        int reported = Unhandled.Count;
        bool hasEvents = _host.HasEvents;
        if (maxMilliseconds > 0) _limit.Start(maxMilliseconds);

        _depth++;
        _host.Run(maxMilliseconds == 0 ? UvRunMode.NoWait : UvRunMode.Once);
        _depth--;

        _limit.Stop();
        if (_depth > 0) ThrowWhatWasReported(reported);
        return hasEvents;
    }

    /// <inheritdoc/>
    protected override void DisposeHost() => _host.Dispose();

    /// <summary>An iteration inside an iteration cannot be refused by throwing through libuv, so that the guest reports it. Here it is thrown after all.</summary>
    private void ThrowWhatWasReported(int before)
    {
        if (Unhandled.Count == before) return;

        Exception refusal = Unhandled[before];
        Unhandled.RemoveAt(before);
        throw refusal;
    }
}
