using System.Runtime.InteropServices;

namespace EventLoops;

/// <summary>
/// The system calls of this assembly, all of them. Constants are those of Linux, which are the same on x64 and arm64, with glibc and
/// with musl. The functions return what C returns; <see cref="Result(int)"/> turns that into a value or an errno.
/// </summary>
internal static unsafe partial class Libc
{
    internal const int SockStream = 1;
    internal const int SockNonBlocking = 0x800;
    internal const int SockCloseOnExec = 0x80000;
    internal const int MsgNoSignal = 0x4000;
    internal const int ShutWrite = 1;

    internal const int AfUnix = 1;
    internal const int AfInet = 2;
    internal const int AfInet6 = 10;

    internal const int SolSocket = 1;
    internal const int SoReuseAddress = 2;
    internal const int SoError = 4;
    internal const int SoSendBuffer = 7;
    internal const int SoReceiveBuffer = 8;
    internal const int SoKeepAlive = 9;
    internal const int SoLinger = 13;
    internal const int SoReusePort = 15;
    internal const int SoBindToDevice = 25;

    internal const int IpProtoTcp = 6;
    internal const int TcpNoDelay = 1;
    internal const int TcpKeepIdle = 4;
    internal const int TcpKeepInterval = 5;
    internal const int TcpKeepCount = 6;
    internal const int TcpUserTimeout = 18;

    internal const int IpProtoIPv6 = 41;
    internal const int IPv6Only = 26;

    internal const int EventFdNonBlocking = SockNonBlocking;
    internal const int EventFdCloseOnExec = SockCloseOnExec;
    internal const int ClockMonotonic = 1;

    // recvfrom(2) and sendto(2), which are recv and send where there is no address. The newer machines number their calls alike; for any other the C library is asked.
    private static readonly (nint Receive, nint Send) Numbers = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => (45, 44),
        Architecture.Arm64 or Architecture.LoongArch64 or Architecture.RiscV64 => (207, 206),
        _ => (-1, -1),
    };

    private static readonly nint ReceiveNumber = Numbers.Receive;
    private static readonly nint SendNumber = Numbers.Send;

    /// <summary>
    /// The errno of the call that has just failed on this thread; to be asked before anything else is called. It is read where it lies, and only after a failure: a
    /// marshaller that saves it at each call would cost as much as the rest of the way into the C library.
    /// </summary>
    internal static Errno LastErrno => (Errno)Marshal.GetLastSystemError();

    internal static IoResult Result(int returned) => returned >= 0 ? IoResult.Ok(returned) : IoResult.Failed(LastErrno);

    /// <summary><c>pread(2)</c>, repeated when a signal interrupts it.</summary>
    internal static IoResult ReadAt(int fd, Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                IoResult result = Result(ReadAt(fd, start, (nuint)buffer.Length, offset));
                if (result.Errno != Errno.EINTR) return result;
            }
        }
    }

    internal static IoResult Result(nint returned) => returned >= 0 ? IoResult.Ok((int)returned) : IoResult.Failed(LastErrno);

    [LibraryImport("libc", EntryPoint = "poll")]
    internal static partial int Poll(PollFd* entries, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd")]
    internal static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_create")]
    internal static partial int TimerFdCreate(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime")]
    internal static partial int TimerFdSetTime(int fd, int flags, TimerSpec* value, TimerSpec* former);

    [LibraryImport("libc", EntryPoint = "read")]
    internal static partial nint Read(int fd, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write")]
    internal static partial nint Write(int fd, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "pread")]
    internal static partial nint ReadAt(int fd, void* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "sendfile")]
    internal static partial nint SendFile(int fd, int fileFd, long* offset, nuint count);

    [LibraryImport("libc", EntryPoint = "close")]
    internal static partial int Close(int fd);

    /// <summary><c>recv(2)</c>. See <see cref="Call"/>.</summary>
    internal static nint Receive(int fd, void* buffer, nuint count, int flags) =>
        ReceiveNumber >= 0 ? Call(ReceiveNumber, fd, buffer, count, flags, null, 0) : ReceiveByLibrary(fd, buffer, count, flags);

    /// <summary><c>send(2)</c>. See <see cref="Call"/>.</summary>
    internal static nint Send(int fd, void* bytes, nuint count, int flags) =>
        SendNumber >= 0 ? Call(SendNumber, fd, bytes, count, flags, null, 0) : SendByLibrary(fd, bytes, count, flags);

    /// <summary>
    /// <c>syscall(2)</c>, for the two calls that are made for each message. In a process with threads glibc makes its <c>recv</c> and <c>send</c> points at which their thread can be
    /// cancelled, by two interlocked steps in each, which were 1 % of an echo here; nobody cancels a thread of .NET. It is variadic in C, which for integers
    /// and pointers makes no difference on the machines we run on.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Call(nint number, nint fd, void* bytes, nuint count, nint flags, void* address, nuint addressLength);

    [LibraryImport("libc", EntryPoint = "recv")]
    private static partial nint ReceiveByLibrary(int fd, void* buffer, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "send")]
    private static partial nint SendByLibrary(int fd, void* bytes, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg")]
    internal static partial nint SendMessage(int fd, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "socket")]
    internal static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "accept4")]
    internal static partial int Accept4(int fd, void* address, uint* length, int flags);

    [LibraryImport("libc", EntryPoint = "bind")]
    internal static partial int Bind(int fd, void* address, uint length);

    [LibraryImport("libc", EntryPoint = "listen")]
    internal static partial int Listen(int fd, int backlog);

    [LibraryImport("libc", EntryPoint = "connect")]
    internal static partial int Connect(int fd, void* address, uint length);

    [LibraryImport("libc", EntryPoint = "getsockname")]
    internal static partial int GetSocketName(int fd, void* address, uint* length);

    [LibraryImport("libc", EntryPoint = "getpeername")]
    internal static partial int GetPeerName(int fd, void* address, uint* length);

    [LibraryImport("libc", EntryPoint = "getsockopt")]
    internal static partial int GetOption(int fd, int level, int name, void* value, uint* length);

    [LibraryImport("libc", EntryPoint = "setsockopt")]
    internal static partial int SetOption(int fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "shutdown")]
    internal static partial int Shutdown(int fd, int how);

    /// <summary><c>struct iovec</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Piece
    {
        public void* Start;
        public nuint Length;
    }

    /// <summary>
    /// <c>struct msghdr</c>. musl says int where glibc says size_t for two counts, and pads them to the same places, so that small
    /// counts in zeroed words mean the same to both.
    /// </summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public Piece* Pieces;
        public nuint PieceCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary><c>struct itimerspec</c>: the period, then the first time, each in seconds and nanoseconds.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TimerSpec
    {
        public long IntervalSeconds;
        public long IntervalNanoseconds;
        public long ValueSeconds;
        public long ValueNanoseconds;
    }

    /// <summary><c>struct linger</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Linger
    {
        public int OnOff;
        public int Seconds;
    }
}
