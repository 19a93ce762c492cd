namespace EventLoops;

/// <summary>
/// TLS between the socket and the role (RFC 8446). Received bytes are decrypted at once and delivered as plaintext, so pauses, held-back input and everything
/// above work as they do without it. How written bytes leave is in <c>Connection.Tls.Output.cs</c>.
/// </summary>
public sealed partial class Connection
{
    // RFC 8446 5.1: the first byte of a stream is the type of its first record, a handshake. No method of HTTP begins with it.
    private const byte HandshakeRecord = 0x16;

    // What a client reads at once for a program that reads by itself: the program's own buffer, and a record that it may cut.
    private const int MostReadForUser = 64 * 1024;

    private TlsTransport? _tls;

    /// <summary>Whether TLS is spoken on it, or is being agreed on: the original's <c>lws_is_ssl</c>.</summary>
    public bool IsTls => _tls is not null;

    /// <summary>
    /// What was agreed in the TLS handshake, and who the peer is; null without TLS, before the handshake is over, and after the end. The first call allocates it.
    /// </summary>
    public TlsInfo? Tls => _tls?.Info;

    /// <summary>The host that the name in the TLS handshake has led to; null without TLS.</summary>
    internal VirtualHost? TlsHost => _tls?.Host;

    /// <summary>Whether the peer speaks without TLS on a port that speaks it. The host that it asks for says what is done about that.</summary>
    internal bool IsPlainOnTlsPort { get; private set; }

    /// <summary>Whether the peer has said by TLS that nothing more comes.</summary>
    internal bool HasPeerEnded => _tls is { HasPeerEnded: true };

    /// <summary>Whether the peer's stream has ended in a way that only TLS can tell from an end: cut, by whomever.</summary>
    internal bool IsStreamCut => _tls is { IsCut: true };

    private bool HasCiphertextKept => _tls is { Unsent.IsEmpty: false };

    /// <summary>The hosts among which the name in the handshake, or the first one, finds the host of an accepted connection, which has just begun to speak HTTP.</summary>
    private HostTable Hosts => ((HttpServerRole)_role).Listener.Hosts;

    private bool IsEndDue => _tls is { IsEndDue: true };

    /// <summary>Begins TLS as the client, with the first message of the handshake.</summary>
    internal void BeginTls(ITlsEngine engine)
    {
        _tls = new TlsTransport { Engine = engine };
        _ = ShakeHands([], out _);
    }

    /// <summary>Takes bytes that came with what was spoken before TLS.</summary>
    internal void ReceiveCiphertext(Span<byte> bytes) => DeliverEncrypted(bytes);

    /// <summary>Takes the encrypted stream away, with the socket that it belongs to.</summary>
    internal TlsTransport? DetachTls()
    {
        TlsTransport? tls = _tls;
        _tls = null;
        return tls;
    }

    /// <summary>Takes over a stream that is open already, with its socket.</summary>
    internal void AttachTls(TlsTransport? tls) => _tls = tls;

    /// <summary>What the kernel had: the handshake's, or data.</summary>
    private void DeliverEncrypted(Span<byte> ciphertext)
    {
        TlsTransport tls = _tls!;
        if (tls.Engine is null && !TryBeginServer(tls, ciphertext))
            return;

        // Behind a fault or the peer's own end nothing is looked at; it is read so that the peer can hear us out.
        if (tls.HasPeerEnded || tls.Engine is not { Fault: ProtocolFault.None })
            return;
        if (!tls.Engine.IsHandshakeDone)
        {
            if (!ShakeHands(ciphertext, out int consumed) || consumed == ciphertext.Length)
                return;

            ciphertext = ciphertext[consumed..];
        }

        Decrypt(tls, ciphertext);
    }

    /// <summary>The first byte says what the peer speaks. False when it is not TLS, and the bytes have been dealt with.</summary>
    private bool TryBeginServer(TlsTransport tls, Span<byte> bytes)
    {
        if (bytes[0] == HandshakeRecord)
        {
            // The certificate may have been replaced since the connection was accepted, and the last host with TLS may have gone.
            tls.Engine = Hosts.DefaultForTls?.Tls?.NewServerEngine(Hosts, Thread.UtcNow().Ticks / TimeSpan.TicksPerMillisecond);
            if (tls.Engine is null)
                End(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Local });
            return tls.Engine is not null;
        }

        IsPlainOnTlsPort = true;
        _tls = null;
        ClearDeadline();
        Move(ConnectionState.AwaitingRequest);
        Deliver(bytes);
        return false;
    }

    /// <summary>Goes on with the handshake. True when it is over, and the connection still there.</summary>
    private bool ShakeHands(ReadOnlySpan<byte> ciphertext, out int consumed)
    {
        TlsTransport tls = _tls!;
        Span<byte> room = Thread.TlsBuffers.Room;
        consumed = 0;
        while (true)
        {
            TlsStep step = tls.Engine!.Handshake(ciphertext[consumed..], room);
            consumed += step.Consumed;
            SendCiphertext(room[..step.Ciphertext]);
            if (IsClosed || _tls != tls)
                return false;

            switch (step.Status)
            {
                case TlsStatus.NeedRoom:
                    continue;
                case TlsStatus.NeedInput:
                    return false;
                case TlsStatus.Done:
                    OnAgreed();
                    return !IsClosed && _tls == tls;
                case TlsStatus.Closed:
                    EndByTls(ProtocolFault.TlsHandshakeFailed, "close_notify during the handshake");
                    return false;
                default:
                    EndByTls(tls.Engine.Fault, tls.Engine.FaultReason);
                    return false;
            }
        }
    }

    /// <summary>Both sides have agreed.</summary>
    private void OnAgreed()
    {
        Thread.Counters.CountHandshake(succeeded: true);
        if (_role is TlsClientRole client)
        {
            client.OnAgreed();
            return;
        }

        BindToNamedHost(_tls!);
        Move(ConnectionState.AwaitingRequest);
        SetDeadline(Deadline.FirstByte, Context.Timeouts.FirstByte);
    }

    /// <summary>From here on it belongs to the host that the client has named, of which every request has to be (RFC 9110 7.4).</summary>
    private void BindToNamedHost(TlsTransport tls)
    {
        ReadOnlySpan<byte> name = System.Text.Encoding.ASCII.GetBytes(tls.Engine!.Agreement.ServerName ?? "");
        tls.Host = Hosts.ChooseForTls(name);
        if (tls.Host is not null && tls.Host != VirtualHost)
            Bind(tls.Host.ProtocolZero);
    }

    /// <summary>All that was received becomes plaintext, then it is delivered; what the role does not take now is held back as plaintext.</summary>
    private void Decrypt(TlsTransport tls, ReadOnlySpan<byte> ciphertext)
    {
        Span<byte> plaintext = Thread.TlsBuffers.Plaintext;
        TlsStatus status = Decrypt(tls, ciphertext, plaintext, out int length, out _);
        if (IsClosed || _tls != tls)
            return;

        if (length > 0 && State is not (ConnectionState.Flushing or ConnectionState.Lingering))
            Deliver(plaintext[..length]);
        if (!IsClosed && _tls == tls)
            TakeStatus(tls, status);
    }

    /// <summary>
    /// Reads until the ciphertext is used up or the plaintext has filled its buffer. Anything without data is looked at on the way: how much of it comes, and what
    /// is to be said to it.
    /// </summary>
    private TlsStatus Decrypt(TlsTransport tls, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext, out int length, out int consumed)
    {
        Span<byte> room = Thread.TlsBuffers.Room;
        length = 0;
        consumed = 0;
        while (true)
        {
            long controlBefore = tls.Engine!.ControlRecords;
            TlsStep step = tls.Engine.Read(ciphertext[consumed..], plaintext[length..], room);
            consumed += step.Consumed;
            length += step.Plaintext;
            SendCiphertext(room[..step.Ciphertext]);
            if (IsClosed || _tls != tls)
                return TlsStatus.NeedInput;
            if (tls.Engine.ControlRecords != controlBefore && tls.IsFlooded(Thread.Loop.NowMilliseconds, Context.Limits.MaxControlRate))
            {
                EndByTls(ProtocolFault.TlsMessageFlood, "too many of them");
                return TlsStatus.NeedInput;
            }

            if (step.Status is not (TlsStatus.Control or TlsStatus.NeedRoom))
                return step.Status;
        }
    }

    /// <summary>What came behind the data: the peer's end, or a fault.</summary>
    private void TakeStatus(TlsTransport tls, TlsStatus status)
    {
        if (status == TlsStatus.Closed)
        {
            tls.HasPeerEnded = true;
            tls.IsEndDue = true;
            ReportEnd();
        }
        else if (status == TlsStatus.Fault)
        {
            EndByTls(tls.Engine!.Fault, tls.Engine.FaultReason);
        }
    }

    /// <summary>The role hears of the end when everything before it has been delivered; until then the end is input that is held back.</summary>
    private void ReportEnd()
    {
        if (!IsEndDue)
            return;
        if (State == ConnectionState.ReadingReply)
        {
            QueueHeldInput();
            return;
        }

        if (!IsReceiving || HasUndelivered || HasHeldInput)
            return;

        _tls!.IsEndDue = false;
        OnEndOfStream();
    }

    /// <summary>The kernel says that nothing more comes. Without close_notify before it that is not the peer's word.</summary>
    private void NoteEndOfStream()
    {
        if (_tls is { HasPeerEnded: false } tls)
            tls.IsCut = true;
        if (State == ConnectionState.Securing)
            Context.Log.TlsFailed(Id, ProtocolFault.TlsHandshakeFailed.Describe(), "the peer closed the connection");
    }

    /// <summary>TLS has failed. The alert is on its way if there is one; what was written and has not been encrypted is lost.</summary>
    private void EndByTls(ProtocolFault fault, string reason)
    {
        Context.Log.TlsFailed(Id, fault.Describe(), reason);
        if (_tls is { Engine: { IsHandshakeDone: false } })
            Thread.Counters.CountHandshake(succeeded: false);
        if (_role is ClientRole client && !IsClosed)
        {
            client.OnTlsFault(fault, reason);
            return;
        }

        if (State is ConnectionState.Flushing or ConnectionState.Lingering)
        {
            End(Ending.Close);
            return;
        }

        DropOutput();
        if (Thread.Cork.Owner == this)
            Thread.Cork.Clear();
        EndAfterFlush(new CloseInfo { Code = WebSocketCloseCode.Abnormal, Origin = CloseOrigin.Error, Fault = fault }, AfterFlush.ShutdownAndLinger);
    }

    /// <summary>
    /// Reads for a program that reads by itself. This may happen inside a callback of another connection, whose bytes lie in the buffers of the thread, so it has
    /// its own.
    /// </summary>
    private IoResult ReceiveDecrypted(Span<byte> buffer)
    {
        TlsTransport tls = _tls!;
        if (tls.HasPeerEnded)
        {
            tls.IsEndDue = false;
            return IoResult.Ok(0);
        }

        byte[] rented = BufferPool.Rent(MostReadForUser);
        IoResult received = Io.Receive(_fd, rented.AsSpan(0, Math.Min(rented.Length, Math.Max(buffer.Length, ITlsEngine.MinimumRoom))));
        if (received is { IsError: false, Value: 0 })
            NoteEndOfStream();
        if (!received.IsError && received.Value > 0)
            received = DecryptFor(tls, rented.AsSpan(0, received.Value), buffer);
        BufferPool.Return(rented);
        return received;
    }

    private IoResult DecryptFor(TlsTransport tls, ReadOnlySpan<byte> ciphertext, Span<byte> buffer)
    {
        HeardAt = Thread.Loop.NowMilliseconds;
        TlsStatus status = Decrypt(tls, ciphertext, buffer, out int length, out int consumed);
        if (status == TlsStatus.MorePlaintext && !IsClosed)
        {
            // What the program has no room for now comes first when it reads again.
            byte[] rented = BufferPool.Rent(ciphertext.Length - consumed + ITlsEngine.MinimumRoom);
            status = Decrypt(tls, ciphertext[consumed..], rented, out int more, out _);
            if (more > 0 && !IsClosed && _tls == tls)
                Hold(rented.AsSpan(0, more));
            BufferPool.Return(rented);
        }

        if (!IsClosed && _tls == tls)
            TakeStatus(tls, status);
        if (length > 0)
            return IoResult.Ok(length);

        // Nothing but the end, or nothing at the moment; the caller sees by itself when the connection is over.
        if (tls.HasPeerEnded)
        {
            tls.IsEndDue = false;
            return IoResult.Ok(0);
        }

        return IoResult.Failed(Errno.EAGAIN);
    }
}
