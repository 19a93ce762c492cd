namespace EventLoops;

/// <summary>
/// TLS of a virtual host. Everything is tried when the host is made: what OpenSSL does not take is one <see cref="ArgumentException"/> that names the member
/// here and says OpenSSL's reason. What is left as it is passes the usual scanners: TLS 1.2 and 1.3, ECDHE with authenticated encryption only, no compression, no
/// renegotiation.
/// </summary>
public sealed class TlsOptions
{
    private const int MostTickets = 16;

    /// <summary>
    /// What the host shows: one certificate, or one for each kind of key (RSA, ECDSA), of which every client gets the one that it can use. At least one.
    /// <see cref="VirtualHost.ReloadCertificates"/> replaces them.
    /// </summary>
    public required IReadOnlyList<TlsCertificate> Certificates { get; init; }

    /// <summary>The oldest version that is spoken. Default 1.2.</summary>
    public TlsVersion MinVersion { get; init; } = TlsVersion.Tls12;

    /// <summary>The newest version that is spoken. Default 1.3.</summary>
    public TlsVersion MaxVersion { get; init; } = TlsVersion.Tls13;

    /// <summary>
    /// The cipher suites of TLS 1.2 in the words of <c>openssl ciphers</c>: the original's <c>ssl_cipher_list</c>. Null, the default, is
    /// <c>ECDHE+AESGCM:ECDHE+CHACHA20</c>: forward secrecy and authenticated encryption, and nothing else (RFC 9325 4.2).
    /// </summary>
    public string? CipherList { get; init; }

    /// <summary>The cipher suites of TLS 1.3 by name, the preferred first, such as <c>TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384</c>. Null, the default, leaves them to
    /// OpenSSL, all of whose five are good.</summary>
    public string? CipherSuites { get; init; }

    /// <summary>
    /// The groups for key exchange, the preferred first, such as <c>X25519:P-256</c>. Null, the default, is X25519, P-256 and P-384, and before them X25519MLKEM768
    /// where OpenSSL has it (3.5).
    /// </summary>
    public string? EcdhGroups { get; init; }

    /// <summary>Whether the server's order of suites counts and not the client's. Default true; a client that puts ChaCha20 first has no AES instructions and gets it all the same.</summary>
    public bool PreferServerCiphers { get; init; } = true;

    /// <summary>
    /// Whether clients get session tickets (RFC 5077, RFC 8446 4.6.1), by which they come back without a full handshake while the server keeps nothing. The keys are
    /// made whenever certificates are loaded, again after 24 hours (RFC 9325 3.4), and are never written down. Default true.
    /// </summary>
    public bool SessionTickets { get; init; } = true;

    /// <summary>
    /// How many tickets a TLS 1.3 client gets after its handshake; a browser opens several connections at once and needs one for each. Default 2, as in OpenSSL; 0 to 16.
    /// </summary>
    public int TicketCount { get; init; } = 2;

    /// <summary>
    /// How many sessions the server remembers for clients that come back by number (RFC 5246 7.3), or whose tickets are off. 0 for none. Default 20,480, OpenSSL's
    /// own; one takes about 1 KiB, and clients with tickets take none.
    /// </summary>
    public int SessionCacheSize { get; init; } = 20_480;

    /// <summary>How long a client may come back to its session, by ticket or by number. Default 2 h; at least 1 s, at most 7 days (RFC 8446 4.6.1).</summary>
    public TimeSpan SessionLifetime { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Whether clients are asked for certificates. Default not. Other than <see cref="ClientCertificateMode.None"/> needs <see cref="ClientCaFile"/> or <see cref="ClientCaPem"/>,
    /// or a callback that may loosen.</summary>
    public ClientCertificateMode ClientCertificates { get; init; }

    /// <summary>A file of the authorities, in PEM, whose client certificates are good. The system's own are never asked: they vouch for servers. Default none.</summary>
    public string? ClientCaFile { get; init; }

    /// <summary>The same as text. Both together are one list. Default none.</summary>
    public string? ClientCaPem { get; init; }

    /// <summary>A look of your own at each client certificate, after OpenSSL's. It can turn a client away; see <see cref="VerifyClientMayLoosen"/>. Default none.</summary>
    public TlsPeerCallback? VerifyClient { get; init; }

    /// <summary>
    /// Whether <see cref="VerifyClient"/> also decides about certificates that OpenSSL does not trust, so that its yes lets them in. Default false: then it can only tighten.
    /// </summary>
    public bool VerifyClientMayLoosen { get; init; }

    /// <summary>
    /// The application protocols that are offered (RFC 7301), the preferred first. Default <c>http/1.1</c>. A client that names only others is refused with
    /// <c>no_application_protocol</c> (RFC 7301 3.2); one that names none is served. Empty takes no part in it.
    /// </summary>
    public IReadOnlyList<string> AlpnProtocols { get; init; } = ["http/1.1"];

    /// <summary>
    /// Whether a client that does not begin with TLS is served as it is, on the same port: the original's <c>LWS_SERVER_OPTION_ALLOW_NON_SSL_ON_SSL_PORT</c>. Default
    /// false: it is answered 400.
    /// </summary>
    public bool AllowNonTlsOnTlsPort { get; init; }

    /// <summary>
    /// Whether such a client is sent to <c>https://</c> with the same host, path and query: 301, or 308 where a method is to be kept. The original's
    /// <c>LWS_SERVER_OPTION_REDIRECT_HTTP_TO_HTTPS</c>. It needs no <see cref="AllowNonTlsOnTlsPort"/>, and goes before it. Default false.
    /// </summary>
    public bool RedirectHttpToHttps { get; init; }

    internal bool TakesPlain => AllowNonTlsOnTlsPort || RedirectHttpToHttps;

    internal void Validate()
    {
        if (Certificates is null || Certificates.Count == 0 || Certificates.Any(certificate => certificate is null))
            throw TlsChecks.Wrong(nameof(Certificates), "needs at least one certificate, and none that is null.");

        TlsChecks.Versions(MinVersion, MaxVersion);
        TlsChecks.Alpn(AlpnProtocols);
        if (TicketCount is < 0 or > MostTickets)
            throw TlsChecks.Wrong(nameof(TicketCount), $"must lie between 0 and {MostTickets}.");
        if (SessionCacheSize < 0)
            throw TlsChecks.Wrong(nameof(SessionCacheSize), "must not be negative.");
        if (SessionLifetime < TimeSpan.FromSeconds(1) || SessionLifetime > TimeSpan.FromDays(7))
            throw TlsChecks.Wrong(nameof(SessionLifetime), "must lie between 1 s and 7 days (RFC 8446 4.6.1).");

        ValidateClientCertificates();
    }

    private void ValidateClientCertificates()
    {
        if (!Enum.IsDefined(ClientCertificates))
            throw TlsChecks.Wrong(nameof(ClientCertificates), "is None, Request or Require.");
        if (VerifyClientMayLoosen && VerifyClient is null)
            throw TlsChecks.Wrong(nameof(VerifyClientMayLoosen), $"is about {nameof(VerifyClient)}, which is not there.");

        bool hasAuthority = ClientCaFile is not null || ClientCaPem is not null;

        // Whoever names authorities believes that clients are checked; silence would be an open door.
        if (ClientCertificates == ClientCertificateMode.None && (hasAuthority || VerifyClient is not null))
            throw TlsChecks.Wrong(nameof(ClientCertificates), "is None, but there are authorities or a callback for client certificates: say Request or Require.");
        if (ClientCertificates != ClientCertificateMode.None && !hasAuthority && !VerifyClientMayLoosen)
            throw TlsChecks.Wrong(nameof(ClientCaFile), $"or {nameof(ClientCaPem)} has to say whose client certificates are good.");
    }
}
