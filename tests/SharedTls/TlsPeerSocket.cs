namespace EventLoops.Tests;

/// <summary>A socket that speaks TLS with an engine of its own. What is sent before the handshake is over waits for it.</summary>
internal sealed class TlsPeerSocket : PeerSocket
{
    private const int MostAtOnce = 64 * 1024;

    private readonly PeerSocket _inner;
    private readonly ITlsEngine _engine;
    private readonly byte[] _ciphertext = new byte[MostAtOnce];
    private readonly byte[] _room = new byte[2 * MostAtOnce];
    private readonly List<byte> _early = [];
    private byte[] _plaintext = [];
    private int _plaintextStart;
    private int _plaintextEnd;
    private byte[] _unsent = [];
    private int _unsentStart;
    private int _unsentEnd;
    private bool _endsStream;
    private bool _hasEnded;
    private bool _isBroken;

    public TlsPeerSocket(PeerSocket inner, ITlsEngine engine)
    {
        _inner = inner;
        _engine = engine;
        Shake([], out _);
    }

    /// <summary>The engine, for what is not offered here.</summary>
    public ITlsEngine Engine => _engine;

    /// <summary>Whether the other side has said close_notify.</summary>
    public bool HasSeenCloseNotify { get; private set; }

    public override void Work()
    {
        if (_engine.IsHandshakeDone) FinishStream();
        else Pump();
    }

    public override IoResult Send(ReadOnlySpan<byte> bytes)
    {
        if (_isBroken) return IoResult.Failed(Errno.ECONNRESET);
        if (!_engine.IsHandshakeDone)
        {
            _early.AddRange(bytes);
            Pump();
            return IoResult.Ok(bytes.Length);
        }

        if (!Flush()) return IoResult.Failed(_isBroken ? Errno.ECONNRESET : Errno.EAGAIN);

        int count = Math.Min(bytes.Length, MostAtOnce);
        Encrypt(bytes[..count]);
        Flush();
        return IoResult.Ok(count);
    }

    public override IoResult Receive(Span<byte> buffer)
    {
        if (_plaintextStart == _plaintextEnd) Pump();
        int count = Math.Min(buffer.Length, _plaintextEnd - _plaintextStart);
        if (count > 0)
        {
            _plaintext.AsSpan(_plaintextStart, count).CopyTo(buffer);
            _plaintextStart += count;
            return IoResult.Ok(count);
        }

        if (_hasEnded) return IoResult.Ok(0);
        return IoResult.Failed(_isBroken ? Errno.ECONNRESET : Errno.EAGAIN);
    }

    public override bool ShutdownWrite()
    {
        _endsStream = true;
        return FinishStream();
    }

    public override void ResetOnDispose() => _inner.ResetOnDispose();

    public override void Wait(bool forRoom) => _inner.Wait(forRoom);

    public override void Dispose()
    {
        _engine.Dispose();
        _inner.Dispose();
    }

    private void Pump()
    {
        if (!FinishStream() || _hasEnded || _isBroken) return;

        IoResult received = _inner.Receive(_ciphertext);
        if (received.WouldBlock) return;
        if (received.IsError)
        {
            _isBroken = true;
            return;
        }

        // A test that looks for the end of the stream sees it, whether it was said or not.
        _hasEnded = received.Value == 0;
        Take(_ciphertext.AsSpan(0, received.Value));
    }

    private void Take(ReadOnlySpan<byte> ciphertext)
    {
        if (!_engine.IsHandshakeDone)
        {
            Shake(ciphertext, out int consumed);
            ciphertext = ciphertext[consumed..];
            if (!_engine.IsHandshakeDone) return;
        }

        MakeRoom(ref _plaintext, ref _plaintextStart, ref _plaintextEnd, ciphertext.Length + ITlsEngine.MinimumRoom);
        while (true)
        {
            TlsStep step = _engine.Read(ciphertext, _plaintext.AsSpan(_plaintextEnd), _room);
            ciphertext = ciphertext[step.Consumed..];
            _plaintextEnd += step.Plaintext;
            Queue(_room.AsSpan(0, step.Ciphertext));
            if (step.Status is TlsStatus.Control or TlsStatus.NeedRoom) continue;

            HasSeenCloseNotify |= step.Status == TlsStatus.Closed;
            _hasEnded |= step.Status == TlsStatus.Closed;
            _isBroken |= step.Status == TlsStatus.Fault;
            Flush();
            return;
        }
    }

    private void Shake(ReadOnlySpan<byte> ciphertext, out int consumed)
    {
        TlsStep step = _engine.Handshake(ciphertext, _room);
        consumed = step.Consumed;
        Queue(_room.AsSpan(0, step.Ciphertext));
        _isBroken |= step.Status == TlsStatus.Fault;
        if (step.Status == TlsStatus.Done)
        {
            Encrypt([.. _early]);
            _early.Clear();
        }

        Flush();
        FinishStream();
    }

    private bool FinishStream()
    {
        if (!Flush()) return !_isBroken;
        if (!_endsStream || !_engine.IsHandshakeDone) return true;

        Queue(_room.AsSpan(0, _engine.Shutdown(_room).Ciphertext));
        if (!Flush()) return !_isBroken;

        _endsStream = false;
        return _inner.ShutdownWrite();
    }

    private void Encrypt(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            TlsStep step = _engine.Write(bytes, _room);
            Queue(_room.AsSpan(0, step.Ciphertext));
            bytes = bytes[step.Consumed..];
            if (step.Status == TlsStatus.Fault) return;
        }
    }

    private void Queue(ReadOnlySpan<byte> ciphertext)
    {
        MakeRoom(ref _unsent, ref _unsentStart, ref _unsentEnd, ciphertext.Length);
        ciphertext.CopyTo(_unsent.AsSpan(_unsentEnd));
        _unsentEnd += ciphertext.Length;
    }

    /// <summary>Whether everything has left.</summary>
    private bool Flush()
    {
        while (_unsentStart < _unsentEnd)
        {
            IoResult sent = _inner.Send(_unsent.AsSpan(_unsentStart, _unsentEnd - _unsentStart));
            _isBroken |= sent.IsError && !sent.WouldBlock;
            if (sent.IsError || sent.Value == 0) return false;

            _unsentStart += sent.Value;
        }

        return true;
    }

    private static void MakeRoom(ref byte[] array, ref int start, ref int end, int count)
    {
        if (end + count <= array.Length) return;

        byte[] larger = end - start + count <= array.Length ? array : new byte[(end - start + count) * 2];
        array.AsSpan(start, end - start).CopyTo(larger);
        (array, end, start) = (larger, end - start, 0);
    }
}
