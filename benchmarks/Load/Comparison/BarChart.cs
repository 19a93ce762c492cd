using System.Globalization;
using System.Net;
using System.Text;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>One bar.</summary>
/// <param name="Name">What stands in front of it.</param>
/// <param name="Value">How long it is.</param>
/// <param name="IsOurs">Whether it is one of this library's own.</param>
internal sealed record Bar(string Name, double Value, bool IsOurs);

/// <summary>Bars under a heading of their own.</summary>
internal sealed record BarGroup(string Title, IReadOnlyList<Bar> Bars);

/// <summary>Draws horizontal bars as SVG, readable on a light and on a dark page.</summary>
internal static class BarChart
{
    private const int Width = 760;
    private const int NameWidth = 178;
    private const int ValueWidth = 72;
    private const int RowHeight = 26;
    private const int GroupHeight = 34;
    private const int BarHeight = 18;
    private const int Top = 62;
    private const int Bottom = 12;

    /// <summary>A chart of one group.</summary>
    public static string Draw(string title, string unit, IReadOnlyList<Bar> bars) => Draw(title, unit, [new BarGroup("", bars)], longest: bars.Count > 0 ? bars.Max(bar => bar.Value) : 1);

    /// <summary>A chart of several groups on one scale.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="unit">What the values are.</param>
    /// <param name="groups">The groups, one below the other.</param>
    /// <param name="longest">The value of the longest bar: one that has more ends in an arrow.</param>
    public static string Draw(string title, string unit, IReadOnlyList<BarGroup> groups, double longest)
    {
        StringBuilder svg = new();
        int y = Top;
        foreach (BarGroup group in groups)
        {
            if (group.Title.Length > 0)
            {
                Text(svg, 12, y + 20, group.Title, "group");
                y += GroupHeight;
            }

            foreach (Bar bar in group.Bars)
            {
                DrawBar(svg, y, bar, longest);
                y += RowHeight;
            }
        }

        return Frame(title, unit, y + Bottom, svg.ToString());
    }

    private static string Frame(string title, string unit, int height, string content)
    {
        StringBuilder svg = new();
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" font-family="-apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif" font-size="13" role="img">""");
        svg.AppendLine(CultureInfo.InvariantCulture, $"<title>{WebUtility.HtmlEncode(title)}</title>");
        svg.AppendLine("""
            <style>
            text { fill: #24292f } .title { font-size: 16px; font-weight: 600 } .group { font-weight: 600 } .unit, .other { fill: #57606a } .ours { font-weight: 600 }
            rect.bar, path.bar { fill: #8c959f } rect.mine, path.mine { fill: #0969da } rect.page { fill: #ffffff }
            @media (prefers-color-scheme: dark) {
              text { fill: #e6edf3 } .unit, .other { fill: #9198a1 } rect.bar, path.bar { fill: #6e7681 } rect.mine, path.mine { fill: #4493f8 } rect.page { fill: #0d1117 }
            }
            </style>
            """);
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect class="page" width="{Width}" height="{height}" rx="6"/>""");
        Text(svg, 12, 26, title, "title");
        Text(svg, 12, 47, unit, "unit");
        return svg.Append(content).AppendLine("</svg>").ToString();
    }

    private static void DrawBar(StringBuilder svg, int y, Bar bar, double longest)
    {
        const int Room = Width - NameWidth - ValueWidth;
        int length = Math.Clamp((int)(bar.Value / longest * Room), 2, Room);
        string kind = bar.IsOurs ? "bar mine" : "bar";
        Text(svg, NameWidth - 10, y + 17, bar.Name, bar.IsOurs ? "ours" : "other", "end");
        if (bar.Value > longest)
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<path class="{kind}" d="M{NameWidth} {y + 4}h{length - 10}l10 {BarHeight / 2}l-10 {BarHeight / 2}h-{length - 10}z"/>""");
        else
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect class="{kind}" x="{NameWidth}" y="{y + 4}" width="{length}" height="{BarHeight}" rx="2"/>""");
        Text(svg, NameWidth + length + 8, y + 17, bar.Value.ToString(bar.Value >= 100 ? "N0" : bar.Value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture), bar.IsOurs ? "ours" : "other");
    }

    private static void Text(StringBuilder svg, int x, int y, string text, string kind, string anchor = "start") =>
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<text class="{kind}" x="{x}" y="{y}"{(anchor == "start" ? "" : $" text-anchor=\"{anchor}\"")}>{WebUtility.HtmlEncode(text)}</text>""");
}
