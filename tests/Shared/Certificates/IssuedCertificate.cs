using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EventLoops.Tests;

/// <summary>A certificate with its key, and what is needed to show it: made for one test and never stored.</summary>
public sealed class IssuedCertificate : IDisposable
{
    private readonly AsymmetricAlgorithm _key;

    internal IssuedCertificate(X509Certificate2 certificate, AsymmetricAlgorithm key, IReadOnlyList<X509Certificate2> issuers)
    {
        Certificate = certificate;
        Issuers = issuers;
        _key = key;
    }

    /// <summary>The certificate with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The intermediate certificates up to the root, which is not among them.</summary>
    public IReadOnlyList<X509Certificate2> Issuers { get; }

    /// <summary>The certificate and the intermediate ones.</summary>
    public string ChainPem => string.Join('\n', new[] { Certificate }.Concat(Issuers).Select(one => one.ExportCertificatePem())) + "\n";

    /// <summary>The key in PKCS #8.</summary>
    public string KeyPem => _key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>For the options of a host or a client.</summary>
    public TlsCertificate Tls => TlsCertificate.FromPem(ChainPem, KeyPem);

    /// <summary>The key in PKCS #8, encrypted.</summary>
    public string EncryptedKeyPem(string password) =>
        _key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 2048)) + "\n";

    /// <summary>
    /// Writes chain and key into a folder, under names made of <paramref name="name"/>, and gives their paths.
    /// </summary>
    public (string ChainFile, string KeyFile) WriteTo(string folder, string name = "server")
    {
        string chain = Path.Combine(folder, name + ".chain.pem");
        string key = Path.Combine(folder, name + ".key.pem");
        File.WriteAllText(chain, ChainPem);
        File.WriteAllText(key, KeyPem);
        return (chain, key);
    }

    /// <summary>The form in which the framework's own servers and clients take it.</summary>
    public X509Certificate2 ToPkcs12() => X509CertificateLoader.LoadPkcs12(Certificate.Export(X509ContentType.Pkcs12), password: null);

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }
}
