using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>The suites on <see cref="OnIoUringCompletionLoop"/>, over TLS: those of <see cref="OnEpollLoopOverTls"/>, which says what is left out.</summary>
public static class OnIoUringCompletionLoopOverTls
{
    private static readonly LoopFactory s_new = OverTls.On(static options =>
    {
        Assert.SkipWhen(CompletionLoopHarness.Missing is not null, CompletionLoopHarness.Missing ?? "");
        return CompletionLoopHarness.New(options);
    });

    public sealed class Tls() : TlsSuite(s_new);

    public sealed class TlsHosts() : TlsHostSuite(s_new);

    public sealed class TlsHandshakes() : TlsHandshakeSuite(s_new);

    public sealed class Opening() : OpeningSuite(s_new);

    public sealed class Closing() : ClosingSuite(s_new);

    public sealed class Refusals() : RefusalSuite(s_new);

    public sealed class Reentrancy() : ReentrancySuite(s_new);

    public sealed class Receiving() : ReceivingSuite(s_new);

    public sealed class Writing() : WritingSuite(s_new);

    public sealed class Messages() : MessageSuite(s_new);

    public sealed class MessageWriters() : MessageWriterSuite(s_new);

    public sealed class Control() : ControlSuite(s_new);

    public sealed class KeepAlive() : KeepAliveSuite(s_new);

    public sealed class KeepAliveSettings() : KeepAliveSettingSuite(s_new);

    public sealed class Upgrading() : UpgradingSuite(s_new);

    public sealed class Extensions() : ExtensionSuite(s_new);

    public sealed class Prepared() : PreparedSuite(s_new);

    public sealed class CompressionAgreement() : CompressionAgreementSuite(s_new);

    public sealed class Compression() : CompressionSuite(s_new);

    public sealed class Http() : HttpSuite(s_new);

    public sealed class Mounts() : MountSuite(s_new);

    public sealed class FileMounts() : FileMountSuite(s_new);

    public sealed class ReverseProxies() : ReverseProxySuite(s_new);

    public sealed class ReverseProxyFlow() : ReverseProxyFlowSuite(s_new);

    public sealed class ReverseProxyTunnels() : ReverseProxyTunnelSuite(s_new);

    public sealed class ReverseProxyCosts() : ReverseProxyCostSuite(s_new);

    public sealed class HttpServer() : HttpServerSuite(s_new);

    public sealed class HttpClient() : HttpClientSuite(s_new);

    public sealed class HttpClientRequests() : HttpClientRequestSuite(s_new);

    public sealed class KeptSockets() : KeptSocketSuite(s_new);

    public sealed class Deadlines() : DeadlineSuite(s_new);

    public sealed class Contexts() : ContextSuite(s_new);

    public sealed class SystemCalls() : SystemCallSuite(s_new);

    public sealed class Faults() : FaultSuite(s_new);
}
