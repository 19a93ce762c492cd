using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The benchmarks still run, and write what they promise. How fast anything is does not matter here.</summary>
public sealed class BenchmarkTests
{
    // Some seconds when the machine is idle.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private static readonly string s_load = Program("Load");

    [Fact]
    public async Task Every_step_that_is_measured_alone_runs()
    {
        await using SampleProcess micro = SampleProcess.StartTool("dotnet", Program("Micro"), "--once");

        Assert.True(await micro.WaitForExitAsync(s_patience) == 0, micro.Output);
        Assert.Matches("(?m)^([0-9]+) of \\1 benchmarks have run once\\.$", micro.Output);
    }

    [Fact]
    public async Task A_comparison_writes_a_page_with_tables_and_a_chart_for_each_point()
    {
        string folder = Directory.CreateTempSubdirectory("eventloops-comparison").FullName;
        try
        {
            await using SampleProcess comparison = SampleProcess.StartTool(
                "dotnet", s_load, "compare", "--quick", "--rounds", "1", "--idle", "150", "--point", "echo-1", "rate", "--peer", "floor", "loops epoll",
                "--also", $"another=dotnet {s_load} floor --port {{port}}", "--root", RepositoryFiles.Root, "--output", folder);

            Assert.True(await comparison.WaitForExitAsync(s_patience) == 0, comparison.Output);
            string page = await File.ReadAllTextAsync(Path.Combine(folder, "README.md"), TestContext.Current.CancellationToken);
            Assert.Matches(@"(?m)^\| echo, 64 B, 64 connections, 1 outstanding \| [0-9.]+ \(1\.00\) \| [0-9.]+ \([0-9.]+\) \| [0-9.]+ \([0-9.]+\) \|$", page);
            Assert.Matches(@"(?m)^\| echo, 64 B, 64 connections, 1 outstanding \| at most 1\.03 × floor \| [0-9.]+ \| (met|\*\*missed\*\*) \|$", page);
            Assert.Matches(@"(?m)^\| EventLoops epoll \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|$", page);
            Assert.Contains("![echo, 64 B, 64 connections, 1 outstanding](echo-1.svg)", page, StringComparison.Ordinal);
            Assert.StartsWith("<svg ", await File.ReadAllTextAsync(Path.Combine(folder, "echo-1.svg"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(folder, "overview.svg")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("--point echo-2", "There is no point 'echo-2'.")]
    [InlineData("--rounds 0", "--rounds lies between 1 and 1000.")]
    [InlineData("--also nginx", "'nginx' is no NAME=COMMAND with a {port}.")]
    [InlineData("--peer nobody", "There is nobody to ask.")]
    public async Task A_comparison_that_cannot_be_made_says_why(string arguments, string sentence)
    {
        await using SampleProcess comparison = SampleProcess.StartTool("dotnet", [s_load, "compare", "--root", RepositoryFiles.Root, .. arguments.Split(' ')]);

        Assert.NotEqual(0, await comparison.WaitForExitAsync());
        Assert.Contains(sentence, comparison.Output, StringComparison.Ordinal);
    }

    private static string Program(string name) =>
        Path.Combine(RepositoryFiles.Root, $"benchmarks/{name}/bin/Release/net10.0/EventLoops.Benchmarks.{name}.dll");
}
