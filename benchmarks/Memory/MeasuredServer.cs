using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EventLoops.Epoll;
using EventLoops.IoUring;
using EventLoops.LibEv;
using EventLoops.LibUv;

namespace EventLoops.Benchmarks.Memory;

/// <summary>The server of one case: echoes until standard input ends, prints its port as its first line, and for each line what it holds.</summary>
internal static class MeasuredServer
{
    public static int Run(MemoryCase one, ContextFlags loop)
    {
        LoopRegistry.Default.AddEpoll().AddIoUring().AddLibEv().AddLibUv();
        using CancellationTokenSource stopping = new();
        using LoopContext context = new(new LoopContextOptions
        {
            Flags = loop,
            Timeouts = new ConnectionTimeouts { KeepAlive = Timeout.InfiniteTimeSpan },
            WebSocketKeepAlive = one.KeepAlive ?? new WebSocketKeepAlive(),
            VirtualHosts =
            [
                new()
                {
                    Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                    Protocols = [new Echo()],
                    Extensions = one.Extension is null ? [] : [one.Extension],
                    Tls = one.IsTls ? new TlsOptions { Certificates = [NewCertificate()] } : null,
                },
            ],
        });
        Console.WriteLine(((IPEndPoint)context.VirtualHosts[0].LocalEndPoints[0]).Port);

        Thread watching = new(() =>
        {
            // A line asks for a collection, so that what is measured is what is held; the end of the input ends the server.
            while (Console.In.ReadLine() is not null)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                Console.WriteLine(GC.GetTotalMemory(forceFullCollection: false).ToString(CultureInfo.InvariantCulture));
            }

            stopping.Cancel();
        })
        { IsBackground = true };
        watching.Start();
        context.Run(stopping.Token);
        return 0;
    }

    private static TlsCertificate NewCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return TlsCertificate.FromPem(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private sealed class Echo() : Protocol<Echo.Session>("echo")
    {
        internal struct Session
        {
            public MessageBuffer Message;
        }

        protected override CallbackResult OnHttp(Connection connection, ref Session session, ReadOnlySpan<byte> path)
        {
            connection.Respond(200, "text/plain", "Hello, World!"u8);
            return CallbackResult.Continue;
        }

        protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            session.Message.Append(part);
            if (!info.IsFinalFragment)
                return CallbackResult.Continue;

            _ = connection.TrySend(session.Message.Span, info.Kind);
            session.Message.Clear();
            return CallbackResult.Continue;
        }

        protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close) => session.Message.Clear();
    }
}
