using System.Runtime.InteropServices;

namespace EventLoops;

/// <summary>
/// The system calls on files. Those that older C libraries have no function for go by their number; the numbers and constants are Linux's, and differ between
/// x64 and arm64 where it is said.
/// </summary>
internal static unsafe partial class FileCalls
{
    internal const int ReadOnly = 0;
    internal const int WriteOnly = 1;
    internal const int Create = 0x40;
    internal const int NoTerminal = 0x100;
    internal const int Truncate = 0x200;
    internal const int NonBlocking = 0x800;
    internal const int CloseOnExec = 0x80000;
    internal const int PathOnly = 0x200000;

    // asm/fcntl.h: arm64 swapped these two.
    internal static readonly int Directory = IsArm ? 0x4000 : 0x10000;
    internal static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    private const int CurrentDirectory = -100;
    private const int EmptyPath = 0x1000;
    private const nint OpenAt2Number = 437;

    // RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS: no way out by dots, by an absolute link or by one of /proc.
    private const ulong ResolveInside = 0x08 | 0x02;
    private const uint BasicStatus = 0x7FF;
    private const int Append = 0x400;
    private const int DuplicateCloseOnExec = 1030;
    private const uint LogFileMode = 0x1A0; // 0640
    private const uint NewFileMode = 0x1A4; // 0644

    private static readonly nint StatusNumber = IsArm ? 291 : 332;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>Opens a folder as a place to look up from.</summary>
    internal static IoResult OpenFolder(string path) =>
        Result(OpenAt(CurrentDirectory, path, PathOnly | Directory | CloseOnExec, 0));

    /// <summary>Opens one name in a folder.</summary>
    internal static IoResult OpenIn(int folderFd, string name, int flags) => Result(OpenAt(folderFd, name, flags, NewFileMode));

    /// <summary>Opens a file to write at its end, making it when it is not there. A pipe that is full says so instead of waiting.</summary>
    internal static IoResult OpenForAppending(string path) =>
        Result(OpenAt(CurrentDirectory, path, WriteOnly | Append | Create | NonBlocking | NoTerminal | CloseOnExec, LogFileMode));

    /// <summary>A second descriptor for the same open file.</summary>
    internal static IoResult Duplicate(int fd) => Result(Control(fd, DuplicateCloseOnExec, 0));

    /// <summary><c>openat2(2)</c>, Linux 5.6: opens a path in a folder, and the kernel itself sees to it that it does not lead out.</summary>
    internal static IoResult OpenInside(int folderFd, string path, int flags)
    {
        OpenHow how = new() { Flags = (ulong)flags, Mode = (flags & Create) != 0 ? NewFileMode : 0, Resolve = ResolveInside };
        byte[] text = System.Text.Encoding.UTF8.GetBytes(path + '\0');
        fixed (byte* start = text)
        {
            while (true)
            {
                IoResult result = Result(Call(OpenAt2Number, folderFd, (nint)start, (nint)(&how), sizeof(OpenHow), 0));
                if (result.Errno != Errno.EINTR)
                    return result;
            }
        }
    }

    /// <summary><c>statx(2)</c> of an open file.</summary>
    internal static Errno Status(int fd, out FileStatus status)
    {
        status = default;
        byte empty = 0;
        fixed (FileStatus* place = &status)
        {
            return Result(Call(StatusNumber, fd, (nint)(&empty), EmptyPath, (nint)BasicStatus, (nint)place)).Errno;
        }
    }

    internal static IoResult ReadAt(int fd, Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                IoResult result = Result(PositionedRead(fd, start, (nuint)buffer.Length, offset));
                if (result.Errno != Errno.EINTR)
                    return result;
            }
        }
    }

    internal static IoResult WriteAt(int fd, ReadOnlySpan<byte> bytes, long offset)
    {
        fixed (byte* start = bytes)
        {
            while (true)
            {
                IoResult result = Result(PositionedWrite(fd, start, (nuint)bytes.Length, offset));
                if (result.Errno != Errno.EINTR)
                    return result;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int fd);

    private static IoResult Result(nint returned) =>
        returned >= 0 ? IoResult.Ok((int)returned) : IoResult.Failed((Errno)Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int fd, int command, int argument);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(int folderFd, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint first, nint second, nint third, nint fourth, nint fifth);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint PositionedRead(int fd, void* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint PositionedWrite(int fd, void* bytes, nuint count, long offset);

    /// <summary><c>struct statx</c>, of which the library reads four members.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct FileStatus
    {
        private const ushort TypeMask = 0xF000;
        private const ushort FolderType = 0x4000;
        private const ushort RegularType = 0x8000;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Node;

        [FieldOffset(40)]
        public ulong Size;

        [FieldOffset(112)]
        public long ModifiedSeconds;

        [FieldOffset(120)]
        public uint ModifiedNanoseconds;

        public readonly bool IsFolder => (Mode & TypeMask) == FolderType;

        public readonly bool IsRegular => (Mode & TypeMask) == RegularType;

        /// <summary>Whether the two tell of the same content, as far as the system can say.</summary>
        public readonly bool IsSameContent(FileStatus other) =>
            Size == other.Size && ModifiedSeconds == other.ModifiedSeconds && ModifiedNanoseconds == other.ModifiedNanoseconds;
    }

    /// <summary><c>struct open_how</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }
}
