namespace EventLoops.OpenSsl;

/// <summary>What contexts are made with, and what their callbacks ask and change.</summary>
internal sealed unsafe partial class LibSsl
{
    // SSL_CTX_ctrl(3): the numbers behind the macros of ssl.h and tls1.h.
    public const int CtrlSessionCacheSize = 42;
    public const int CtrlSessionCacheMode = 44;
    public const int CtrlServerNameCallback = 53;
    public const int CtrlSetTicketKeys = 59;
    public const int CtrlChain = 88;
    public const int CtrlChainCertificate = 89;
    public const int CtrlGroups = 92;
    public const int CtrlMinVersion = 123;
    public const int CtrlMaxVersion = 124;
    public const int CtrlNegotiatedGroup = 134;

    // SSL_CTX_set_session_cache_mode(3).
    public const int SessionCacheOff = 0;
    public const int SessionCacheClient = 1;
    public const int SessionCacheServer = 2;
    public const int SessionCacheNoInternal = 0x300;

    // SSL_CTX_set_options(3).
    public const ulong OptionNoTicket = 1UL << 14;
    public const ulong OptionNoCompression = 1UL << 17;
    public const ulong OptionPrioritizeChaCha = 1UL << 21;
    public const ulong OptionServerPreference = 1UL << 22;

    // SSL_CTX_set_verify(3).
    public const int VerifyNone = 0;
    public const int VerifyPeer = 1;
    public const int VerifyFailWithoutCertificate = 2;

    // X509_check_host(3): a wildcard is a whole label, and the common name is never a host name (RFC 9525 6.3 and 2).
    public const uint HostNoPartialWildcards = 4;
    public const uint HostNeverSubject = 0x20;

    /// <summary><c>SSL_CTX_ctrl</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint> CtxCtrl { get; private set; }

    /// <summary><c>SSL_CTX_callback_ctrl</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, void*, nint> CtxCallbackCtrl { get; private set; }

    /// <summary><c>SSL_CTX_set_options</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, ulong, ulong> CtxSetOptions { get; private set; }

    /// <summary><c>SSL_CTX_set_cipher_list</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, byte*, int> CtxSetCipherList { get; private set; }

    /// <summary><c>SSL_CTX_set_ciphersuites</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, byte*, int> CtxSetCipherSuites { get; private set; }

    /// <summary><c>SSL_CTX_set_session_id_context</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, byte*, uint, int> CtxSetSessionIdContext { get; private set; }

    /// <summary><c>SSL_CTX_set_timeout</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, nint> CtxSetTimeout { get; private set; }

    /// <summary><c>SSL_CTX_set_num_tickets</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nuint, int> CtxSetNumTickets { get; private set; }

    /// <summary><c>SSL_CTX_use_certificate</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, int> CtxUseCertificate { get; private set; }

    /// <summary><c>SSL_CTX_use_PrivateKey</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, int> CtxUsePrivateKey { get; private set; }

    /// <summary><c>SSL_CTX_get_cert_store</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint> CtxGetCertStore { get; private set; }

    /// <summary><c>SSL_CTX_set_default_verify_paths</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int> CtxSetDefaultVerifyPaths { get; private set; }

    /// <summary><c>SSL_CTX_add_client_CA</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, int> CtxAddClientCa { get; private set; }

    /// <summary><c>SSL_CTX_set_verify</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, delegate* unmanaged[Cdecl]<int, nint, int>, void> CtxSetVerify { get; private set; }

    /// <summary><c>SSL_CTX_set_cert_verify_callback</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, nint, int>, nint, void> CtxSetCertVerifyCallback { get; private set; }

    /// <summary><c>SSL_CTX_set_alpn_select_cb</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, nint, int>, nint, void> CtxSetAlpnSelectCallback { get; private set; }

    /// <summary><c>SSL_CTX_set_alpn_protos</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, byte*, uint, int> CtxSetAlpnProtocols { get; private set; }

    /// <summary><c>SSL_CTX_set_client_hello_cb</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int*, nint, int>, nint, void> CtxSetClientHelloCallback { get; private set; }

    /// <summary><c>SSL_CTX_sess_set_new_cb</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, nint, int>, void> CtxSetNewSessionCallback { get; private set; }

    /// <summary><c>SSL_CTX_set_ex_data</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, nint, int> CtxSetExData { get; private set; }

    /// <summary><c>SSL_CTX_get_ex_data</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, nint> CtxGetExData { get; private set; }

    /// <summary><c>SSL_client_hello_get0_ext</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, uint, byte**, nuint*, int> SslClientHelloGetExtension { get; private set; }

    /// <summary><c>SSL_set_SSL_CTX</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, nint> SslSetContext { get; private set; }

    /// <summary><c>SSL_get_SSL_CTX</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint> SslGetContext { get; private set; }

    /// <summary><c>SSL_set_verify</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, delegate* unmanaged[Cdecl]<int, nint, int>, void> SslSetVerify { get; private set; }

    /// <summary><c>SSL_get_options</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, ulong> SslGetOptions { get; private set; }

    /// <summary><c>SSL_clear_options</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, ulong, ulong> SslClearOptions { get; private set; }

    /// <summary><c>SSL_set_num_tickets</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nuint, int> SslSetNumTickets { get; private set; }

    /// <summary><c>SSL_get_ex_data_X509_STORE_CTX_idx</c>.</summary>
    public delegate* unmanaged[Cdecl]<int> SslGetStoreIndex { get; private set; }

    /// <summary><c>SSL_set_hostflags</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, uint, void> SslSetHostFlags { get; private set; }

    /// <summary><c>SSL_get0_param</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint> SslGetParameters { get; private set; }

    /// <summary><c>SSL_set_ex_data</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, nint, int> SslSetExData { get; private set; }

    /// <summary><c>SSL_get_ex_data</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, nint> SslGetExData { get; private set; }

    /// <summary><c>SSL_set_session</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, int> SslSetSession { get; private set; }

    /// <summary><c>SSL_SESSION_free</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, void> SessionFree { get; private set; }

    /// <summary><c>SSL_SESSION_up_ref</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int> SessionUpRef { get; private set; }

    /// <summary><c>SSL_SESSION_is_resumable</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int> SessionIsResumable { get; private set; }

    /// <summary><c>SSL_SESSION_get_protocol_version</c>.</summary>
    public delegate* unmanaged[Cdecl]<nint, int> SessionGetVersion { get; private set; }

    /// <summary><c>SSL_group_to_name</c>. Null before OpenSSL 3.0.</summary>
    public delegate* unmanaged[Cdecl]<nint, int, byte*> SslGroupToName { get; private set; }

    partial void BindContext(NativeExports library)
    {
        CtxCtrl = (delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint>)library.Get("SSL_CTX_ctrl");
        CtxCallbackCtrl = (delegate* unmanaged[Cdecl]<nint, int, void*, nint>)library.Get("SSL_CTX_callback_ctrl");
        CtxSetOptions = (delegate* unmanaged[Cdecl]<nint, ulong, ulong>)library.Get("SSL_CTX_set_options");
        CtxSetCipherList = (delegate* unmanaged[Cdecl]<nint, byte*, int>)library.Get("SSL_CTX_set_cipher_list");
        CtxSetCipherSuites = (delegate* unmanaged[Cdecl]<nint, byte*, int>)library.Get("SSL_CTX_set_ciphersuites");
        CtxSetSessionIdContext = (delegate* unmanaged[Cdecl]<nint, byte*, uint, int>)library.Get("SSL_CTX_set_session_id_context");
        CtxSetTimeout = (delegate* unmanaged[Cdecl]<nint, nint, nint>)library.Get("SSL_CTX_set_timeout");
        CtxSetNumTickets = (delegate* unmanaged[Cdecl]<nint, nuint, int>)library.Get("SSL_CTX_set_num_tickets");
        CtxUseCertificate = (delegate* unmanaged[Cdecl]<nint, nint, int>)library.Get("SSL_CTX_use_certificate");
        CtxUsePrivateKey = (delegate* unmanaged[Cdecl]<nint, nint, int>)library.Get("SSL_CTX_use_PrivateKey");
        CtxGetCertStore = (delegate* unmanaged[Cdecl]<nint, nint>)library.Get("SSL_CTX_get_cert_store");
        CtxSetDefaultVerifyPaths = (delegate* unmanaged[Cdecl]<nint, int>)library.Get("SSL_CTX_set_default_verify_paths");
        CtxAddClientCa = (delegate* unmanaged[Cdecl]<nint, nint, int>)library.Get("SSL_CTX_add_client_CA");
        CtxSetVerify = (delegate* unmanaged[Cdecl]<nint, int, delegate* unmanaged[Cdecl]<int, nint, int>, void>)library.Get("SSL_CTX_set_verify");
        CtxSetCertVerifyCallback = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, nint, int>, nint, void>)library.Get("SSL_CTX_set_cert_verify_callback");
        CtxSetAlpnSelectCallback = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, nint, int>, nint, void>)library.Get("SSL_CTX_set_alpn_select_cb");
        CtxSetAlpnProtocols = (delegate* unmanaged[Cdecl]<nint, byte*, uint, int>)library.Get("SSL_CTX_set_alpn_protos");
        CtxSetClientHelloCallback = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int*, nint, int>, nint, void>)library.Get("SSL_CTX_set_client_hello_cb");
        CtxSetNewSessionCallback = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, nint, int>, void>)library.Get("SSL_CTX_sess_set_new_cb");
        CtxSetExData = (delegate* unmanaged[Cdecl]<nint, int, nint, int>)library.Get("SSL_CTX_set_ex_data");
        CtxGetExData = (delegate* unmanaged[Cdecl]<nint, int, nint>)library.Get("SSL_CTX_get_ex_data");
        SslClientHelloGetExtension = (delegate* unmanaged[Cdecl]<nint, uint, byte**, nuint*, int>)library.Get("SSL_client_hello_get0_ext");
        SslSetContext = (delegate* unmanaged[Cdecl]<nint, nint, nint>)library.Get("SSL_set_SSL_CTX");
        SslGetContext = (delegate* unmanaged[Cdecl]<nint, nint>)library.Get("SSL_get_SSL_CTX");
        SslSetVerify = (delegate* unmanaged[Cdecl]<nint, int, delegate* unmanaged[Cdecl]<int, nint, int>, void>)library.Get("SSL_set_verify");
        SslGetOptions = (delegate* unmanaged[Cdecl]<nint, ulong>)library.Get("SSL_get_options");
        SslClearOptions = (delegate* unmanaged[Cdecl]<nint, ulong, ulong>)library.Get("SSL_clear_options");
        SslSetNumTickets = (delegate* unmanaged[Cdecl]<nint, nuint, int>)library.Get("SSL_set_num_tickets");
        SslGetStoreIndex = (delegate* unmanaged[Cdecl]<int>)library.Get("SSL_get_ex_data_X509_STORE_CTX_idx");
        SslSetHostFlags = (delegate* unmanaged[Cdecl]<nint, uint, void>)library.Get("SSL_set_hostflags");
        SslGetParameters = (delegate* unmanaged[Cdecl]<nint, nint>)library.Get("SSL_get0_param");
        SslSetExData = (delegate* unmanaged[Cdecl]<nint, int, nint, int>)library.Get("SSL_set_ex_data");
        SslGetExData = (delegate* unmanaged[Cdecl]<nint, int, nint>)library.Get("SSL_get_ex_data");
        SslSetSession = (delegate* unmanaged[Cdecl]<nint, nint, int>)library.Get("SSL_set_session");
        SessionFree = (delegate* unmanaged[Cdecl]<nint, void>)library.Get("SSL_SESSION_free");
        SessionUpRef = (delegate* unmanaged[Cdecl]<nint, int>)library.Get("SSL_SESSION_up_ref");
        SessionIsResumable = (delegate* unmanaged[Cdecl]<nint, int>)library.Get("SSL_SESSION_is_resumable");
        SessionGetVersion = (delegate* unmanaged[Cdecl]<nint, int>)library.Get("SSL_SESSION_get_protocol_version");
        SslGroupToName = (delegate* unmanaged[Cdecl]<nint, int, byte*>)library.Find("SSL_group_to_name");
    }
}
