using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EventLoops.Tests;

/// <summary>A certificate for <c>localhost</c>, <c>test</c> and 127.0.0.1 that nobody but its maker vouches for, as files and as the framework has it. Made once a process.</summary>
public sealed class TestCertificate
{
    private static readonly Lazy<TestCertificate> s_ecdsa = new(() => new TestCertificate(isRsa: false));
    private static readonly Lazy<TestCertificate> s_rsa = new(() => new TestCertificate(isRsa: true));

    private TestCertificate(bool isRsa)
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X500DistinguishedName name = new("CN=localhost");
        CertificateRequest request = isRsa
            ? new CertificateRequest(name, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(name, ecdsa, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        names.AddDnsName("test");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        Certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(1));
        ChainPem = Certificate.ExportCertificatePem();
        KeyPem = isRsa ? rsa.ExportPkcs8PrivateKeyPem() : ecdsa.ExportPkcs8PrivateKeyPem();

        DirectoryInfo folder = Directory.CreateTempSubdirectory("eventloops-certificate-");
        ChainPath = Path.Combine(folder.FullName, "chain.pem");
        KeyPath = Path.Combine(folder.FullName, "key.pem");
        File.WriteAllText(ChainPath, ChainPem);
        File.WriteAllText(KeyPath, KeyPem);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Delete(recursive: true);
    }

    /// <summary>One with a key on P-256.</summary>
    public static TestCertificate Ecdsa => s_ecdsa.Value;

    /// <summary>One with an RSA key of 2048 bits.</summary>
    public static TestCertificate Rsa => s_rsa.Value;

    /// <summary>With its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The certificate as PEM.</summary>
    public string ChainPem { get; }

    /// <summary>Its key as PEM.</summary>
    public string KeyPem { get; }

    /// <summary>The file of the certificate.</summary>
    public string ChainPath { get; }

    /// <summary>The file of its key.</summary>
    public string KeyPath { get; }
}
