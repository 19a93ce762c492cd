using System.Runtime.InteropServices;

namespace EventLoops;

/// <summary>
/// The reasons of the system for refusing a call, with the numbers of Linux and the names of <c>errno(3)</c>. Those are listed that a
/// socket or a loop can meet; any other number of the system may occur as a value of this type as well.
/// </summary>
public enum Errno
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The operation is not permitted.</summary>
    EPERM = 1,

    /// <summary>There is no such file or directory.</summary>
    ENOENT = 2,

    /// <summary>There is no such process.</summary>
    ESRCH = 3,

    /// <summary>A signal interrupted the call.</summary>
    EINTR = 4,

    /// <summary>An input or output error.</summary>
    EIO = 5,

    /// <summary>The file is no program that can be run.</summary>
    ENOEXEC = 8,

    /// <summary>The descriptor is not open.</summary>
    EBADF = 9,

    /// <summary>The call would have to wait; the same number as EWOULDBLOCK.</summary>
    EAGAIN = 11,

    /// <summary>The kernel has no memory.</summary>
    ENOMEM = 12,

    /// <summary>Permission denied.</summary>
    EACCES = 13,

    /// <summary>A bad address was given.</summary>
    EFAULT = 14,

    /// <summary>It exists already.</summary>
    EEXIST = 17,

    /// <summary>It would lead to another place than is allowed.</summary>
    EXDEV = 18,

    /// <summary>There is no such device, or no network interface of that name.</summary>
    ENODEV = 19,

    /// <summary>Something on the way is no directory.</summary>
    ENOTDIR = 20,

    /// <summary>It is a directory.</summary>
    EISDIR = 21,

    /// <summary>An argument is invalid.</summary>
    EINVAL = 22,

    /// <summary>The system has no more descriptors.</summary>
    ENFILE = 23,

    /// <summary>The process has no more descriptors.</summary>
    EMFILE = 24,

    /// <summary>A limit of the kernel is reached.</summary>
    ENOSPC = 28,

    /// <summary>It can only be read.</summary>
    EROFS = 30,

    /// <summary>The other end is closed.</summary>
    EPIPE = 32,

    /// <summary>A name is too long.</summary>
    ENAMETOOLONG = 36,

    /// <summary>The kernel does not have this call.</summary>
    ENOSYS = 38,

    /// <summary>There are too many symbolic links on the way, or one where none may be.</summary>
    ELOOP = 40,

    /// <summary>A protocol error.</summary>
    EPROTO = 71,

    /// <summary>A value is too large.</summary>
    EOVERFLOW = 75,

    /// <summary>The descriptor is not a socket.</summary>
    ENOTSOCK = 88,

    /// <summary>The message is too long.</summary>
    EMSGSIZE = 90,

    /// <summary>The protocol does not have this option.</summary>
    ENOPROTOOPT = 92,

    /// <summary>The protocol is not supported.</summary>
    EPROTONOSUPPORT = 93,

    /// <summary>The operation is not supported.</summary>
    EOPNOTSUPP = 95,

    /// <summary>The address family is not supported.</summary>
    EAFNOSUPPORT = 97,

    /// <summary>The address is in use.</summary>
    EADDRINUSE = 98,

    /// <summary>The address is not one of this machine.</summary>
    EADDRNOTAVAIL = 99,

    /// <summary>The network is down.</summary>
    ENETDOWN = 100,

    /// <summary>There is no route to the network.</summary>
    ENETUNREACH = 101,

    /// <summary>The connection was aborted before it was accepted.</summary>
    ECONNABORTED = 103,

    /// <summary>The peer reset the connection.</summary>
    ECONNRESET = 104,

    /// <summary>The kernel has no buffers.</summary>
    ENOBUFS = 105,

    /// <summary>The socket is connected already.</summary>
    EISCONN = 106,

    /// <summary>The socket is not connected.</summary>
    ENOTCONN = 107,

    /// <summary>The peer did not answer in time.</summary>
    ETIMEDOUT = 110,

    /// <summary>Nobody listens there.</summary>
    ECONNREFUSED = 111,

    /// <summary>The host is down.</summary>
    EHOSTDOWN = 112,

    /// <summary>There is no route to the host.</summary>
    EHOSTUNREACH = 113,

    /// <summary>The same is under way already.</summary>
    EALREADY = 114,

    /// <summary>The call goes on in the background.</summary>
    EINPROGRESS = 115,

    /// <summary>The operation was cancelled.</summary>
    ECANCELED = 125,
}

/// <summary>Words for <see cref="Errno"/>.</summary>
public static class ErrnoText
{
    /// <summary>
    /// The name and the system's own words: <c>ECONNRESET (Connection reset by peer)</c>. Allocates; meant for logs and exceptions.
    /// </summary>
    public static string Describe(this Errno errno)
    {
        if (errno == Errno.None) return "no error";

        string name = Enum.GetName(errno) ?? $"errno {(int)errno}";
        return $"{name} ({Marshal.GetPInvokeErrorMessage((int)errno)})";
    }
}
