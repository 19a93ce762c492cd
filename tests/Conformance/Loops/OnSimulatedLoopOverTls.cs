namespace EventLoops.Tests.Conformance;

/// <summary>The suites that move bytes, on the simulated kernel over TLS: nothing but the kernel is different from <see cref="OnEpollLoopOverTls"/>.</summary>
public static class OnSimulatedLoopOverTls
{
    private static readonly LoopFactory s_new = OverTls.On(LoopFactories.Simulated);

    public sealed class Tls() : TlsSuite(s_new);

    public sealed class TlsHosts() : TlsHostSuite(s_new);

    public sealed class TlsHandshakes() : TlsHandshakeSuite(s_new);

    public sealed class Opening() : OpeningSuite(s_new);

    public sealed class Closing() : ClosingSuite(s_new);

    public sealed class Receiving() : ReceivingSuite(s_new);

    public sealed class Writing() : WritingSuite(s_new);

    public sealed class Messages() : MessageSuite(s_new);

    public sealed class Prepared() : PreparedSuite(s_new);

    public sealed class Compression() : CompressionSuite(s_new);

    public sealed class FileMounts() : FileMountSuite(s_new);

    public sealed class HttpServer() : HttpServerSuite(s_new);

    public sealed class HttpClient() : HttpClientSuite(s_new);

    public sealed class KeptSockets() : KeptSocketSuite(s_new);

    public sealed class SystemCalls() : SystemCallSuite(s_new);
}
