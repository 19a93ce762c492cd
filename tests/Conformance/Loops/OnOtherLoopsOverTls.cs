using EventLoops.IoUring;
using EventLoops.LibEv;
using EventLoops.LibUv;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// TLS is bytes, and a loop does not see whose. So each of the other loops has the suite of TLS itself and the one of messages; <see cref="OnEpollLoopOverTls"/> has all.
/// </summary>
public static class OnOtherLoopsOverTls
{
    private static readonly string? s_missing = LoopRegistry.Default.AddIoUring().FindMissing(LoopKind.IoUring);

    private static readonly LoopFactory s_poll = OverTls.On(static options => new OwnedLoopHarness(new PollLoop(options), options));
    private static readonly LoopFactory s_external = OverTls.On(static options => new ExternalLoopHarness(options));
    private static readonly LoopFactory s_libev = OverTls.On(static options => new OwnedLoopHarness(new LibEvLoop(options), options));
    private static readonly LoopFactory s_hostedLibev = OverTls.On(static options => HostedLoopHarness.On(new EvHost(), options));
    private static readonly LoopFactory s_libuv = OverTls.On(UvHost.Warmed<LoopFactory>(static options => new OwnedLoopHarness(new LibUvLoop(options), options)));
    private static readonly LoopFactory s_hostedLibuv = OverTls.On(UvHost.Warmed<LoopFactory>(static options => HostedLoopHarness.On(new UvHost(), options)));

    private static readonly LoopFactory s_ioUring = OverTls.On(static options =>
    {
        Assert.SkipWhen(s_missing is not null, s_missing ?? "");
        return new OwnedLoopHarness(new IoUringLoop(options), options);
    });

    public sealed class PollTls() : TlsSuite(s_poll);

    public sealed class PollMessages() : MessageSuite(s_poll);

    public sealed class ExternalTls() : TlsSuite(s_external);

    public sealed class ExternalMessages() : MessageSuite(s_external);

    public sealed class LibEvTls() : TlsSuite(s_libev);

    public sealed class LibEvMessages() : MessageSuite(s_libev);

    public sealed class HostedLibEvTls() : TlsSuite(s_hostedLibev);

    public sealed class HostedLibEvMessages() : MessageSuite(s_hostedLibev);

    public sealed class LibUvTls() : TlsSuite(s_libuv);

    public sealed class LibUvMessages() : MessageSuite(s_libuv);

    public sealed class HostedLibUvTls() : TlsSuite(s_hostedLibuv);

    public sealed class HostedLibUvMessages() : MessageSuite(s_hostedLibuv);

    public sealed class IoUringTls() : TlsSuite(s_ioUring);

    public sealed class IoUringMessages() : MessageSuite(s_ioUring);
}
