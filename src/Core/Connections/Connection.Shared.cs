namespace EventLoops;

/// <summary>
/// Output that many connections have in common, such as a broadcast: sent from where it lies. What the kernel does not take is remembered as a place in it, so that a
/// thousand slow readers of a large message do not hold a thousand copies.
/// </summary>
public sealed partial class Connection
{
    private bool HasNothingKept => _backlog is not { HasOutput: true } && !HasCiphertextKept;

    /// <summary>How many bytes the kernel has not taken yet.</summary>
    internal int KeptLength => (_backlog?.OutputLength ?? 0) + (_tls?.Unsent.Length ?? 0);

    /// <summary>Writes a prepared message behind everything that was written before.</summary>
    /// <param name="message">The message, which does not change while this holds it.</param>
    /// <param name="bytes">That frame of it which this connection gets.</param>
    internal void SendShared(PreparedMessage message, ReadOnlyMemory<byte> bytes)
    {
        if (IsClosed)
            return;

        Cork cork = Thread.Cork;
        if (cork.Owner != this || !HasNothingKept)
        {
            MakeRoomToKeep().KeepShared(message, bytes);
            return;
        }

        if (bytes.Length <= cork.Free)
        {
            bytes.Span.CopyTo(cork.Extend(bytes.Length));
            return;
        }

        SendSharedPastCork(cork, message, bytes);
    }

    private void SendSharedPastCork(Cork cork, PreparedMessage message, ReadOnlyMemory<byte> bytes)
    {
        int corked = cork.Length;
        int sent = Taken(Transmit(cork.Bytes, bytes.Span));
        if (sent >= 0 && (sent < corked + bytes.Length || HasCiphertextKept))
        {
            KeepRest(cork, sent, default);
            if (sent < corked + bytes.Length)
                (_backlog ??= Thread.RentBacklog()).KeepShared(message, bytes[Math.Max(0, sent - corked)..]);
            Choke();
        }

        cork.Clear();
    }

    /// <summary>Something comes behind a shared message that has not left: only then is the rest of it copied.</summary>
    private void CopyShared()
    {
        if (_backlog is not { Shared.IsEmpty: false } backlog)
            return;

        backlog.Output.Append(backlog.Shared.Span);
        backlog.DropShared();
    }
}
