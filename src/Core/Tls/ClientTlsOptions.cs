namespace EventLoops;

/// <summary>
/// TLS of a client, for <c>wss</c> and <c>https</c>. By default the server's certificate must lead to an authority that the system trusts, be in force, and be made out to
/// the host of the address; all of that is OpenSSL's own work.
/// </summary>
/// <remarks>
/// Use one object for all connections that are alike: what it describes is made ready once and kept with the service thread, and with it the sessions by which the
/// next connection saves a full handshake. Files that have changed are read by a new object.
/// </remarks>
public sealed class ClientTlsOptions
{
    private const int MostServers = 4096;

    internal static readonly ClientTlsOptions Default = new();

    private static long lastId;

    /// <summary>A number that no other options of the process have: a socket that was secured by these does not stand for one that others ask for.</summary>
    internal long Id { get; } = Interlocked.Increment(ref lastId);

    /// <summary>
    /// Whether the authorities of the system are trusted: OpenSSL's default paths, or what <c>SSL_CERT_FILE</c> and <c>SSL_CERT_DIR</c> name. Default true. Set it to
    /// false to trust only <see cref="CaFile"/> and <see cref="CaPem"/>.
    /// </summary>
    public bool UseSystemStore { get; init; } = true;

    /// <summary>A file of further authorities in PEM. Default none.</summary>
    public string? CaFile { get; init; }

    /// <summary>Further authorities as text in PEM. Default none.</summary>
    public string? CaPem { get; init; }

    /// <summary>
    /// Whether the server's certificate is verified at all. Default true. False talks to anybody who answers: for a test, never across a network that others share.
    /// </summary>
    public bool VerifyServer { get; init; } = true;

    /// <summary>Forgives a certificate that is its own issuer, or a root at the end of the chain that is not trusted; nothing else. Default false.</summary>
    public bool AllowSelfSigned { get; init; }

    /// <summary>Forgives a certificate, or an issuer's, whose time is over or has not begun; nothing else. Default false.</summary>
    public bool AllowExpired { get; init; }

    /// <summary>Forgives a certificate that is made out to another host or address; nothing else. Default false.</summary>
    public bool AllowWrongHost { get; init; }

    /// <summary>A look of your own at the server's certificate, after OpenSSL's, such as a pin. It can only turn the server away. Default none.</summary>
    public TlsPeerCallback? VerifyPeer { get; init; }

    /// <summary>
    /// The name that the server is asked for (SNI, RFC 6066 3) and that its certificate must have. Null, the default, is the host of the address. An IP address is never
    /// sent as a name, but is verified. A server of another origin, to which a redirect has led, is asked for by its own name.
    /// </summary>
    public string? ServerName { get; init; }

    /// <summary>What the client shows when the server asks for a certificate. Default none.</summary>
    public TlsCertificate? Certificate { get; init; }

    /// <summary>The oldest version that is spoken. Default 1.2.</summary>
    public TlsVersion MinVersion { get; init; } = TlsVersion.Tls12;

    /// <summary>The newest version that is spoken. Default 1.3.</summary>
    public TlsVersion MaxVersion { get; init; } = TlsVersion.Tls13;

    /// <summary>The cipher suites of TLS 1.2, as in <see cref="TlsOptions.CipherList"/>. Null, the default, is OpenSSL's own list.</summary>
    public string? CipherList { get; init; }

    /// <summary>The cipher suites of TLS 1.3, as in <see cref="TlsOptions.CipherSuites"/>. Null, the default, is OpenSSL's own list.</summary>
    public string? CipherSuites { get; init; }

    /// <summary>The groups for key exchange, as in <see cref="TlsOptions.EcdhGroups"/>. Null, the default, is OpenSSL's own list.</summary>
    public string? EcdhGroups { get; init; }

    /// <summary>The application protocols that are offered (RFC 7301). Default <c>http/1.1</c>; empty offers none.</summary>
    public IReadOnlyList<string> AlpnProtocols { get; init; } = ["http/1.1"];

    /// <summary>How many servers' sessions are remembered, so that the next connection needs no full handshake. Default 64; 0 for none, at most 4,096.</summary>
    public int SessionCacheSize { get; init; } = 64;

    internal void Validate()
    {
        TlsChecks.Versions(MinVersion, MaxVersion);
        TlsChecks.Alpn(AlpnProtocols);
        if (SessionCacheSize is < 0 or > MostServers)
            throw TlsChecks.Wrong(nameof(SessionCacheSize), $"must lie between 0 and {MostServers}.");
        if (ServerName is not null && (Uri.CheckHostName(ServerName) == UriHostNameType.Unknown || !System.Text.Ascii.IsValid(ServerName)))
            throw TlsChecks.Wrong(nameof(ServerName), $"is '{ServerName}', which is no host name in ASCII and no address.");
        if (!VerifyServer && (AllowSelfSigned || AllowExpired || AllowWrongHost || VerifyPeer is not null))
            throw TlsChecks.Wrong(nameof(VerifyServer), "is false, so there is nothing to forgive and nothing to look at.");
        if (VerifyServer && !UseSystemStore && CaFile is null && CaPem is null && !AllowSelfSigned)
            throw TlsChecks.Wrong(nameof(UseSystemStore), "is false and no other authority is given, so that no server could be trusted.");
    }
}
