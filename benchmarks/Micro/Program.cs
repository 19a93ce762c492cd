using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

// What single steps cost, each beside the obvious alternative; every table has a column of allocated bytes. Without arguments it asks what to run; `--filter '*'` runs all,
// and `--once` calls every one of them once, measures nothing, and says with the exit code whether they still work.
// The benchmarks run in this process: everything they need is in it, and nothing is built again.
if (args is ["--once"])
    return RunOnce();

IConfig config = DefaultConfig.Instance
    .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithMinIterationCount(5).WithMaxIterationCount(15))
    .WithOptions(ConfigOptions.JoinSummary);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
return 0;

static int RunOnce()
{
    string artifacts = Directory.CreateTempSubdirectory("eventloops-micro").FullName;
    try
    {
        IConfig config = ManualConfig.CreateEmpty()
            .AddJob(Job.Dry.WithToolchain(InProcessEmitToolchain.Instance))
            .AddLogger(new ConsoleLogger())
            .WithArtifactsPath(artifacts)
            .WithOptions(ConfigOptions.JoinSummary | ConfigOptions.DisableOptimizationsValidator);
        Summary[] summaries = BenchmarkRunner.Run(typeof(Program).Assembly, config);
        BenchmarkReport[] reports = [.. summaries.SelectMany(summary => summary.Reports)];
        BenchmarkReport[] failed = [.. reports.Where(report => !report.Success)];
        foreach (BenchmarkReport report in failed) Console.Error.WriteLine($"{report.BenchmarkCase.DisplayInfo} does not run.");
        Console.WriteLine($"{reports.Length - failed.Length} of {reports.Length} benchmarks have run once.");
        return reports.Length > 0 && failed.Length == 0 ? 0 : 1;
    }
    finally
    {
        Directory.Delete(artifacts, recursive: true);
    }
}
