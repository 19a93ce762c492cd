using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using EventLoops.Benchmarks.Load.Runs;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>
/// How many system calls a server makes for one unit, counted by strace from before the first connection to after the last: openings are in it, and few beside
/// the messages. The tracer slows everything, so nothing else is measured meanwhile.
/// </summary>
internal static partial class SystemCallCount
{
    private const int Terminate = 15;

    // The tracer says nothing when it has begun.
    private static readonly TimeSpan AttachTime = TimeSpan.FromSeconds(0.5);

    /// <summary>Counts while a load runs; null where there is no strace, or it may not look.</summary>
    public static double? During(LoadRun run, int process)
    {
        string summary = Path.GetTempFileName();
        try
        {
            using Process tracer = Process.Start(new ProcessStartInfo("strace", ["-c", "-f", "-o", summary, "-p", $"{process}"]) { UseShellExecute = false, RedirectStandardError = true })!;
            if (tracer.WaitForExit(AttachTime))
                return null;

            run.Run();
            _ = Kill(tracer.Id, Terminate);
            tracer.WaitForExit();
            return Total(summary) / run.Altogether;
        }
        catch (Win32Exception)
        {
            return null;
        }
        finally
        {
            File.Delete(summary);
        }
    }

    private static double? Total(string summary)
    {
        string? line = File.ReadLines(summary).FirstOrDefault(text => text.EndsWith(" total", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: >= 4 } words ? double.Parse(words[3], CultureInfo.InvariantCulture) : null;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
