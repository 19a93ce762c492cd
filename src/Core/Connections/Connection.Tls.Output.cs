namespace EventLoops;

/// <summary>
/// How written bytes leave over TLS: they are encrypted when they are sent and not before, all records of a turn in one send, and what the kernel does not take is kept
/// as ciphertext in front of everything later.
/// </summary>
public sealed partial class Connection
{
    // What is read of a file at once when the kernel cannot send it by itself.
    private const int MostOfFile = 128 * 1024;

    /// <summary>Encrypts two pieces and sends them, in as few calls as the room allows. What the kernel does not take is kept as ciphertext, and ends it.</summary>
    /// <returns>How many bytes were encrypted, which is what the caller need not keep.</returns>
    private IoResult SendEncrypted(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        TlsTransport tls = _tls!;
        IoResult kept = SendKeptCiphertext(tls);
        if (kept.IsError || HasCiphertextKept)
            return kept.IsError ? kept : IoResult.Ok(0);

        Span<byte> room = Thread.TlsBuffers.Room;
        int used = 0;
        int taken = 0;
        int length = first.Length + second.Length;
        while (taken < length)
        {
            ReadOnlySpan<byte> piece = taken < first.Length ? first[taken..] : second[(taken - first.Length)..];
            TlsStep step = tls.Engine!.Write(piece, room[used..]);
            taken += step.Consumed;
            used += step.Ciphertext;
            if (step.Status is TlsStatus.Fault or TlsStatus.NeedInput or TlsStatus.Closed)
            {
                EndByTls(tls.Engine.Fault, tls.Engine.FaultReason);
                return IoResult.Failed(Errno.ECONNABORTED);
            }

            if (step.Status == TlsStatus.Done && taken < length)
                continue;

            IoResult sent = SendRoom(tls, room[..used]);
            used = 0;
            if (sent.IsError)
                return sent;
            if (HasCiphertextKept)
                break;
        }

        return IoResult.Ok(taken);
    }

    /// <summary>Reads a piece of a file and sends it encrypted. The result is that of <see cref="SendFile"/>.</summary>
    private int SendFileEncrypted(int fileFd, long offset, int count)
    {
        byte[] rented = BufferPool.Rent(MostOfFile);
        IoResult read = FileCalls.ReadAt(fileFd, rented.AsSpan(0, Math.Min(count, MostOfFile)), offset);
        int sent = -1;
        if (read.IsError)
            EndByError(read.Errno);
        else if (read.Value > 0)
            sent = Taken(Transmit(rented.AsSpan(0, read.Value)));
        BufferPool.Return(rented);
        if (sent >= 0 && (sent < read.Value || HasCiphertextKept))
            Choke();
        return sent;
    }

    private IoResult SendKeptCiphertext(TlsTransport tls)
    {
        if (tls.Unsent.IsEmpty)
            return IoResult.Ok(0);

        IoResult sent = Io.Send(_fd, tls.Unsent.Span);
        if (sent.IsError)
            return sent;

        Count(sent.Value);
        tls.Unsent.Consume(sent.Value);
        return sent;
    }

    private IoResult SendRoom(TlsTransport tls, ReadOnlySpan<byte> ciphertext)
    {
        if (ciphertext.IsEmpty)
            return IoResult.Ok(0);

        IoResult sent = Io.Send(_fd, ciphertext);
        if (sent.IsError && !sent.WouldBlock)
            return sent;

        Count(sent.Value);
        if (sent.Value < ciphertext.Length)
            tls.Unsent.Append(ciphertext[sent.Value..]);
        return IoResult.Ok(sent.Value);
    }

    /// <summary>What an engine has to say for itself: a step of the handshake, an answer to a key update, an alert.</summary>
    private void SendCiphertext(ReadOnlySpan<byte> ciphertext)
    {
        if (ciphertext.IsEmpty || _tls is not { } tls)
            return;

        if (_isChoked || !tls.Unsent.IsEmpty)
        {
            tls.Unsent.Append(ciphertext);
            return;
        }

        if (Taken(SendRoom(tls, ciphertext)) >= 0 && HasCiphertextKept)
            Choke();
    }

    /// <summary>Says close_notify behind everything else. False when it has not left yet: then this is asked again.</summary>
    private bool SayEndOfTls()
    {
        if (_tls is { OwesShutdown: true } tls)
        {
            Span<byte> room = Thread.TlsBuffers.Room;
            TlsStep step = tls.Engine!.Shutdown(room);
            SendCiphertext(room[..step.Ciphertext]);
        }

        return !IsClosed && HasNothingKept;
    }

    /// <summary>
    /// The connection ends. In the middle of an answer close_notify would say that this was all of it (RFC 9112 9.8), and after an error nobody hears it.
    /// </summary>
    private void NoteHowTlsEnds()
    {
        if (_tls is not null && (Ending.Close.SystemError != Errno.None || State is ConnectionState.ReadingBody or ConnectionState.Responding))
            _tls.MayEndOrderly = false;
    }

    /// <summary>The end of the socket: close_notify, if it is owed and the kernel takes it at once, so that the peer can tell the end from a cut.</summary>
    private void LeaveTls()
    {
        if (_tls is not { } tls)
            return;

        bool isOrderly = _fd >= 0 && tls.MayEndOrderly && HasNothingKept;
        _tls = null;
        if (isOrderly)
            tls.SayEnd(Io, _fd, Thread.TlsBuffers.Room);
        tls.Release();
    }
}
