using System.Security.Cryptography.X509Certificates;

namespace EventLoops;

/// <summary>
/// A certificate with its private key and the certificates that lead from it to a root that the peers know. It only says where they are: they are read, and tried
/// against each other, when a host is made or a certificate replaced, and when a client first connects with them.
/// </summary>
public sealed class TlsCertificate
{
    private TlsCertificate()
    {
    }

    /// <summary>The file of the chain, for one that comes from files; else null.</summary>
    public string? ChainFile { get; private init; }

    /// <summary>The file of the key, for one that comes from files; else null.</summary>
    public string? KeyFile { get; private init; }

    internal string? ChainPem { get; private init; }

    internal string? KeyPem { get; private init; }

    internal string? Password { get; private init; }

    internal X509Certificate2? Certificate { get; private init; }

    internal IReadOnlyList<X509Certificate2> Issuers { get; private init; } = [];

    /// <summary>Files in PEM (RFC 7468), as certificate authorities and their tools write them.</summary>
    /// <param name="chainFile">The certificate, then the intermediate ones in their order; the root may be left out.</param>
    /// <param name="keyFile">The private key in PKCS #8 or in the traditional form; it may be the same file.</param>
    /// <param name="password">What the key is encrypted with; null when it is not.</param>
    /// <returns>The certificate. The files are read again whenever it is used again, so that a renewed one is found in its place.</returns>
    /// <exception cref="ArgumentException">A path is empty.</exception>
    public static TlsCertificate FromFiles(string chainFile, string keyFile, string? password = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(chainFile);
        ArgumentException.ThrowIfNullOrEmpty(keyFile);
        return new TlsCertificate { ChainFile = chainFile, KeyFile = keyFile, Password = password };
    }

    /// <summary>Text in PEM (RFC 7468), from wherever secrets are kept.</summary>
    /// <param name="chain">The certificate, then the intermediate ones in their order; the root may be left out.</param>
    /// <param name="key">The private key in PKCS #8 or in the traditional form; it may be the same text.</param>
    /// <param name="password">What the key is encrypted with; null when it is not.</param>
    /// <returns>The certificate.</returns>
    /// <exception cref="ArgumentException">A text is empty.</exception>
    public static TlsCertificate FromPem(string chain, string key, string? password = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(chain);
        ArgumentException.ThrowIfNullOrEmpty(key);
        return new TlsCertificate { ChainPem = chain, KeyPem = key, Password = password };
    }

    /// <summary>
    /// A certificate of the framework with its RSA or ECDSA key, from a PKCS #12 file or a store. The key need not be exportable: OpenSSL is given the handle that the
    /// framework has.
    /// </summary>
    /// <param name="certificate">The certificate; it has a private key, and must not be disposed while something uses it.</param>
    /// <param name="issuers">The intermediate certificates in their order; null for none.</param>
    /// <returns>The certificate.</returns>
    /// <exception cref="ArgumentException">The certificate has no private key.</exception>
    public static TlsCertificate From(X509Certificate2 certificate, IEnumerable<X509Certificate2>? issuers = null)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (!certificate.HasPrivateKey)
            throw new ArgumentException($"The certificate of '{certificate.Subject}' has no private key.", nameof(certificate));

        return new TlsCertificate { Certificate = certificate, Issuers = issuers is null ? [] : [.. issuers] };
    }

    /// <summary>For a log: where it comes from, and nothing that is secret.</summary>
    /// <returns>The file or the subject.</returns>
    public override string ToString() => ChainFile ?? Certificate?.Subject ?? "PEM text";
}
