using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// A message, a request and a connection cost what is recorded, on every loop: system calls and bytes, which are counts and therefore the same on a busy machine. Times are
/// for <c>benchmarks/run.sh</c>.
/// </summary>
public sealed class ExpectedCostTests
{
    // One in a batch may be disturbed without that the batch shows something cheaper; one more call in every twentieth shows.
    private const int Batch = 20;
    private const int Batches = 50;

    // Code that was not compiled twice yet may allocate where the final code does not, and a busy machine lets it wait. Only what fails, or is recorded, takes so long.
    private static readonly TimeSpan s_patience = ExpectedCosts.IsRecording ? TimeSpan.FromSeconds(3) : LoopHarness.Patience;

    private static readonly bool s_isOptimized = typeof(LoopContext).Assembly.GetCustomAttribute<DebuggableAttribute>() is not { IsJITOptimizerDisabled: true };

    public static MatrixTheoryData<string, string> LoopsAndPoints => new(LoopFactories.Real.Select(loop => loop.Name), CostPoint.All.Select(point => point.Name));

    [Theory]
    [MemberData(nameof(LoopsAndPoints))]
    public void Everything_costs_what_is_recorded(string loop, string point)
    {
        ExpectedCost? expected = ExpectedCosts.IsRecording ? null : ExpectedCosts.Find(loop, point);

        ExpectedCost measured = Measure(loop, CostPoint.All.Single(one => one.Name == point), expected);

        if (ExpectedCosts.IsRecording)
            ExpectedCosts.Record(loop, point, measured);
        else
            Assert.True(IsMet(measured, expected), Explain(loop, point, measured, expected));
    }

    [Fact]
    public void Nothing_is_recorded_that_is_not_measured()
    {
        string[] points = [.. CostPoint.All.Select(point => point.Name).Order(StringComparer.Ordinal)];
        Assert.All(ExpectedCosts.Read(), loop => Assert.Equal(points, loop.Value.Keys.Order(StringComparer.Ordinal), StringComparer.Ordinal));
    }

    [Fact]
    public void One_more_call_or_byte_is_told_with_both_values_and_what_to_do()
    {
        ExpectedCost recorded = new("1 recv, 1 send", 0);

        Assert.True(IsMet(recorded, recorded));
        Assert.False(IsMet(recorded with { Calls = "1.05 recv, 1 send" }, recorded));
        Assert.Equal(s_isOptimized, !IsMet(recorded with { Bytes = 1.2 }, recorded));
        Assert.False(IsMet(recorded, null));
        Assert.Equal(
            "echo-1 on epoll costs '1 recv, 2 send' and 24 bytes. benchmarks/expected-costs.json says '1 recv, 1 send' and 0 bytes. "
            + "If that is meant to be so, run benchmarks/record-costs.sh and say why in the commit.",
            Explain("epoll", "echo-1", new ExpectedCost("1 recv, 2 send", 24), recorded));
    }

    /// <summary>The calls are the same, and there are not more bytes. Code that was not optimized allocates more.</summary>
    private static bool IsMet(ExpectedCost measured, ExpectedCost? expected) =>
        expected is not null && measured.Calls == expected.Calls && (measured.Bytes <= expected.Bytes || !s_isOptimized);

    private static string Explain(string loop, string point, ExpectedCost measured, ExpectedCost? expected) =>
        string.Create(CultureInfo.InvariantCulture, $"{point} on {loop} costs '{measured.Calls}' and {measured.Bytes} bytes. {ExpectedCosts.FileName} says ")
        + (expected is null ? "nothing about it. " : string.Create(CultureInfo.InvariantCulture, $"'{expected.Calls}' and {expected.Bytes} bytes. "))
        + "If that is meant to be so, run benchmarks/record-costs.sh and say why in the commit.";

    private static ExpectedCost Measure(string loop, CostPoint point, ExpectedCost? expected)
    {
        LoopFactory factory = LoopFactories.Real.Single(one => one.Name == loop).New;
        using CostBench bench = new(point.IsTls ? OverTls.On(factory) : factory);
        bench.Of(point, Batch);

        Cost least = Cost.Most;
        ExpectedCost measured = new("", double.MaxValue);
        long start = Stopwatch.GetTimestamp();
        for (int batch = 0; batch < Batches || Stopwatch.GetElapsedTime(start) < s_patience; batch++)
        {
            least = least.Least(bench.Of(point, Batch));
            measured = new ExpectedCost(least.CallsOf(Batch), least.BytesOf(Batch));
            if (IsMet(measured, expected)) break;
        }

        return measured;
    }
}
