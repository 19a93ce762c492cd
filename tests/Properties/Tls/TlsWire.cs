using System.Security.Authentication;
using EventLoops.OpenSsl;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventLoops.Tests.Tls;

/// <summary>A client and a server, and the wire between them, which cuts.</summary>
internal sealed class TlsWire : IDisposable
{
    // SSL_set_max_proto_version(3).
    private const int CtrlSetMaxVersion = 124;
    private const int Tls12 = 0x0303;

    private readonly Queue<int> _cuts;

    public TlsWire(TlsPeer client, TlsPeer server, IEnumerable<int>? cuts = null)
    {
        Client = client;
        Server = server;
        _cuts = new Queue<int>(cuts ?? []);
    }

    public TlsPeer Client { get; }

    public TlsPeer Server { get; }

    /// <summary>Changes bytes on their way: the bytes, and whether the client has sent them.</summary>
    public Action<byte[], bool>? Tamper { get; set; }

    public static ITlsEngine NewServer(SslProtocols protocols = SslProtocols.None) => Limited(s_server.NewServerEngine(), protocols);

    public static ITlsEngine NewClient(SslProtocols protocols = SslProtocols.None) => Limited(s_client.NewClientEngine("localhost"), protocols);

    private static readonly TlsCertificate[] s_certificates = [TlsCertificate.FromFiles(TestCertificate.Ecdsa.ChainPath, TestCertificate.Ecdsa.KeyPath)];

    private static readonly TlsContext s_server =
        TlsContextBuilder.Build(new TlsOptions { Certificates = s_certificates }, s_certificates, new EventLoopsLog(NullLogger.Instance));

    private static readonly TlsContext s_client = TlsContext.ForTrustingClient();

    public static TlsWire OfEngines(SslProtocols protocols, IEnumerable<int>? cuts = null) =>
        new(new EnginePeer(NewClient()), new EnginePeer(NewServer(protocols)), cuts);

    /// <summary>Shakes hands.</summary>
    public TlsWire Open()
    {
        Server.Start();
        Client.Start();
        Flow();
        if (!Client.IsReady || !Server.IsReady) throw new InvalidOperationException("The handshake did not come to its end.");

        return this;
    }

    /// <summary>Moves bytes until there are none left.</summary>
    public void Flow()
    {
        while (Client.Outgoing.Count > 0 || Server.Outgoing.Count > 0)
        {
            Move(Client, Server, isFromClient: true);
            Move(Server, Client, isFromClient: false);
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }

    private static unsafe ITlsEngine Limited(ITlsEngine engine, SslProtocols protocols)
    {
        if (protocols == SslProtocols.Tls12) _ = LibSsl.Instance.SslCtrl(((OpenSslEngine)engine).Ssl, CtrlSetMaxVersion, Tls12, null);
        return engine;
    }

    private void Move(TlsPeer from, TlsPeer to, bool isFromClient)
    {
        if (from.Outgoing.Count == 0) return;

        byte[] piece = from.Take(_cuts.TryDequeue(out int cut) ? Math.Max(1, cut) : int.MaxValue);
        Tamper?.Invoke(piece, isFromClient);
        to.Feed(piece);
    }
}
