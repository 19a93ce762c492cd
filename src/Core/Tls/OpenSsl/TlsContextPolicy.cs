using System.Runtime.InteropServices;

namespace EventLoops.OpenSsl;

/// <summary>
/// The managed side of an SSL_CTX: what its callbacks decide by, and what a connection takes over when the name that it asks for leads it here from the context that it
/// began with. It lives for as long as OpenSSL holds the context.
/// </summary>
internal sealed class TlsContextPolicy
{
    /// <summary>The protocols that are offered, as on the wire; empty takes no part in ALPN.</summary>
    public byte[] Alpn { get; init; } = [];

    /// <summary>The user's look at the peer.</summary>
    public TlsPeerCallback? Verify { get; init; }

    /// <summary>Whether that look may let in whom OpenSSL does not trust.</summary>
    public bool MayLoosen { get; init; }

    /// <summary>Whether a certificate that is its own issuer is forgiven.</summary>
    public bool AllowSelfSigned { get; init; }

    /// <summary>Whether a certificate out of its time is forgiven.</summary>
    public bool AllowExpired { get; init; }

    /// <summary>Whether a certificate for somebody else is forgiven.</summary>
    public bool AllowWrongHost { get; init; }

    /// <summary>Where a client keeps its sessions; null for a server and for a client that keeps none.</summary>
    public TlsSessionCache? Sessions { get; init; }

    /// <summary>Told of a callback that threw.</summary>
    public Action<Exception>? CallbackThrew { get; init; }

    /// <summary>SSL_OP_ bits.</summary>
    public ulong Options { get; init; }

    /// <summary>SSL_VERIFY_ bits.</summary>
    public int VerifyMode { get; init; }

    public TlsVersion MinVersion { get; init; }

    public TlsVersion MaxVersion { get; init; }

    /// <summary>The groups that OpenSSL has taken, as text with a zero at its end.</summary>
    public byte[] Groups { get; set; } = [0];

    public int TicketCount { get; init; }

    /// <summary>The name that clients ask for and verify instead of the address's host; null for that host.</summary>
    public string? ServerName { get; init; }

    private bool ForgivesAnything => AllowSelfSigned || AllowExpired || AllowWrongHost;

    private static LibSsl Ssl => LibSsl.Instance;

    /// <summary>Has the callbacks of a context find this object.</summary>
    public unsafe void AttachTo(nint context)
    {
        nint handle = GCHandle.ToIntPtr(GCHandle.Alloc(this));
        if (Ssl.CtxSetExData(context, TlsCallbacks.ContextIndex, handle) != 1)
        {
            GCHandle.FromIntPtr(handle).Free();
            throw new InvalidOperationException("SSL_CTX_set_ex_data of OpenSSL failed: it found no memory.");
        }

        Ssl.CtxSetVerify(context, VerifyMode, ForgivesAnything ? &TlsCallbacks.OnVerify : null);
        if (Verify is not null)
            Ssl.CtxSetCertVerifyCallback(context, &TlsCallbacks.OnVerifyChain, handle);
    }

    /// <summary>
    /// Brings a connection that was begun in another context here. SSL_set_SSL_CTX changes certificate, suites and callbacks only; everything that SSL_new has copied
    /// is still the other context's.
    /// </summary>
    public unsafe void TakeOver(nint ssl, nint context)
    {
        if (Ssl.SslGetContext(ssl) == context)
            return;

        _ = Ssl.SslSetContext(ssl, context);
        Ssl.SslSetVerify(ssl, VerifyMode, ForgivesAnything ? &TlsCallbacks.OnVerify : null);
        _ = Ssl.SslClearOptions(ssl, Ssl.SslGetOptions(ssl) & ~Options);
        _ = Ssl.SslSetOptions(ssl, Options);
        _ = Ssl.SslCtrl(ssl, LibSsl.CtrlMinVersion, (int)MinVersion, null);
        _ = Ssl.SslCtrl(ssl, LibSsl.CtrlMaxVersion, (int)MaxVersion, null);
        _ = Ssl.SslSetNumTickets(ssl, (nuint)TicketCount);
        fixed (byte* groups = Groups)
            _ = Ssl.SslCtrl(ssl, LibSsl.CtrlGroups, 0, groups);
    }
}
