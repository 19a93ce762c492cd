using System.Runtime.InteropServices;

namespace EventLoops.Epoll;

/// <summary>The system calls of this assembly, all of them.</summary>
internal static unsafe partial class EpollCalls
{
    public const int CloseOnExec = 0x80000;
    public const int Add = 1;
    public const int Delete = 2;
    public const int Modify = 3;

    public static Errno LastErrno => (Errno)Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int Control(int epoll, int operation, int fd, byte* argument);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int Wait(int epoll, byte* events, int maxEvents, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int fd);
}
