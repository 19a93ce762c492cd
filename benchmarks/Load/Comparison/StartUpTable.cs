using System.Globalization;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>What <c>benchmarks/startup.sh</c> has printed: a line about the machine, and a table of what was started, its milliseconds, the least of them, and its MiB.</summary>
internal sealed class StartUpTable
{
    private readonly string[] _lines;

    private StartUpTable(string[] lines) => _lines = lines;

    /// <summary>Reads a file; null when there is none, or nothing in it.</summary>
    public static StartUpTable? Read(string? file) =>
        file is not null && File.Exists(file) && File.ReadAllLines(file) is { Length: > 0 } lines ? new StartUpTable(lines) : null;

    /// <summary>The lines, for the page.</summary>
    public IEnumerable<string> Lines => _lines;

    /// <summary>After how many milliseconds a server listened; null when it is not in the table.</summary>
    public double? Milliseconds(string server) => Cell(server, 1);

    /// <summary>How much memory it had then.</summary>
    public double? Mebibytes(string server) => Cell(server, 3);

    private double? Cell(string server, int column) =>
        _lines.Select(line => line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries)).FirstOrDefault(cells => cells[0] == server) is { } cells
        && cells.Length > column
        && double.TryParse(cells[column], CultureInfo.InvariantCulture, out double value)
            ? value
            : null;
}
