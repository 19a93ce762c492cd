using System.Diagnostics;
using EventLoops.Benchmarks.Load.Measuring;
using EventLoops.Benchmarks.Load.Wire;

namespace EventLoops.Benchmarks.Load.Runs;

/// <summary>Many open WebSockets that do nothing: what each costs the server in memory, and how long an echo through one of them takes while the others are there.</summary>
internal sealed class IdleRun(LoadOptions options) : LoadRun("idle", options)
{
    // What the first connections make once for all others is not counted: tables, buffers, and code. A runtime with a compiler compiles what is in use three times, each time when
    // the last has been in use for a while; so these connections come in waves, and after each there is time for that.
    private const int MostUncounted = 2000;
    private const int Waves = 5;

    private static readonly TimeSpan TimeToCompile = TimeSpan.FromSeconds(1);

    private const int Probes = 1000;

    private bool _isBack;

    /// <summary>How long it waits for compilers.</summary>
    public static TimeSpan CompileTime => Waves * TimeToCompile;

    public override void OnEcho(WebSocketPeer peer, long sentAt)
    {
        Record(sentAt);
        _isBack = true;
    }

    protected override LoadSocket NewSocket(int id) => new WebSocketPeer(this, id);

    protected override LoadResult Measure()
    {
        int uncounted = Math.Min(MostUncounted, Options.Connections / 5);
        for (int wave = 1; wave <= Waves; wave++)
        {
            OpenUpTo(uncounted * wave / Waves);
            Turn(TimeToCompile);
        }

        long before = Resident();
        Open();
        Turn(Options.WarmUp);
        long grown = Resident() - before;

        BeginCounting();
        TimeSpan ownBefore = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Probes; i++) Probe((WebSocketPeer)Sockets[Random.Shared.Next(Sockets.Count)]);

        return Summary(Stopwatch.GetElapsedTime(start).TotalSeconds) with
        {
            BytesPerConnection = Options.ServerProcess is null ? null : (double)grown / (Options.Connections - uncounted),
            GeneratorCpu = (Environment.CpuUsage.TotalTime - ownBefore).TotalMicroseconds / Probes,
        };
    }

    protected override void Start() => throw new NotSupportedException("Idle connections have no load.");

    private void Probe(WebSocketPeer peer)
    {
        _isBack = false;
        peer.Allow(Stopwatch.GetTimestamp());
        peer.Pump();
        while (!_isBack) TurnOnce(1);
    }

    private long Resident() => Options.ServerProcess is { } process ? ServerClock.ResidentBytes(process) : 0;
}
