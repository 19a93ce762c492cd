namespace EventLoops;

/// <summary>A client that agrees with its server on TLS (RFC 8446), directly or through a proxy's tunnel. The connection moves the bytes; this is how it may end.</summary>
internal sealed class TlsClientRole(Connection connection, ClientCall call) : ClientRole(connection, call)
{
    protected override ConnectStage Stage => ConnectStage.Tls;

    /// <summary>Sends the first message of the handshake.</summary>
    public void Begin()
    {
        Connection.SetDeadline(Deadline.TlsHandshake, Options.HandshakeTimeout);
        ITlsEngine engine;
        try
        {
            engine = Call.TlsContext.NewClientEngine(Call.Target.Host, Call.Target.Port, Call.IsAtFirstOrigin);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or PlatformNotSupportedException)
        {
            // Only where a redirect has led to TLS: otherwise the call that asked for it has failed.
            FailFinally(new ConnectFailure { Stage = ConnectStage.Tls, Reason = exception.Message });
            return;
        }

        Connection.BeginTls(engine);
    }

    /// <summary>Both sides have agreed, and the certificate was found good.</summary>
    public void OnAgreed()
    {
        Connection.ClearDeadline();
        Call.Proceed(ConnectStage.Tls);
    }

    public override void Consume(ref Span<byte> bytes)
    {
        // A proxy's reply may be followed by bytes of the server in the same packet.
        Span<byte> ciphertext = bytes;
        bytes = default;
        Connection.ReceiveCiphertext(ciphertext);
    }

    public override void OnEndOfStream() => Fail(new ConnectFailure
    {
        Stage = ConnectStage.Tls,
        Reason = "the server closed the connection during the TLS handshake",
        IsTransient = true,
    });

    public override void OnDeadline(Deadline deadline) => Fail(new ConnectFailure
    {
        Stage = ConnectStage.Tls,
        Reason = $"no TLS within {Options.HandshakeTimeout.TotalSeconds:0.###} s",
        IsTimeout = true,
        IsTransient = true,
    });
}
