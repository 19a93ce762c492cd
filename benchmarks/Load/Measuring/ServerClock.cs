using System.Globalization;
using System.Runtime.InteropServices;

namespace EventLoops.Benchmarks.Load.Measuring;

/// <summary>What the system says of a process: the processor time of all its threads, and its memory.</summary>
internal static partial class ServerClock
{
    // The clock of a process is its number, inverted, with the kind of the clock in the lowest three bits (clock_getcpuclockid(3)); 2 is the scheduler's own.
    private const int SchedulerClock = 2;

    /// <summary>Processor time, user and system, in nanoseconds.</summary>
    /// <exception cref="LoadException">There is no such process.</exception>
    public static long ProcessorTime(int process)
    {
        if (GetTime((~process << 3) | SchedulerClock, out TimeSpec time) != 0)
            throw new LoadException($"clock_gettime: the clock of process {process} cannot be read.");

        return (time.Seconds * 1_000_000_000) + time.Nanoseconds;
    }

    /// <summary>Resident memory in bytes.</summary>
    public static long ResidentBytes(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
