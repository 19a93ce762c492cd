namespace EventLoops.Tests.Conformance;

/// <summary>The suites on <see cref="ExternalPollLoop"/>, in an array that the test owns and serves frame by frame.</summary>
public static class OnExternalPollLoop
{
    private static readonly LoopFactory s_new = static options => new ExternalLoopHarness(options);

    public sealed class Readiness() : ReadinessSuite(s_new);

    public sealed class Timers() : TimerSuite(s_new);

    public sealed class Threads() : ThreadSuite(s_new);

    public sealed class Opening() : OpeningSuite(s_new);
}
