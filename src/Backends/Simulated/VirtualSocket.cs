using System.Net;
using System.Net.Sockets;

namespace EventLoops.Simulated;

/// <summary>How far a socket has come.</summary>
internal enum SocketPhase
{
    /// <summary>Opened, perhaps bound.</summary>
    Fresh,

    /// <summary>Takes connections.</summary>
    Listening,

    /// <summary>Has asked for a connection and was not answered yet.</summary>
    Connecting,

    /// <summary>Is or was one end of a connection.</summary>
    Connected,
}

/// <summary>
/// One socket of the simulated kernel, a descriptor's or a <see cref="SimulatedPeer"/>'s: what it answers and when it is ready follows tcp(7), poll(2) and what
/// Linux does where these are silent. Its methods are called with the kernel's gate held.
/// </summary>
internal sealed class VirtualSocket(AddressFamily family, int bufferSize)
{
    private VirtualSocket? _other;
    private bool _hasReceivedEnd;
    private bool _hasSentEnd;
    private bool _isReset;
    private bool _isClosed;
    private Errno _pendingError;

    public AddressFamily Family => family;

    public SocketPhase Phase { get; set; }

    public EndPoint? Local { get; set; }

    public EndPoint? Remote { get; set; }

    /// <summary>What has arrived and was not read.</summary>
    public BytePipe Arrived { get; } = new(bufferSize);

    /// <summary>What a listener has to accept; null for every other socket.</summary>
    public ListenQueue? Queue { get; set; }

    /// <summary>SO_LINGER with zero seconds: closing resets.</summary>
    public bool ResetsOnClose { get; set; }

    /// <summary>Whether the other side has ended its half and everything before that was read.</summary>
    public bool IsAtEnd => _hasReceivedEnd && Arrived.Length == 0;

    /// <summary>Whether the other side has reset the connection, or refused it.</summary>
    public bool IsReset => _isReset;

    public bool IsClosed => _isClosed;

    /// <summary>What a wait reports of it.</summary>
    public PollEvents Events => Phase switch
    {
        SocketPhase.Listening => Queue!.HasReady ? PollEvents.In : PollEvents.None,
        SocketPhase.Connected => ConnectedEvents,
        SocketPhase.Connecting => PollEvents.None,

        // Linux calls a socket that was never connected hung up.
        _ => PollEvents.Out | PollEvents.HangUp,
    };

    private PollEvents ConnectedEvents
    {
        get
        {
            if (_isReset)
            {
                PollEvents error = _pendingError == Errno.None ? PollEvents.None : PollEvents.Error;
                return PollEvents.In | PollEvents.Out | PollEvents.HangUp | error;
            }

            PollEvents events = PollEvents.None;
            if (Arrived.Length > 0 || _hasReceivedEnd) events |= PollEvents.In;
            if (_hasSentEnd || _other!._isClosed || _other.Arrived.HasRoom) events |= PollEvents.Out;
            if (_hasSentEnd && _hasReceivedEnd) events |= PollEvents.HangUp;
            return events;
        }
    }

    /// <summary>Makes two sockets the ends of one connection.</summary>
    public static void Pair(VirtualSocket client, VirtualSocket server)
    {
        client._other = server;
        server._other = client;
        server.Phase = SocketPhase.Connected;
        server.Local = client.Remote;
        server.Remote = client.Local;
    }

    public IoResult Receive(Span<byte> buffer)
    {
        if (Phase == SocketPhase.Connecting) return IoResult.Failed(Errno.EAGAIN);
        if (Phase != SocketPhase.Connected) return IoResult.Failed(Errno.ENOTCONN);

        // In this order on Linux: what had arrived can be read also after a reset, and an end that came before the reset hides it.
        if (Arrived.Length > 0) return IoResult.Ok(Arrived.Read(buffer));
        if (_hasReceivedEnd) return IoResult.Ok(0);
        if (_pendingError != Errno.None) return TakePendingError();
        if (_isReset) return IoResult.Ok(0);
        return IoResult.Failed(Errno.EAGAIN);
    }

    public IoResult Send(ReadOnlySpan<byte> bytes)
    {
        if (Refusal() is { } refusal) return refusal;
        if (bytes.IsEmpty) return IoResult.Ok(0);
        if (_other!._isClosed)
        {
            // Nobody is there any more: the bytes go out, and what comes back is a reset.
            OnReset();
            return IoResult.Ok(bytes.Length);
        }

        int taken = _other.Arrived.Write(bytes);
        return taken == 0 ? IoResult.Failed(Errno.EAGAIN) : IoResult.Ok(taken);
    }

    public IoResult TakePendingError()
    {
        Errno error = _pendingError;
        _pendingError = Errno.None;
        return error == Errno.None ? IoResult.Ok(0) : IoResult.Failed(error);
    }

    public IoResult ShutdownWrite()
    {
        if (Phase != SocketPhase.Connected || _isReset) return IoResult.Failed(Errno.ENOTCONN);

        _hasSentEnd = true;
        _other!._hasReceivedEnd = true;
        return IoResult.Ok(0);
    }

    /// <summary>SO_SNDBUF: how much may be on its way to the other side.</summary>
    public void SetSendBuffer(int bytes)
    {
        if (_other is not null) _other.Arrived.Capacity = Math.Max(1, bytes);
    }

    /// <summary>The end of this side. The other side sees an end, or a reset when something was left unread, as on Linux.</summary>
    public void Close()
    {
        if (_isClosed) return;

        _isClosed = true;
        Queue?.ResetAll();
        if (Phase == SocketPhase.Connected && !_isReset)
        {
            if (ResetsOnClose || Arrived.Length > 0) _other!.OnReset();
            else _other!._hasReceivedEnd = true;
        }

        Arrived.Clear();
    }

    /// <summary>A reset arrives.</summary>
    public void OnReset()
    {
        if (_isReset || _isClosed) return;

        // After the other side's end Linux says EPIPE, as only sending can still fail.
        _isReset = true;
        _pendingError = _hasReceivedEnd ? Errno.EPIPE : Errno.ECONNRESET;
    }

    /// <summary>The answer to a connection that nobody wants.</summary>
    public void OnRefused(Errno errno)
    {
        Phase = SocketPhase.Connected;
        _isReset = true;
        _pendingError = errno;
    }

    /// <summary>What keeps bytes from being sent at all.</summary>
    private IoResult? Refusal()
    {
        if (_pendingError != Errno.None) return TakePendingError();
        if (Phase == SocketPhase.Connecting) return IoResult.Failed(Errno.EAGAIN);
        if (Phase != SocketPhase.Connected || _hasSentEnd || _isReset) return IoResult.Failed(Errno.EPIPE);
        return null;
    }
}
