namespace EventLoops;

/// <summary>
/// The file system. A path never leads out of its folder: <c>openat2(2)</c> with RESOLVE_BENEATH has the kernel itself look (Linux 5.6), so that links
/// inside of the folder are followed and none that leads out, also when it is changed at that very moment. On an older kernel every link is refused. Absolute
/// links are refused on both. What is neither a file nor a folder is not there.
/// </summary>
public sealed class SystemFileOperations : IFileOperations
{
    // openat2(2): a path of which a part is renamed meanwhile is answered EAGAIN, and may be tried again.
    private const int MostTries = 8;

    private bool _hasOpenInside;

    private SystemFileOperations(bool hasOpenInside) => _hasOpenInside = hasOpenInside;

    /// <summary>The one that all contexts share unless they are given another.</summary>
    public static SystemFileOperations Instance { get; } = new(hasOpenInside: true);

    /// <summary>One that follows no link inside of the folder, on any kernel. The folder itself may be reached by links.</summary>
    public static SystemFileOperations NoLinks { get; } = new(hasOpenInside: false);

    /// <inheritdoc/>
    public Errno Open(string folder, string path, FileUse use, out OpenFile? file)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(path);
        file = null;
        if (path.Contains('\0', StringComparison.Ordinal))
            return Errno.ENOENT;

        // The folder is looked up each time: it may be a link that points to another release of a site by now.
        IoResult opened = FileCalls.OpenFolder(folder);
        if (opened.IsError)
            return opened.Errno;

        IoResult found = OpenBelow(opened.Value, path.Length == 0 ? "." : path, FlagsOf(use));
        _ = FileCalls.Close(opened.Value);
        return found.IsError ? Plain(found.Errno) : Accept(found.Value, use, out file);
    }

    // Without waiting, since opening a pipe would wait for its other end.
    private static int FlagsOf(FileUse use) => FileCalls.CloseOnExec | FileCalls.NoTerminal | FileCalls.NonBlocking | use switch
    {
        FileUse.Read => FileCalls.ReadOnly,
        FileUse.Create => FileCalls.WriteOnly | FileCalls.Create | FileCalls.Truncate,
        _ => FileCalls.WriteOnly | FileCalls.Create,
    };

    private static Errno Accept(int fd, FileUse use, out OpenFile? file)
    {
        file = null;
        Errno failed = FileCalls.Status(fd, out FileCalls.FileStatus status);
        if (failed == Errno.None && status.IsRegular)
        {
            file = new SystemFile(fd, status, use == FileUse.Append ? (long)status.Size : 0);
            return Errno.None;
        }

        _ = FileCalls.Close(fd);
        if (failed != Errno.None)
            return failed;
        return status.IsFolder ? Errno.EISDIR : Errno.ENOENT;
    }

    /// <summary>For whoever asks, a path that leads out, a link in a circle and a name too long are all the same: there is nothing there.</summary>
    private static Errno Plain(Errno errno) => errno switch
    {
        // ENXIO (6): a pipe without another end, or a device that is not there.
        Errno.EXDEV or Errno.ELOOP or Errno.ENOTDIR or Errno.ENAMETOOLONG or Errno.EINVAL or (Errno)6 => Errno.ENOENT,
        _ => errno,
    };

    private IoResult OpenBelow(int folderFd, string path, int flags)
    {
        for (int attempt = 0; _hasOpenInside; attempt++)
        {
            IoResult result = FileCalls.OpenInside(folderFd, path, flags);
            if (result.WouldBlock && attempt < MostTries)
                continue;

            // EPERM: a container's filter that does not know the call says so instead of ENOSYS. The walk will say what really is forbidden.
            if (result.Errno is not (Errno.ENOSYS or Errno.EPERM))
                return result;
            if (result.Errno == Errno.ENOSYS)
                _hasOpenInside = false;
            break;
        }

        return Walk(folderFd, path, flags);
    }

    /// <summary>Opens segment after segment and follows no link, so that there is no way out.</summary>
    private static IoResult Walk(int folderFd, string path, int flags)
    {
        string[] segments = path.Split('/');
        int at = folderFd;
        for (int i = 0; i < segments.Length; i++)
        {
            bool isLast = i == segments.Length - 1;
            int wanted = FileCalls.NoFollow | (isLast ? flags : FileCalls.PathOnly | FileCalls.Directory | FileCalls.CloseOnExec);

            // Nobody who calls this has such a segment in a path; what is not known to be harmless is not opened all the same.
            IoResult next = segments[i] is "" or ".." ? IoResult.Failed(Errno.ENOENT) : FileCalls.OpenIn(at, segments[i], wanted);
            if (at != folderFd)
                _ = FileCalls.Close(at);
            if (next.IsError || isLast)
                return next;
            at = next.Value;
        }

        return IoResult.Failed(Errno.ENOENT);
    }
}
