using EventLoops.IoUring;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// TLS is bytes, and a loop does not see whose. So <see cref="OnIoUringLoop"/> has the suite of TLS itself over TLS, and those that open, move bytes and close;
/// <see cref="OnEpollLoopOverTls"/> has all.
/// </summary>
public static class OnIoUringLoopOverTls
{
    private static readonly string? s_missing = LoopRegistry.Default.AddIoUring().FindMissing(LoopKind.IoUring);

    private static readonly LoopFactory s_new = OverTls.On(static options =>
    {
        Assert.SkipWhen(s_missing is not null, s_missing ?? "");
        return new OwnedLoopHarness(new IoUringLoop(options), options);
    });

    public sealed class Tls() : TlsSuite(s_new);

    public sealed class TlsHosts() : TlsHostSuite(s_new);

    public sealed class TlsHandshakes() : TlsHandshakeSuite(s_new);

    public sealed class Opening() : OpeningSuite(s_new);

    public sealed class Closing() : ClosingSuite(s_new);

    public sealed class Receiving() : ReceivingSuite(s_new);

    public sealed class Writing() : WritingSuite(s_new);

    public sealed class Messages() : MessageSuite(s_new);

    public sealed class Compression() : CompressionSuite(s_new);

    public sealed class HttpServer() : HttpServerSuite(s_new);

    public sealed class HttpClient() : HttpClientSuite(s_new);
}
