using EventLoops.Tests.Documents;
using Xunit;

namespace EventLoops.Tests.Simulated;

public sealed class ReadmeTests
{
    [Fact]
    public void The_test_that_the_readme_shows_is_one_that_runs()
    {
        string shown = Markdown.Blocks(RepositoryFiles.Read("src/Backends/Simulated/README.md"), "csharp")[0];
        string run = RepositoryFiles.Read("tests/Unit/Simulated/EchoTests.cs");

        const string Class = "public sealed class EchoTests";
        Assert.Equal(run[run.IndexOf(Class, StringComparison.Ordinal)..].Trim(), shown[shown.IndexOf(Class, StringComparison.Ordinal)..].Trim());
    }
}
