using System.Text.Json;
using System.Text.Json.Serialization;

namespace EventLoops.Benchmarks.Load.Measuring;

/// <summary>What a run has found. Times are microseconds; what was not measured is absent.</summary>
internal sealed record LoadResult
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public required string Mode { get; init; }

    public required int Connections { get; init; }

    public int? Size { get; init; }

    public int? Pipeline { get; init; }

    /// <summary>Messages that came back, requests that were answered, connections that were made and closed, or messages delivered.</summary>
    public required long Count { get; init; }

    public required double Seconds { get; init; }

    public double PerSecond => Count / Seconds;

    public double? LatencyP50 { get; init; }

    public double? LatencyP99 { get; init; }

    public double? LatencyP999 { get; init; }

    public double? LatencyMax { get; init; }

    /// <summary>Processor time of the server for one of them.</summary>
    public double? ServerCpu { get; init; }

    /// <summary>By how much the server's memory has grown for each connection.</summary>
    public double? BytesPerConnection { get; init; }

    /// <summary>Processor time of this program for one of them: it must not be what the server waits for.</summary>
    public required double GeneratorCpu { get; init; }

    public required int Faults { get; init; }

    public override string ToString() => JsonSerializer.Serialize(this, Json);
}
