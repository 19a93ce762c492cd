using System.Globalization;
using System.Text;

namespace EventLoops;

/// <summary>
/// Writes a line of a log somewhere: the original's <c>log_emit_function</c>. It is called on whatever thread had something to say, the loop's most of all, so
/// it must not wait for anything.
/// </summary>
/// <param name="level">The one level that the line has.</param>
/// <param name="line">The line, without a line end and without any other control character.</param>
public delegate void LogEmitter(LogLevels level, string line);

/// <summary>The emitters that are there already. That for syslog is <see cref="Syslog.Emit"/>.</summary>
public static class LogEmitters
{
    /// <summary>
    /// To standard error, each line with the local time and the level in front of it: <c>[2026/01/31 12:00:00:1234] NOTICE: text</c>, as the original writes it. Any
    /// thread; lines of different threads do not mix. A reader who does not read holds up whoever writes, so a daemon should log elsewhere.
    /// </summary>
    /// <param name="level">The level.</param>
    /// <param name="line">The line.</param>
    public static void StandardError(LogLevels level, string line)
    {
        string time = DateTime.Now.ToString("yyyy/MM/dd HH:mm:ss:ffff", CultureInfo.InvariantCulture);
        Console.Error.WriteLine($"[{time}] {LogLevelNames.NameOf(level)}: {line}");
    }

    /// <summary>
    /// What a peer has sent may be part of a line, and a control character in it could forge a second line or play tricks on a terminal. It is written as
    /// <c>\x0A</c> instead; the same string comes back when there is none.
    /// </summary>
    internal static string WithoutControls(string line)
    {
        int first = line.AsSpan().IndexOfAnyInRange('\0', '\u001f');
        if (first < 0 && line.AsSpan().IndexOfAnyInRange('\u007f', '\u009f') < 0)
            return line;

        StringBuilder clean = new(line.Length + 16);
        foreach (char character in line)
        {
            if (char.IsControl(character))
                clean.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:X2}");
            else
                clean.Append(character);
        }

        return clean.ToString();
    }
}
