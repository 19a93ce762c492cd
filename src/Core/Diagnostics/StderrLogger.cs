using System.Globalization;
using Microsoft.Extensions.Logging;

namespace EventLoops;

/// <summary>
/// Writes log lines to standard error, one a message: time, level, text. Any thread. Lines of different threads do not mix.
/// </summary>
/// <param name="minimumLevel">
/// The least level that is written. Default <see cref="LogLevel.Information"/>, which is the original's <c>notice</c>: what an operator should see once.
/// </param>
public sealed class StderrLogger(LogLevel minimumLevel = LogLevel.Information) : ILogger
{
    /// <inheritdoc />
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc />
    public bool IsEnabled(LogLevel logLevel) => logLevel >= minimumLevel && logLevel != LogLevel.None;

    /// <inheritdoc />
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        if (!IsEnabled(logLevel))
            return;

        string time = DateTime.Now.ToString("yyyy-MM-dd HH:mm:ss.ffff", CultureInfo.InvariantCulture);
        string line = $"[{time}] {NameOf(logLevel)}: {formatter(state, exception)}";
        Console.Error.WriteLine(exception is null ? line : line + Environment.NewLine + exception);
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Critical or LogLevel.Error => "ERR",
        LogLevel.Warning => "WARN",
        LogLevel.Information => "NOTICE",
        LogLevel.Debug => "INFO",
        _ => "DEBUG",
    };
}
