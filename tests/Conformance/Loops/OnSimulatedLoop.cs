using EventLoops.Simulated;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// The suites on <see cref="SimulatedLoop"/>, with peers in the simulated kernel. The readiness suite is not among them: it works on pipes, eventfds and numbers
/// moved by dup3, none of which this kernel has; what it says is said of virtual sockets in the unit tests of the loop.
/// </summary>
public static class OnSimulatedLoop
{
    private static readonly LoopFactory s_new = LoopFactories.Simulated;

    public sealed class Timers() : TimerSuite(s_new);

    public sealed class Threads() : ThreadSuite(s_new);

    public sealed class Opening() : OpeningSuite(s_new);

    public sealed class Closing() : ClosingSuite(s_new);

    public sealed class Refusals() : RefusalSuite(s_new);

    public sealed class Reentrancy() : ReentrancySuite(s_new);

    public sealed class Receiving() : ReceivingSuite(s_new);

    public sealed class Writing() : WritingSuite(s_new);

    public sealed class Http() : HttpSuite(s_new);

    public sealed class Deadlines() : DeadlineSuite(s_new);

    public sealed class Contexts() : ContextSuite(s_new);

    public sealed class VirtualHosts() : VirtualHostSuite(s_new);

    public sealed class SystemCalls() : SystemCallSuite(s_new);

    public sealed class Faults() : FaultSuite(s_new);
}
