using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

// What single steps cost, each beside the obvious alternative; every table has a column of allocated bytes. Without arguments it asks what to run; `--filter '*'` runs all.
// The benchmarks run in this process: everything they need is in it, and nothing is built again.
IConfig config = DefaultConfig.Instance
    .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithMinIterationCount(5).WithMaxIterationCount(15))
    .WithOptions(ConfigOptions.JoinSummary);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
