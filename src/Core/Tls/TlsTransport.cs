namespace EventLoops;

/// <summary>What a connection has beside its socket when it speaks TLS: the engine, what the kernel did not take of its output, and how far the stream has come.</summary>
internal sealed class TlsTransport
{
    private const int RateWindow = 1000;

    private long _windowStart = long.MinValue;
    private long _windowBegan;
    private long _lastCount;

    /// <summary>Ciphertext that the kernel has not taken. It leaves before anything that is written later.</summary>
    public ByteQueue Unsent;

    /// <summary>The engine. A server makes it when the first byte says that the peer speaks TLS, so that one who says nothing costs nothing.</summary>
    public ITlsEngine? Engine { get; set; }

    /// <summary>The host that the client's name has led to; null for a client, and before the handshake is over.</summary>
    public VirtualHost? Host { get; set; }

    /// <summary>What users are told of it, made when it is first asked for; null while there is nothing to tell.</summary>
    public TlsInfo? Info => field ??= IsOpen ? new TlsInfo(Engine!) : null;

    /// <summary>Whether data goes both ways.</summary>
    public bool IsOpen => Engine is { IsHandshakeDone: true, Fault: ProtocolFault.None };

    /// <summary>Whether the connection ends where the peer may take it for the end: not when it is broken off.</summary>
    public bool MayEndOrderly { get; set; } = true;

    /// <summary>Whether close_notify can still be said, and is owed.</summary>
    public bool OwesShutdown => IsOpen && Engine is { IsShutdown: false };

    /// <summary>Whether the peer has said close_notify; bytes behind it are nobody's.</summary>
    public bool HasPeerEnded { get; set; }

    /// <summary>Whether the role has still to hear of the end, since what came before it has not been delivered.</summary>
    public bool IsEndDue { get; set; }

    /// <summary>Whether the peer's stream ended without close_notify: somebody else may have cut it (RFC 8446 6.1).</summary>
    public bool IsCut { get; set; }

    /// <summary>Whether the peer sends more messages without data than so many in a second. Each of them costs us more than it costs the peer.</summary>
    public bool IsFlooded(long now, int limit)
    {
        long count = Engine!.ControlRecords;
        if (_windowStart == long.MinValue || now - _windowStart >= RateWindow)
        {
            // What has come in the step that begins the window counts in it.
            _windowBegan = _windowStart == long.MinValue ? 0 : _lastCount;
            _windowStart = now;
        }

        _lastCount = count;
        return count - _windowBegan > limit;
    }

    /// <summary>Says close_notify (RFC 8446 6.1), if it is owed and the kernel takes it at once: the socket is about to be closed.</summary>
    public void SayEnd(SocketIo io, int fd, Span<byte> room)
    {
        if (OwesShutdown)
            io.Send(fd, room[..Engine!.Shutdown(room).Ciphertext]);
    }

    /// <summary>Gives back what it holds.</summary>
    public void Release()
    {
        Unsent.Clear();
        Engine?.Dispose();
        Engine = null;
    }
}
