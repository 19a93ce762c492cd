namespace EventLoops;

/// <summary>
/// Sockets that HTTP replies have left open, for the next requests to the same place (RFC 9112 9.3). A few, the newest first, each for a short time: servers close
/// what is idle, and a socket that was closed is noticed when it happens or, at the latest, when it is taken.
/// </summary>
internal sealed class ClientPool(ServiceThread thread, int size, TimeSpan idle)
{
    private readonly List<IdleSocket> _sockets = [];

    /// <summary>Whether anything is kept at all.</summary>
    public bool IsOn => size > 0;

    /// <summary>How many sockets wait.</summary>
    public int Count => _sockets.Count;

    /// <summary>Takes the newest socket that was left under the same key and is still good.</summary>
    public bool TryTake(string key, out int fd)
    {
        for (int i = _sockets.Count - 1; i >= 0; i--)
        {
            IdleSocket socket = _sockets[i];
            if (socket.Key != key)
                continue;

            _sockets.RemoveAt(i);
            fd = socket.Detach();
            if (IsQuiet(fd))
                return true;

            Io.Close(fd);
        }

        fd = -1;
        return false;
    }

    /// <summary>Leaves a socket; the one that has waited longest makes room for it.</summary>
    public void Put(string key, int fd)
    {
        if (_sockets.Count == size)
            Drop(_sockets[0]);

        IdleSocket socket = new(this, key, fd);
        try
        {
            socket.Wait();
            _sockets.Add(socket);
        }
        catch (LoopFaultException)
        {
            // A loop that cannot watch it cannot tell when it is closed either.
            Io.Close(fd);
        }
    }

    public void CloseAll()
    {
        while (_sockets.Count > 0)
            Drop(_sockets[^1]);
    }

    /// <summary>A server has nothing to say on a socket that waits: bytes would be taken for the next reply, and an end is an end.</summary>
    private bool IsQuiet(int fd)
    {
        Span<byte> nothing = stackalloc byte[1];
        return Io.Receive(fd, nothing).WouldBlock;
    }

    private void Drop(IdleSocket socket)
    {
        _sockets.Remove(socket);
        Io.Close(socket.Detach());
    }

    private sealed class IdleSocket : IReadyHandler
    {
        private readonly ClientPool _pool;
        private readonly LoopTimer _patience;
        private readonly int _fd;
        private Watch? _watch;

        public IdleSocket(ClientPool pool, string key, int fd)
        {
            _pool = pool;
            _fd = fd;
            _patience = new LoopTimer(_ => pool.Drop(this));
            Key = key;
        }

        public string Key { get; }

        public void Wait()
        {
            _watch = _pool.Thread.Loop.Watch(_fd, PollEvents.In, this);
            if (_pool.Idle != Timeout.InfiniteTimeSpan)
                _pool.Thread.Loop.Schedule(_patience, _pool.Idle);
        }

        public void OnReady(Watch watch, PollEvents ready) => _pool.Drop(this);

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
