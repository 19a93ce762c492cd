using System.Diagnostics;
using EventLoops.Benchmarks.Load.Runs;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>How long a comparison takes: reckoned before it begins, and corrected by how fast it goes. Says on standard error how far it is, on one line.</summary>
internal sealed class Schedule
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(0.7);

    private readonly TimeSpan _total;
    private readonly long _begun = Stopwatch.GetTimestamp();
    private TimeSpan _done;
    private int _lineLength;

    /// <param name="peers">Who is asked.</param>
    /// <param name="points">What they are asked.</param>
    /// <param name="rounds">How often.</param>
    /// <param name="idle">How many idle connections there will be.</param>
    public Schedule(IReadOnlyList<Peer> peers, IReadOnlyList<Point> points, int rounds, int idle)
    {
        foreach (Point point in points)
            _total += peers.Count(peer => peer.Can(point)) * ((rounds * point.RunTime) + PeerComparison.WarmUpTime + CountingTime(point));
        if (idle > 0)
            _total += peers.Aggregate(TimeSpan.Zero, (sum, peer) => sum + IdleTime(peer, idle));
    }

    /// <summary>How long all of it takes, in words.</summary>
    public string Total => Words(_total);

    /// <summary>About how long it takes to count system calls and bytes at a point.</summary>
    public static TimeSpan CountingTime(Point point) => (2 * point.For(PeerComparison.CountingTime).RunTime) + SystemCallCount.AttachTime;

    /// <summary>About how long the idle connections of a server take.</summary>
    public static TimeSpan IdleTime(Peer peer, int connections) =>
        StartTime + IdleRun.CompileTime + Point.OpeningTime(PeerComparison.IdleConnectionsOf(peer, connections), peer.IsTls);

    /// <summary>Says what is begun.</summary>
    public void Begin(string what)
    {
        // What has taken longer than it was reckoned makes what is left longer as well.
        double pace = _done > TimeSpan.Zero ? Stopwatch.GetElapsedTime(_begun) / _done : 1;
        string line = $"{100 * (_done / _total),3:0} %, {Words(pace * (_total - _done))} left: {what}";
        Console.Error.Write($"\r{line.PadRight(_lineLength)}");
        _lineLength = line.Length;
    }

    /// <summary>Something that was reckoned to take so long is over.</summary>
    public void End(TimeSpan reckoned) => _done += reckoned;

    /// <summary>Says that everything is done, and how long it took.</summary>
    public void EndAll()
    {
        Begin($"done after {Words(Stopwatch.GetElapsedTime(_begun))}");
        Console.Error.WriteLine();
    }

    private static string Words(TimeSpan time) => time.TotalSeconds < 90 ? $"{Math.Max(0, time.TotalSeconds):0} s" : $"{time.TotalMinutes:0} min";
}
