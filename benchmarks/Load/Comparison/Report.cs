using System.Globalization;
using System.Text;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>Writes what a comparison has found: a page with tables, and charts.</summary>
internal sealed class Report(PeerComparison comparison, IReadOnlyList<Peer> peers, IReadOnlyList<Point> points, IReadOnlyList<(Peer Peer, string Reason)> missing)
{
    /// <summary>Writes the page and a chart for each point.</summary>
    public void Write(string folder, string root, int rounds, string command)
    {
        Directory.CreateDirectory(folder);
        foreach (Point point in points)
            File.WriteAllText(Path.Combine(folder, $"{point.Name}.svg"), BarChart.Draw(point.Title, "processor time of the server, microseconds each", Bars(point)));
        File.WriteAllText(Path.Combine(folder, "README.md"), Page(root, rounds, command));
    }

    private static string Number(double value) => value.ToString(value >= 100 ? "N0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    private IEnumerable<Bar> Bars(Point point) =>
        from peer in peers
        let cost = comparison.CostOf(point, peer)
        where cost is not null
        select new Bar(peer.Name, cost.Value, peer.IsOurs);

    private string Page(string root, int rounds, string command)
    {
        StringBuilder page = new();
        page.AppendLine("# Results").AppendLine();
        page.AppendLine(CultureInfo.InvariantCulture, $"Made by `{command}`. Read the ratios: the times are those of this machine on this day.").AppendLine();
        page.AppendLine("| | |").AppendLine("| --- | --- |");
        foreach ((string name, string value) in Machine.Describe(root)) page.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {value} |");
        foreach (Peer peer in peers.Where(peer => !peer.IsOurs)) page.AppendLine(CultureInfo.InvariantCulture, $"| {peer.Name} | {peer.Version()} |");
        foreach ((Peer peer, string reason) in missing) page.AppendLine(CultureInfo.InvariantCulture, $"| {peer.Name} | not measured: {reason} |");
        page.AppendLine();

        page.AppendLine("## Processor time").AppendLine();
        page.AppendLine(CultureInfo.InvariantCulture,
            $"Microseconds of the server's processor for one message, request, connection or delivery: the lower quartile of {rounds} rounds, in which all servers were asked in turn; in brackets the ratio to the first column that has a value. The server and the generator have a processor each.").AppendLine();
        foreach (IGrouping<Abilities, Point> group in points.GroupBy(point => point.Needs))
        {
            List<Peer> able = [.. peers.Where(peer => (peer.Abilities & group.Key) == group.Key)];
            Table(page, able, "what", group.Select(point => (point.Title, CostsOf(able, point))));
        }


        page.AppendLine("## System calls").AppendLine();
        page.AppendLine("For one of the same, counted under `strace`, which slows the server and so lets more messages come together in one wait.").AppendLine();
        foreach (IGrouping<Abilities, Point> group in points.GroupBy(point => point.Needs))
        {
            List<Peer> able = [.. peers.Where(peer => (peer.Abilities & group.Key) == group.Key)];
            Table(page, able, "what", group.Select(point => (point.Title, able.Select(peer => comparison.SystemCallsOf(point, peer) is { } count ? Number(count) : ""))));
        }


        page.AppendLine("## Memory").AppendLine();
        page.AppendLine("Resident bytes of the server for each of 10,000 idle WebSockets.").AppendLine();
        page.AppendLine("| server | bytes each |").AppendLine("| --- | ---: |");
        foreach (Peer peer in peers.Where(peer => comparison.IdleBytesOf(peer) is not null))
            page.AppendLine(CultureInfo.InvariantCulture, $"| {peer.Name} | {Number(comparison.IdleBytesOf(peer)!.Value)} |");
        page.AppendLine();

        page.AppendLine("## Charts").AppendLine();
        foreach (Point point in points) page.AppendLine(CultureInfo.InvariantCulture, $"![{point.Title}]({point.Name}.svg)").AppendLine();
        return page.ToString().TrimEnd() + "\n";
    }

    private IEnumerable<string> CostsOf(IReadOnlyList<Peer> able, Point point)
    {
        double? first = able.Select(peer => comparison.CostOf(point, peer)).FirstOrDefault(cost => cost is not null);
        return able.Select(peer => comparison.CostOf(point, peer) is { } cost ? $"{Number(cost)} ({Number(cost / first!.Value)})" : "");
    }

    private static void Table(StringBuilder page, IReadOnlyList<Peer> columns, string corner, IEnumerable<(string Title, IEnumerable<string> Cells)> rows)
    {
        page.AppendLine(CultureInfo.InvariantCulture, $"| {corner} | {string.Join(" | ", columns.Select(peer => peer.Name))} |");
        page.AppendLine(CultureInfo.InvariantCulture, $"| --- |{string.Concat(columns.Select(_ => " ---: |"))}");
        foreach ((string title, IEnumerable<string> cells) in rows) page.AppendLine(CultureInfo.InvariantCulture, $"| {title} | {string.Join(" | ", cells)} |");
        page.AppendLine();
    }
}
