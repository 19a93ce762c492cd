using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventLoops;

/// <summary>
/// The log of a context, for programs to write to as the library does: the original's <c>lwsl_err</c> to <c>lwsl_debug</c>. A level that is off is null, and
/// what stands behind <c>?.</c> is then not even put together: <c>context.Log.Info?.Write($"{count} waiting")</c> costs a comparison. Any thread.
/// </summary>
/// <remarks>
/// <c>EventLoopsLog.cs</c> has the library's own messages. Their event ids are 1 to 999, and never change; those of a program's lines are 0.
/// </remarks>
public sealed partial class EventLoopsLog
{
    private readonly ILogger _logger;
    private readonly LogLine _error;
    private readonly LogLine _warning;
    private readonly LogLine _notice;
    private readonly LogLine _info;
    private readonly LogLine _debug;

    /// <summary>Makes a log over a logger.</summary>
    /// <param name="logger">Who writes; null for nobody. What it throws is dropped: a log must not end what it tells of.</param>
    public EventLoopsLog(ILogger? logger)
    {
        _logger = logger is null ? NullLogger.Instance : new GuardedLogger(logger);
        _error = new LogLine(_logger, LogLevel.Error);
        _warning = new LogLine(_logger, LogLevel.Warning);
        _notice = new LogLine(_logger, LogLevel.Information);
        _info = new LogLine(_logger, LogLevel.Debug);
        _debug = new LogLine(_logger, LogLevel.Trace);
    }

    /// <summary>For what does not work and should; null while errors are not logged.</summary>
    public LogLine? Error => IfEnabled(_error);

    /// <summary>For what works, and will not for long; null while warnings are not logged.</summary>
    public LogLine? Warning => IfEnabled(_warning);

    /// <summary>For what an operator should see once; null while notices are not logged. On by default.</summary>
    public LogLine? Notice => IfEnabled(_notice);

    /// <summary>For what happened to single connections; null while that is not logged. Off by default.</summary>
    public LogLine? Info => IfEnabled(_info);

    /// <summary>For who looks for a mistake; null while that is not logged. Off by default.</summary>
    public LogLine? Debug => IfEnabled(_debug);

    private static LogLine? IfEnabled(LogLine line) => line.IsEnabled ? line : null;

    /// <summary>Lets nothing out that a logger throws: the loop would take it for a fault of its own.</summary>
    private sealed class GuardedLogger(ILogger logger) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel)
        {
            try
            {
                return logger.IsEnabled(logLevel);
            }
            catch (Exception)
            {
                return false;
            }
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            try
            {
                logger.Log(logLevel, eventId, state, exception, formatter);
            }
            catch (Exception lost)
            {
                // There is nowhere left to tell of it but a debugger.
                System.Diagnostics.Debug.WriteLine(lost);
            }
        }
    }
}

/// <summary>A level of a log that is on. Any thread.</summary>
public sealed class LogLine
{
    private readonly ILogger _logger;
    private readonly LogLevel _level;

    internal LogLine(ILogger logger, LogLevel level)
    {
        _logger = logger;
        _level = level;
    }

    internal bool IsEnabled => _logger.IsEnabled(_level);

    /// <summary>Writes a line.</summary>
    /// <param name="text">The line, without a line end.</param>
    public void Write(string text) => _logger.Log(_level, default, text, exception: null, static (line, _) => line);

    /// <summary>Writes a line and the exception that it is about.</summary>
    /// <param name="text">The line, without a line end.</param>
    /// <param name="exception">The exception.</param>
    public void Write(string text, Exception exception) => _logger.Log(_level, default, text, exception, static (line, _) => line);
}
