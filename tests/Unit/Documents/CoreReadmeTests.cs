using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Documents;

/// <summary>What <c>src/Core/README.md</c> says about the code is what the code says.</summary>
public sealed partial class CoreReadmeTests
{
    private const string Document = "src/Core/README.md";

    private static readonly string Text = RepositoryFiles.Read(Document);

    [Fact]
    public void The_diagram_of_states_is_the_one_that_the_table_draws() =>
        Assert.Equal([ConnectionStates.Diagram()], Markdown.Blocks(Text, "mermaid"));

    [Fact]
    public void Every_limit_is_listed_with_its_default() => Assert.Equal(Defaults(new ConnectionLimits()), Listed("Limit"));

    [Fact]
    public void Every_time_out_is_listed_with_its_default() => Assert.Equal(Defaults(new ConnectionTimeouts()), Listed("Phase"));

    [Fact]
    public void Every_limit_of_a_context_is_listed_with_its_default() => Assert.Equal(
        Defaults(new LoopContextOptions(), type => type == typeof(int) || type == typeof(int?) || type == typeof(TimeSpan)), Listed("Context"));

    [Fact]
    public void Every_setting_of_sockets_is_listed_with_its_default() => Assert.Equal(Defaults(new SocketSettings()), Listed("Socket"));

    [Theory]
    [InlineData(Document)]
    [InlineData("src/Poll/README.md")]
    [InlineData("src/Backends/Epoll/README.md")]
    [InlineData("src/Backends/IoUring/README.md")]
    [InlineData("src/Backends/Simulated/README.md")]
    public void Every_source_file_that_is_named_is_there(string document)
    {
        string folder = Path.GetDirectoryName(document)!;
        HashSet<string> there = [.. RepositoryFiles.Under(folder, ".cs").Select(path => Path.GetFileName(path))];
        string[] named = [.. Markdown.Code(RepositoryFiles.Read(document)).Where(code => code.EndsWith(".cs", StringComparison.Ordinal))];

        Assert.NotEmpty(named);
        Assert.Subset(there, named.ToHashSet(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("8 KiB", 8192)]
    [InlineData("16 MiB", 16_777_216)]
    [InlineData("30,000,000", 30_000_000)]
    [InlineData("5 s, again whenever", 5)]
    public void A_default_is_read_as_it_is_written(string written, double value) => Assert.Equal(value, Read(written));

    /// <summary>Property and value; times in seconds, and no number for what is not set.</summary>
    private static SortedDictionary<string, double> Defaults(object options, Func<Type, bool>? isListed = null) => new(
        options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => isListed?.Invoke(property.PropertyType) ?? true).ToDictionary(
            property => property.Name,
            property => property.GetValue(options) switch
            {
                null => double.NaN,
                TimeSpan time => time.TotalSeconds,
                object value => Convert.ToDouble(value, CultureInfo.InvariantCulture),
            },
            StringComparer.Ordinal),
        StringComparer.Ordinal);

    private static SortedDictionary<string, double> Listed(string column) => new(
        Markdown.Rows(Text).Where(row => row.Has(column))
            .ToDictionary(row => row[column].Trim('`'), row => Read(row["Default"]), StringComparer.Ordinal),
        StringComparer.Ordinal);

    private static double Read(string written)
    {
        if (written.StartsWith("none", StringComparison.Ordinal))
            return double.NaN;
        Match match = Number().Match(written);
        double number = double.Parse(match.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        return match.Groups[2].Value switch
        {
            "KiB" => number * 1024,
            "MiB" => number * 1024 * 1024,
            _ => number,
        };
    }

    [GeneratedRegex(@"^([\d,]+)\s*(\w*)")]
    private static partial Regex Number();
}
