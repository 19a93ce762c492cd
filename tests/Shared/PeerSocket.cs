using System.Net.Sockets;

namespace EventLoops.Tests;

/// <summary>A connected socket that never waits: what a <see cref="RawPeer"/> needs of one, wherever it lives.</summary>
public abstract class PeerSocket : IDisposable
{
    /// <summary>Does what has to be done although nobody sends or receives, such as shaking hands.</summary>
    public virtual void Work()
    {
    }

    /// <summary>Gives bytes to the kernel: how many it took, EAGAIN, or what has broken.</summary>
    public abstract IoResult Send(ReadOnlySpan<byte> bytes);

    /// <summary>Takes bytes from the kernel: how many, 0 at the end of the stream, EAGAIN, or what has broken.</summary>
    public abstract IoResult Receive(Span<byte> buffer);

    /// <summary>Ends this half of the stream. False when there was nothing left to end.</summary>
    public abstract bool ShutdownWrite();

    /// <summary>Has <see cref="Dispose"/> reset the connection.</summary>
    public abstract void ResetOnDispose();

    /// <summary>Waits a moment until bytes can be moved.</summary>
    public abstract void Wait(bool forRoom);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>A socket of the framework.</summary>
internal sealed class LoopbackSocket : PeerSocket
{
    private const int WaitMicroseconds = 1000;

    private readonly Socket _socket;

    public LoopbackSocket(Socket socket)
    {
        _socket = socket;
        socket.Blocking = false;
        if (socket.ProtocolType == ProtocolType.Tcp) socket.NoDelay = true;
    }

    public Socket Socket => _socket;

    public override IoResult Send(ReadOnlySpan<byte> bytes) => ResultOf(_socket.Send(bytes, SocketFlags.None, out SocketError error), error);

    public override IoResult Receive(Span<byte> buffer) => ResultOf(_socket.Receive(buffer, SocketFlags.None, out SocketError error), error);

    public override bool ShutdownWrite()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public override void ResetOnDispose() => _socket.LingerState = new LingerOption(enable: true, seconds: 0);

    public override void Wait(bool forRoom) => _socket.Poll(WaitMicroseconds, forRoom ? SelectMode.SelectWrite : SelectMode.SelectRead);

    public override void Dispose() => _socket.Dispose();

    private static IoResult ResultOf(int count, SocketError error) => error switch
    {
        SocketError.Success => IoResult.Ok(count),
        SocketError.WouldBlock => IoResult.Failed(Errno.EAGAIN),
        _ => IoResult.Failed(Errno.ECONNRESET),
    };
}
