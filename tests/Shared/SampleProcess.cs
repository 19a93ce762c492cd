using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace EventLoops.Tests;

/// <summary>
/// A program that a test started: a sample, or a tool that plays against one. What it prints is captured, everything that waits has a
/// deadline, and disposing ends it and what it started in turn, whatever state it is in.
/// </summary>
public sealed partial class SampleProcess : IAsyncDisposable
{
    /// <summary>How long the waiting members wait unless told otherwise: far more than a loaded machine needs, far less than a hung build costs.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private const int HungUp = 1;
    private const int Interrupted = 2;
    private const int Terminated = 15;
    private const int Continued = 18;
    private const int Suspended = 19;

    private readonly Process _process;
    private readonly string _name;
    private readonly ProcessOutput _output = new();

    private SampleProcess(string name, string program, IEnumerable<string> arguments)
    {
        _name = name;
        ProcessStartInfo start = new("env")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = RepositoryFiles.Root,
        };

        // Shells start background jobs with SIGINT ignored, and children inherit that. env puts it right before it becomes the program.
        start.ArgumentList.Add("--default-signal=INT,TERM");
        start.ArgumentList.Add(program);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => _output.Add(line.Data, isError: false);
        _process.ErrorDataReceived += (_, line) => _output.Add(line.Data, isError: true);
        _process.Start();
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether the program has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Everything that it printed so far, on both outputs, for a failure's message.</summary>
    public string Output => _output.ToString();

    /// <summary>Starts a sample in the configuration that the tests were built in, or else in Release.</summary>
    /// <param name="sample">The name of its folder under <c>samples</c>.</param>
    /// <param name="arguments">What follows on its command line.</param>
    /// <exception cref="FileNotFoundException">The sample has not been built.</exception>
    public static SampleProcess Start(string sample, params IEnumerable<string> arguments) =>
        new(sample, "dotnet", [FindSample(sample), .. arguments]);

    /// <summary>Starts a sample with a variable in its environment.</summary>
    /// <param name="variable">As <c>NAME=VALUE</c>.</param>
    /// <param name="sample">The name of its folder under <c>samples</c>.</param>
    /// <param name="arguments">What follows on its command line.</param>
    public static SampleProcess StartWith(string variable, string sample, params IEnumerable<string> arguments) =>
        new(sample, variable, ["dotnet", FindSample(sample), .. arguments]);

    /// <summary>The library of a sample, for tools that start programs themselves.</summary>
    public static string PathOf(string sample) => FindSample(sample);

    /// <summary>Starts any other program, found in the PATH. One that is not there ends with exit code 127 and says so.</summary>
    public static SampleProcess StartTool(string program, params IEnumerable<string> arguments) => new(program, program, arguments);

    /// <summary>Waits until it says where it listens, as <c>listening on http://127.0.0.1:7681 (loop: poll)</c>.</summary>
    /// <returns>The address.</returns>
    public async Task<Uri> WaitForAddressAsync(string loop = "poll")
    {
        Match line = await WaitForLineAsync(ListeningLine());
        if (!string.Equals(line.Groups["loop"].Value, loop, StringComparison.Ordinal))
            throw new InvalidOperationException($"{_name} runs on the loop '{line.Groups["loop"].Value}' instead of '{loop}'.");
        return new Uri(line.Groups["address"].Value);
    }

    /// <summary>Waits for a line of its standard output; lines that were printed earlier count.</summary>
    /// <exception cref="InvalidOperationException">The output ended without such a line.</exception>
    /// <exception cref="TimeoutException">There was none within the deadline.</exception>
    public async Task<Match> WaitForLineAsync(Regex pattern, TimeSpan? deadline = null)
    {
        try
        {
            Match? line = await _output.FirstMatchAsync(pattern).WaitAsync(deadline ?? Deadline);
            return line ?? throw new InvalidOperationException($"{_name} ended without a line like '{pattern}'. It printed:\n{Output}");
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{_name} did not print a line like '{pattern}' in time. It printed:\n{Output}", late);
        }
    }

    /// <summary>Waits until it has ended and everything that it printed has been read.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="TimeoutException">It still ran when the deadline had passed.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan? deadline = null)
    {
        using CancellationTokenSource late = new(deadline ?? Deadline);
        try
        {
            await _process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException tooLate)
        {
            throw new TimeoutException($"{_name} did not end in time. It printed:\n{Output}", tooLate);
        }

        return _process.ExitCode;
    }

    /// <summary>How many descriptors it has open.</summary>
    public int CountDescriptors() => Directory.GetFileSystemEntries($"/proc/{Id}/fd").Length;

    /// <summary>Sends SIGINT, as Ctrl+C does.</summary>
    public void Interrupt() => Send(Interrupted);

    /// <summary>Sends SIGTERM, as service managers do.</summary>
    public void Terminate() => Send(Terminated);

    /// <summary>Sends SIGHUP, as those do who have renamed a log.</summary>
    public void HangUp() => Send(HungUp);

    /// <summary>Sends SIGSTOP: the program stands still until <see cref="Continue"/>.</summary>
    public void Suspend() => Send(Suspended);

    /// <summary>Sends SIGCONT: the program goes on where it was stopped.</summary>
    public void Continue() => Send(Continued);

    /// <summary>Ends the program, and what it started, if it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static string FindSample(string sample)
    {
        // The tests run from tests/NAME/bin/CONFIGURATION/net10.0.
        string own = new DirectoryInfo(AppContext.BaseDirectory).Parent?.Name ?? "Release";
        string[] candidates = [.. new[] { own, "Release" }
            .Select(configuration => Path.Combine(RepositoryFiles.Root, "samples", sample, "bin", configuration, "net10.0", sample + ".dll"))];
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"The sample {sample} has not been built; looked for {string.Join(" and ", candidates.Distinct(StringComparer.Ordinal))}.");
    }

    private void Send(int signal)
    {
        // An id may belong to somebody else once its process has ended, so one that is known to have ended is left alone.
        if (_process.HasExited) throw new InvalidOperationException($"{_name} has already ended. It printed:\n{Output}");
        if (Kill(_process.Id, signal) != 0)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"kill({_process.Id}, {signal}): errno {Marshal.GetLastPInvokeError()}"));
    }

    [GeneratedRegex(@"^listening on (?<address>https?://\S+) \(loop: (?<loop>[^)]+)\)$")]
    private static partial Regex ListeningLine();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
