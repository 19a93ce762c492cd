namespace EventLoops;

/// <summary>
/// The versions of TLS that are spoken, by their numbers on the wire. SSL 3, TLS 1.0 and TLS 1.1 are not among them: RFC 7568 and RFC 8996 forbid them.
/// </summary>
public enum TlsVersion
{
    /// <summary>TLS 1.2 (RFC 5246).</summary>
    Tls12 = 0x0303,

    /// <summary>TLS 1.3 (RFC 8446).</summary>
    Tls13 = 0x0304,
}
