using System.Text.RegularExpressions;

namespace EventLoops.Tests.Documents;

/// <summary>The parts of a Markdown text that tests look at: fenced blocks, rows of tables, links, and names set as code.</summary>
internal static partial class Markdown
{
    private const string Fence = "```";

    /// <summary>The contents of the fenced blocks of a language.</summary>
    public static IReadOnlyList<string> Blocks(string text, string language)
    {
        List<string> blocks = [];
        List<string>? block = null;
        bool isInside = false;
        foreach (string line in text.Split('\n'))
        {
            if (!line.StartsWith(Fence, StringComparison.Ordinal))
            {
                block?.Add(line);
                continue;
            }

            if (block is not null) blocks.Add(string.Join('\n', block));
            isInside = !isInside;
            block = isInside && string.Equals(line[Fence.Length..].Trim(), language, StringComparison.Ordinal) ? [] : null;
        }

        return blocks;
    }

    /// <summary>The rows of all tables, each with the names of its columns.</summary>
    public static IReadOnlyList<Row> Rows(string text)
    {
        List<Row> rows = [];
        string[]? header = null;
        foreach (string line in Prose(text))
        {
            if (!line.StartsWith('|'))
            {
                header = null;
                continue;
            }

            string[] cells = [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim())];
            if (header is null) header = cells;
            else if (!cells.All(cell => cell.Length > 0 && cell.All(letter => letter is '-' or ':'))) rows.Add(new Row(header, cells));
        }

        return rows;
    }

    /// <summary>Where the links go that stay within the repository, without the part after <c>#</c>.</summary>
    public static IEnumerable<string> RelativeLinks(string text) =>
        Prose(text)
            .SelectMany(line => Link().Matches(InlineCode().Replace(line, "")))
            .Select(match => match.Groups[1].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal))
            .Select(target => target.Split('#')[0])
            .Where(target => target.Length > 0);

    /// <summary>What is set as code within a line.</summary>
    public static IEnumerable<string> Code(string text) =>
        Prose(text).SelectMany(line => InlineCode().Matches(line)).Select(match => match.Value.Trim('`'));

    private static IEnumerable<string> Prose(string text)
    {
        bool isInside = false;
        foreach (string line in text.Split('\n'))
        {
            bool isFence = line.StartsWith(Fence, StringComparison.Ordinal);
            if (isFence) isInside = !isInside;
            if (!isFence && !isInside) yield return line;
        }
    }

    [GeneratedRegex(@"\[[^\]]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`[^`]+`")]
    private static partial Regex InlineCode();

    /// <summary>A row of a table.</summary>
    public sealed class Row(string[] header, string[] cells)
    {
        /// <summary>A cell by the name of its column; empty when the row has none.</summary>
        public string this[string column]
        {
            get
            {
                int at = Array.IndexOf(header, column);
                return at >= 0 && at < cells.Length ? cells[at] : "";
            }
        }

        /// <summary>Whether the table has a column of that name.</summary>
        public bool Has(string column) => header.Contains(column, StringComparer.Ordinal);

        public override string ToString() => string.Join(" | ", cells);
    }
}
