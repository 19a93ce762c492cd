using System.Text;
using System.Text.RegularExpressions;

namespace EventLoops.Tests;

/// <summary>The lines that a process prints, as they come in from the threads that read its two outputs.</summary>
internal sealed class ProcessOutput
{
    private readonly Lock _gate = new();
    private readonly List<string> _standardLines = [];
    private readonly StringBuilder _everything = new();
    private TaskCompletionSource _changed = NewSignal();
    private bool _hasEnded;

    /// <summary>Takes a line, or null for the end of that output.</summary>
    public void Add(string? line, bool isError)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            if (line is not null) _everything.Append(line).Append('\n');
            if (line is not null && !isError) _standardLines.Add(line);
            if (line is null && !isError) _hasEnded = true;
            changed = _changed;
            _changed = NewSignal();
        }

        changed.SetResult();
    }

    /// <summary>The first line of the standard output that matches, or null when it ends without one.</summary>
    public async Task<Match?> FirstMatchAsync(Regex pattern)
    {
        for (int next = 0; ;)
        {
            string[] lines;
            bool hasEnded;
            Task changed;
            lock (_gate)
            {
                lines = [.. _standardLines.Skip(next)];
                hasEnded = _hasEnded;
                changed = _changed.Task;
            }

            next += lines.Length;
            Match? found = lines.Select(line => pattern.Match(line)).FirstOrDefault(match => match.Success);
            if (found is not null || hasEnded) return found;
            await changed;
        }
    }

    public override string ToString()
    {
        lock (_gate) return _everything.ToString();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
