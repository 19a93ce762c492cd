using System.Globalization;

namespace EventLoops;

/// <summary>How many connections the process may have, by what the system says about its descriptors.</summary>
internal static class DescriptorBudget
{
    // Left over for what a program opens beside its connections: files, pipes, other sockets.
    private const int Reserve = 32;

    /// <summary>
    /// The soft limit of RLIMIT_NOFILE less the descriptors that are open now and a reserve; at least 1. <see cref="int.MaxValue"/> where there is no limit, or
    /// no <c>/proc</c> to ask.
    /// </summary>
    public static int Remaining()
    {
        try
        {
            if (SoftLimit(File.ReadLines("/proc/self/limits")) is not { } limit)
                return int.MaxValue;

            int open = Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();
            return Math.Max(1, limit - open - Reserve);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return int.MaxValue;
        }
    }

    /// <summary>The number in the line of <c>/proc/self/limits</c> (proc(5)) that is about open files; null for unlimited.</summary>
    internal static int? SoftLimit(IEnumerable<string> lines)
    {
        const string Name = "Max open files";
        string? line = lines.FirstOrDefault(candidate => candidate.StartsWith(Name, StringComparison.Ordinal));
        string? soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) ? limit : null;
    }
}
