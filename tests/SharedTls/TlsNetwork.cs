using System.Net;
using EventLoops.OpenSsl;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventLoops.Tests;

/// <summary>The network of a harness whose peers speak TLS: the bytes that a test sends and reads are plaintext, on the wire they are not.</summary>
internal sealed class TlsNetwork(PeerNetwork inner) : PeerNetwork
{
    private static readonly TlsContext s_server = NewServerContext();
    private static readonly TlsContext s_client = TlsContext.ForTrustingClient();

    /// <summary>A context with the certificate of the tests.</summary>
    public static TlsContext NewServerContext()
    {
        TlsCertificate[] certificates = [TlsCertificate.FromFiles(TestCertificate.Ecdsa.ChainPath, TestCertificate.Ecdsa.KeyPath)];
        return TlsContextBuilder.Build(new TlsOptions { Certificates = certificates }, certificates, new EventLoopsLog(NullLogger.Instance));
    }

    /// <summary>The client's side of a peer, which asks for a name and takes any certificate.</summary>
    public static ITlsEngine NewClientEngine(string name = "localhost") => s_client.NewClientEngine(name);

    /// <summary>The server's side of a peer.</summary>
    public static ITlsEngine NewServerEngine() => s_server.NewServerEngine();

    public override IPAddress OtherAddress => inner.OtherAddress;

    public override PeerSocket Connect(EndPoint endPoint, int receiveBuffer) =>
        new TlsPeerSocket(inner.Connect(endPoint, receiveBuffer), NewClientEngine());

    public override PeerListener Listen(EndPoint endPoint) => new TlsListener(inner.Listen(endPoint));

    public override PeerListener ListenWithoutAnswer() => inner.ListenWithoutAnswer();

    public override PeerListener BindWithoutListening() => inner.BindWithoutListening();

    private sealed class TlsListener(PeerListener listener) : PeerListener
    {
        public override EndPoint EndPoint => listener.EndPoint;

        public override PeerSocket? TryAccept(TimeSpan patience) =>
            listener.TryAccept(patience) is { } socket ? new TlsPeerSocket(socket, NewServerEngine()) : null;

        public override void Dispose() => listener.Dispose();
    }
}
