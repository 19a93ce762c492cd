namespace EventLoops;

/// <summary>
/// A line for each answered request, in the combined format that Apache and nginx write and every tool reads:
/// <c>192.0.2.1 - - [31/Jan/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 5 "referer" "browser"</c>. Times are UTC, the number behind the status is that of the
/// body's bytes, and what a client sent is written so that it cannot forge a line. Virtual hosts may share one.
/// </summary>
/// <remarks>
/// Lines are collected and written once a turn. A regular file takes them at once; a pipe whose reader is slow holds up nobody: up to 1 MiB is kept for each
/// service thread, and lines beyond it are lost and counted.
/// </remarks>
public sealed class AccessLog
{
    // Opening is rare: at the start, and when the log was rotated. Each service thread then has a descriptor of its own for the same open file.
    private readonly Lock _gate = new();
    private int _fd = -1;
    private int _users;
    private int _generation;
    private long _lost;

    private AccessLog(string? path, Action<string>? emit)
    {
        Path = path;
        Emit = emit;
    }

    /// <summary>How many lines were lost, because their reader was too slow or the disk was full. Any thread.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    internal string? Path { get; }

    internal Action<string>? Emit { get; }

    internal int Generation => Volatile.Read(ref _generation);

    /// <summary>Appends to a file, or to a named pipe that has a reader. A file that is not there is made, for its owner and group to read.</summary>
    /// <param name="path">The file; relative to the folder of the program when it is opened.</param>
    /// <returns>The log.</returns>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public static AccessLog ToFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new AccessLog(path, emit: null);
    }

    /// <summary>Gives each line to a delegate, without a line end, on the thread that has served the request; it must not wait for anything.</summary>
    /// <param name="emit">Who takes the lines. What it throws is dropped.</param>
    /// <returns>The log.</returns>
    public static AccessLog ToEmitter(Action<string> emit)
    {
        ArgumentNullException.ThrowIfNull(emit);
        return new AccessLog(path: null, emit);
    }

    /// <summary>
    /// Opens the file anew: for a log that was renamed (rotated). Each service thread goes over to it with its next line. Any thread, also that of a handler of SIGHUP.
    /// </summary>
    /// <exception cref="LoopFaultException">It cannot be opened. The old one is kept.</exception>
    public void Reopen()
    {
        lock (_gate)
        {
            if (_fd < 0)
                return;

            // Before the new file is there, so that whoever sees it knows that no later line goes to the old one.
            Volatile.Write(ref _generation, _generation + 1);
            int former = _fd;
            _fd = Open();
            FileCalls.Close(former);
        }
    }

    /// <summary>A virtual host begins to use it. It is opened for the first one: also where that takes rights which are given up later.</summary>
    /// <exception cref="LoopFaultException">It cannot be opened.</exception>
    internal void Enter()
    {
        if (Path is null)
            return;

        lock (_gate)
        {
            if (_users == 0)
                _fd = Open();
            _users++;
        }
    }

    /// <summary>It does not any more.</summary>
    internal void Leave()
    {
        if (Path is null)
            return;

        lock (_gate)
        {
            if (--_users > 0)
                return;

            FileCalls.Close(_fd);
            _fd = -1;
        }
    }

    /// <summary>A descriptor for the file as it is now, to be closed by the caller.</summary>
    internal IoResult Duplicate(out int generation)
    {
        lock (_gate)
        {
            generation = _generation;
            return _fd < 0 ? IoResult.Failed(Errno.EBADF) : FileCalls.Duplicate(_fd);
        }
    }

    internal void CountLost(int lines) => Interlocked.Add(ref _lost, lines);

    private int Open()
    {
        IoResult file = FileCalls.OpenForAppending(Path!);
        return file.IsError ? throw new LoopFaultException($"open for the access log {Path}", file.Errno) : file.Value;
    }
}
