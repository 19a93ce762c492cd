using System.Runtime.InteropServices;

namespace EventLoops;

/// <summary>
/// The system calls that start and end a program. <c>pidfd_open</c> goes by its number, which is the same on x64 and arm64, and the one function that not every
/// C library has is looked up.
/// </summary>
internal static unsafe partial class ChildCalls
{
    internal const int Terminate = 15;
    internal const int Kill = 9;
    internal const int FirstFreeFd = 3;

    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int SetStatusFlags = 4;
    private const int DuplicateCloseOnExec = 1030;
    private const nint PidFdOpenNumber = 434;
    private const int WaitByNumber = 1;
    private const int WaitByPidFd = 3;
    private const int WaitExited = 4;
    private const int WaitNoHang = 1;

    // posix_spawn(3): sizes that hold the opaque structures of glibc (80 and 336 bytes) and of musl with room to spare.
    internal const int ActionsSize = 512;
    internal const int AttributesSize = 1024;
    internal const int SignalSetSize = 128;
    private const short SetProcessGroup = 0x02;
    internal const short SetDefaultSignals = 0x04;
    internal const short SetSignalMask = 0x08;

    // glibc 2.34; musl has none. All descriptors of this process and of .NET close on exec, so it is a second lock and not the only one.
    internal static readonly delegate* unmanaged<void*, int, int> CloseFrom = FindCloseFrom();

    /// <summary>Makes a pipe whose ends close on exec and have numbers that no standard stream has. Our end does not block.</summary>
    internal static Errno OpenPipe(bool childReads, out int ours, out int childs)
    {
        int* ends = stackalloc int[2];
        ours = childs = -1;
        if (Pipe2(ends, CloseOnExec) < 0)
            return Last();

        int read = MoveUp(ends[0]);
        int write = MoveUp(ends[1]);
        (ours, childs) = childReads ? (write, read) : (read, write);
        return read < 0 || write < 0 || Control(ours, SetStatusFlags, NonBlocking) < 0 ? Last() : Errno.None;
    }

    /// <summary>Starts a program in a process group of its own, with default signals and nothing open but its three streams.</summary>
    /// <param name="program">Its path, which is also its first argument.</param>
    /// <param name="folder">Where it begins to run.</param>
    /// <param name="environment">Its variables, each as <c>NAME=value</c> with a zero at the end.</param>
    /// <param name="input">What it reads from; -1 for nothing.</param>
    /// <param name="output">What it writes to.</param>
    /// <param name="errors">Where its complaints go.</param>
    /// <param name="process">Its number.</param>
    internal static Errno Spawn(string program, string folder, IReadOnlyList<byte[]> environment, int input, int output, int errors, out int process)
    {
        byte* actions = stackalloc byte[ActionsSize];
        byte* attributes = stackalloc byte[AttributesSize];
        byte* signals = stackalloc byte[SignalSetSize];
        _ = ActionsInit(actions);
        _ = AttributesInit(attributes);
        try
        {
            _ = AddChangeFolder(actions, folder);
            _ = input < 0 ? AddOpen(actions, 0, "/dev/null", 0, 0) : AddDuplicate(actions, input, 0);
            _ = AddDuplicate(actions, output, 1);
            _ = AddDuplicate(actions, errors, 2);
            if (CloseFrom != null)
                _ = CloseFrom(actions, FirstFreeFd);

            // .NET ignores SIGPIPE, and a program that inherits that would write on for ever when nobody reads.
            _ = FillSet(signals);
            _ = SetSignalDefaults(attributes, signals);
            _ = EmptySet(signals);
            _ = SetMask(attributes, signals);
            _ = SetFlags(attributes, SetProcessGroup | SetDefaultSignals | SetSignalMask);
            return SpawnWith(program, environment, actions, attributes, out process);
        }
        finally
        {
            _ = ActionsDestroy(actions);
            _ = AttributesDestroy(attributes);
        }
    }

    /// <summary><c>pidfd_open(2)</c>, Linux 5.3: a descriptor that becomes readable when the process has ended.</summary>
    internal static IoResult OpenPidFd(int process)
    {
        nint fd = Call(PidFdOpenNumber, process, 0, 0, 0, 0);
        return fd < 0 ? IoResult.Failed(Last()) : IoResult.Ok((int)fd);
    }

    /// <summary>Signals a whole process group. One that is not there any more is nobody's concern.</summary>
    internal static void SignalGroup(int leader, int signal) => _ = SendSignal(-leader, signal);

    /// <summary>Takes the exit status of a process that has ended, which frees its number. False while it has not ended.</summary>
    internal static bool TryReap(int pidFd, out int code, out int status)
    {
        // siginfo_t: the code lies at 8, the process number at 16, the status at 24.
        byte* info = stackalloc byte[128];
        new Span<byte>(info, 128).Clear();
        bool isReaped = WaitId(WaitByPidFd, pidFd, info, WaitExited | WaitNoHang) == 0 && *(int*)(info + 16) != 0;
        code = *(int*)(info + 8);
        status = *(int*)(info + 24);
        return isReaped;
    }

    /// <summary>Waits for the end of a process that was just killed.</summary>
    internal static void Reap(int process)
    {
        byte* info = stackalloc byte[128];
        _ = WaitId(WaitByNumber, process, info, WaitExited);
    }

    /// <summary>Waits until a descriptor is readable.</summary>
    internal static void WaitReadable(int fd, int milliseconds)
    {
        PollFd entry = new() { Fd = fd, Events = PollEvents.In };
        _ = Poll(&entry, 1, milliseconds);
    }

    internal static IoResult Read(int fd, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint count = ReadSome(fd, start, (nuint)buffer.Length);
                if (count >= 0)
                    return IoResult.Ok((int)count);
                if (Last() != Errno.EINTR)
                    return IoResult.Failed(Last());
            }
        }
    }

    internal static IoResult Write(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            while (true)
            {
                nint count = WriteSome(fd, start, (nuint)bytes.Length);
                if (count >= 0)
                    return IoResult.Ok((int)count);
                if (Last() != Errno.EINTR)
                    return IoResult.Failed(Last());
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int fd);

    private static Errno Last() => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>A process that was started without standard streams gets their numbers from <c>pipe2</c>; a child's would then be taken for its streams.</summary>
    private static int MoveUp(int fd)
    {
        if (fd >= FirstFreeFd)
            return fd;

        int moved = Control(fd, DuplicateCloseOnExec, FirstFreeFd);
        _ = Close(fd);
        return moved;
    }

    private static Errno SpawnWith(string program, IReadOnlyList<byte[]> environment, byte* actions, byte* attributes, out int process)
    {
        nint name = Marshal.StringToCoTaskMemUTF8(program);
        GCHandle[] pins = [.. environment.Select(variable => GCHandle.Alloc(variable, GCHandleType.Pinned))];
        try
        {
            nint[] variables = [.. pins.Select(pin => pin.AddrOfPinnedObject()), 0];
            nint* arguments = stackalloc nint[] { name, 0 };
            int id = 0;
            fixed (nint* first = variables)
            {
                Errno failed = (Errno)SpawnProcess(&id, (byte*)name, actions, attributes, arguments, first);
                process = id;
                return failed;
            }
        }
        finally
        {
            foreach (GCHandle pin in pins)
                pin.Free();
            Marshal.FreeCoTaskMem(name);
        }
    }

    private static delegate* unmanaged<void*, int, int> FindCloseFrom() =>
        NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "posix_spawn_file_actions_addclosefrom_np", out nint address)
            ? (delegate* unmanaged<void*, int, int>)address
            : null;

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe2(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int fd, int command, int argument);

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    internal static partial int SpawnProcess(int* process, byte* path, void* actions, void* attributes, nint* arguments, nint* environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    internal static partial int ActionsInit(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    internal static partial int ActionsDestroy(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    internal static partial int AddDuplicate(void* actions, int fd, int newFd);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int AddOpen(void* actions, int fd, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddChangeFolder(void* actions, string path);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    internal static partial int AttributesInit(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    internal static partial int AttributesDestroy(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    internal static partial int SetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    internal static partial int SetSignalDefaults(void* attributes, void* set);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    internal static partial int SetMask(void* attributes, void* set);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    internal static partial int FillSet(void* set);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    internal static partial int EmptySet(void* set);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int kind, int id, void* info, int options);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollFd* entries, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadSome(int fd, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteSome(int fd, void* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint first, nint second, nint third, nint fourth, nint fifth);
}
