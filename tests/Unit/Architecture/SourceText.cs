using System.Text;
using System.Text.RegularExpressions;

namespace EventLoops.Tests.Architecture;

/// <summary>
/// C# source as the compiler's eye sees it: comments and plain literals gone, code kept. Interpolated strings are kept whole, because
/// code can hide in their holes.
/// </summary>
internal static partial class SourceText
{
    /// <summary>The source without comments and without the contents of character and plain string literals.</summary>
    public static string CodeOf(string source)
    {
        StringBuilder code = new(source.Length);
        for (int at = 0; at < source.Length;)
        {
            int end = EndOfToken(source, at);
            if (IsCode(source, at)) code.Append(source, at, end - at);
            else code.Append(' ');
            at = end;
        }

        return code.ToString();
    }

    /// <summary>Every identifier and keyword of the code, each once.</summary>
    public static IReadOnlySet<string> WordsOf(string source) =>
        Word().Matches(CodeOf(source)).Select(match => match.Value).ToHashSet(StringComparer.Ordinal);

    private static bool IsCode(string source, int at) =>
        source[at] is not ('"' or '\'') && !StartsWith(source, at, "//") && !StartsWith(source, at, "/*") && !StartsWith(source, at, "@\"");

    private static int EndOfToken(string source, int at)
    {
        if (StartsWith(source, at, "//")) return EndAt(source, at, "\n", keep: true);
        if (StartsWith(source, at, "/*")) return EndAt(source, at + 2, "*/", keep: false);
        if (source[at] == '\'') return EndOfEscaped(source, at + 1, '\'');

        int quote = at;
        while (quote < source.Length && source[quote] is '$' or '@') quote++;
        if (quote == source.Length || source[quote] != '"') return Math.Max(quote, at + 1);
        if (StartsWith(source, quote, "\"\"\"")) return EndOfRaw(source, quote);
        return source.AsSpan(at, quote - at).Contains('@') ? EndOfVerbatim(source, quote + 1) : EndOfEscaped(source, quote + 1, '"');
    }

    private static int EndOfEscaped(string source, int at, char quote)
    {
        for (; at < source.Length; at++)
        {
            if (source[at] == '\\') at++;
            else if (source[at] == quote || source[at] == '\n') return at + 1;
        }

        return source.Length;
    }

    private static int EndOfVerbatim(string source, int at)
    {
        for (; at < source.Length; at++)
        {
            if (source[at] != '"') continue;
            if (!StartsWith(source, at, "\"\"")) return at + 1;
            at++;
        }

        return source.Length;
    }

    private static int EndOfRaw(string source, int at)
    {
        int quotes = 0;
        while (at + quotes < source.Length && source[at + quotes] == '"') quotes++;
        return EndAt(source, at + quotes, new string('"', quotes), keep: false);
    }

    private static int EndAt(string source, int from, string mark, bool keep)
    {
        int found = source.IndexOf(mark, from, StringComparison.Ordinal);
        if (found < 0) return source.Length;
        return keep ? found : found + mark.Length;
    }

    private static bool StartsWith(string source, int at, string mark) => string.CompareOrdinal(source, at, mark, 0, mark.Length) == 0;

    [GeneratedRegex(@"[\p{L}_][\p{L}\p{Nd}_]*")]
    private static partial Regex Word();
}
