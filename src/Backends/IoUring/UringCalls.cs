using System.Runtime.InteropServices;

namespace EventLoops.IoUring;

/// <summary>
/// The system calls of this assembly, all of them. The C library has no functions for io_uring's three; their numbers are the same on x64 and arm64.
/// </summary>
internal static unsafe partial class UringCalls
{
    public const uint RegisterFiles = 2;
    public const uint RegisterProbe = 8;
    public const uint RegisterEnableRings = 12;
    public const uint RegisterBufferRing = 22;
    public const uint UnregisterBufferRing = 23;

    public const uint EnterGetEvents = 1 << 0;
    public const uint EnterExtendedArgument = 1 << 3;

    public static readonly void* MapFailed = (void*)-1;

    private const nint SetupNumber = 425;
    private const nint EnterNumber = 426;
    private const nint RegisterNumber = 427;

    private const int CloseOnExec = 0x80000;
    private const int SocketLevel = 1;
    private const int SocketType = 3;
    private const int Stream = 1;
    private const int ProtectRead = 1;
    private const int ProtectWrite = 2;
    private const int MapShared = 0x1;
    private const int MapPopulate = 0x8000;

    /// <summary>The errno of the call that has just failed on this thread; to be asked before anything else is called.</summary>
    public static Errno LastErrno => (Errno)Marshal.GetLastSystemError();

    /// <summary><c>io_uring_setup(2)</c>: a descriptor, which closes on exec, or -1.</summary>
    public static int Setup(uint entries, RingParameters* parameters) => (int)Call(SetupNumber, (nint)entries, (nint)parameters, 0, 0, 0, 0);

    /// <summary><c>io_uring_enter(2)</c>: how many entries were taken, or -1.</summary>
    public static int Enter(int ring, uint toSubmit, uint minComplete, uint flags, WaitArgument* argument) =>
        (int)Call(EnterNumber, ring, (nint)toSubmit, (nint)minComplete, (nint)flags, (nint)argument, argument is null ? 0 : sizeof(WaitArgument));

    /// <summary><c>io_uring_register(2)</c>: 0, or -1.</summary>
    public static int Register(int ring, uint operation, void* argument = null, uint count = 0) =>
        (int)Call(RegisterNumber, ring, (nint)operation, (nint)argument, (nint)count, 0, 0);

    /// <summary><c>pipe2(2)</c>, closing on exec: 0 and two descriptors, the one to read from first, or -1.</summary>
    public static int Pipe(int* ends) => Pipe(ends, CloseOnExec);

    /// <summary>SO_TYPE of <c>socket(7)</c>: whether a descriptor is a stream socket.</summary>
    public static bool IsStream(int fd)
    {
        int type = 0;
        uint length = sizeof(int);
        return GetOption(fd, SocketLevel, SocketType, &type, &length) == 0 && type == Stream;
    }

    /// <summary><c>mmap(2)</c> of a part of the ring: its address, or <see cref="MapFailed"/>.</summary>
    public static void* Map(int ring, nuint length, nint offset) =>
        Map(null, length, ProtectRead | ProtectWrite, MapShared | MapPopulate, ring, offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    public static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "poll")]
    public static partial int Poll(PollFd* entries, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "getsockopt")]
    private static partial int GetOption(int fd, int level, int name, void* value, uint* length);

    [LibraryImport("libc", EntryPoint = "pipe2")]
    private static partial int Pipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int fd, nint offset);

    // syscall(2) is variadic in C. For integers that makes no difference on the machines we run on.
    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Call(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);
}
