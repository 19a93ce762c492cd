using System.Text;

namespace EventLoops;

/// <summary>What a program complains about, as lines of the log: bounded, and without bytes that a terminal would obey.</summary>
internal sealed class CgiErrors(Action<string> say)
{
    private const int LongestLine = 1000;

    // A program that complains without end fills no log with one request.
    private const int MostLines = 100;

    private readonly StringBuilder _line = new();
    private int _lines;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (value == '\n')
                EndLine();
            else if (_line.Length < LongestLine)
                _line.Append(value is >= 0x20 and < 0x7F or (byte)'\t' ? (char)value : '?');
        }
    }

    /// <summary>The last line may lack its end.</summary>
    public void End()
    {
        if (_line.Length > 0)
            EndLine();
    }

    private void EndLine()
    {
        if (_lines < MostLines)
            say(_line.ToString().TrimEnd());
        else if (_lines == MostLines)
            say("(and more, which is left out)");
        _lines++;
        _line.Clear();
    }
}
