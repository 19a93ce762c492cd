using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>Every sample says how it is used, to whoever asks and to whoever is mistaken.</summary>
public sealed class UsageTests
{
    public static TheoryData<string> All =>
        [.. Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "samples"), "*.csproj", SearchOption.AllDirectories).Select(project => Path.GetFileNameWithoutExtension(project)!)];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Asked_for_help_a_sample_says_how_it_is_used(string sample)
    {
        await using SampleProcess asked = SampleProcess.Start(sample, "--help");

        Assert.Equal(0, await asked.WaitForExitAsync());
        Assert.Contains("usage:", asked.Output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(sample, asked.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_a_sample_does_not_understand_ends_it_with_2_and_without_a_stack_trace(string sample)
    {
        await using SampleProcess mistaken = SampleProcess.Start(sample, "nowhere", "no-port", "and", "more");

        Assert.Equal(2, await mistaken.WaitForExitAsync());
        Assert.DoesNotContain("   at ", mistaken.Output, StringComparison.Ordinal);
    }
}
