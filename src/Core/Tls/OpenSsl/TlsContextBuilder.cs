using System.Security.Cryptography;
using System.Text;

namespace EventLoops.OpenSsl;

/// <summary>
/// Makes a context of OpenSSL from a user's options, member by member, and says in one exception which member it does not take and why.
/// </summary>
internal sealed unsafe class TlsContextBuilder
{
    private const string StandardCipherList = "ECDHE+AESGCM:ECDHE+CHACHA20";

    // NIST's and Bernstein's at about 128 bits and the one above; the first is the hybrid that OpenSSL has since 3.5.
    private const string StandardGroups = "X25519:P-256:P-384";
    private const string HybridGroups = "X25519MLKEM768:" + StandardGroups;

    private const ulong Always = LibSsl.OptionNoCompression | LibSsl.OptionNoRenegotiation;

    private static readonly LibSsl Ssl = LibSsl.Instance;

    private const string At = "Tls.";

    private readonly TlsContext _context;

    private TlsContextBuilder(TlsContext context) => _context = context;

    private nint Handle => _context.SslContext;

    /// <summary>The context of a virtual host.</summary>
    /// <param name="options">What is wanted; validated.</param>
    /// <param name="certificates">The certificates, which may be others than those of the options.</param>
    /// <param name="log">Told of a callback that threw.</param>
    /// <exception cref="ArgumentException">OpenSSL does not take something; the message names the member.</exception>
    public static TlsContext Build(TlsOptions options, IReadOnlyList<TlsCertificate> certificates, EventLoopsLog log) =>
        Build(isServer: true, builder => builder.BuildServer(options, certificates, log));

    /// <summary>The context of clients.</summary>
    /// <param name="options">What is wanted; validated.</param>
    /// <param name="log">Told of a callback that threw.</param>
    /// <exception cref="ArgumentException">OpenSSL does not take something; the message names the member.</exception>
    public static TlsContext Build(ClientTlsOptions options, EventLoopsLog log) =>
        Build(isServer: false, builder => builder.BuildClient(options, log));

    private static TlsContext Build(bool isServer, Action<TlsContextBuilder> build)
    {
        TlsContext context = new(TlsContext.New(), isServer);
        try
        {
            build(new TlsContextBuilder(context));
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    private void BuildServer(TlsOptions options, IReadOnlyList<TlsCertificate> certificates, EventLoopsLog log)
    {
        ulong bits = Always;
        if (options.PreferServerCiphers)
            bits |= LibSsl.OptionServerPreference | LibSsl.OptionPrioritizeChaCha;
        if (!options.SessionTickets)
            bits |= LibSsl.OptionNoTicket;
        _ = Ssl.CtxSetOptions(Handle, bits);

        byte[] groups = SetCommon(options.MinVersion, options.MaxVersion, options.CipherList ?? StandardCipherList, options.CipherSuites, options.EcdhGroups, usesStandardGroups: true);
        for (int i = 0; i < certificates.Count; i++)
            TlsCertificateLoader.Use(Handle, certificates[i], $"{At}{nameof(options.Certificates)}[{i}]");

        int tickets = options.SessionTickets || options.SessionCacheSize > 0 ? options.TicketCount : 0;
        SetSessions(options, tickets);
        if (options.ClientCaFile is { } file)
            TlsCertificateLoader.TrustFile(Handle, file, At + nameof(options.ClientCaFile), isAnnounced: true);
        if (options.ClientCaPem is { } pem)
            TlsCertificateLoader.Trust(Handle, pem, At + nameof(options.ClientCaPem), isAnnounced: true);

        new TlsContextPolicy
        {
            Alpn = TlsChecks.AlpnBytes(options.AlpnProtocols),
            Verify = options.VerifyClient,
            MayLoosen = options.VerifyClientMayLoosen,
            CallbackThrew = log.TlsCallbackThrew,
            Options = bits,
            VerifyMode = options.ClientCertificates switch
            {
                ClientCertificateMode.None => LibSsl.VerifyNone,
                ClientCertificateMode.Request => LibSsl.VerifyPeer,
                _ => LibSsl.VerifyPeer | LibSsl.VerifyFailWithoutCertificate,
            },
            MinVersion = options.MinVersion,
            MaxVersion = options.MaxVersion,
            Groups = groups,
            TicketCount = tickets,
        }.AttachTo(Handle);

        Ssl.CtxSetClientHelloCallback(Handle, &TlsCallbacks.OnClientHello, 0);
        delegate* unmanaged[Cdecl]<nint, int*, nint, int> onServerName = &TlsCallbacks.OnServerName;
        _ = Ssl.CtxCallbackCtrl(Handle, LibSsl.CtrlServerNameCallback, onServerName);
        Ssl.CtxSetAlpnSelectCallback(Handle, &TlsCallbacks.OnAlpn, 0);
        if (options.TakesPlain)
            _context.PlainHttp = options.RedirectHttpToHttps ? PlainHttpPolicy.Redirect : PlainHttpPolicy.Serve;
    }

    private void SetSessions(TlsOptions options, int tickets)
    {
        int mode = options.SessionCacheSize > 0 ? LibSsl.SessionCacheServer : LibSsl.SessionCacheOff;
        _ = Ssl.CtxCtrl(Handle, LibSsl.CtrlSessionCacheMode, mode, null);
        _ = Ssl.CtxCtrl(Handle, LibSsl.CtrlSessionCacheSize, options.SessionCacheSize, null);
        _ = Ssl.CtxSetTimeout(Handle, (nint)options.SessionLifetime.TotalSeconds);
        _ = Ssl.CtxSetNumTickets(Handle, (nuint)tickets);

        // A session belongs to this host with these certificates: one that was made with another host, which may have asked for no client certificate, is not taken.
        Span<byte> own = stackalloc byte[16];
        RandomNumberGenerator.Fill(own);
        fixed (byte* bytes = own)
            _ = Ssl.CtxSetSessionIdContext(Handle, bytes, (uint)own.Length);
    }

    private void BuildClient(ClientTlsOptions options, EventLoopsLog log)
    {
        _ = Ssl.CtxSetOptions(Handle, Always);
        byte[] groups = SetCommon(options.MinVersion, options.MaxVersion, options.CipherList, options.CipherSuites, options.EcdhGroups, usesStandardGroups: false);
        if (options.Certificate is { } certificate)
            TlsCertificateLoader.Use(Handle, certificate, At + nameof(options.Certificate));
        if (options.VerifyServer)
            TrustAuthorities(options);

        byte[] alpn = TlsChecks.AlpnBytes(options.AlpnProtocols);
        if (alpn.Length > 0)
        {
            fixed (byte* bytes = alpn)
            {
                // It returns 0 for success, unlike everything else here.
                if (Ssl.CtxSetAlpnProtocols(Handle, bytes, (uint)alpn.Length) != 0)
                    throw TlsCertificateLoader.Wrong(At + nameof(options.AlpnProtocols), "the list is not taken");
            }
        }

        if (options.SessionCacheSize > 0)
        {
            _ = Ssl.CtxCtrl(Handle, LibSsl.CtrlSessionCacheMode, LibSsl.SessionCacheClient | LibSsl.SessionCacheNoInternal, null);
            Ssl.CtxSetNewSessionCallback(Handle, &TlsCallbacks.OnNewSession);
        }

        new TlsContextPolicy
        {
            Verify = options.VerifyPeer,
            AllowSelfSigned = options.AllowSelfSigned,
            AllowExpired = options.AllowExpired,
            AllowWrongHost = options.AllowWrongHost,
            CallbackThrew = log.TlsCallbackThrew,
            Sessions = options.SessionCacheSize > 0 ? new TlsSessionCache(options.SessionCacheSize) : null,
            ServerName = options.ServerName,
            Options = Always,
            VerifyMode = options.VerifyServer ? LibSsl.VerifyPeer : LibSsl.VerifyNone,
            MinVersion = options.MinVersion,
            MaxVersion = options.MaxVersion,
            Groups = groups,
        }.AttachTo(Handle);
    }

    private void TrustAuthorities(ClientTlsOptions options)
    {
        if (options.UseSystemStore && Ssl.CtxSetDefaultVerifyPaths(Handle) != 1)
            throw TlsCertificateLoader.Wrong(At + nameof(options.UseSystemStore), "the system's authorities are not taken");
        if (options.CaFile is { } file)
            TlsCertificateLoader.TrustFile(Handle, file, At + nameof(options.CaFile), isAnnounced: false);
        if (options.CaPem is { } pem)
            TlsCertificateLoader.Trust(Handle, pem, At + nameof(options.CaPem), isAnnounced: false);

        // Whoever names an intermediate authority means it, as curl takes it too.
        _ = LibCrypto.Instance.X509StoreSetFlags(Ssl.CtxGetCertStore(Handle), LibCrypto.PartialChain);
    }

    /// <summary>Versions, suites and groups; what a configuration file of OpenSSL says about them does not count.</summary>
    /// <returns>The groups that were taken, as text with a zero at its end.</returns>
    private byte[] SetCommon(TlsVersion min, TlsVersion max, string? cipherList, string? cipherSuites, string? groups, bool usesStandardGroups)
    {
        if (Ssl.CtxCtrl(Handle, LibSsl.CtrlMinVersion, (int)min, null) != 1)
            throw TlsCertificateLoader.Wrong(At + nameof(TlsOptions.MinVersion), $"{min} is not taken");
        if (Ssl.CtxCtrl(Handle, LibSsl.CtrlMaxVersion, (int)max, null) != 1)
            throw TlsCertificateLoader.Wrong(At + nameof(TlsOptions.MaxVersion), $"{max} is not taken");

        if (cipherList is not null)
            Set(nameof(TlsOptions.CipherList), cipherList, Ssl.CtxSetCipherList);
        if (cipherSuites is not null)
            Set(nameof(TlsOptions.CipherSuites), cipherSuites, Ssl.CtxSetCipherSuites);
        if (groups is not null)
            return SetGroups(groups) ?? throw TlsCertificateLoader.Wrong(At + nameof(TlsOptions.EcdhGroups), $"'{groups}' is not taken");
        if (!usesStandardGroups)
            return [0];

        return SetGroups(HybridGroups) ?? SetGroups(StandardGroups)
            ?? throw TlsCertificateLoader.Wrong(At + nameof(TlsOptions.EcdhGroups), $"'{StandardGroups}', the default, is not taken");
    }

    private void Set(string member, string text, delegate* unmanaged[Cdecl]<nint, byte*, int> set)
    {
        // OpenSSL takes an empty list for one without any suites, which nobody wants to write.
        if (text.Length == 0)
            throw new ArgumentException($"{At}{member} is empty; null leaves it to the default.", member);

        OpenSslErrors.Clear();
        fixed (byte* bytes = Terminated(text))
        {
            if (set(Handle, bytes) != 1)
                throw TlsCertificateLoader.Wrong(At + member, $"'{text}' is not taken");
        }
    }

    private byte[]? SetGroups(string groups)
    {
        OpenSslErrors.Clear();
        byte[] text = Terminated(groups);
        fixed (byte* bytes = text)
            return Ssl.CtxCtrl(Handle, LibSsl.CtrlGroups, 0, bytes) == 1 ? text : null;
    }

    private static byte[] Terminated(string text) => Encoding.UTF8.GetBytes(text + '\0');
}
