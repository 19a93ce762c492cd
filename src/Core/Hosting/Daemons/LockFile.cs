using System.Globalization;
using System.Text;

namespace EventLoops;

/// <summary>
/// A file that one process at a time can hold, and that has its number in it. What counts is the lock of the kernel (<c>F_OFD_SETLK</c>), which ends with the
/// process however that ends; the number is for people. So a file that a killed process left is taken over, also when its number is somebody else's by now.
/// </summary>
internal sealed class LockFile : IDisposable
{
    private readonly string _path;
    private int _fd;

    private LockFile(string path, int fd)
    {
        _path = path;
        _fd = fd;
    }

    /// <summary>Whoever holds the lock now: 0 when nobody does, -1 when it is not known who.</summary>
    public static int HolderOf(string path)
    {
        IoResult file = DaemonCalls.OpenLock(path, create: false);
        if (file.IsError)
            return 0;

        int holder = DaemonCalls.IsLocked(file.Value) ? ReadHolder(file.Value) : 0;
        _ = ChildCalls.Close(file.Value);
        return holder;
    }

    /// <summary>Takes the lock and writes the number of this process into the file.</summary>
    /// <exception cref="DaemonException">Somebody holds it, or the file cannot be written.</exception>
    public static LockFile Take(string path)
    {
        while (true)
        {
            IoResult file = DaemonCalls.OpenLock(path, create: true);
            if (file.IsError)
                throw new DaemonException($"The lock file {path} cannot be opened: {file.Errno.Describe()}.");

            int fd = file.Value;
            Errno locked = DaemonCalls.TryLock(fd);
            if (locked == Errno.None && IsGone(fd))
            {
                // Its last holder removed it between the two calls; whoever comes next would not find the file that we have locked.
                _ = ChildCalls.Close(fd);
                continue;
            }

            if (locked == Errno.None)
                return Write(path, fd);

            int holder = ReadHolder(fd);
            _ = ChildCalls.Close(fd);
            throw locked == Errno.EAGAIN
                ? Held(path, holder)
                : new DaemonException($"The lock file {path} cannot be locked: {locked.Describe()}.");
        }
    }

    public static DaemonException Held(string path, int holder) => holder > 0
        ? new DaemonException(string.Create(CultureInfo.InvariantCulture, $"The lock file {path} is held by process {holder}, which runs."), holder)
        : new DaemonException($"The lock file {path} is held by a process that runs.");

    /// <summary>Gives the file to another user, so that the process can remove it when it has become that user.</summary>
    public void GiveTo(uint user, uint group)
    {
        if (_fd >= 0)
            _ = DaemonCalls.GiveTo(_fd, user, group);
    }

    /// <summary>Removes the file, then gives up the lock: never the other way round, or another's file could be removed.</summary>
    public void Dispose()
    {
        int fd = Interlocked.Exchange(ref _fd, -1);
        if (fd < 0)
            return;

        try
        {
            File.Delete(_path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The folder is not this user's. An empty file without a lock is in nobody's way.
            _ = DaemonCalls.Empty(fd);
        }

        _ = ChildCalls.Close(fd);
    }

    private static LockFile Write(string path, int fd)
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
        Errno failed = DaemonCalls.Empty(fd);
        IoResult written = failed == Errno.None ? ChildCalls.Write(fd, text) : IoResult.Failed(failed);
        if (!written.IsError && written.Value == text.Length)
            return new LockFile(path, fd);

        _ = ChildCalls.Close(fd);
        throw new DaemonException($"The lock file {path} cannot be written: {(written.IsError ? written.Errno.Describe() : "the disk is full")}.");
    }

    /// <summary>Whether the name of a file leads to it no more.</summary>
    private static bool IsGone(int fd) =>
        new FileInfo($"/proc/self/fd/{fd}").LinkTarget?.EndsWith(" (deleted)", StringComparison.Ordinal) == true;

    private static int ReadHolder(int fd)
    {
        Span<byte> text = stackalloc byte[16];
        IoResult read = ChildCalls.Read(fd, text);
        return !read.IsError && int.TryParse(text[..read.Value].TrimEnd((byte)'\n'), NumberStyles.None, CultureInfo.InvariantCulture, out int holder) ? holder : -1;
    }
}
