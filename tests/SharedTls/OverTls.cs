namespace EventLoops.Tests;

/// <summary>TLS as what is between the socket and what is said, in tests that were written without it.</summary>
public sealed class OverTls : PeerLayer
{
    private static readonly OverTls s_layer = new();

    private OverTls()
    {
    }

    /// <summary>The same loop, over TLS.</summary>
    public static LoopFactory On(LoopFactory factory) => options =>
    {
        LoopHarness harness = factory(options);
        harness.Layer = s_layer;
        return harness;
    };

    /// <inheritdoc/>
    public override PeerNetwork Over(PeerNetwork network) => new TlsNetwork(network);

    /// <inheritdoc/>
    public override void Prepare(LoopContext context)
    {
        foreach (VirtualHost host in context.VirtualHosts) host.Tls ??= TlsNetwork.NewServerContext();
        context.Thread.ClientTlsContexts.Keep(ClientTlsOptions.Default, TlsContext.ForTrustingClient());
    }

    /// <inheritdoc/>
    public override Uri Over(Uri uri) => new UriBuilder(uri) { Scheme = uri.Scheme is "ws" ? "wss" : "https", Port = uri.IsDefaultPort ? -1 : uri.Port }.Uri;
}
