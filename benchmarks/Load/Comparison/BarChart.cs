using System.Globalization;
using System.Net;
using System.Text;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>One bar.</summary>
internal sealed record Bar(string Name, double Value, bool IsOurs);

/// <summary>Draws horizontal bars as SVG, readable on a light and on a dark page.</summary>
internal static class BarChart
{
    private const int Width = 760;
    private const int NameWidth = 150;
    private const int ValueWidth = 70;
    private const int RowHeight = 26;
    private const int Top = 56;

    public static string Draw(string title, string unit, IEnumerable<Bar> bars)
    {
        List<Bar> rows = [.. bars];
        double longest = rows.Count > 0 ? rows.Max(bar => bar.Value) : 1;
        int height = Top + (rows.Count * RowHeight) + 10;
        StringBuilder svg = new();
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" font-family="sans-serif" font-size="13">""");
        svg.AppendLine("""<style>text { fill: #24292f } @media (prefers-color-scheme: dark) { text { fill: #d0d7de } }</style>""");
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="8" y="20" font-size="15" font-weight="bold">{WebUtility.HtmlEncode(title)}</text>""");
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="8" y="40">{WebUtility.HtmlEncode(unit)}</text>""");
        for (int i = 0; i < rows.Count; i++)
        {
            int y = Top + (i * RowHeight);
            int length = Math.Max(1, (int)(rows[i].Value / longest * (Width - NameWidth - ValueWidth)));
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{NameWidth - 8}" y="{y + 15}" text-anchor="end">{WebUtility.HtmlEncode(rows[i].Name)}</text>""");
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<rect x="{NameWidth}" y="{y + 2}" width="{length}" height="18" fill="{(rows[i].IsOurs ? "#2f81f7" : "#8b949e")}"/>""");
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{NameWidth + length + 6}" y="{y + 15}">{rows[i].Value.ToString("0.00", CultureInfo.InvariantCulture)}</text>""");
        }

        return svg.AppendLine("</svg>").ToString();
    }
}
