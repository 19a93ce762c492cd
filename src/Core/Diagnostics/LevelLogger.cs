using Microsoft.Extensions.Logging;

namespace EventLoops;

/// <summary>
/// A log of five levels that can be switched one by one, and an emitter that writes the lines: what <c>lws_set_log_level</c> sets. It is an
/// <see cref="ILogger"/>, so it goes wherever one is wanted. Any thread.
/// </summary>
public sealed class LevelLogger : ILogger
{
    private volatile LogLevels _levels;
    private volatile LogEmitter _emitter;

    /// <summary>Makes a log of its own, beside <see cref="Default"/>.</summary>
    /// <param name="levels">What is written. Default: errors, warnings and notices.</param>
    /// <param name="emitter">Who writes it. Null, the default, for <see cref="LogEmitters.StandardError"/>.</param>
    public LevelLogger(LogLevels levels = LogLevels.Default, LogEmitter? emitter = null)
    {
        _levels = levels;
        _emitter = emitter ?? LogEmitters.StandardError;
    }

    /// <summary>The log of every context that is not given another: errors, warnings and notices, to standard error. Set its levels or its emitter once, early.</summary>
    public static LevelLogger Default { get; } = new();

    /// <summary>What is written. It may be changed at any time, by any thread.</summary>
    public LogLevels Levels
    {
        get => _levels;
        set => _levels = value;
    }

    /// <summary>Who writes it. It may be changed at any time, by any thread.</summary>
    /// <exception cref="ArgumentNullException">It was set to null.</exception>
    public LogEmitter Emitter
    {
        get => _emitter;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _emitter = value;
        }
    }

    /// <summary>Sets both at once: the original's <c>lws_set_log_level</c>.</summary>
    /// <param name="levels">What is written.</param>
    /// <param name="emitter">Who writes it; null leaves the emitter as it is.</param>
    public void Set(LogLevels levels, LogEmitter? emitter)
    {
        if (emitter is not null)
            Emitter = emitter;
        Levels = levels;
    }

    /// <summary>Scopes are not written.</summary>
    /// <inheritdoc />
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc />
    public bool IsEnabled(LogLevel logLevel) => (Levels & LogLevelNames.From(logLevel)) != 0;

    /// <inheritdoc />
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        if (!IsEnabled(logLevel))
            return;

        LogLevels level = LogLevelNames.From(logLevel);
        LogEmitter emitter = Emitter;
        emitter(level, LogEmitters.WithoutControls(formatter(state, exception)));
        if (exception is null)
            return;

        // An emitter gets lines, and syslog can take nothing else.
        foreach (string line in exception.ToString().Split('\n'))
            emitter(level, LogEmitters.WithoutControls(line.TrimEnd('\r')));
    }
}
