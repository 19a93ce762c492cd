namespace EventLoops.Benchmarks.Load.Wire;

/// <summary>TLS under one connection: plaintext on one side, the socket's bytes on the other.</summary>
internal sealed class TlsLayer(ITlsEngine engine, byte[] room) : IDisposable
{
    private byte[] _unsent = [];

    /// <summary>Whether data can be sent.</summary>
    public bool IsOpen => engine.IsHandshakeDone;

    /// <summary>Whether there is ciphertext that the kernel has not taken: nothing more is encrypted until it has.</summary>
    public bool HasUnsent => _unsent.Length > 0;

    /// <summary>Goes on with the handshake; what is left of the input belongs to <see cref="Read"/>.</summary>
    public void ShakeHands(ref ReadOnlySpan<byte> input, Func<ReadOnlyMemory<byte>, int> send)
    {
        while (true)
        {
            TlsStep step = engine.Handshake(input, room);
            input = input[step.Consumed..];
            Send(step.Ciphertext, send);
            if (step.Status is TlsStatus.Done or TlsStatus.NeedInput)
                return;
            if (step.Status != TlsStatus.NeedRoom)
                throw new LoadException($"TLS: {engine.FaultReason}");
        }
    }

    /// <summary>Decrypts what fits; false when the input is used up.</summary>
    public bool Read(ref ReadOnlySpan<byte> input, Span<byte> plaintext, out int length, out bool isEnd)
    {
        TlsStep step = engine.Read(input, plaintext, room);
        input = input[step.Consumed..];
        length = step.Plaintext;
        isEnd = step.Status == TlsStatus.Closed;
        if (step.Status == TlsStatus.Fault)
            throw new LoadException($"TLS: {engine.FaultReason}");
        return step.Status is TlsStatus.MorePlaintext or TlsStatus.Control;
    }

    /// <summary>Encrypts and sends.</summary>
    /// <returns>How many bytes were encrypted; fewer than all when the kernel takes no more.</returns>
    public int Write(ReadOnlySpan<byte> plaintext, Func<ReadOnlyMemory<byte>, int> send)
    {
        int taken = 0;
        int used = 0;
        while (taken < plaintext.Length && !HasUnsent)
        {
            TlsStep step = engine.Write(plaintext[taken..], room.AsSpan(used));
            taken += step.Consumed;
            used += step.Ciphertext;
            if (step.Status is not (TlsStatus.Done or TlsStatus.NeedRoom))
                throw new LoadException($"TLS: {engine.FaultReason}");

            Send(used, send);
            used = 0;
        }

        return taken;
    }

    /// <summary>Sends what the kernel did not take.</summary>
    public void Flush(Func<ReadOnlyMemory<byte>, int> send)
    {
        if (HasUnsent)
            _unsent = _unsent[send(_unsent)..];
    }

    public void Dispose() => engine.Dispose();

    private void Send(int count, Func<ReadOnlyMemory<byte>, int> send)
    {
        int sent = count == 0 ? 0 : send(room.AsMemory(0, count));
        if (sent < count)
            _unsent = room[sent..count];
    }
}
