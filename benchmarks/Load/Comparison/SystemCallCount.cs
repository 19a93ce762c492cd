using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>
/// How many system calls a server makes, with all its threads, between two moments, counted by strace. The tracer slows everything, so nothing else is measured meanwhile.
/// </summary>
internal sealed partial class SystemCallCount(int process) : IDisposable
{
    /// <summary>How long the tracer is given to begin: it says nothing when it has.</summary>
    public static readonly TimeSpan AttachTime = TimeSpan.FromSeconds(0.5);

    private const int Terminate = 15;

    private readonly string _summary = Path.GetTempFileName();
    private Process? _tracer;

    /// <summary>How many there were; null where there is no strace, or it may not look.</summary>
    public double? Total { get; private set; }

    /// <summary>Begins to count.</summary>
    public void Begin()
    {
        try
        {
            _tracer = Process.Start(new ProcessStartInfo("strace", ["-c", "-f", "-o", _summary, "-p", $"{process}"]) { UseShellExecute = false, RedirectStandardError = true })!;
            if (_tracer.WaitForExit(AttachTime))
                Forget();
        }
        catch (Win32Exception)
        {
            // There is no strace here.
        }
    }

    /// <summary>Ends to count.</summary>
    public void End()
    {
        if (_tracer is null)
            return;

        // What had been answered when the count began, and was read since, is made up for by what is still to be answered now.
        _tracer.WaitForExit(AttachTime);
        _ = Kill(_tracer.Id, Terminate);
        _tracer.WaitForExit();
        Forget();
        string? line = File.ReadLines(_summary).FirstOrDefault(text => text.EndsWith(" total", StringComparison.Ordinal));
        Total = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: >= 4 } words ? double.Parse(words[3], CultureInfo.InvariantCulture) : null;
    }

    /// <summary>Ends the tracer, if the load came to nothing, and removes what it has written.</summary>
    public void Dispose()
    {
        End();
        File.Delete(_summary);
    }

    private void Forget()
    {
        _tracer?.Dispose();
        _tracer = null;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
