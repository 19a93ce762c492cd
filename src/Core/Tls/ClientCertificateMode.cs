namespace EventLoops;

/// <summary>Whether a server asks its clients for certificates.</summary>
public enum ClientCertificateMode
{
    /// <summary>It does not. The default.</summary>
    None,

    /// <summary>It asks; a client may have none, but one that it shows must be good.</summary>
    Request,

    /// <summary>It asks, and a client without a good one is turned away in the handshake.</summary>
    Require,
}
