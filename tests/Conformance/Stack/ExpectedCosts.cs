using System.Text.Json;

namespace EventLoops.Tests.Conformance;

/// <summary>One line of the record.</summary>
/// <param name="Calls">System calls, in words.</param>
/// <param name="Bytes">Bytes of the managed heap.</param>
internal sealed record ExpectedCost(string Calls, double Bytes);

/// <summary>
/// What <c>benchmarks/expected-costs.json</c> says that everything costs, by loop and point. With the environment variable <c>EVENTLOOPS_RECORD_COSTS</c> what is
/// measured is written there instead of being compared: <c>benchmarks/record-costs.sh</c>.
/// </summary>
internal static class ExpectedCosts
{
    public const string FileName = "benchmarks/expected-costs.json";

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private static string Place => Path.Combine(RepositoryFiles.Root, FileName);

    /// <summary>Whether costs are recorded.</summary>
    public static bool IsRecording { get; } = Environment.GetEnvironmentVariable("EVENTLOOPS_RECORD_COSTS") is { Length: > 0 };

    /// <summary>Everything that is recorded, by loop, then by point.</summary>
    public static SortedDictionary<string, SortedDictionary<string, ExpectedCost>> Read() =>
        File.Exists(Place) ? JsonSerializer.Deserialize<SortedDictionary<string, SortedDictionary<string, ExpectedCost>>>(File.ReadAllText(Place), s_json)! : [];

    /// <summary>What is recorded for a point on a loop; null for nothing.</summary>
    public static ExpectedCost? Find(string loop, string point) => Read().GetValueOrDefault(loop)?.GetValueOrDefault(point);

    /// <summary>Writes a line.</summary>
    public static void Record(string loop, string point, ExpectedCost cost)
    {
        SortedDictionary<string, SortedDictionary<string, ExpectedCost>> all = Read();
        if (!all.TryGetValue(loop, out SortedDictionary<string, ExpectedCost>? points)) all.Add(loop, points = []);
        points[point] = cost;
        File.WriteAllText(Place, Write(all));
    }

    /// <summary>A line for each point, so that a change shows as one.</summary>
    private static string Write(SortedDictionary<string, SortedDictionary<string, ExpectedCost>> all)
    {
        IEnumerable<string> loops = all.Select(loop =>
            $"  {JsonSerializer.Serialize(loop.Key)}: {{\n{string.Join(",\n", loop.Value.Select(point => $"    {JsonSerializer.Serialize(point.Key)}: {JsonSerializer.Serialize(point.Value, s_json)}"))}\n  }}");
        return $"{{\n{string.Join(",\n", loops)}\n}}\n";
    }
}
