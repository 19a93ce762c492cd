using System.Runtime.InteropServices;

namespace EventLoops.Epoll;

/// <summary>The system calls of this assembly, all of them.</summary>
internal static unsafe partial class EpollCalls
{
    public const int CloseOnExec = 0x80000;
    public const int Add = 1;
    public const int Delete = 2;
    public const int Modify = 3;

    /// <summary>The errno of the call that has just failed on this thread; to be asked before anything else is called.</summary>
    public static Errno LastErrno => (Errno)Marshal.GetLastSystemError();

    [LibraryImport("libc", EntryPoint = "epoll_create1")]
    public static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl")]
    public static partial int Control(int epoll, int operation, int fd, byte* argument);

    [LibraryImport("libc", EntryPoint = "epoll_wait")]
    public static partial int Wait(int epoll, byte* events, int maxEvents, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int fd);
}
