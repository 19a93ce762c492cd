using System.Net;
using System.Net.Sockets;

namespace EventLoops;

/// <summary>
/// The system calls on sockets, as one replaceable object: the C library's by default, a scripted kernel or a fault injector in tests.
/// Every result is a number or an errno; nothing throws for what the system says. Sockets are non-blocking and close on exec.
/// A call that a signal interrupts (EINTR) is repeated inside, except <see cref="Close"/>. Implementations are used by the threads of
/// all loops that share them.
/// </summary>
public abstract class SocketIo
{
    // What fits on the stack of any thread; a file goes out in pieces of it where the kernel is not asked to do the work.
    private const int FilePieceSize = 64 * 1024;

    /// <summary>The calls of the C library. Stateless, so that all loops share this one.</summary>
    public static SocketIo System { get; } = new LibcSocketIo();

    /// <summary>
    /// <c>recv(2)</c>: moves what has arrived to <paramref name="buffer"/>. Zero is the end of the stream (or an empty buffer).
    /// </summary>
    public abstract IoResult Receive(int fd, Span<byte> buffer);

    /// <summary><c>send(2)</c>: gives bytes to the kernel, which may take fewer. Never raises SIGPIPE; a closed peer is EPIPE.</summary>
    public abstract IoResult Send(int fd, ReadOnlySpan<byte> bytes);

    /// <summary>
    /// <c>sendmsg(2)</c>: gives two pieces to the kernel in one call, in order. The result counts the bytes taken of both together.
    /// </summary>
    public abstract IoResult Send(int fd, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second);

    /// <summary>
    /// Gives a piece of a file to the kernel, which may take fewer bytes; zero when the file has none at that place. The C library's
    /// calls do it by <c>sendfile(2)</c>, inside of the kernel. This default reads into memory and calls
    /// <see cref="Send(int, ReadOnlySpan{byte})"/>, so that whoever replaces the calls on sockets sees these bytes as well.
    /// </summary>
    /// <param name="fd">The socket.</param>
    /// <param name="fileFd">The file, open for reading. Its own position is neither used nor moved.</param>
    /// <param name="offset">Where the piece begins.</param>
    /// <param name="count">How long it is; what one call sends may be less, and is never more.</param>
    public virtual IoResult SendFile(int fd, int fileFd, long offset, int count)
    {
        Span<byte> piece = stackalloc byte[Math.Min(count, FilePieceSize)];
        IoResult read = Libc.ReadAt(fileFd, piece, offset);
        return read.IsError || read.Value == 0 ? read : Send(fd, piece[..read.Value]);
    }

    /// <summary>
    /// <c>accept4(2)</c>: takes one connection from a listener. The value is its descriptor, which is the caller's to close.
    /// </summary>
    public abstract IoResult Accept(int listenFd);

    /// <summary><c>socket(2)</c>: opens a stream socket. The value is its descriptor, which is the caller's to close.</summary>
    /// <param name="family">
    /// <see cref="AddressFamily.InterNetwork"/>, <see cref="AddressFamily.InterNetworkV6"/> or <see cref="AddressFamily.Unix"/>; any
    /// other is EAFNOSUPPORT.
    /// </param>
    public abstract IoResult OpenStream(AddressFamily family);

    /// <summary><c>bind(2)</c>: gives the socket its own address.</summary>
    /// <param name="fd">The socket.</param>
    /// <param name="endPoint">
    /// An <see cref="IPEndPoint"/> (port 0 takes any free port) or a <see cref="UnixDomainSocketEndPoint"/>; any other is EAFNOSUPPORT.
    /// </param>
    public abstract IoResult Bind(int fd, EndPoint endPoint);

    /// <summary>
    /// <c>listen(2)</c>: makes the socket a listener. The kernel bounds <paramref name="backlog"/> by net.core.somaxconn.
    /// </summary>
    public abstract IoResult Listen(int fd, int backlog);

    /// <summary>
    /// <c>connect(2)</c>: starts to connect. EINPROGRESS is a failure like any other here, and the usual answer for TCP: the socket is
    /// writable when the attempt has ended, and <see cref="GetPendingError"/> tells how.
    /// </summary>
    /// <param name="fd">The socket.</param>
    /// <param name="endPoint">An <see cref="IPEndPoint"/> or a <see cref="UnixDomainSocketEndPoint"/>; any other is EAFNOSUPPORT.</param>
    public abstract IoResult Connect(int fd, EndPoint endPoint);

    /// <summary>
    /// SO_ERROR: what went wrong on the socket since the last call, which clears it. Zero when nothing did, otherwise a failure with
    /// that errno.
    /// </summary>
    public abstract IoResult GetPendingError(int fd);

    /// <summary><c>getsockname(2)</c>: the socket's own address, or null when the system does not tell it. Allocates.</summary>
    public abstract EndPoint? GetLocalEndPoint(int fd);

    /// <summary><c>getpeername(2)</c>: the address of the other side, or null when there is none. Allocates.</summary>
    public abstract EndPoint? GetRemoteEndPoint(int fd);

    /// <summary><c>setsockopt(2)</c>: sets one option; <see cref="SocketTuning"/> says which unit <paramref name="value"/> has.</summary>
    public abstract IoResult SetOption(int fd, SocketTuning option, int value);

    /// <summary>
    /// SO_BINDTODEVICE (socket(7)): the socket uses this network interface only. The base method says ENOPROTOOPT, for sockets that know no interfaces.
    /// </summary>
    /// <param name="fd">The socket.</param>
    /// <param name="name">The interface, such as <c>eth0</c>.</param>
    public virtual IoResult BindToDevice(int fd, string name) => IoResult.Failed(Errno.ENOPROTOOPT);

    /// <summary>
    /// <c>shutdown(2)</c> of the sending half: the peer sees the end of the stream after what was sent; receiving goes on.
    /// </summary>
    public abstract IoResult ShutdownWrite(int fd);

    /// <summary><c>close(2)</c>. It is never repeated: on Linux the descriptor is gone whatever the call says.</summary>
    public abstract IoResult Close(int fd);
}
