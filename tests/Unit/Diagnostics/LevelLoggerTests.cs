using System.Reflection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace EventLoops.Tests.Diagnostics;

/// <summary>Five levels, each on or off; an emitter that gets lines; and nothing that costs while it is off.</summary>
public sealed class LevelLoggerTests
{
    private readonly List<(LogLevels Level, string Line)> _lines = [];

    [Fact]
    public void Errors_warnings_and_notices_are_on_and_the_rest_is_off()
    {
        LevelLogger logger = new(emitter: Note);

        WriteAll(new EventLoopsLog(logger));

        Assert.Equal([(LogLevels.Error, "a"), (LogLevels.Warning, "b"), (LogLevels.Notice, "c")], _lines);
    }

    [Theory]
    [InlineData(LogLevels.None, "")]
    [InlineData(LogLevels.Debug, "e")]
    [InlineData(LogLevels.Error | LogLevels.Info, "ad")]
    [InlineData(LogLevels.All, "abcde")]
    public void Each_level_is_switched_by_itself(LogLevels levels, string expected)
    {
        WriteAll(new EventLoopsLog(new LevelLogger(levels, Note)));

        Assert.Equal(expected, string.Concat(_lines.Select(line => line.Line)));
    }

    [Fact]
    public void An_emitter_of_null_leaves_it_as_it_is()
    {
        LevelLogger logger = new(LogLevels.None, Note);

        logger.Set(LogLevels.All, emitter: null);
        new EventLoopsLog(logger).Debug?.Write("still here");

        Assert.Equal((LogLevels.Debug, "still here"), Assert.Single(_lines));
    }

    [Fact]
    public void What_a_peer_has_sent_cannot_forge_a_line()
    {
        new EventLoopsLog(new LevelLogger(LogLevels.All, Note)).Error?.Write("agent: a\r\n[2026] ERR: \u001b[31m\u009b\u007f\0 ümläut");

        Assert.Equal(@"agent: a\x0D\x0A[2026] ERR: \x1B[31m\x9B\x7F\x00 ümläut", Assert.Single(_lines).Line);
    }

    [Fact]
    public void An_exception_follows_line_by_line()
    {
        new EventLoopsLog(new LevelLogger(LogLevels.All, Note)).Warning?.Write("it failed", new InvalidOperationException("first\nsecond"));

        Assert.Equal(["it failed", "System.InvalidOperationException: first", "second"], _lines.Select(line => line.Line), StringComparer.Ordinal);
        Assert.All(_lines, line => Assert.Equal(LogLevels.Warning, line.Level));
    }

    [Fact]
    public void A_level_that_is_off_costs_no_byte()
    {
        EventLoopsLog log = new(new LevelLogger(LogLevels.Default, Note));
        CloseInfo close = new() { Code = WebSocketCloseCode.Normal };

        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                log.Info?.Write($"{i} and {Environment.MachineName}");
                log.Debug?.Write($"{close}");
                log.Closed(i, close);
                log.Refused(i, 400, "why");
            }
        }));
        Assert.Empty(_lines);
    }

    [Fact]
    public void A_logger_that_throws_ends_nothing()
    {
        EventLoopsLog log = new(new LevelLogger(LogLevels.All, (_, _) => throw new IOException("the log is full")));

        WriteAll(log);
        log.LoopWorkThrew(new InvalidOperationException("something else"));
    }

    [Fact]
    public void Without_a_logger_every_level_is_off()
    {
        EventLoopsLog log = new(null);

        Assert.Null(log.Error);
        log.LoopWorkThrew(new InvalidOperationException("nobody hears of it"));
    }

    [Fact]
    public void No_two_messages_have_the_same_id()
    {
        int[] ids = [.. typeof(EventLoopsLog).GetMethods(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>().Select(message => message.EventId)];

        Assert.NotEmpty(ids);
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(ids, id => Assert.InRange(id, 1, 999));
    }

    private static void WriteAll(EventLoopsLog log)
    {
        log.Error?.Write("a");
        log.Warning?.Write("b");
        log.Notice?.Write("c");
        log.Info?.Write("d");
        log.Debug?.Write("e");
    }

    private void Note(LogLevels level, string line) => _lines.Add((level, line));
}
