using EventLoops.Benchmarks.Load.Measuring;
using EventLoops.Benchmarks.Load.Runs;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>
/// Puts the same questions to all servers, in rounds: each round asks everyone once, so that whatever else the machine does meanwhile happens to all of them. Who breaks
/// a rule is not asked that question again, and the page says so.
/// </summary>
internal sealed class PeerComparison(IReadOnlyList<Peer> peers, IReadOnlyList<Point> points, int rounds, int idle, int? serverProcessor)
{
    /// <summary>How long a server is asked before anything is measured: everybody's code is compiled, and compiled again.</summary>
    public static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(0.8);

    /// <summary>How long system calls and allocated bytes are counted: counts need no quiet machine.</summary>
    public static readonly TimeSpan CountingTime = TimeSpan.FromSeconds(0.3);

    // A connection over TLS costs the generator ten times as much to open.
    private const int IdleShareOfTls = 10;

    /// <summary>What was found so far.</summary>
    public Findings Findings { get; } = new();

    /// <summary>How many idle connections a server is given.</summary>
    public static int IdleConnectionsOf(Peer peer, int idle) => peer.IsTls ? idle / IdleShareOfTls : idle;

    /// <summary>Measures, and says on standard error how far it is.</summary>
    public void Run()
    {
        Schedule schedule = new(peers, points, rounds, idle);
        Console.Error.WriteLine($"{points.Count} points, {peers.Count} servers, {rounds} rounds: this takes about {schedule.Total}.");
        List<RunningPeer> running = [];
        try
        {
            foreach (Peer peer in peers) running.Add(peer.Start(serverProcessor));
            foreach (Point point in points) Ask(point, [.. running.Where(server => server.Peer.Can(point))], schedule);
        }
        finally
        {
            foreach (RunningPeer server in running) server.Dispose();
        }

        if (idle > 0)
            MeasureIdle(schedule);
        schedule.EndAll();
    }

    private void Ask(Point point, List<RunningPeer> servers, Schedule schedule)
    {
        foreach (RunningPeer server in servers)
        {
            schedule.Begin($"{point.Name}, warming up {server.Peer.Name}");
            Try(point, server, () => WarmUp(point, server));
            schedule.End(WarmUpTime);
        }

        for (int round = 1; round <= rounds; round++)
        {
            foreach (RunningPeer server in servers)
            {
                schedule.Begin($"{point.Name}, round {round} of {rounds}, {server.Peer.Name}");
                Try(point, server, () => AskOnce(point, server));
                schedule.End(point.RunTime);
            }
        }

        foreach (RunningPeer server in servers)
        {
            schedule.Begin($"{point.Name}, counting, {server.Peer.Name}");
            Try(point, server, () => Count(point.For(CountingTime), point, server));
            schedule.End(Schedule.CountingTime(point));
        }
    }

    private static void WarmUp(Point point, RunningPeer server)
    {
        using LoadRun run = point.NewRun(point.Load with { Server = server.EndPoint, Duration = WarmUpTime });
        run.Run();
    }

    private void AskOnce(Point point, RunningPeer server)
    {
        using LoadRun run = point.RunAgainst(server);
        LoadResult result = run.Run();
        if (result.Faults > 0)
            throw new LoadException($"{result.Faults} faults.");
        Findings.Add(point, server.Peer, result);
    }

    /// <summary>The bytes first: who is traced for system calls is slower, and not what is measured here.</summary>
    private void Count(Point brief, Point point, RunningPeer server)
    {
        if (server.Peer.TellsAllocations)
        {
            using AllocationProbe probe = new(server.EndPoint, server.Peer.IsTls);
            long before = 0;
            long after = 0;
            using LoadRun measured = brief.NewRun(brief.Load with { Server = server.EndPoint, BeforeMeasuring = () => before = probe.Read(), AfterMeasuring = () => after = probe.Read() });
            long count = measured.Run().Count;
            Findings.AddAllocated(point, server.Peer, (double)Math.Max(0, after - before) / count);
        }

        // At a fixed rate a traced server falls behind, and its calls are those of a server that is behind.
        if (point.IsSteady)
            return;
        using SystemCallCount calls = new(server.ProcessId);
        using LoadRun run = brief.NewRun(brief.Load with { Server = server.EndPoint, BeforeMeasuring = calls.Begin, AfterMeasuring = calls.End });
        LoadResult result = run.Run();
        if (calls.Total is { } total)
            Findings.AddSystemCalls(point, server.Peer, total / result.Count);
    }

    private void Try(Point point, RunningPeer server, Action work)
    {
        if (Findings.FaultOf(point, server.Peer) is not null)
            return;

        try
        {
            work();
        }
        catch (LoadException fault)
        {
            Console.Error.WriteLine($"\n{server.Peer.Name} is not asked {point.Name} any more: {fault.Message}");
            Findings.AddFault(point, server.Peer, fault.Message);
        }
    }

    /// <summary>Opens idle WebSockets on a fresh process of each server, since memory that was used before would be used again.</summary>
    private void MeasureIdle(Schedule schedule)
    {
        foreach (Peer peer in peers)
        {
            if ((peer.Abilities & (Abilities.WebSocket | Abilities.Tls)) != 0)
            {
                schedule.Begin($"idle connections, {peer.Name}");
                using RunningPeer server = peer.Start(serverProcessor);
                using LoadRun run = new IdleRun(points[0].Load with
                {
                    Server = server.EndPoint,
                    ServerProcess = server.ProcessId,
                    Connections = IdleConnectionsOf(peer, idle),
                    Subprotocol = "echo",
                    Size = 64,
                    Pipeline = 1,
                    Rate = 0,
                    Sources = 8,
                    IsTls = peer.IsTls,
                });
                Findings.AddIdle(peer, run.Run());
            }

            schedule.End(Schedule.IdleTime(peer, idle));
        }
    }
}
