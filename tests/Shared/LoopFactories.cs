using EventLoops.Epoll;
using EventLoops.IoUring;
using EventLoops.LibEv;
using EventLoops.LibUv;

namespace EventLoops.Tests;

/// <summary>Every loop there is, by name, for tests that compare them with each other.</summary>
public static class LoopFactories
{
    /// <summary>The name of io_uring with completion.</summary>
    public const string Completion = "io_uring, completion";

    /// <summary>The loops on the kernel of this machine; io_uring is one of them where the kernel has it and allows it.</summary>
    public static IReadOnlyList<(string Name, LoopFactory New)> Real { get; } =
    [
        ("poll", static options => new OwnedLoopHarness(new PollLoop(options), options)),
        ("external", static options => new ExternalLoopHarness(options)),
        ("epoll", static options => new OwnedLoopHarness(new EpollLoop(options), options)),
        ("libev", static options => new OwnedLoopHarness(new LibEvLoop(options), options)),
        ("libev, hosted", static options => HostedLoopHarness.On(new EvHost(), options)),
        ("libuv", UvHost.Warmed<LoopFactory>(static options => new OwnedLoopHarness(new LibUvLoop(options), options))),
        ("libuv, hosted", static options => HostedLoopHarness.On(new UvHost(), options)),
        .. IoUringWhereAllowed(),
        .. CompletionWherePossible(),
    ];

    /// <summary>The loop on the simulated kernel, a friendly one.</summary>
    public static LoopFactory Simulated { get; } = static options => SimulatedLoopHarness.New(options);

    private static (string Name, LoopFactory New)[] IoUringWhereAllowed() => LoopRegistry.Default.AddIoUring().FindMissing(LoopKind.IoUring) is null
        ? [("io_uring", static options => new OwnedLoopHarness(new IoUringLoop(options), options))]
        : [];

    private static (string Name, LoopFactory New)[] CompletionWherePossible() =>
        CompletionLoopHarness.Missing is null ? [(Completion, CompletionLoopHarness.New)] : [];
}
