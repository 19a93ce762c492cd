namespace EventLoops;

/// <summary>
/// Whether a peer whose certificate OpenSSL has looked at is let in. On the loop's thread, in the middle of a handshake, so it must not take long. One that throws
/// counts as no, and is logged.
/// </summary>
/// <param name="check">What OpenSSL has found; its certificate is valid only during the call.</param>
/// <returns>False turns the peer away. True lets in whom OpenSSL trusts; whom it does not trust only where an option says that the callback may do so.</returns>
public delegate bool TlsPeerCallback(in TlsPeerCheck check);

/// <summary>What OpenSSL has found out about a peer's certificate and its chain.</summary>
public readonly ref struct TlsPeerCheck
{
    /// <summary>The peer's own certificate in DER (RFC 5280 4.1); empty when it could not be read.</summary>
    public ReadOnlySpan<byte> Certificate { get; init; }

    /// <summary>Whom it is made out to, as RFC 2253 writes it: <c>CN=device 7,O=Example</c>.</summary>
    public string Subject { get; init; }

    /// <summary>Whether OpenSSL trusts it, after what the options forgive.</summary>
    public bool IsTrusted { get; init; }

    /// <summary>Why not, in OpenSSL's words, such as <c>certificate has expired</c>; <c>ok</c> when it does.</summary>
    public string Reason { get; init; }

    /// <summary>The same as OpenSSL's number (X509_V_ERR_…, X509_STORE_CTX_get_error(3)); 0 when it is trusted.</summary>
    public int Error { get; init; }
}
