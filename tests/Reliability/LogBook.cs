using Microsoft.Extensions.Logging;

namespace EventLoops.Tests.Reliability;

/// <summary>Keeps what the library logs, so that rows can name the line that an operator would see.</summary>
internal sealed class LogBook : ILogger
{
    public List<(LogLevel Level, string Text)> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Add((logLevel, formatter(state, exception) + (exception is null ? "" : ": " + exception.Message)));

    /// <summary>The lines that begin with these words.</summary>
    public IEnumerable<string> Of(string beginning) => Lines.Select(line => line.Text).Where(text => text.StartsWith(beginning, StringComparison.Ordinal));

    public int CountContaining(string words) => Lines.Count(line => line.Text.Contains(words, StringComparison.Ordinal));
}
