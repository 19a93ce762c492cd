using EventLoops.OpenSsl;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventLoops.Tests.Unit.Tls;

/// <summary>A client and a server of ours that shake hands through memory, made from options alone.</summary>
internal sealed class EngineHandshake : IDisposable
{
    private static readonly EventLoopsLog Log = new(NullLogger.Instance);

    private readonly byte[] _room = new byte[64 * 1024];

    /// <summary>Shakes hands, and lets each side read what the other has sent after it, such as tickets.</summary>
    public EngineHandshake(TlsContext server, TlsContext client, string host = "a.test", TlsContext.IServerNames? names = null, long now = 0)
    {
        Server = server.NewServerEngine(names, now);
        Client = client.NewClientEngine(host, 443);
        Run();
    }

    public ITlsEngine Server { get; }

    public ITlsEngine Client { get; }

    /// <summary>Whether both sides are content.</summary>
    public bool HasSucceeded => Server is { IsHandshakeDone: true, Fault: ProtocolFault.None } && Client is { IsHandshakeDone: true, Fault: ProtocolFault.None };

    /// <summary>What each side has found wrong.</summary>
    public string Faults => $"client: {Client.Fault} {Client.FaultReason}; server: {Server.Fault} {Server.FaultReason}";

    public static TlsContext ForServer(TlsOptions options)
    {
        options.Validate();
        return TlsContextBuilder.Build(options, options.Certificates, Log);
    }

    public static TlsContext ForClient(ClientTlsOptions options)
    {
        options.Validate();
        return TlsContextBuilder.Build(options, Log);
    }

    /// <summary>The subject of the certificate that a side was shown.</summary>
    public static string SubjectOf(ITlsEngine engine)
    {
        if (engine.GetPeerCertificate() is not { } der)
            return "";

        using System.Security.Cryptography.X509Certificates.X509Certificate2 certificate =
            System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(der);
        return certificate.Subject;
    }

    public void Dispose()
    {
        Server.Dispose();
        Client.Dispose();
    }

    private void Run()
    {
        byte[] toServer = [];
        byte[] toClient = [];

        // Three flights each, and what comes after them; a side that is done or has failed only listens.
        for (int i = 0; i < 8; i++)
        {
            toServer = Step(Client, toClient);
            toClient = Step(Server, toServer);
            if (toServer.Length == 0 && toClient.Length == 0)
                return;
        }
    }

    private byte[] Step(ITlsEngine engine, byte[] input)
    {
        List<byte> output = [];
        ReadOnlySpan<byte> rest = input;
        Span<byte> plaintext = stackalloc byte[1024];
        while (true)
        {
            TlsStep step = engine.IsHandshakeDone ? engine.Read(rest, plaintext, _room) : engine.Handshake(rest, _room);
            output.AddRange(_room.AsSpan(0, step.Ciphertext));
            rest = rest[step.Consumed..];
            if (step.Status is not (TlsStatus.Done or TlsStatus.Control or TlsStatus.NeedRoom))
                return [.. output];
        }
    }
}
