namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>The chart for somebody who looks at one only: what others need, beside this library on epoll, which is 1.</summary>
internal sealed class Overview(Findings findings, IReadOnlyList<Peer> peers)
{
    private const string Ours = "EventLoops epoll";

    // Whoever needs more than so many times as much is not drawn to scale.
    private const double Longest = 5;

    private static readonly (string Point, string Title)[] Shown =
    [
        ("echo-1", "WebSocket echo, 64 bytes"),
        ("echo-16", "WebSocket echo, 64 bytes, 16 at a time"),
        ("echo-16k", "WebSocket echo, 16 KiB"),
        ("http-1", "HTTP, 13 bytes"),
        ("http-16", "HTTP, 13 bytes, 16 at a time"),
        ("wss-1", "WebSocket echo over TLS, 64 bytes"),
        ("wss-16k", "WebSocket echo over TLS, 16 KiB"),
    ];

    private readonly List<BarGroup> _groups = [.. Shown.Select(one => GroupOf(one.Point, one.Title, findings, peers)).Where(group => group.Bars.Count > 1)];

    /// <summary>Whether there is anything to compare.</summary>
    public bool HasAny => _groups.Count > 0;

    /// <summary>The chart.</summary>
    public string Draw() => BarChart.Draw("Processor time for the same work", "EventLoops on epoll is 1; less is better; 64 connections on one processor", _groups, Longest);

    private static BarGroup GroupOf(string point, string title, Findings findings, IReadOnlyList<Peer> peers)
    {
        double? ours = peers.Where(peer => peer.IsOurs && NameOf(peer) == Ours).Select(peer => findings.CostOf(point, peer)).FirstOrDefault(cost => cost is not null);
        return new BarGroup(title, ours is null ? [] :
        [
            .. from peer in peers
               where !peer.IsOurs || NameOf(peer) == Ours
               let cost = findings.CostOf(point, peer)
               where cost is not null
               select new Bar(NameOf(peer), cost.Value / ours.Value, peer.IsOurs),
        ]);
    }

    /// <summary>The heading says that it is over TLS.</summary>
    private static string NameOf(Peer peer) => peer.Name.Replace(", TLS", "", StringComparison.Ordinal);
}
