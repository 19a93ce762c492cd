using EventLoops.LibUv;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// TLS is bytes, and a loop does not see whose. So <see cref="OnLibUvLoop"/> has the suite of TLS itself over TLS, and those that open, move bytes and close;
/// <see cref="OnEpollLoopOverTls"/> has all.
/// </summary>
public static class OnLibUvLoopOverTls
{
    private static readonly LoopFactory s_new = OverTls.On(UvHost.Warmed<LoopFactory>(static options => new OwnedLoopHarness(new LibUvLoop(options), options)));

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
