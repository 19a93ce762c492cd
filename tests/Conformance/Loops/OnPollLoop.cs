namespace EventLoops.Tests.Conformance;

/// <summary>The suites on <see cref="PollLoop"/>.</summary>
public static class OnPollLoop
{
    private static readonly LoopFactory s_new = static options => new OwnedLoopHarness(new PollLoop(options), options);

    public sealed class Readiness() : ReadinessSuite(s_new);

    public sealed class Timers() : TimerSuite(s_new);

    public sealed class Threads() : ThreadSuite(s_new);

    public sealed class Opening() : OpeningSuite(s_new);
}
