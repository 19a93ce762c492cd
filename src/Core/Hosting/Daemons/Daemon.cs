using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace EventLoops;

/// <summary>
/// This process as a daemon: in a session of its own, without a terminal, its standard streams on /dev/null, at the root folder, and with a lock file that
/// says which process it is. The original's <c>lws_daemonize</c>.
/// </summary>
/// <remarks>
/// A .NET process cannot fork, so the program is started once more, with the same arguments, and the process that was started first ends. It works alike for
/// <c>dotnet program.dll</c>, for the program's own executable, and compiled ahead of time.
/// </remarks>
public sealed class Daemon : IDisposable
{
    private const string Marker = "EVENTLOOPS_DAEMON";
    private const byte Succeeded = (byte)'+';
    private const byte Held = (byte)'#';

    // What a terminal sends to those who are gone from it does not concern a daemon: SIGHUP, then SIGTSTP, SIGTTIN and SIGTTOU by their numbers in Linux.
    private static readonly PosixSignal[] Ignored = [PosixSignal.SIGHUP, (PosixSignal)20, (PosixSignal)21, (PosixSignal)22];

    private static Daemon? _current;

    private readonly LockFile _lock;
    private readonly List<PosixSignalRegistration> _ignoring = [];
    private int _report;

    private Daemon(string lockPath, LockFile lockFile)
    {
        LockPath = lockPath;
        _lock = lockFile;
        _report = DaemonCalls.ReportFd;
    }

    /// <summary>The lock file, as an absolute path.</summary>
    public string LockPath { get; }

    internal static Daemon? Current => Volatile.Read(ref _current);

    /// <summary>
    /// Makes a daemon of the program. Call it first thing in <c>Main</c>: it returns in a new process, in which nothing has been done before, and the process
    /// that was started ends inside of the call, with the exit code 0, when the daemon holds its lock. The daemon's folder is <c>/</c>, so make paths absolute.
    /// The lock file is removed when the daemon ends, by itself or by SIGTERM; one that a killed daemon has left is taken over.
    /// </summary>
    /// <param name="lockPath">The lock file; relative to the folder in which the program was started.</param>
    /// <param name="waitsForReady">
    /// Whether the process that was started waits on, until the daemon calls <see cref="Ready"/> or <see cref="Fail"/>, so that whoever started it hears of a
    /// port that is in use. Default false.
    /// </param>
    /// <returns>The daemon, in its own process.</returns>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <exception cref="DaemonException">
    /// In the process that was started: a daemon with this lock runs already, and its number is said; the lock file cannot be written; the daemon could not be started
    /// or has said why it fails.
    /// </exception>
    /// <exception cref="InvalidOperationException">This process is a daemon already.</exception>
    public static Daemon Daemonize(string lockPath, bool waitsForReady = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(lockPath);
        if (Current is not null)
            throw new InvalidOperationException($"{nameof(Daemonize)}: this process is a daemon already.");

        string? marked = Environment.GetEnvironmentVariable(Marker);
        if (marked is not null)
            return Begin(marked, waitsForReady);

        string path = Path.GetFullPath(lockPath);
        int holder = LockFile.HolderOf(path);
        if (holder != 0)
            throw LockFile.Held(path, holder);

        Start(path);
        Environment.Exit(0);
        throw new InvalidOperationException("The process that starts a daemon has ended.");
    }

    /// <summary>Tells the process that started the daemon that all is well, and that it can end. Once; later calls do nothing. Any thread.</summary>
    public void Ready() => Report([Succeeded]);

    /// <summary>Tells the process that started the daemon what is wrong; it ends with a <see cref="DaemonException"/> that says so. Ending this one is the caller's.</summary>
    /// <param name="reason">What is wrong, as a sentence.</param>
    public void Fail(string reason) => Report(Encoding.UTF8.GetBytes(reason));

    /// <summary>Gives up the lock and removes its file, as happens anyway when the process ends.</summary>
    public void Dispose()
    {
        Report(Encoding.UTF8.GetBytes("The daemon has ended before it was ready."));
        _lock.Dispose();
        foreach (PosixSignalRegistration ignored in _ignoring)
            ignored.Dispose();
    }

    internal void GiveLockTo(uint user, uint group) => _lock.GiveTo(user, group);

    /// <summary>In the process that was started: starts the daemon and waits for its word.</summary>
    private static void Start(string lockPath)
    {
        Errno failed = ChildCalls.OpenPipe(childReads: false, out int reading, out int writing);
        if (failed != Errno.None)
            throw new DaemonException($"The daemon cannot be started: pipe2: {failed.Describe()}.");

        List<byte[]> environment = [.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(entry => Terminated($"{entry.Key}={entry.Value}"))];
        environment.Add(Terminated($"{Marker}={lockPath}"));
        failed = DaemonCalls.SpawnSelf(Arguments(), environment, writing, out int process);
        _ = ChildCalls.Close(writing);
        if (failed != Errno.None)
        {
            _ = ChildCalls.Close(reading);
            throw new DaemonException($"The daemon cannot be started: posix_spawn: {failed.Describe()}.");
        }

        byte[] word = ReadToEnd(reading);
        _ = ChildCalls.Close(reading);
        if (word is [Succeeded])
            return;
        if (word.Length == 0)
            throw new DaemonException($"The daemon could not be started: {DaemonCalls.Reap(process)}.");
        if (word[0] == Held && int.TryParse(word.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int holder))
            throw LockFile.Held(lockPath, holder);

        throw new DaemonException(Encoding.UTF8.GetString(word));
    }

    /// <summary>In the daemon: takes the lock, and leaves everything that belongs to the terminal.</summary>
    private static Daemon Begin(string lockPath, bool waitsForReady)
    {
        // What the daemon starts is no daemon, and must not find the descriptor for the report.
        Environment.SetEnvironmentVariable(Marker, null);
        _ = DaemonCalls.ForgetVariable(Marker);
        _ = DaemonCalls.ProtectFromChildren(DaemonCalls.ReportFd);
        Directory.SetCurrentDirectory("/");
        Daemon daemon = new(lockPath, TakeLock(lockPath));
        foreach (PosixSignal signal in Ignored)
            daemon._ignoring.Add(PosixSignalRegistration.Create(signal, static context => context.Cancel = true));

        // SIGTERM ends in this event as well, whether the program handles it or leaves that to the runtime.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => daemon.Dispose();
        Volatile.Write(ref _current, daemon);
        if (!waitsForReady)
            daemon.Ready();
        return daemon;
    }

    private static LockFile TakeLock(string path)
    {
        try
        {
            return LockFile.Take(path);
        }
        catch (DaemonException refused)
        {
            string word = refused.HolderId is { } holder ? string.Create(CultureInfo.InvariantCulture, $"{(char)Held}{holder}") : refused.Message;
            _ = ChildCalls.Write(DaemonCalls.ReportFd, Encoding.UTF8.GetBytes(word));
            Environment.Exit(1);
            throw;
        }
    }

    private void Report(byte[] word)
    {
        int fd = Interlocked.Exchange(ref _report, -1);
        if (fd < 0)
            return;

        _ = ChildCalls.Write(fd, word);
        _ = ChildCalls.Close(fd);
    }

    /// <summary>The arguments as the kernel has them, that of the runtime's host included.</summary>
    private static List<byte[]> Arguments()
    {
        byte[] all = File.ReadAllBytes("/proc/self/cmdline");
        List<byte[]> arguments = [];
        for (int start = 0; start < all.Length;)
        {
            int end = Array.IndexOf(all, (byte)0, start);
            arguments.Add(all[start..(end + 1)]);
            start = end + 1;
        }

        return arguments;
    }

    private static byte[] Terminated(string text) => Encoding.UTF8.GetBytes(text + '\0');

    private static byte[] ReadToEnd(int fd)
    {
        using MemoryStream word = new();
        Span<byte> buffer = stackalloc byte[1024];
        while (true)
        {
            IoResult read = ChildCalls.Read(fd, buffer);
            if (read.Errno == Errno.EAGAIN)
            {
                ChildCalls.WaitReadable(fd, Timeout.Infinite);
                continue;
            }

            if (read.IsError || read.Value == 0)
                return word.ToArray();
            word.Write(buffer[..read.Value]);
        }
    }
}
