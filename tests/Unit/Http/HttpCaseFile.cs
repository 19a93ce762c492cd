using System.Globalization;
using System.Text;

namespace EventLoops.Tests.Http;

/// <summary>One case of a file under Cases: who reads, the bytes, and the outcome. The format is told in Cases/README.md.</summary>
public sealed record HttpCase(string Name, string Reader, byte[] Input, string Outcome)
{
    public override string ToString() => Name;
}

/// <summary>Reads the cases out of a Markdown file.</summary>
internal static class HttpCaseFile
{
    private const string Fence = "```";

    internal static IEnumerable<HttpCase> Read(string file)
    {
        string heading = "";
        int number = 0;
        string? reader = null;
        StringBuilder input = new();
        StringBuilder outcome = new();
        foreach (string line in RepositoryFiles.Read(file).Split('\n'))
        {
            if (reader is null && line.StartsWith("## ", StringComparison.Ordinal))
            {
                heading = line[3..];
                number = 0;
            }
            else if (reader is null && line.StartsWith(Fence + "http ", StringComparison.Ordinal))
            {
                reader = line[(Fence.Length + 5)..];
                input.Clear();
                outcome.Clear();
            }
            else if (line == Fence && reader is not null)
            {
                byte[] bytes = Encoding.Latin1.GetBytes(Unescape(input.ToString()));
                yield return new HttpCase($"{heading} ({++number})", reader, bytes, outcome.ToString().TrimEnd('\n'));
                reader = null;
            }
            else if (reader is not null && line.StartsWith("=>", StringComparison.Ordinal))
            {
                outcome.Append(Repeat(line[2..].Trim())).Append('\n');
            }
            else if (reader is not null)
            {
                input.Append(Repeat(line));
            }
        }
    }

    /// <summary>What is left of the outcome's spelling is what the replay writes: control bytes and bytes above ASCII by number.</summary>
    internal static string Escape(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new();
        foreach (byte value in bytes)
        {
            if (value == '\\')
                text.Append(@"\\");
            else if (value is < 0x20 or >= 0x7F or (byte)'{' or (byte)'}')
                text.Append(CultureInfo.InvariantCulture, $@"\x{value:X2}");
            else
                text.Append((char)value);
        }
        return text.ToString();
    }

    // {3*ab} is ababab; what is repeated may itself be repeated once more inside.
    private static string Repeat(string line)
    {
        int open = line.LastIndexOf('{');
        while (open >= 0)
        {
            int star = line.IndexOf('*', open);
            int close = line.IndexOf('}', star);
            int count = int.Parse(line.AsSpan(open + 1, star - open - 1), CultureInfo.InvariantCulture);
            string repeated = string.Concat(Enumerable.Repeat(line[(star + 1)..close], count));
            line = string.Concat(line.AsSpan(0, open), repeated, line.AsSpan(close + 1));
            open = line.LastIndexOf('{');
        }
        return line;
    }

    private static string Unescape(string text)
    {
        StringBuilder result = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }

            char letter = text[++i];
            result.Append(letter switch
            {
                'r' => '\r',
                'n' => '\n',
                't' => '\t',
                's' => ' ',
                '\\' => '\\',
                'x' => (char)byte.Parse(text.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                _ => throw new FormatException($"The case has the unknown escape \\{letter}."),
            });
            if (letter == 'x')
                i += 2;
        }
        return result.ToString();
    }
}
