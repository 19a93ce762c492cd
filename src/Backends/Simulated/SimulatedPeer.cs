using System.Net;

namespace EventLoops.Simulated;

/// <summary>
/// The other end of a connection of the program under test, played by the test. What it sends is there at once; what it does not read stays in the
/// kernel, so a peer that never reads is a slow one. The script cuts and refuses the program's calls only, never the peer's.
/// </summary>
public sealed class SimulatedPeer : IDisposable
{
    private readonly SimulatedKernel _kernel;
    private readonly VirtualSocket _socket;

    internal SimulatedPeer(SimulatedKernel kernel, VirtualSocket socket)
    {
        _kernel = kernel;
        _socket = socket;
    }

    /// <summary>The peer's own address.</summary>
    public EndPoint? LocalEndPoint => _socket.Local;

    /// <summary>Whether the listener has answered; the program need not have accepted yet.</summary>
    public bool IsConnected => Ask(socket => socket.Phase == SocketPhase.Connected && !socket.IsReset);

    /// <summary>Whether the program has reset the connection, or nobody listened.</summary>
    public bool IsReset => Ask(static socket => socket.IsReset);

    /// <summary>Whether the program has ended its half of the stream and everything before that was read.</summary>
    public bool IsEnded => Ask(static socket => socket.IsAtEnd);

    /// <summary>How many bytes can be read now.</summary>
    public int Available
    {
        get
        {
            lock (_kernel.Gate) return _socket.Arrived.Length;
        }
    }

    /// <summary>How many bytes wait for this peer at most before the program's sends would block: small ones make slow readers. At first <see cref="KernelScript.BufferSize"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int ReceiveBuffer
    {
        get
        {
            lock (_kernel.Gate) return _socket.Arrived.Capacity;
        }

        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            lock (_kernel.Gate)
            {
                _socket.Arrived.Capacity = value;
                _kernel.TellOthers();
            }
        }
    }

    /// <summary>Sends bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>How many the kernel took: fewer when its buffer is full, none when the connection is over or not answered yet.</returns>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        lock (_kernel.Gate)
        {
            IoResult result = _socket.IsClosed ? IoResult.Failed(Errno.EBADF) : _socket.Send(bytes);
            Note("peer.send", bytes.Length, result);
            return result.Value;
        }
    }

    /// <summary>Reads what is there, at most so much.</summary>
    /// <param name="buffer">Where to.</param>
    /// <returns>How many bytes; 0 when there are none now, or no more: <see cref="IsEnded"/> and <see cref="IsReset"/> tell.</returns>
    public int Receive(Span<byte> buffer)
    {
        lock (_kernel.Gate)
        {
            if (_socket.Arrived.Length == 0) return 0;

            IoResult result = _socket.Receive(buffer);
            Note("peer.recv", buffer.Length, result);
            return result.Value;
        }
    }

    /// <summary>Reads everything that is there now. Allocates.</summary>
    public byte[] ReceiveAll()
    {
        lock (_kernel.Gate)
        {
            byte[] bytes = new byte[_socket.Arrived.Length];
            Receive(bytes);
            return bytes;
        }
    }

    /// <summary>Ends the peer's half of the stream; it can still read.</summary>
    public void ShutdownWrite()
    {
        lock (_kernel.Gate) Note("peer.shutdown", -1, _socket.IsClosed ? IoResult.Failed(Errno.EBADF) : _socket.ShutdownWrite());
    }

    /// <summary>Resets the connection. What the program has not read yet it can still read, as on Linux.</summary>
    public void Reset()
    {
        lock (_kernel.Gate)
        {
            _socket.ResetsOnClose = true;
            Close("peer.reset");
        }
    }

    /// <summary>Closes the socket: an end of the stream, or a reset when something was left unread.</summary>
    public void Dispose()
    {
        lock (_kernel.Gate)
        {
            if (!_socket.IsClosed) Close("peer.close");
        }
    }

    private bool Ask(Func<VirtualSocket, bool> question)
    {
        lock (_kernel.Gate) return question(_socket);
    }

    private void Close(string what)
    {
        _kernel.CloseSocket(_socket);
        Note(what, -1, IoResult.Ok(0));
    }

    private void Note(string what, int size, IoResult result)
    {
        _kernel.Note(what, (_socket.Local as IPEndPoint)?.Port ?? 0, size, result);
        _kernel.TellOthers();
    }
}
