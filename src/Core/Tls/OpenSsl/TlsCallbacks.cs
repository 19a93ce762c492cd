using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoops.OpenSsl;

/// <summary>
/// What OpenSSL calls in the middle of a handshake. Native code stands between these methods and whoever turns the loop, so nothing may be thrown through it: what goes
/// wrong here refuses the peer.
/// </summary>
internal static unsafe class TlsCallbacks
{
    // ssl.h and tls1.h.
    private const int HelloSuccess = 1;
    private const int HelloError = 0;
    private const int InternalErrorAlert = 80;
    private const int ExtensionOk = 0;
    private const int ExtensionAlertFatal = 2;
    private const int ExtensionNoAck = 3;
    private const uint ServerNameExtension = 0;

    // x509_vfy.h.
    private const int CertificateNotYetValid = 9;
    private const int CertificateHasExpired = 10;
    private const int SelfSignedCertificate = 18;
    private const int SelfSignedInChain = 19;
    private const int ApplicationVerification = 50;
    private const int HostnameMismatch = 62;
    private const int IpAddressMismatch = 64;

    private static readonly LibSsl Ssl = LibSsl.Instance;
    private static readonly LibCrypto Crypto = LibCrypto.Instance;

    /// <summary>Where a context keeps its <see cref="TlsContextPolicy"/>: freed by OpenSSL itself when the last connection lets the context go.</summary>
    public static int ContextIndex { get; } = Crypto.CryptoGetExNewIndex(LibCrypto.ExDataOfContext, 0, 0, null, null, &OnFreed);

    /// <summary>Where a client's connection keeps the name under which its sessions are kept.</summary>
    public static int SessionKeyIndex { get; } = Crypto.CryptoGetExNewIndex(LibCrypto.ExDataOfSsl, 0, 0, null, null, &OnFreed);

    /// <summary>The policy of a context.</summary>
    public static TlsContextPolicy? PolicyOf(nint context) =>
        Ssl.CtxGetExData(context, ContextIndex) is var handle and not 0 ? GCHandle.FromIntPtr(handle).Target as TlsContextPolicy : null;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnFreed(nint parent, nint handle, nint data, int index, nint argument, nint pointer)
    {
        if (handle == 0)
            return;

        GCHandle managed = GCHandle.FromIntPtr(handle);
        (managed.Target as TlsContextPolicy)?.Sessions?.Clear();
        managed.Free();
    }

    /// <summary>
    /// The client's first message is here and nothing was decided: the moment to go to the host that it names. Later, in the callback for the server name, a session of
    /// another host would have been resumed already, and with it who the client was there.
    /// </summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int OnClientHello(nint ssl, int* alert, nint argument)
    {
        try
        {
            byte* extension;
            nuint length;
            ReadOnlySpan<byte> name = Ssl.SslClientHelloGetExtension(ssl, ServerNameExtension, &extension, &length) == 1
                ? NameIn(new ReadOnlySpan<byte>(extension, (int)length))
                : default;
            if (OpenSslEngine.Current is { Names: { } names } && names.Choose(name) is { } chosen)
                PolicyOf(chosen.SslContext)?.TakeOver(ssl, chosen.SslContext);
            return HelloSuccess;
        }
        catch
        {
            *alert = InternalErrorAlert;
            return HelloError;
        }
    }

    /// <summary>The name was looked at in the client's first message; this only tells OpenSSL to confirm it.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int OnServerName(nint ssl, int* alert, nint argument) => ExtensionOk;

    /// <summary>RFC 7301 3.2: the server's order counts, and a client with whom nothing is shared is refused.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int OnAlpn(nint ssl, byte** chosen, byte* chosenLength, byte* offers, uint offersLength, nint argument)
    {
        if (PolicyOf(Ssl.SslGetContext(ssl)) is not { Alpn: { Length: > 0 } ours })
            return ExtensionNoAck;

        ReadOnlySpan<byte> theirs = new(offers, (int)offersLength);
        for (int i = 0; i < ours.Length; i += ours[i] + 1)
        {
            int at = Find(theirs, ours.AsSpan(i + 1, ours[i]));
            if (at < 0)
                continue;

            *chosen = offers + at;
            *chosenLength = ours[i];
            return ExtensionOk;
        }

        return ExtensionAlertFatal;
    }

    /// <summary>Something about a certificate is not as it should be, one call for each such thing: forgiven when the options say so, and only that.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int OnVerify(int isGood, nint store)
    {
        if (isGood == 1)
            return 1;

        nint ssl = Crypto.X509StoreContextGetExData(store, Ssl.SslGetStoreIndex());
        if (ssl == 0 || PolicyOf(Ssl.SslGetContext(ssl)) is not { } policy)
            return 0;

        bool isForgiven = Crypto.X509StoreContextGetError(store) switch
        {
            SelfSignedCertificate or SelfSignedInChain => policy.AllowSelfSigned,
            CertificateHasExpired or CertificateNotYetValid => policy.AllowExpired,
            HostnameMismatch or IpAddressMismatch => policy.AllowWrongHost,
            _ => false,
        };
        if (isForgiven)
            Crypto.X509StoreContextSetError(store, 0);
        return isForgiven ? 1 : 0;
    }

    /// <summary>The whole verification, where the user wants to look as well.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int OnVerifyChain(nint store, nint argument)
    {
        bool isTrusted = Crypto.X509VerifyCertificate(store) == 1;
        TlsContextPolicy policy = (TlsContextPolicy)GCHandle.FromIntPtr(argument).Target!;
        if (!isTrusted && !policy.MayLoosen)
            return 0;

        bool isWanted = false;
        try
        {
            nint certificate = Crypto.X509StoreContextGetCertificate(store);
            int error = Crypto.X509StoreContextGetError(store);
            isWanted = policy.Verify!(new TlsPeerCheck
            {
                Certificate = TlsPeerCertificate.Der(certificate),
                Subject = TlsPeerCertificate.Subject(certificate),
                IsTrusted = isTrusted,
                Error = isTrusted ? 0 : error,
                Reason = isTrusted ? "ok" : TlsPeerCertificate.Words(error),
            });
        }
        catch (Exception exception)
        {
            policy.CallbackThrew?.Invoke(exception);
        }

        Crypto.X509StoreContextSetError(store, isWanted ? 0 : ApplicationVerification);
        return isWanted ? 1 : 0;
    }

    /// <summary>The server has given the client a session to come back with.</summary>
    /// <returns>1 when the session is kept, and its reference with it.</returns>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int OnNewSession(nint ssl, nint session)
    {
        try
        {
            nint key = Ssl.SslGetExData(ssl, SessionKeyIndex);
            if (key == 0 || PolicyOf(Ssl.SslGetContext(ssl)) is not { Sessions: { } sessions })
                return 0;

            sessions.Put((string)GCHandle.FromIntPtr(key).Target!, session);
            return 1;
        }
        catch
        {
            // A session that is not kept costs a full handshake and nothing else.
            return 0;
        }
    }

    /// <summary>The first host name of the extension (RFC 6066 3); empty when it has none or is not well formed, about which OpenSSL has its own say later.</summary>
    internal static ReadOnlySpan<byte> NameIn(ReadOnlySpan<byte> extension)
    {
        // ServerNameList: two bytes of length, then entries of a type (0: host_name), two bytes of length and the name.
        if (extension.Length < 5 || extension[2] != 0)
            return default;

        int length = (extension[3] << 8) | extension[4];
        return length > extension.Length - 5 ? default : extension.Slice(5, length);
    }

    private static int Find(ReadOnlySpan<byte> list, ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < list.Length; i += list[i] + 1)
        {
            if (list[i] == name.Length && list.Length - i > name.Length && list.Slice(i + 1, name.Length).SequenceEqual(name))
                return i + 1;
        }

        return -1;
    }
}
