using System.Globalization;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>What this library asks of itself at a point, and how far it is from it.</summary>
/// <param name="Title">Where.</param>
/// <param name="Demand">What is asked, in words.</param>
/// <param name="Limit">The largest value that meets it.</param>
/// <param name="Format">How the value is written.</param>
/// <param name="Measured">What was measured; null when it was not.</param>
/// <param name="Note">Which of several it is the worst of.</param>
internal sealed record AcceptanceBar(string Title, string Demand, double Limit, string Format, double? Measured, string? Note = null)
{
    /// <summary>What was measured, in words.</summary>
    public string Found => Measured is { } value ? value.ToString(Format, CultureInfo.InvariantCulture) + (Note is null ? "" : $" ({Note})") : "";

    /// <summary>Whether it is met, as far as it is written down.</summary>
    public string Verdict => Measured is not { } value ? "not measured" : double.Parse(value.ToString(Format, CultureInfo.InvariantCulture), NumberStyles.Any, CultureInfo.InvariantCulture) <= Limit ? "met" : "**missed**";
}

/// <summary>All bars, over what was found.</summary>
internal sealed class AcceptanceBars(Findings findings, IReadOnlyList<Peer> peers, StartUpTable? startUp)
{
    private const string Epoll = "EventLoops epoll";
    private const string Floor = "floor";
    private const string Ratio = "0.00";
    private const string Count = "N0";

    private static readonly string[] Echoes = ["echo-1", "echo-16", "echo-1000", "echo-10000", "echo-16k", "echo-1m", "echo-1m-whole", "churn"];

    // Connections come and go in churn, and each is an object: what counts there is in the table of allocations.
    private static readonly string[] Messages = [.. Point.All.Select(point => point.Name).Except(["churn"], StringComparer.Ordinal)];

    /// <summary>Each bar with what was measured.</summary>
    public IEnumerable<AcceptanceBar> All() => [.. OfEchoes(), .. OfLoops(), .. OfIdle(), .. OfPeers(), .. OfHeap(), .. OfStart()];

    private IEnumerable<AcceptanceBar> OfEchoes()
    {
        foreach ((string point, double limit) in ((string, double)[])
            [("echo-1", 1.03), ("echo-16", 1.08), ("echo-1000", 1.05), ("echo-10000", 1.05), ("echo-16k", 1.05), ("echo-1m", 1.10), ("echo-1m-whole", 1.25), ("churn", 1.15)])
        {
            yield return Over(point, Epoll, Floor, limit);
        }
    }

    private IEnumerable<AcceptanceBar> OfLoops()
    {
        foreach (string loop in (string[])["EventLoops libuv", "EventLoops libev"])
        {
            (double? worst, string? where) = Worst(Echoes, point => Quotient(point, loop, Epoll));
            yield return new AcceptanceBar($"{loop}, any echo and churn", $"at most 1.10 × {Epoll}", 1.10, Ratio, worst, where);
        }

        yield return Below("churn", "EventLoops io_uring", Epoll);
    }

    private IEnumerable<AcceptanceBar> OfIdle()
    {
        Measuring.LoadResult? idle = Find(Epoll) is { } peer ? findings.IdleOf(peer) : null;
        yield return new AcceptanceBar($"idle connections, {Epoll}", "at most 512 bytes each", 512, Count, idle?.BytesPerConnection);
        yield return new AcceptanceBar("an echo through one of them, p50", "at most 0.1 ms", 0.1, Ratio, idle?.LatencyP50 / 1000);
    }

    private IEnumerable<AcceptanceBar> OfPeers()
    {
        yield return Over("http-1", Epoll, "Kestrel", 0.5);
        yield return Below("http-1", Epoll, "nginx");
        yield return Over("http-16", Epoll, "Kestrel", 0.4);
        yield return Below("http-16", Epoll, "nginx");
        yield return Over("wss-1", $"{Epoll}, TLS", "Kestrel, TLS", 0.5);
        yield return Below("wss-1", $"{Epoll}, TLS", "libwebsockets, TLS");
        yield return Over("wss-16k", $"{Epoll}, TLS", "Kestrel, TLS", 0.45);
        yield return Below("wss-16k", $"{Epoll}, TLS", "libwebsockets, TLS");

        double? fanOut = Cost("fanout", Epoll) / Cost("echo-200", Epoll);
        yield return new AcceptanceBar(TitleOf("fanout"), $"below 0.60 × one of {Point.Receivers} separate echoes", 0.6, Ratio, fanOut);
    }

    private IEnumerable<AcceptanceBar> OfHeap()
    {
        foreach (Peer peer in peers.Where(peer => peer.IsOurs))
        {
            (double? worst, string? where) = Worst(Messages, point => findings.AllocatedOf(point, peer));
            yield return new AcceptanceBar($"allocated bytes for a message or request, {peer.Name}", "0", 0, Count, worst, worst < 0.5 ? null : where);
        }
    }

    private IEnumerable<AcceptanceBar> OfStart()
    {
        yield return new AcceptanceBar("test server compiled ahead of time, epoll", "listens within 15 ms", 15, "0.0", startUp?.Milliseconds("ahead of time, epoll"));
        yield return new AcceptanceBar("its memory then", "below 12 MiB", 12, "0.0", startUp?.Mebibytes("ahead of time, epoll"));
    }

    private AcceptanceBar Over(string point, string ours, string other, double limit) =>
        new(TitleOf(point), $"at most {limit.ToString(Ratio, CultureInfo.InvariantCulture)} × {other}", limit, Ratio, Quotient(point, ours, other));

    private AcceptanceBar Below(string point, string ours, string other) =>
        new(ours == "EventLoops io_uring" ? $"{TitleOf(point)}, io_uring" : TitleOf(point), $"below {other}", 1, Ratio, Quotient(point, ours, other));

    private double? Quotient(string point, string one, string other) => Cost(point, one) / Cost(point, other);

    private double? Cost(string point, string peer) => Find(peer) is { } found ? findings.CostOf(point, found) : null;

    private Peer? Find(string name) => peers.FirstOrDefault(peer => peer.Name == name);

    private static string TitleOf(string point) => Point.All.First(one => one.Name == point).Title;

    private static (double? Value, string? Where) Worst(IEnumerable<string> points, Func<string, double?> value)
    {
        var worst = points.Select(point => (Value: value(point), Where: point)).Where(one => one.Value is not null).OrderByDescending(one => one.Value).FirstOrDefault();
        return (worst.Value, worst.Where);
    }
}
