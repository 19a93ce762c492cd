using System.Runtime.InteropServices;

namespace EventLoops;

/// <summary>What kind of program writes to syslog (RFC 5424 6.2.1), with the numbers of <c>syslog(3)</c>.</summary>
public enum SyslogFacility
{
    /// <summary>LOG_USER: a program like any other.</summary>
    User = 1 << 3,

    /// <summary>LOG_DAEMON: a service.</summary>
    Daemon = 3 << 3,

    /// <summary>LOG_LOCAL0: for use on this site.</summary>
    Local0 = 16 << 3,

    /// <summary>LOG_LOCAL1.</summary>
    Local1 = 17 << 3,

    /// <summary>LOG_LOCAL2.</summary>
    Local2 = 18 << 3,

    /// <summary>LOG_LOCAL3.</summary>
    Local3 = 19 << 3,

    /// <summary>LOG_LOCAL4.</summary>
    Local4 = 20 << 3,

    /// <summary>LOG_LOCAL5.</summary>
    Local5 = 21 << 3,

    /// <summary>LOG_LOCAL6.</summary>
    Local6 = 22 << 3,

    /// <summary>LOG_LOCAL7.</summary>
    Local7 = 23 << 3,
}

/// <summary>How lines go to syslog, with the numbers of <c>openlog(3)</c>.</summary>
[Flags]
public enum SyslogOptions
{
    /// <summary>Only to the log.</summary>
    None = 0,

    /// <summary>LOG_PID: the number of the process stands in each line.</summary>
    ProcessId = 0x01,

    /// <summary>LOG_CONS: to the system's console when there is nobody who takes the lines.</summary>
    Console = 0x02,

    /// <summary>LOG_NDELAY: the connection to the log is made at once and not with the first line; needed before a change of the root folder.</summary>
    Immediate = 0x08,

    /// <summary>LOG_PERROR: also to standard error.</summary>
    StandardError = 0x20,
}

/// <summary>
/// The system's log, through the C library. Its settings belong to the process, as in C: open it once, early. Writing sends a datagram to <c>/dev/log</c>
/// and waits when whoever reads there is far behind.
/// </summary>
public static unsafe partial class Syslog
{
    // syslog(3): emergencies have the number 0, which no line of ours has.
    private const int OnlyEmergencies = 1;

    private static nint _name;

    /// <summary><c>openlog(3)</c>: says who writes. Without it the name is that of the program, which is <c>dotnet</c> for many.</summary>
    /// <param name="name">What stands in front of each line.</param>
    /// <param name="options">How the lines go. Default: with the number of the process.</param>
    /// <param name="facility">What kind of program it is. Default: a service.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static void Open(string name, SyslogOptions options = SyslogOptions.ProcessId, SyslogFacility facility = SyslogFacility.Daemon)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);

        // The C library keeps the pointer and not the text, until the next call gives it another.
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        OpenLog(text, (int)options, (int)facility);
        Marshal.FreeCoTaskMem(Interlocked.Exchange(ref _name, text));
    }

    /// <summary><c>setlogmask(3)</c>: which levels go through, whoever writes them in this process, beside the levels that a logger has itself.</summary>
    /// <param name="levels">The levels; none is allowed.</param>
    public static void SetMask(LogLevels levels)
    {
        int mask = OnlyEmergencies;
        for (int level = (int)LogLevels.Error; level <= (int)LogLevels.Debug; level <<= 1)
        {
            if (((int)levels & level) != 0)
                mask |= 1 << PriorityOf((LogLevels)level);
        }

        _ = SetLogMask(mask);
    }

    /// <summary><c>syslog(3)</c>: writes a line. An emitter for <see cref="LevelLogger"/>: the original's <c>lwsl_emit_syslog</c>. Any thread.</summary>
    /// <param name="level">The level, which becomes the priority of the same name.</param>
    /// <param name="line">The line.</param>
    public static void Emit(LogLevels level, string line) => Write(PriorityOf(level), "%s", line);

    /// <summary><c>closelog(3)</c>: gives back the connection to the log. The next line makes it anew, without the name.</summary>
    public static void Close()
    {
        CloseLog();
        Marshal.FreeCoTaskMem(Interlocked.Exchange(ref _name, 0));
    }

    private static int PriorityOf(LogLevels level) => level switch
    {
        LogLevels.Error => 3,
        LogLevels.Warning => 4,
        LogLevels.Notice => 5,
        LogLevels.Info => 6,
        _ => 7,
    };

    [LibraryImport("libc", EntryPoint = "openlog")]
    private static partial void OpenLog(nint name, int options, int facility);

    [LibraryImport("libc", EntryPoint = "closelog")]
    private static partial void CloseLog();

    [LibraryImport("libc", EntryPoint = "setlogmask")]
    private static partial int SetLogMask(int mask);

    [LibraryImport("libc", EntryPoint = "syslog", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void Write(int priority, string format, string line);
}
