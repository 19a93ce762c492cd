using System.Runtime.InteropServices;
using System.Security.Cryptography;
using EventLoops.OpenSsl;

namespace EventLoops;

/// <summary>What happens to somebody who speaks plain HTTP on a port for TLS.</summary>
internal enum PlainHttpPolicy : byte
{
    /// <summary>The request is answered with 400, in plain text, and the connection ends.</summary>
    Refuse,

    /// <summary>The request is answered with a redirect to the same address with https.</summary>
    Redirect,

    /// <summary>The request is served.</summary>
    Serve,
}

/// <summary>
/// What TLS connections of one kind have in common: certificate, versions, ciphers, sessions. It owns one reference to OpenSSL's context. Each engine holds one
/// of its own, so that a context can be replaced and disposed while connections that were made from it go on.
/// </summary>
internal sealed unsafe class TlsContext : IDisposable
{
    /// <summary>
    /// How long the keys live that tickets are encrypted with, in milliseconds. RFC 9325 3.4 wants new ones regularly, once a week for instance: whoever gets hold of them can read what was
    /// said in all sessions of TLS 1.2 that went on by their tickets. After a day whoever comes back with an older ticket shakes hands in full, once.
    /// </summary>
    public const long TicketKeyLifetime = 24 * 60 * 60 * 1000;

    private readonly ContextHandle _handle;
    private long _ticketKeysSince = long.MinValue;

    /// <summary>Takes over a context of OpenSSL, with the one reference that the caller has.</summary>
    public TlsContext(nint sslContext, bool isServer)
    {
        _handle = new ContextHandle(sslContext);
        IsServer = isServer;
    }

    /// <summary>Whether its engines accept.</summary>
    public bool IsServer { get; }

    /// <summary>What happens to somebody who speaks plain HTTP. Servers only.</summary>
    public PlainHttpPolicy PlainHttp { get; set; }

    /// <summary>
    /// Which host the client's name belongs to, while the engine that was made with this object shakes hands. It is asked by the callback that the context has
    /// for server names, through <see cref="OpenSslEngine.Current"/>.
    /// </summary>
    public interface IServerNames
    {
        /// <summary>The context for a name; null for the one that the connection began with.</summary>
        TlsContext? Choose(ReadOnlySpan<byte> serverName);
    }

    /// <summary>OpenSSL's own. Whoever asks keeps this object alive while it uses the answer.</summary>
    public nint SslContext => _handle.DangerousGetHandle();

    /// <summary>A context for clients that trust everybody.</summary>
    public static TlsContext ForTrustingClient() => new(New(), isServer: false);

    /// <summary>A new context of OpenSSL, for both roles and all versions that the library allows.</summary>
    public static nint New()
    {
        OpenSslErrors.Clear();
        nint context = LibSsl.Instance.CtxNew(LibSsl.Instance.TlsMethod());
        return context != 0 ? context : throw new InvalidOperationException($"SSL_CTX_new of OpenSSL failed: {OpenSslErrors.Take().Words}.");
    }

    /// <summary>A new SSL object, which holds a reference of its own; 0 when there is no memory for it.</summary>
    /// <exception cref="ObjectDisposedException">The context was disposed.</exception>
    public nint NewSsl()
    {
        bool isHeld = false;
        _handle.DangerousAddRef(ref isHeld);
        nint ssl = LibSsl.Instance.SslNew(SslContext);
        _handle.DangerousRelease();
        return ssl;
    }

    /// <summary>An engine that accepts.</summary>
    /// <param name="names">Who knows the contexts of other names; null when there is only this one.</param>
    /// <param name="now">The time in milliseconds, by any clock that all callers share.</param>
    public ITlsEngine NewServerEngine(IServerNames? names = null, long now = 0)
    {
        // OpenSSL makes the tickets of a connection with the keys of the context that it began with, whatever name the client asks for.
        RenewTicketKeys(now);
        return new OpenSslEngine(this, isServer: true, names);
    }

    /// <summary>An engine that connects.</summary>
    /// <param name="host">Whom it asks for and demands of the certificate: a name in ASCII, or an IP address, which is not sent (RFC 6066 3).</param>
    /// <param name="port">The port, by which the sessions of servers on one host are told apart.</param>
    /// <param name="isGivenHost">Whether it is the host that the program has named, and none that a redirect has led to: <see cref="ClientTlsOptions.ServerName"/> is about the former.</param>
    public ITlsEngine NewClientEngine(string host, int port = 0, bool isGivenHost = true)
    {
        OpenSslEngine engine = new(this, isServer: false, names: null);
        if (TlsCallbacks.PolicyOf(SslContext) is { } policy)
            TlsServerIdentity.Demand(engine.Ssl, policy, host, port, isGivenHost);
        else if (!System.Net.IPAddress.TryParse(host, out _))
            engine.AskFor(host);
        return engine;
    }

    /// <summary>
    /// New keys when the time of the old ones is over. Another thread may be making a ticket meanwhile, with the old ones, the new ones, or parts of both: the last is a ticket that nobody
    /// can read, and costs its client a full handshake.
    /// </summary>
    private void RenewTicketKeys(long now)
    {
        long since = Volatile.Read(ref _ticketKeysSince);
        bool isFirst = since == long.MinValue;
        if ((!isFirst && now - since < TicketKeyLifetime) || Interlocked.CompareExchange(ref _ticketKeysSince, now, since) != since || isFirst)
            return;

        LibSsl ssl = LibSsl.Instance;
        Span<byte> keys = new byte[(int)ssl.CtxCtrl(SslContext, LibSsl.CtrlSetTicketKeys, 0, null)];
        RandomNumberGenerator.Fill(keys);
        fixed (byte* bytes = keys)
            _ = ssl.CtxCtrl(SslContext, LibSsl.CtrlSetTicketKeys, keys.Length, bytes);
        CryptographicOperations.ZeroMemory(keys);
    }

    /// <summary>Gives the reference back. Engines that were made from it go on.</summary>
    public void Dispose() => _handle.Dispose();

    private sealed class ContextHandle : SafeHandle
    {
        public ContextHandle(nint context)
            : base(invalidHandleValue: 0, ownsHandle: true) => SetHandle(context);

        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            LibSsl.Instance.CtxFree(handle);
            return true;
        }
    }
}
