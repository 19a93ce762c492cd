using System.Runtime.InteropServices;

namespace EventLoops.Tests;

/// <summary>
/// Pipes, socket pairs and eventfds for tests that need real descriptors. Whatever was opened here and is still open is closed by
/// dispose.
/// </summary>
public sealed unsafe partial class Descriptors : IDisposable
{
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int Unix = 1;
    private const int Stream = 1;

    private const int LimitOfDescriptors = 7;

    // The kernel gives out the lowest free number, so that the highest ones are nobody's. Tests run side by side, and a low
    // number that one of them has just closed would be another's a moment later.
    private static int s_lastPrivate = HighestNumber();

    private readonly HashSet<int> _open = [];
    private ulong _formerLimit;

    /// <summary>A non-blocking pipe.</summary>
    public (int Read, int Write) Pipe()
    {
        int* ends = stackalloc int[2];
        Require(pipe2(ends, NonBlocking | CloseOnExec), "pipe2");
        return (Own(ends[0]), Own(ends[1]));
    }

    /// <summary>Two non-blocking stream sockets that are connected to each other.</summary>
    public (int First, int Second) SocketPair()
    {
        int* ends = stackalloc int[2];
        Require(socketpair(Unix, Stream | NonBlocking | CloseOnExec, 0, ends), "socketpair");
        return (Own(ends[0]), Own(ends[1]));
    }

    /// <summary>A non-blocking eventfd, which is writable, and readable when <paramref name="initial"/> is not zero.</summary>
    public int EventFd(uint initial = 0)
    {
        int fd = eventfd(initial, NonBlocking | CloseOnExec);
        Require(fd, "eventfd");
        return Own(fd);
    }

    /// <summary>A number that no other test uses, for <see cref="MoveTo"/>.</summary>
    public static int PrivateNumber() => Interlocked.Decrement(ref s_lastPrivate);

    /// <summary>Gives an open descriptor another number; whatever had that number is closed by it. Returns the number.</summary>
    public int MoveTo(int fd, int number)
    {
        Require(dup3(fd, number, CloseOnExec), "dup3");
        Close(fd);
        return Own(number);
    }

    /// <summary>Writes as much as the descriptor takes now. Returns how much, or -1.</summary>
    public static int Write(int fd, params ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes) return (int)write(fd, start, (nuint)bytes.Length);
    }

    /// <summary>Adds one to an eventfd, or writes eight bytes to anything else.</summary>
    public static void Signal(int fd)
    {
        ulong one = 1;
        Require((int)write(fd, &one, sizeof(ulong)), "write");
    }

    /// <summary>Reads once. Returns how many bytes came, or -1 when nothing is there.</summary>
    public static int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* start = buffer) return (int)read(fd, start, (nuint)buffer.Length);
    }

    /// <summary>Reads until nothing is left. Returns how many bytes came.</summary>
    public static int Drain(int fd)
    {
        Span<byte> buffer = stackalloc byte[4096];
        int total = 0;
        while (Read(fd, buffer) is var count and > 0) total += count;
        return total;
    }

    /// <summary>Writes until the descriptor takes no more. Returns how many bytes went.</summary>
    public static int Fill(int fd)
    {
        Span<byte> buffer = stackalloc byte[4096];
        buffer.Clear();
        int total = 0;
        while (Write(fd, buffer) is var count and > 0) total += count;
        return total;
    }

    /// <summary>Closes a descriptor before dispose would.</summary>
    public void Close(int fd)
    {
        if (_open.Remove(fd)) Require(close(fd), "close");
    }

    /// <summary>Gives a descriptor away: somebody else closes it.</summary>
    public int GiveAway(int fd)
    {
        _open.Remove(fd);
        return fd;
    }

    /// <summary>Opens descriptors until the process may have no more. Dispose gives them back, and the former limit.</summary>
    public void Exhaust()
    {
        ulong* limit = stackalloc ulong[2];
        Require(getrlimit(LimitOfDescriptors, limit), "getrlimit");
        _formerLimit = limit[0];

        // Little more than what is open already, so that few have to be opened.
        limit[0] = (ulong)CountOpen() + 64;
        Require(setrlimit(LimitOfDescriptors, limit), "setrlimit");
        while (eventfd(0, NonBlocking | CloseOnExec) is var fd and >= 0) Own(fd);
    }

    /// <summary>How many descriptors this process has open.</summary>
    public static int CountOpen() => Directory.GetFiles("/proc/self/fd").Length;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (int fd in _open) _ = close(fd);
        _open.Clear();
        if (_formerLimit == 0) return;

        ulong* limit = stackalloc ulong[2];
        Require(getrlimit(LimitOfDescriptors, limit), "getrlimit");
        limit[0] = _formerLimit;
        Require(setrlimit(LimitOfDescriptors, limit), "setrlimit");
        _formerLimit = 0;
    }

    private static int HighestNumber()
    {
        ulong* limit = stackalloc ulong[2];
        Require(getrlimit(LimitOfDescriptors, limit), "getrlimit");
        return (int)Math.Min(limit[0], 65536);
    }

    private int Own(int fd)
    {
        _open.Add(fd);
        return fd;
    }

    private static void Require(int result, string call)
    {
        if (result < 0) throw new InvalidOperationException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

#pragma warning disable IDE1006 // the names of the C library
    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socketpair(int family, int type, int protocol, int* ends);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, ulong* limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setrlimit(int resource, ulong* limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup3(int fd, int number, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int fd, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int fd);
#pragma warning restore IDE1006
}
