using System.Net;
using System.Runtime.InteropServices;

namespace EventLoops.Benchmarks.Load.Floor;

/// <summary>The six system calls of the yardstick.</summary>
internal static unsafe partial class FloorCalls
{
    public const int In = 1;
    public const int Out = 4;
    public const int Add = 1;
    public const int Modify = 3;

    private const int Again = 11;
    private const int NonBlocking = 0x800;
    private const int NoSignal = 0x4000;

    // x64 packs struct epoll_event, other machines pad it.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    /// <summary>Opens a listener through the framework, which is asked for nothing else.</summary>
    public static System.Net.Sockets.Socket Listen(int port)
    {
        System.Net.Sockets.Socket listener = new(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp)
        {
            NoDelay = true,
            Blocking = false,
        };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(4096);
        return listener;
    }

    public static int Accept(int listener) => Accept4(listener, null, null, NonBlocking);

    public static int Receive(int fd, byte* buffer, int count) => (int)Recv(fd, buffer, (nuint)count, 0);

    public static int Send(int fd, byte* bytes, int count) => (int)Send(fd, bytes, (nuint)count, NoSignal);

    public static byte* NewEvents(int count) => (byte*)NativeMemory.AllocZeroed((nuint)count, (nuint)Stride);

    /// <summary>Whether the last call that failed had nothing to do; asked for right behind it.</summary>
    public static bool WouldBlock => Marshal.GetLastSystemError() == Again;

    /// <summary>What was given for the descriptor of an event.</summary>
    public static void* EventData(byte* events, int index) => *(void**)(events + (index * Stride) + Stride - 8);

    public static void Control(int epoll, int operation, int fd, int bits, void* data)
    {
        byte* one = stackalloc byte[16];
        *(int*)one = bits;
        *(void**)(one + Stride - 8) = data;
        if (EpollControl(epoll, operation, fd, one) != 0)
            throw new LoadException("epoll_ctl failed.");
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1")]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_wait")]
    public static partial int EpollWait(int epoll, byte* events, int count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "epoll_ctl")]
    private static partial int EpollControl(int epoll, int operation, int fd, byte* one);

    [LibraryImport("libc", EntryPoint = "accept4")]
    private static partial int Accept4(int fd, void* address, void* length, int flags);

    [LibraryImport("libc", EntryPoint = "recv")]
    private static partial nint Recv(int fd, byte* buffer, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "send")]
    private static partial nint Send(int fd, byte* bytes, nuint count, int flags);
}
