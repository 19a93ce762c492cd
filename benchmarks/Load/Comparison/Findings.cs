using EventLoops.Benchmarks.Load.Measuring;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>What a comparison has found. Of the rounds the lower quartile counts, since disturbances only ever add. What was not measured is null.</summary>
internal sealed class Findings
{
    private readonly Dictionary<(string Point, Peer Peer), List<LoadResult>> _results = [];
    private readonly Dictionary<(string Point, Peer Peer), double> _systemCalls = [];
    private readonly Dictionary<(string Point, Peer Peer), double> _allocated = [];
    private readonly Dictionary<(string Point, Peer Peer), string> _faults = [];
    private readonly Dictionary<Peer, LoadResult> _idle = [];

    /// <summary>Who broke a rule, where, and how.</summary>
    public IEnumerable<(string Point, Peer Peer, string Fault)> Faults => _faults.Select(one => (one.Key.Point, one.Key.Peer, one.Value));

    public void Add(Point point, Peer peer, LoadResult result)
    {
        if (!_results.TryGetValue((point.Name, peer), out List<LoadResult>? results))
            _results.Add((point.Name, peer), results = []);
        results.Add(result);
    }

    public void AddSystemCalls(Point point, Peer peer, double count) => _systemCalls[(point.Name, peer)] = count;

    public void AddAllocated(Point point, Peer peer, double bytes) => _allocated[(point.Name, peer)] = bytes;

    public void AddIdle(Peer peer, LoadResult result) => _idle[peer] = result;

    public void AddFault(Point point, Peer peer, string fault) => _faults[(point.Name, peer)] = fault;

    public string? FaultOf(Point point, Peer peer) => _faults.GetValueOrDefault((point.Name, peer));

    /// <summary>Processor time of the server for one unit in microseconds.</summary>
    public double? CostOf(string point, Peer peer) => Quartile(point, peer, result => result.ServerCpu);

    /// <summary>A percentile of the times of single messages in microseconds.</summary>
    /// <param name="point">Where.</param>
    /// <param name="peer">Whose.</param>
    /// <param name="percentile">Which one, out of a result.</param>
    public double? LatencyOf(string point, Peer peer, Func<LoadResult, double?> percentile) => Quartile(point, peer, percentile);

    /// <summary>System calls for one unit.</summary>
    public double? SystemCallsOf(string point, Peer peer) => _systemCalls.TryGetValue((point, peer), out double count) ? count : null;

    /// <summary>Bytes of the managed heap for one unit.</summary>
    public double? AllocatedOf(string point, Peer peer) => _allocated.TryGetValue((point, peer), out double bytes) ? bytes : null;

    /// <summary>Idle connections: memory for each, and how long an echo through one of them took.</summary>
    public LoadResult? IdleOf(Peer peer) => _idle.GetValueOrDefault(peer);

    private double? Quartile(string point, Peer peer, Func<LoadResult, double?> value)
    {
        if (!_results.TryGetValue((point, peer), out List<LoadResult>? results))
            return null;

        List<double> values = [.. results.Select(value).OfType<double>()];
        values.Sort();
        return values.Count == 0 ? null : values[values.Count / 4];
    }
}
