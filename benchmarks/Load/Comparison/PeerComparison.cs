using EventLoops.Benchmarks.Load.Measuring;
using EventLoops.Benchmarks.Load.Runs;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>
/// Puts the same questions to all servers, in rounds: each round asks everyone once, so that whatever else the machine does meanwhile happens to all of them. Of the rounds
/// the lower quartile counts, since disturbances only ever add.
/// </summary>
internal sealed class PeerComparison(IReadOnlyList<Peer> peers, IReadOnlyList<Point> points, int rounds, int? serverProcessor)
{
    private readonly Dictionary<(Point Point, Peer Peer), List<LoadResult>> _results = [];
    private readonly Dictionary<(Point Point, Peer Peer), double> _systemCalls = [];
    private readonly Dictionary<Peer, double> _idle = [];

    /// <summary>The results of the rounds.</summary>
    public IReadOnlyList<LoadResult> Of(Point point, Peer peer) => _results.GetValueOrDefault((point, peer)) ?? [];

    /// <summary>Processor time of the server for one unit, the lower quartile of all rounds; null when it was not asked.</summary>
    public double? CostOf(Point point, Peer peer) =>
        Of(point, peer) is { Count: > 0 } results ? LowerQuartile([.. results.Select(result => result.ServerCpu!.Value)]) : null;

    /// <summary>System calls for one unit; null when they could not be counted.</summary>
    public double? SystemCallsOf(Point point, Peer peer) => _systemCalls.TryGetValue((point, peer), out double count) ? count : null;

    /// <summary>Resident memory of an idle WebSocket in bytes; null when it was not measured.</summary>
    public double? IdleBytesOf(Peer peer) => _idle.TryGetValue(peer, out double bytes) ? bytes : null;

    /// <summary>Measures, and says on standard error how far it is.</summary>
    public void Run()
    {
        List<RunningPeer> running = [];
        try
        {
            foreach (Peer peer in peers) running.Add(peer.Start(serverProcessor));
            foreach (Point point in points)
            {
                List<RunningPeer> asked = [.. running.Where(server => (server.Peer.Abilities & point.Needs) == point.Needs)];
                foreach (RunningPeer server in asked) WarmUp(point, server);
                for (int round = 1; round <= rounds; round++)
                {
                    Console.Error.Write($"\r{point.Name}: round {round} of {rounds} ");
                    foreach (RunningPeer server in asked) Ask(point, server);
                }

                foreach (RunningPeer server in asked) CountSystemCalls(point, server);
                Console.Error.WriteLine();
            }
        }
        finally
        {
            foreach (RunningPeer server in running) server.Dispose();
        }
    }

    /// <summary>Opens idle WebSockets on a fresh process of each server, since memory that was used before would be used again.</summary>
    public void MeasureIdle(int connections)
    {
        foreach (Peer peer in peers.Where(peer => (peer.Abilities & (Abilities.WebSocket | Abilities.Tls)) != 0))
        {
            Console.Error.Write($"\ridle: {peer.Name,-24}");
            using RunningPeer server = peer.Start(serverProcessor);
            using LoadRun run = new IdleRun(points[0].Load with { Server = server.EndPoint, ServerProcess = server.ProcessId, Connections = connections, Sources = 8, IsTls = peer.IsTls });
            _idle[peer] = run.Run().BytesPerConnection!.Value;
        }

        Console.Error.WriteLine();
    }

    private static double LowerQuartile(List<double> values)
    {
        values.Sort();
        return values[values.Count / 4];
    }

    /// <summary>Everybody's code is compiled, and compiled again, before anybody is measured.</summary>
    private static void WarmUp(Point point, RunningPeer server)
    {
        using LoadRun run = point.NewRun(point.Load with { Server = server.EndPoint, Duration = TimeSpan.FromSeconds(2) });
        run.Run();
    }

    private void Ask(Point point, RunningPeer server)
    {
        using LoadRun run = point.RunAgainst(server);
        LoadResult result = run.Run();
        if (result.Faults > 0)
            throw new LoadException($"{server.Peer.Name} broke a rule at {point.Name}.");
        if (!_results.TryGetValue((point, server.Peer), out List<LoadResult>? results))
            _results.Add((point, server.Peer), results = []);
        results.Add(result);
    }

    private void CountSystemCalls(Point point, RunningPeer server)
    {
        using LoadRun run = point.RunAgainst(server);
        if (SystemCallCount.During(run, server.ProcessId) is { } count)
            _systemCalls[(point, server.Peer)] = count;
    }
}
