using System.Net;
using Xunit;

namespace EventLoops.Tests.Interop.Tls;

/// <summary>An authority, what it has issued for this machine, and files of both for foreign programs.</summary>
public sealed class TlsSite : IDisposable
{
    private readonly SiteFolder _folder = new();

    public TlsSite()
    {
        Authority = new TestAuthority();
        Ecdsa = Authority.Server("localhost", "127.0.0.1", "::1");
        Rsa = Authority.Server(TestKey.Rsa, "localhost", "127.0.0.1", "::1");
        CaFile = _folder.Write("ca.pem", Authority.Pem);
    }

    public TestAuthority Authority { get; }

    public IssuedCertificate Ecdsa { get; }

    public IssuedCertificate Rsa { get; }

    /// <summary>The file of the authority.</summary>
    public string CaFile { get; }

    /// <summary>A folder for further files.</summary>
    public string Folder => _folder.Path;

    /// <summary>For clients of ours: this authority, and nobody else.</summary>
    public ClientTlsOptions Client => new() { UseSystemStore = false, CaPem = Authority.Pem };

    /// <summary>A host of one protocol with the default options.</summary>
    internal VirtualHostOptions Host(Protocol protocol, TlsOptions? tls = null, string name = "default", EndPoint? endPoint = null) => new()
    {
        Name = name,
        Endpoints = [endPoint ?? new IPEndPoint(IPAddress.Loopback, 0)],
        Protocols = [protocol],
        Tls = tls ?? new TlsOptions { Certificates = [Ecdsa.Tls, Rsa.Tls] },
    };

    internal Task<LoopThread> StartAsync(Protocol protocol, TlsOptions? tls = null) => LoopThread.StartAsync(new EventLoopOptions(), Host(protocol, tls));

    /// <summary>Writes a program for the shell.</summary>
    public string WriteScript(string name, string script) => _folder.WriteScript(name, script);

    /// <summary>Writes something for a foreign program.</summary>
    public (string ChainFile, string KeyFile) Write(IssuedCertificate certificate, string name) => certificate.WriteTo(_folder.Path, name);

    public void Dispose()
    {
        Ecdsa.Dispose();
        Rsa.Dispose();
        Authority.Dispose();
        _folder.Dispose();
    }
}
