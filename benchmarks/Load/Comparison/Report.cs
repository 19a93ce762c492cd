using System.Globalization;
using System.Text;
using EventLoops.Benchmarks.Load.Measuring;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>How a comparison was made, for its page.</summary>
/// <param name="Root">The checkout.</param>
/// <param name="Rounds">How often everybody was asked.</param>
/// <param name="Idle">How many idle connections there were.</param>
/// <param name="Command">What repeats it.</param>
/// <param name="IsWhole">Whether everybody was asked everything.</param>
/// <param name="Missing">Who could not be asked, and why.</param>
/// <param name="StartUp">How servers start; null when that was not measured.</param>
internal sealed record Circumstances(string Root, int Rounds, int Idle, string Command, bool IsWhole, IReadOnlyList<(Peer Peer, string Reason)> Missing, StartUpTable? StartUp);

/// <summary>Writes what a comparison has found: a page with tables, and charts.</summary>
internal sealed class Report(Findings findings, IReadOnlyList<Peer> peers, IReadOnlyList<Point> points, Circumstances how)
{
    private readonly StringBuilder _page = new();

    /// <summary>Writes the page and the charts.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        Overview overview = new(findings, peers);
        if (overview.HasAny)
            File.WriteAllText(Path.Combine(folder, "overview.svg"), overview.Draw());
        foreach (Point point in points)
            File.WriteAllText(Path.Combine(folder, $"{point.Name}.svg"), BarChart.Draw(point.Title, "Processor time of the server, microseconds for each", [.. Bars(point)]));
        File.WriteAllText(Path.Combine(folder, "README.md"), Page(overview.HasAny));
    }

    private static string Number(double value) => value.ToString(value >= 100 ? "N0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    /// <summary>Parts of a byte are what the runtime has allocated meanwhile for itself.</summary>
    private static string Bytes(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private IEnumerable<Bar> Bars(Point point) =>
        from peer in peers
        let cost = findings.CostOf(point.Name, peer)
        where cost is not null
        select new Bar(peer.Name, cost.Value, peer.IsOurs);

    private string Page(bool hasOverview)
    {
        Line("# Results");
        Line($"Made by `{how.Command}`. Read the ratios: the times are those of this machine on this day. [How it is measured](../README.md).");
        if (hasOverview)
            Line("![Processor time of servers beside this library](overview.svg)");
        WriteCircumstances();
        WriteBars();
        WriteProcessorTime();
        WriteLatency();
        WriteSystemCalls();
        WriteAllocations();
        WriteIdle();
        WriteStart();
        Line("## Charts");
        foreach (Point point in points) Line($"![{point.Title}]({point.Name}.svg)");
        return _page.ToString().TrimEnd() + "\n";
    }

    private void Line(FormattableString text) => Line(text.ToString(CultureInfo.InvariantCulture));

    private void Line(string text) => _page.AppendLine(text).AppendLine();

    private void WriteCircumstances()
    {
        List<string[]> rows = [.. Machine.Describe(how.Root).Select(one => (string[])[one.Name, one.Value])];
        rows.AddRange(peers.Where(peer => !peer.IsOurs).Select(peer => (string[])[peer.Name, peer.Version()]));
        rows.AddRange(how.Missing.Select(one => (string[])[one.Peer.Name, $"not measured: {one.Reason}"]));
        rows.AddRange(findings.Faults.Select(one => (string[])[one.Peer.Name, $"not measured any further at {one.Point}: {one.Fault}"]));
        Table(["", ""], rows, textColumns: 2);
    }

    private void WriteBars()
    {
        List<AcceptanceBar> bars = [.. new AcceptanceBars(findings, peers, how.StartUp).All().Where(bar => how.IsWhole || bar.Measured is not null)];
        if (bars.Count == 0)
            return;

        Line("## What we ask of ourselves");
        Line("Each bar beside what was measured in this run: ratios of processor time unless another unit is named.");
        Table(["point", "bar", "measured", ""], bars.Select(bar => (string[])[bar.Title, bar.Demand, bar.Found, bar.Verdict]), textColumns: 2);
    }

    private void WriteProcessorTime()
    {
        Line("## Processor time");
        Line($"Microseconds of the server's processor for one message, request, connection or delivery: the lower quartile of {how.Rounds} rounds, in which all servers were asked in turn; in brackets the ratio to the first in the row. The server and the generator have a processor each.");
        foreach (IGrouping<string, Point> group in points.GroupBy(point => point.Group, StringComparer.Ordinal))
        {
            List<Peer> able = Able(group);
            Table(["", .. able.Select(peer => peer.Name)], group.Select(point => (string[])[point.Title, .. CostsOf(able, point)]));
        }
    }

    private void WriteLatency()
    {
        foreach (Point point in points.Where(point => point.IsSteady))
        {
            Line("## Latency at a fixed rate");
            Line($"{point.Title}. Milliseconds from when a message was due until its echo was there: whoever stalls is late with all that was due meanwhile. The lower quartile of the rounds for each percentile.");
            Table(
                ["server", "p50", "p99", "p99.9", "processor time, µs"],
                Able([point]).Select(peer => (string[])
                [
                    peer.Name, Latency(point, peer, result => result.LatencyP50), Latency(point, peer, result => result.LatencyP99), Latency(point, peer, result => result.LatencyP999),
                    findings.CostOf(point.Name, peer) is { } cost ? Number(cost) : "",
                ]));
        }
    }

    private string Latency(Point point, Peer peer, Func<LoadResult, double?> percentile) =>
        findings.LatencyOf(point.Name, peer, percentile) is { } microseconds ? (microseconds / 1000).ToString("0.000", CultureInfo.InvariantCulture) : "";

    private void WriteSystemCalls()
    {
        Line("## System calls");
        Line("For one of the same, counted under `strace`, which slows the server and so lets more messages come together in one wait.");
        WriteCounts(findings.SystemCallsOf, Number, peer => true);
    }

    private void WriteAllocations()
    {
        if (!peers.Any(peer => peer.TellsAllocations))
            return;

        Line("## Allocations");
        Line("Bytes that the server's managed heap has handed out for one of the same, as the server itself says before and after (`GET /allocated`), rounded to whole bytes. Other servers have no such heap.");
        WriteCounts(findings.AllocatedOf, Bytes, peer => peer.TellsAllocations);
    }

    private void WriteCounts(Func<string, Peer, double?> count, Func<double, string> format, Func<Peer, bool> isShown)
    {
        foreach (IGrouping<string, Point> group in points.GroupBy(point => point.Group, StringComparer.Ordinal))
        {
            List<Peer> able = [.. Able(group).Where(isShown)];
            Table(
                ["", .. able.Select(peer => peer.Name)],
                group.Select(point => (string[])[point.Title, .. able.Select(peer => count(point.Name, peer) is { } value ? format(value) : "")]));
        }
    }

    private void WriteIdle()
    {
        if (how.Idle == 0)
            return;

        Line("## Idle connections");
        string overTls = peers.FirstOrDefault(peer => peer.IsTls) is { } secure ? string.Create(CultureInfo.InvariantCulture, $" (over TLS {PeerComparison.IdleConnectionsOf(secure, how.Idle):N0})") : "";
        Line($"Resident bytes of the server for each of {how.Idle:N0} WebSockets{overTls} that do nothing, and milliseconds for an echo through one of them while the others are there. The first of them are not counted; they come in waves, so that a runtime has compiled what it uses.");
        Table(
            ["server", "bytes each", "echo, p50", "echo, p99"],
            from peer in peers
            let idle = findings.IdleOf(peer)
            where idle is not null
            select (string[])[peer.Name, idle.BytesPerConnection is { } bytes ? Bytes(bytes) : "", Milliseconds(idle.LatencyP50), Milliseconds(idle.LatencyP99)]);
    }

    private static string Milliseconds(double? microseconds) => (microseconds / 1000)?.ToString("0.000", CultureInfo.InvariantCulture) ?? "";

    private void WriteStart()
    {
        if (how.StartUp is null)
            return;

        Line("## Start");
        Line("From the start of the process until it says that it listens, and its resident memory then (`benchmarks/startup.sh`).");
        foreach (string line in how.StartUp.Lines) _page.AppendLine(line);
        _page.AppendLine();
    }

    /// <summary>Who has been asked any of the points.</summary>
    private List<Peer> Able(IEnumerable<Point> of) => [.. peers.Where(peer => of.Any(point => findings.CostOf(point.Name, peer) is not null))];

    private IEnumerable<string> CostsOf(IReadOnlyList<Peer> able, Point point)
    {
        double? first = able.Select(peer => findings.CostOf(point.Name, peer)).FirstOrDefault(cost => cost is not null);
        return able.Select(peer => findings.CostOf(point.Name, peer) is { } cost ? $"{Number(cost)} ({Number(cost / first!.Value)})" : "");
    }

    private void Table(IReadOnlyList<string> head, IEnumerable<string[]> rows, int textColumns = 1)
    {
        if (head.Count < 2)
            return;

        _page.AppendLine(CultureInfo.InvariantCulture, $"| {string.Join(" | ", head)} |");
        _page.AppendLine(CultureInfo.InvariantCulture, $"|{string.Concat(head.Select((_, column) => column < textColumns ? " --- |" : " ---: |"))}");
        foreach (string[] row in rows) _page.AppendLine(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row)} |");
        _page.AppendLine();
    }
}
