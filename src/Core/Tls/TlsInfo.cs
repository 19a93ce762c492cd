using EventLoops.OpenSsl;

namespace EventLoops;

/// <summary>What both sides of a connection have agreed on in their TLS handshake, and who the peer is. It does not change, and may be kept.</summary>
public sealed class TlsInfo
{
    internal TlsInfo(ITlsEngine engine)
    {
        TlsAgreement agreement = engine.Agreement;
        byte[]? certificate = engine.GetPeerCertificate();
        Version = agreement.Version;
        CipherSuite = agreement.CipherSuite;
        Group = agreement.Group;
        ApplicationProtocol = agreement.ApplicationProtocol;
        ServerName = agreement.ServerName;
        IsResumed = agreement.IsResumed;
        PeerCertificate = certificate;
        PeerSubject = certificate is null ? "" : TlsPeerCertificate.Subject(certificate);
    }

    /// <summary>The version, such as <c>TLSv1.3</c>.</summary>
    public string Version { get; }

    /// <summary>The cipher suite, such as <c>TLS_AES_256_GCM_SHA384</c>.</summary>
    public string CipherSuite { get; }

    /// <summary>The group of the key exchange, such as <c>x25519</c>; null before OpenSSL 3, and where a session went on without a key exchange.</summary>
    public string? Group { get; }

    /// <summary>What ALPN has chosen (RFC 7301); null when the client named nothing.</summary>
    public string? ApplicationProtocol { get; }

    /// <summary>The name that the client asked for (SNI, RFC 6066 3); null for none.</summary>
    public string? ServerName { get; }

    /// <summary>Whether an earlier session went on, so that there was no full handshake.</summary>
    public bool IsResumed { get; }

    /// <summary>The peer's certificate in DER (RFC 5280 4.1); empty when it has shown none.</summary>
    public ReadOnlyMemory<byte> PeerCertificate { get; }

    /// <summary>
    /// Whom the peer's certificate is made out to, as RFC 2253 writes it: <c>CN=device 7,O=Example</c>. Empty when it has shown none. A certificate that is here was
    /// verified, unless the options have forgiven something.
    /// </summary>
    public string PeerSubject { get; }
}
