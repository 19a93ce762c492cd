using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EventLoops.Tests;

/// <summary>
/// An authority that a test trusts: it issues certificates of every kind, good and bad. Its keys are made when it is made and live as long as it does.
/// </summary>
public sealed class TestAuthority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly AsymmetricAlgorithm _key;
    private readonly IReadOnlyList<X509Certificate2> _chain;

    /// <summary>Makes a root.</summary>
    public TestAuthority(string name = "EventLoops test root", TestKey key = TestKey.Ecdsa)
    {
        _key = NewKey(key);
        CertificateRequest request = NewAuthorityRequest(name, _key);
        Certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(10));
        _chain = [];
    }

    private TestAuthority(X509Certificate2 certificate, AsymmetricAlgorithm key, IReadOnlyList<X509Certificate2> chain)
    {
        Certificate = certificate;
        _key = key;
        _chain = chain;
    }

    /// <summary>Its own certificate.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Its own certificate, for whoever is to trust it.</summary>
    public string Pem => Certificate.ExportCertificatePem() + "\n";

    /// <summary>A certificate that nobody else has signed.</summary>
    public static IssuedCertificate SelfSigned(string[] names, TestKey key = TestKey.Ecdsa)
    {
        AsymmetricAlgorithm own = NewKey(key);
        CertificateRequest request = NewRequest($"CN={names[0]}", own, names, ServerAuthentication);
        using X509Certificate2 bare = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(5));
        return new IssuedCertificate(X509CertificateLoader.LoadPkcs12(bare.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable), own, []);
    }

    /// <summary>An authority below this one.</summary>
    public TestAuthority Intermediate(string name = "EventLoops test intermediate", TestKey key = TestKey.Ecdsa)
    {
        AsymmetricAlgorithm own = NewKey(key);
        X509Certificate2 certificate = Sign(NewAuthorityRequest(name, own), DateTimeOffset.UtcNow.AddDays(-9), DateTimeOffset.UtcNow.AddDays(9));
        return new TestAuthority(certificate, own, [certificate, .. _chain]);
    }

    /// <summary>A certificate for a server of these names and addresses.</summary>
    public IssuedCertificate Server(params string[] names) => Server(TestKey.Ecdsa, names);

    /// <inheritdoc cref="Server(string[])" />
    public IssuedCertificate Server(TestKey key, params string[] names) => Issue($"CN={names[0]}", key, names, ServerAuthentication);

    /// <summary>One whose time was over a day ago.</summary>
    public IssuedCertificate Expired(params string[] names) =>
        Issue($"CN={names[0]}", TestKey.Ecdsa, names, ServerAuthentication, DateTimeOffset.UtcNow.AddDays(-5), DateTimeOffset.UtcNow.AddDays(-1));

    /// <summary>One whose time begins tomorrow.</summary>
    public IssuedCertificate NotYetValid(params string[] names) =>
        Issue($"CN={names[0]}", TestKey.Ecdsa, names, ServerAuthentication, DateTimeOffset.UtcNow.AddDays(1), DateTimeOffset.UtcNow.AddDays(5));

    /// <summary>One for a client, made out to a name such as <c>device 7</c>.</summary>
    public IssuedCertificate Client(string name, TestKey key = TestKey.Ecdsa) => Issue($"CN={name}, O=Example", key, [], ClientAuthentication);

    /// <summary>One for a client whose time was over a day ago.</summary>
    public IssuedCertificate ExpiredClient(string name) =>
        Issue($"CN={name}, O=Example", TestKey.Ecdsa, [], ClientAuthentication, DateTimeOffset.UtcNow.AddDays(-5), DateTimeOffset.UtcNow.AddDays(-1));

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }

    private static AsymmetricAlgorithm NewKey(TestKey key) => key == TestKey.Rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static CertificateRequest NewRequest(string subject, AsymmetricAlgorithm key) => key is RSA rsa
        ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
        : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);

    private static CertificateRequest NewAuthorityRequest(string name, AsymmetricAlgorithm key)
    {
        CertificateRequest request = NewRequest($"CN={name}", key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }

    private static CertificateRequest NewRequest(string subject, AsymmetricAlgorithm key, string[] names, string purpose)
    {
        CertificateRequest request = NewRequest(subject, key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | (key is RSA ? X509KeyUsageFlags.KeyEncipherment : 0), critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (names.Length == 0)
            return request;

        SubjectAlternativeNameBuilder alternatives = new();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        return request;
    }

    private IssuedCertificate Issue(string subject, TestKey key, string[] names, string purpose, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        AsymmetricAlgorithm own = NewKey(key);
        CertificateRequest request = NewRequest(subject, own, names, purpose);
        using X509Certificate2 bare = Sign(request, from ?? DateTimeOffset.UtcNow.AddDays(-1), to ?? DateTimeOffset.UtcNow.AddDays(5));
        X509Certificate2 certificate = own is RSA rsa ? bare.CopyWithPrivateKey(rsa) : bare.CopyWithPrivateKey((ECDsa)own);
        return new IssuedCertificate(certificate, own, _chain);
    }

    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset from, DateTimeOffset to)
    {
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        X509SignatureGenerator generator = _key is RSA rsa ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1) : X509SignatureGenerator.CreateForECDsa((ECDsa)_key);
        return request.Create(Certificate.SubjectName, generator, from, to, RandomNumberGenerator.GetBytes(16));
    }
}
