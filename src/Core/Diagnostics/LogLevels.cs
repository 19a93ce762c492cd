using Microsoft.Extensions.Logging;

namespace EventLoops;

/// <summary>
/// How much is logged, as a set: each level is on or off by itself. The numbers are the original's (<c>LLL_ERR</c> and so on), so that a mask of a command
/// line means the same.
/// </summary>
[Flags]
public enum LogLevels
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Something does not work that should. On by default.</summary>
    Error = 1,

    /// <summary>Something works, and will not for long if nobody looks. On by default.</summary>
    Warning = 2,

    /// <summary>What an operator should see once, such as where the program listens. On by default.</summary>
    Notice = 4,

    /// <summary>What happened to single connections. Off by default.</summary>
    Info = 8,

    /// <summary>What only someone who looks for a mistake wants to know. Off by default.</summary>
    Debug = 16,

    /// <summary>What is on unless told otherwise: errors, warnings and notices.</summary>
    Default = Error | Warning | Notice,

    /// <summary>Everything.</summary>
    All = Default | Info | Debug,
}

/// <summary>
/// The five levels in the words of <see cref="ILogger"/>. Its <see cref="LogLevel.Information"/> is on by default there, and so it is our notice; its two
/// levels below are ours in the same order.
/// </summary>
internal static class LogLevelNames
{
    public static LogLevels From(LogLevel level) => level switch
    {
        LogLevel.Critical or LogLevel.Error => LogLevels.Error,
        LogLevel.Warning => LogLevels.Warning,
        LogLevel.Information => LogLevels.Notice,
        LogLevel.Debug => LogLevels.Info,
        LogLevel.Trace => LogLevels.Debug,
        _ => LogLevels.None,
    };

    public static string NameOf(LogLevels level) => level switch
    {
        LogLevels.Error => "ERR",
        LogLevels.Warning => "WARN",
        LogLevels.Notice => "NOTICE",
        LogLevels.Info => "INFO",
        _ => "DEBUG",
    };
}
