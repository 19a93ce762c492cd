namespace EventLoops;

/// <summary>What stopped a step of an <see cref="ITlsEngine"/>.</summary>
internal enum TlsStatus : byte
{
    /// <summary>Everything that the peer sent has been taken, and more of it is needed.</summary>
    NeedInput,

    /// <summary>There is no room for what is to be sent: take it away and make the same call again, with what has not been taken.</summary>
    NeedRoom,

    /// <summary>What was asked for is done: the handshake is over, or everything was written.</summary>
    Done,

    /// <summary>The plaintext has filled its buffer; there is more.</summary>
    MorePlaintext,

    /// <summary>The peer has sent something that is no data, such as a key update, and more of its bytes are waiting: look at the rate, and make the same call again.</summary>
    Control,

    /// <summary>The peer has ended its stream by close_notify (RFC 8446 6.1). Bytes behind that are not looked at.</summary>
    Closed,

    /// <summary>It is over: <see cref="ITlsEngine.Fault"/> says why, and what was produced, an alert as a rule, is still to be sent.</summary>
    Fault,
}

/// <summary>What one step has come to.</summary>
/// <param name="Status">What stopped it.</param>
/// <param name="Consumed">How many bytes of the input were taken.</param>
/// <param name="Plaintext">How many bytes of plaintext were produced.</param>
/// <param name="Ciphertext">How many bytes were produced for the peer.</param>
internal readonly record struct TlsStep(TlsStatus Status, int Consumed, int Plaintext, int Ciphertext);

/// <summary>What both sides have agreed on.</summary>
/// <param name="Version">The version, such as <c>TLSv1.3</c>.</param>
/// <param name="CipherSuite">The cipher suite in OpenSSL's words, such as <c>TLS_AES_256_GCM_SHA384</c>.</param>
/// <param name="Group">The group of the key exchange, such as <c>x25519</c>; null when the library cannot tell.</param>
/// <param name="ServerName">The name that the client asked for (RFC 6066 3); null for none.</param>
/// <param name="ApplicationProtocol">The protocol that ALPN has chosen (RFC 7301); null for none.</param>
/// <param name="IsResumed">Whether an earlier session goes on.</param>
internal readonly record struct TlsAgreement(string Version, string CipherSuite, string? Group, string? ServerName, string? ApplicationProtocol, bool IsResumed);

/// <summary>
/// One side of one TLS connection, as bytes in and bytes out: no descriptor, no clock, no thread. It keeps no input and no output: what came goes in with each
/// call, what is to be sent comes out of it, and inside there is a cut record at most.
/// </summary>
internal interface ITlsEngine : IDisposable
{
    /// <summary>How much room for ciphertext every call needs at least: a whole record with all that TLS adds.</summary>
    const int MinimumRoom = 16 * 1024 + 1024;

    /// <summary>Whether both sides have agreed: then, and not before, data can be read and written.</summary>
    bool IsHandshakeDone { get; }

    /// <summary>Whether close_notify has been sent.</summary>
    bool IsShutdown { get; }

    /// <summary>
    /// How many whole records the peer has sent since the handshake that were no data: key updates, tickets, alerts, attempts to negotiate again.
    /// </summary>
    long ControlRecords { get; }

    /// <summary>Why it is over, or <see cref="ProtocolFault.None"/>.</summary>
    ProtocolFault Fault { get; }

    /// <summary>The fault in the words of whoever found it, such as <c>no shared cipher</c>; empty without a fault.</summary>
    string FaultReason { get; }

    /// <summary>What was agreed. Only after the handshake.</summary>
    TlsAgreement Agreement { get; }

    /// <summary>
    /// Goes on with the handshake. A client begins with no ciphertext. <see cref="TlsStatus.Done"/> when it is over: what is left of the ciphertext belongs to
    /// <see cref="Read"/>.
    /// </summary>
    TlsStep Handshake(ReadOnlySpan<byte> ciphertext, Span<byte> room);

    /// <summary>Takes ciphertext and gives plaintext, until one of both is used up.</summary>
    TlsStep Read(ReadOnlySpan<byte> ciphertext, Span<byte> plaintext, Span<byte> room);

    /// <summary>Takes plaintext (<see cref="TlsStep.Consumed"/> of it) and gives ciphertext, until one of both is used up.</summary>
    TlsStep Write(ReadOnlySpan<byte> plaintext, Span<byte> room);

    /// <summary>Says that nothing more comes: close_notify (RFC 8446 6.1). Once; again, or without a handshake, it does nothing.</summary>
    TlsStep Shutdown(Span<byte> room);

    /// <summary>The peer's certificate as DER; null when it has shown none. Allocates.</summary>
    byte[]? GetPeerCertificate();
}
