namespace EventLoops.OpenSsl;

/// <summary>
/// The functions of libssl, each under the name that its manual page has. The class is cut by concern: this file is what an engine needs, <c>LibSsl.Context.cs</c>
/// what contexts are made with. Every function here is in OpenSSL 1.1.1, 3 and 4; what is a macro in the headers goes through <see cref="SslCtrl"/>.
/// </summary>
internal sealed unsafe partial class LibSsl
{
    // SSL_get_error(3).
    public const int ErrorSsl = 1;
    public const int ErrorWantRead = 2;
    public const int ErrorWantWrite = 3;
    public const int ErrorZeroReturn = 6;

    // SSL_ctrl(3), SSL_CTX_set_mode(3), SSL_set_tlsext_host_name(3).
    public const int CtrlMode = 33;
    public const int CtrlSetServerName = 55;
    public const int CtrlClearMode = 78;
    public const int ModeEnablePartialWrite = 1;
    public const int ModeAcceptMovingWriteBuffer = 2;
    public const int ModeAutoRetry = 4;
    public const int ModeReleaseBuffers = 0x10;
    public const ulong OptionNoRenegotiation = 1UL << 30;

    // SSL_set_shutdown(3).
    public const int SentShutdown = 1;
    public const int ReceivedShutdown = 2;

    private static readonly Lazy<LibSsl> Loaded = new(() => new LibSsl(OpenSslLoader.Ssl));

    private LibSsl(NativeExports library)
    {
        TlsMethod = (delegate* unmanaged[Cdecl]<nint>)library.Get("TLS_method");
        CtxNew = (delegate* unmanaged[Cdecl]<nint, nint>)library.Get("SSL_CTX_new");
        CtxFree = (delegate* unmanaged[Cdecl]<nint, void>)library.Get("SSL_CTX_free");
        SslNew = (delegate* unmanaged[Cdecl]<nint, nint>)library.Get("SSL_new");
        SslFree = (delegate* unmanaged[Cdecl]<nint, void>)library.Get("SSL_free");
        SslSetBio = (delegate* unmanaged[Cdecl]<nint, nint, nint, void>)library.Get("SSL_set_bio");
        SslCtrl = (delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint>)library.Get("SSL_ctrl");
        SslSetOptions = (delegate* unmanaged[Cdecl]<nint, ulong, ulong>)library.Get("SSL_set_options");
        SslSetAcceptState = (delegate* unmanaged[Cdecl]<nint, void>)library.Get("SSL_set_accept_state");
        SslSetConnectState = (delegate* unmanaged[Cdecl]<nint, void>)library.Get("SSL_set_connect_state");
        SslDoHandshake = (delegate* unmanaged[Cdecl]<nint, int>)library.Get("SSL_do_handshake");
        SslReadEx = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, nuint*, int>)library.Get("SSL_read_ex");
        SslWriteEx = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, nuint*, int>)library.Get("SSL_write_ex");
        SslPending = (delegate* unmanaged[Cdecl]<nint, int>)library.Get("SSL_pending");
        SslGetError = (delegate* unmanaged[Cdecl]<nint, int, int>)library.Get("SSL_get_error");
        SslShutdown = (delegate* unmanaged[Cdecl]<nint, int>)library.Get("SSL_shutdown");
        SslSetShutdown = (delegate* unmanaged[Cdecl]<nint, int, void>)library.Get("SSL_set_shutdown");
        SslSet1Host = (delegate* unmanaged[Cdecl]<nint, byte*, int>)library.Get("SSL_set1_host");
        SslGetVersion = (delegate* unmanaged[Cdecl]<nint, byte*>)library.Get("SSL_get_version");
        SslGetCurrentCipher = (delegate* unmanaged[Cdecl]<nint, nint>)library.Get("SSL_get_current_cipher");
        SslCipherGetName = (delegate* unmanaged[Cdecl]<nint, byte*>)library.Get("SSL_CIPHER_get_name");
        SslGetServerName = (delegate* unmanaged[Cdecl]<nint, int, byte*>)library.Get("SSL_get_servername");
        SslGet0AlpnSelected = (delegate* unmanaged[Cdecl]<nint, byte**, uint*, void>)library.Get("SSL_get0_alpn_selected");
        SslSessionReused = (delegate* unmanaged[Cdecl]<nint, int>)library.Get("SSL_session_reused");
        SslGetVerifyResult = (delegate* unmanaged[Cdecl]<nint, nint>)library.Get("SSL_get_verify_result");

        // OpenSSL 3 has given the function a second name, since it counts a reference.
        SslGet1PeerCertificate = (delegate* unmanaged[Cdecl]<nint, nint>)library.Find("SSL_get1_peer_certificate");
        if (SslGet1PeerCertificate is null)
            SslGet1PeerCertificate = (delegate* unmanaged[Cdecl]<nint, nint>)library.Get("SSL_get_peer_certificate");
        BindContext(library);
    }

    /// <summary>The library.</summary>
    /// <exception cref="PlatformNotSupportedException">There is no OpenSSL on this system.</exception>
    public static LibSsl Instance => Loaded.Value;

    public delegate* unmanaged[Cdecl]<nint> TlsMethod { get; }

    public delegate* unmanaged[Cdecl]<nint, nint> CtxNew { get; }

    public delegate* unmanaged[Cdecl]<nint, void> CtxFree { get; }

    public delegate* unmanaged[Cdecl]<nint, nint> SslNew { get; }

    public delegate* unmanaged[Cdecl]<nint, void> SslFree { get; }

    public delegate* unmanaged[Cdecl]<nint, nint, nint, void> SslSetBio { get; }

    public delegate* unmanaged[Cdecl]<nint, int, nint, void*, nint> SslCtrl { get; }

    public delegate* unmanaged[Cdecl]<nint, ulong, ulong> SslSetOptions { get; }

    public delegate* unmanaged[Cdecl]<nint, void> SslSetAcceptState { get; }

    public delegate* unmanaged[Cdecl]<nint, void> SslSetConnectState { get; }

    public delegate* unmanaged[Cdecl]<nint, int> SslDoHandshake { get; }

    public delegate* unmanaged[Cdecl]<nint, byte*, nuint, nuint*, int> SslReadEx { get; }

    public delegate* unmanaged[Cdecl]<nint, byte*, nuint, nuint*, int> SslWriteEx { get; }

    public delegate* unmanaged[Cdecl]<nint, int> SslPending { get; }

    public delegate* unmanaged[Cdecl]<nint, int, int> SslGetError { get; }

    public delegate* unmanaged[Cdecl]<nint, int> SslShutdown { get; }

    public delegate* unmanaged[Cdecl]<nint, int, void> SslSetShutdown { get; }

    public delegate* unmanaged[Cdecl]<nint, byte*, int> SslSet1Host { get; }

    public delegate* unmanaged[Cdecl]<nint, byte*> SslGetVersion { get; }

    public delegate* unmanaged[Cdecl]<nint, nint> SslGetCurrentCipher { get; }

    public delegate* unmanaged[Cdecl]<nint, byte*> SslCipherGetName { get; }

    public delegate* unmanaged[Cdecl]<nint, int, byte*> SslGetServerName { get; }

    public delegate* unmanaged[Cdecl]<nint, byte**, uint*, void> SslGet0AlpnSelected { get; }

    public delegate* unmanaged[Cdecl]<nint, int> SslSessionReused { get; }

    public delegate* unmanaged[Cdecl]<nint, nint> SslGetVerifyResult { get; }

    /// <summary>The peer's certificate, which the caller frees.</summary>
    public delegate* unmanaged[Cdecl]<nint, nint> SslGet1PeerCertificate { get; }

    partial void BindContext(NativeExports library);
}
