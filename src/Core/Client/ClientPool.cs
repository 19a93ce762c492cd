namespace EventLoops;

/// <summary>
/// Sockets that HTTP replies have left open, for the next requests to the same place (RFC 9112 9.3). A few, the newest first, each for a short time: servers close
/// what is idle, and a socket that was closed is noticed when it happens or, at the latest, when it is taken.
/// </summary>
internal sealed class ClientPool(ServiceThread thread, int size, TimeSpan idle)
{
    // More messages without data than any server sends beside its replies.
    private const int MostMessages = 1000;

    private readonly List<IdleSocket> _sockets = [];

    /// <summary>Whether anything is kept at all.</summary>
    public bool IsOn => size > 0;

    /// <summary>How many sockets wait.</summary>
    public int Count => _sockets.Count;

    /// <summary>Takes the newest socket that was left under the same key and is still good.</summary>
    /// <param name="key">What it must have in common with the one that was left.</param>
    /// <param name="fd">The socket.</param>
    /// <param name="tls">The TLS that is spoken on it; null for none.</param>
    public bool TryTake(string key, out int fd, out TlsTransport? tls)
    {
        for (int i = _sockets.Count - 1; i >= 0; i--)
        {
            IdleSocket socket = _sockets[i];
            if (socket.Key != key)
                continue;

            _sockets.RemoveAt(i);
            fd = socket.Detach();
            tls = socket.Tls;
            if (IsQuiet(fd, tls))
                return true;

            Close(fd, tls);
        }

        fd = -1;
        tls = null;
        return false;
    }

    /// <summary>Leaves a socket; the one that has waited longest makes room for it.</summary>
    public void Put(string key, int fd, TlsTransport? tls)
    {
        if (_sockets.Count == size)
            Drop(_sockets[0]);

        IdleSocket socket = new(this, key, fd, tls);
        try
        {
            socket.Wait();
            _sockets.Add(socket);
        }
        catch (LoopFaultException)
        {
            // A loop that cannot watch it cannot tell when it is closed either.
            Close(fd, tls);
        }
    }

    public void CloseAll()
    {
        while (_sockets.Count > 0)
            Drop(_sockets[^1]);
    }

    /// <summary>
    /// A server has nothing to say on a socket that waits: bytes would be taken for the next reply, and an end is an end. TLS may still have something to say that is
    /// no data, such as a ticket for the next session.
    /// </summary>
    private bool IsQuiet(int fd, TlsTransport? tls)
    {
        if (tls is not null)
            return IsQuiet(fd, tls.Engine!);

        Span<byte> nothing = stackalloc byte[1];
        return Io.Receive(fd, nothing).WouldBlock;
    }

    private bool IsQuiet(int fd, ITlsEngine engine)
    {
        byte[] ciphertext = BufferPool.Rent(ITlsEngine.MinimumRoom);
        IoResult received = Io.Receive(fd, ciphertext);
        bool isQuiet = received.WouldBlock || (received.Value > 0 && HasNoData(engine, ciphertext.AsSpan(0, received.Value)));
        BufferPool.Return(ciphertext);
        return isQuiet;
    }

    private bool HasNoData(ITlsEngine engine, ReadOnlySpan<byte> ciphertext)
    {
        Span<byte> plaintext = stackalloc byte[1];
        while (true)
        {
            TlsStep step = engine.Read(ciphertext, plaintext, thread.TlsBuffers.Room);
            ciphertext = ciphertext[step.Consumed..];

            // One that wants an answer, or goes on without end, is not worth the while.
            if (step.Plaintext > 0 || step.Ciphertext > 0 || engine.ControlRecords > MostMessages)
                return false;
            if (step.Status != TlsStatus.Control)
                return step.Status == TlsStatus.NeedInput;
        }
    }

    private void Drop(IdleSocket socket)
    {
        _sockets.Remove(socket);
        Close(socket.Detach(), socket.Tls);
    }

    private void Close(int fd, TlsTransport? tls)
    {
        // The buffers are made for those who speak TLS, and not for those who close without it.
        if (tls is not null)
        {
            tls.SayEnd(Io, fd, thread.TlsBuffers.Room);
            tls.Release();
        }

        Io.Close(fd);
    }

    private sealed class IdleSocket : IReadyHandler
    {
        private readonly ClientPool _pool;
        private readonly LoopTimer _patience;
        private readonly int _fd;
        private Watch? _watch;

        public IdleSocket(ClientPool pool, string key, int fd, TlsTransport? tls)
        {
            Tls = tls;
            _pool = pool;
            _fd = fd;
            _patience = new LoopTimer(_ => pool.Drop(this));
            Key = key;
        }

        public string Key { get; }

        public TlsTransport? Tls { get; }

        public void Wait()
        {
            _watch = _pool.Thread.Loop.Watch(_fd, PollEvents.In, this);
            if (_pool.Idle != Timeout.InfiniteTimeSpan)
                _pool.Thread.Loop.Schedule(_patience, _pool.Idle);
        }

        public void OnReady(Watch watch, PollEvents ready)
        {
            if (Tls is null || !_pool.IsQuiet(_fd, Tls))
                _pool.Drop(this);
        }

        public int Detach()
        {
            _pool.Thread.TakeOff(_patience);
            _pool.Thread.TakeOff(_watch);
            _watch = null;
            return _fd;
        }
    }

    private ServiceThread Thread => thread;

    private SocketIo Io => thread.Loop.SocketIo;

    private TimeSpan Idle => idle;
}
