using Xunit;

namespace EventLoops.Tests.Documents;

/// <summary>A link within the repository leads to something that is there.</summary>
public sealed class LinkTests
{
    [Fact]
    public void Every_relative_link_leads_to_a_file_or_to_a_folder_with_files()
    {
        IReadOnlyList<string> documents = RepositoryFiles.Under("", ".md");

        Assert.Contains("README.md", documents, StringComparer.Ordinal);
        Assert.Empty(documents.SelectMany(path => Broken(path, RepositoryFiles.Read(path))));
    }

    [Theory]
    [InlineData("see [the loop](src/Poll/README.md), [the contract](src/Poll/README.md#a-turn) and [the code](src/Poll)")]
    [InlineData("[elsewhere](https://example.org/nowhere) and [below](#below)")]
    [InlineData("`array[0](nowhere)`\n```\n[not](a-link)\n```")]
    public void A_link_that_leads_somewhere_is_fine(string text) => Assert.Empty(Broken("README.md", text));

    [Theory]
    [InlineData("docs/page.md", "[the loop](src/Poll)", "src/Poll")]
    [InlineData("README.md", "[gone](docs/gone.md)", "docs/gone.md")]
    [InlineData("README.md", "[out](../elsewhere.md)", "../elsewhere.md")]
    public void A_link_that_leads_nowhere_is_found(string path, string text, string target) =>
        Assert.Equal([$"{path}: {target}"], Broken(path, text));

    private static IReadOnlyList<string> Broken(string path, string text) =>
        [.. Markdown.RelativeLinks(text).Where(target => !LeadsSomewhere(path, target)).Select(target => $"{path}: {target}")];

    private static bool LeadsSomewhere(string path, string target)
    {
        string full = Path.GetFullPath(Path.Combine(RepositoryFiles.Root, Path.GetDirectoryName(path)!, target));
        string relative = Path.GetRelativePath(RepositoryFiles.Root, full);
        if (relative.StartsWith("..", StringComparison.Ordinal)) return false;

        // A folder that holds nothing of ours is not in anybody's clone.
        return File.Exists(full) || RepositoryFiles.Under(relative).Count > 0;
    }
}
