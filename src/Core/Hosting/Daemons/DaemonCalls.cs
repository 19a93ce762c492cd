using System.Runtime.InteropServices;

namespace EventLoops;

/// <summary>The system calls that make a daemon: starting this program again in a session of its own, and locking a file.</summary>
internal static unsafe partial class DaemonCalls
{
    /// <summary>The descriptor on which the daemon tells the process that started it how it went.</summary>
    internal const int ReportFd = 3;

    private const int ReadWrite = 2;
    private const uint LockFileMode = 0x1A4; // 0644
    private const int DuplicateCloseOnExec = 1030;
    private const int SetDescriptorFlags = 2;
    private const int SetStatusFlags = 4;
    private const int NonBlocking = 0x800;

    // fcntl(2): locks of an open file and not of a process, so that nobody who opens and closes the same file ends one. .NET has flock(2) for its own, which is another.
    private const int GetFileLock = 36;
    private const int SetFileLock = 37;
    private const short WriteLock = 1;
    private const short NoLock = 2;

    // Above everything that the daemon gets, so that no number is in its own way.
    private const int OutOfTheWay = 16;
    private const short SetSession = 0x80;

    /// <summary>Starts the program that runs here once more: in a session of its own, with nothing open but /dev/null and <paramref name="report"/>.</summary>
    internal static Errno SpawnSelf(IReadOnlyList<byte[]> arguments, IReadOnlyList<byte[]> environment, int report, out int process)
    {
        process = 0;
        int moved = Control(report, DuplicateCloseOnExec, OutOfTheWay);
        if (moved < 0)
            return Last();

        byte* actions = stackalloc byte[ChildCalls.ActionsSize];
        byte* attributes = stackalloc byte[ChildCalls.AttributesSize];
        byte* signals = stackalloc byte[ChildCalls.SignalSetSize];
        _ = ChildCalls.ActionsInit(actions);
        _ = ChildCalls.AttributesInit(attributes);
        try
        {
            _ = ChildCalls.AddOpen(actions, 0, "/dev/null", ReadWrite, 0);
            _ = ChildCalls.AddDuplicate(actions, 0, 1);
            _ = ChildCalls.AddDuplicate(actions, 0, 2);
            _ = ChildCalls.AddDuplicate(actions, moved, ReportFd);
            if (ChildCalls.CloseFrom != null)
                _ = ChildCalls.CloseFrom(actions, ReportFd + 1);

            _ = ChildCalls.FillSet(signals);
            _ = ChildCalls.SetSignalDefaults(attributes, signals);
            _ = ChildCalls.EmptySet(signals);
            _ = ChildCalls.SetMask(attributes, signals);
            _ = ChildCalls.SetFlags(attributes, (short)(SetSession | ChildCalls.SetDefaultSignals | ChildCalls.SetSignalMask));
            return Spawn(arguments, environment, actions, attributes, out process);
        }
        finally
        {
            _ = ChildCalls.ActionsDestroy(actions);
            _ = ChildCalls.AttributesDestroy(attributes);
            _ = ChildCalls.Close(moved);
        }
    }

    /// <summary>Opens a file to be locked, making it when it is not there. A link is not followed: the folder may be one where anybody can put one.</summary>
    internal static IoResult OpenLock(string path, bool create)
    {
        int fd = Open(path, ReadWrite | FileCalls.CloseOnExec | FileCalls.NoFollow | (create ? FileCalls.Create : 0), LockFileMode);
        return fd < 0 ? IoResult.Failed(Last()) : IoResult.Ok(fd);
    }

    /// <summary>Locks a file until it is closed; EAGAIN when somebody else has locked it.</summary>
    internal static Errno TryLock(int fd)
    {
        FileLock wanted = new() { Kind = WriteLock };
        return Lock(fd, SetFileLock, &wanted) < 0 ? Last() : Errno.None;
    }

    /// <summary>Whether somebody else has locked a file; asking locks nothing.</summary>
    internal static bool IsLocked(int fd)
    {
        FileLock wanted = new() { Kind = WriteLock };
        return Lock(fd, GetFileLock, &wanted) == 0 && wanted.Kind != NoLock;
    }

    internal static Errno Empty(int fd) => Truncate(fd, 0) < 0 ? Last() : Errno.None;

    internal static Errno GiveTo(int fd, uint user, uint group) => ChangeOwner(fd, user, group) < 0 ? Last() : Errno.None;

    internal static Errno ProtectFromChildren(int fd) => Control(fd, SetDescriptorFlags, 1) < 0 ? Last() : Errno.None;

    internal static Errno MakeNonBlocking(int fd) => Control(fd, SetStatusFlags, NonBlocking) < 0 ? Last() : Errno.None;

    /// <summary>Waits for the end of a child and says in words how it ended.</summary>
    internal static string Reap(int process)
    {
        int status = 0;
        while (WaitFor(process, &status, 0) < 0)
        {
            if (Last() != Errno.EINTR)
                return "it has ended";
        }

        int signal = status & 0x7F;
        return signal == 0 ? $"it has ended with the exit code {(status >> 8) & 0xFF}" : $"it was ended by the signal {signal}";
    }

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ForgetVariable(string name);

    private static Errno Spawn(IReadOnlyList<byte[]> arguments, IReadOnlyList<byte[]> environment, byte* actions, byte* attributes, out int process)
    {
        GCHandle[] pins = [.. arguments.Concat(environment).Select(text => GCHandle.Alloc(text, GCHandleType.Pinned))];
        try
        {
            nint[] first = [.. pins.Take(arguments.Count).Select(pin => pin.AddrOfPinnedObject()), 0];
            nint[] second = [.. pins.Skip(arguments.Count).Select(pin => pin.AddrOfPinnedObject()), 0];
            int id = 0;
            fixed (byte* path = "/proc/self/exe\0"u8)
            fixed (nint* argumentStart = first)
            fixed (nint* environmentStart = second)
            {
                Errno failed = (Errno)ChildCalls.SpawnProcess(&id, path, actions, attributes, argumentStart, environmentStart);
                process = id;
                return failed;
            }
        }
        finally
        {
            foreach (GCHandle pin in pins)
                pin.Free();
        }
    }

    private static Errno Last() => (Errno)Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Lock(int fd, int command, FileLock* what);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int Truncate(int fd, long length);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(int fd, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int fd, int command, int argument);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitFor(int process, int* status, int options);

    /// <summary><c>struct flock</c>: all of the file when start and length are zero.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FileLock
    {
        public short Kind;
        public short From;
        public long Start;
        public long Length;
        public int Process;
    }
}
