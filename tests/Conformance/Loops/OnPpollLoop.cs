using MyLoops;

namespace EventLoops.Tests.Conformance;

/// <summary>The suites on the loop of docs/writing-a-backend.md.</summary>
public static class OnPpollLoop
{
    private static readonly LoopFactory s_new = static options => new OwnedLoopHarness(new PpollLoop(options), options);

    public sealed class Readiness() : ReadinessSuite(s_new);

    public sealed class RealKernel() : RealKernelSuite(s_new);

    public sealed class Timers() : TimerSuite(s_new);

    public sealed class Threads() : ThreadSuite(s_new);

    public sealed class Opening() : OpeningSuite(s_new);

    public sealed class SystemCalls() : SystemCallSuite(s_new);
}
