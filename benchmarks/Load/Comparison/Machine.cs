using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>Where and with what was measured.</summary>
internal static class Machine
{
    public static IEnumerable<(string Name, string Value)> Describe(string root)
    {
        yield return ("date", DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        yield return ("commit", Git(root, "rev-parse", "--short", "HEAD") + (Git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/results").Length > 0 ? ", with changes" : ""));
        yield return ("processor", $"{Processors()[0]}, {Processors().Count} of them");
        yield return ("kernel", $"Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.OSDescription}");
        yield return ("runtime", RuntimeInformation.FrameworkDescription);
    }

    private static List<string> Processors() =>
        [.. File.ReadLines("/proc/cpuinfo").Where(line => line.StartsWith("model name", StringComparison.Ordinal)).Select(line => line.Split(':')[1].Trim()).DefaultIfEmpty("unknown")];

    private static string Git(string root, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = root, RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return output;
    }
}
