using Xunit;

namespace EventLoops.Tests.Documents;

/// <summary>What documents show as C# compiles without a warning.</summary>
public sealed class ReadmeCodeTests
{
    /// <summary>The documents that users read, as far as they show code.</summary>
    public static TheoryData<string> Documents =>
        [.. RepositoryFiles.Under("", ".md").Where(path => !path.StartsWith("tests/", StringComparison.Ordinal) && BlocksOf(path).Count > 0)];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_block_of_a_document_compiles(string document) =>
        Assert.All(BlocksOf(document), block => Assert.Empty(ReadmeCode.Complaints(block)));

    [Theory]
    [InlineData("README.md")]
    [InlineData("src/Poll/README.md")]
    [InlineData("src/Backends/Epoll/README.md")]
    [InlineData("src/Backends/IoUring/README.md")]
    [InlineData("src/Backends/Simulated/README.md")]
    [InlineData("docs/from-libwebsockets.md")]
    [InlineData("docs/websocket.md")]
    [InlineData("docs/client.md")]
    public void A_document_shows_how_it_looks_in_code(string document) => Assert.NotEmpty(BlocksOf(document));

    [Fact]
    public void The_readme_opens_with_a_program() =>
        Assert.StartsWith("# EventLoops\n\n```csharp\nusing ", RepositoryFiles.Read("README.md"), StringComparison.Ordinal);

    [Theory]
    [InlineData("using EventLoops; new LoopContext(new LoopContextOptions()).Walk();", "'Walk'")]
    [InlineData("using EventLoops; context.Run();", "'context'")]
    [InlineData("context.Walk();", "'Walk'")]
    [InlineData("string name = null;", "CS8600")]
    public void A_block_that_does_not_compile_is_found(string block, string complaint) =>
        Assert.Contains(ReadmeCode.Complaints(block), found => found.Contains(complaint, StringComparison.Ordinal));

    private static IReadOnlyList<string> BlocksOf(string document) => Markdown.Blocks(RepositoryFiles.Read(document), "csharp");
}
