using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The test server's page in a real browser: the only judge of a WebSocket server that everybody has.</summary>
public sealed class BrowserTests
{
    /// <summary>The script has a deadline for each of its steps; this one is for a browser that hangs between them.</summary>
    private static readonly TimeSpan WholeVisit = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData("poll")]
    [InlineData("external")]
    public async Task Two_visitors_of_the_page_count_draw_together_and_see_each_other(string loop)
    {
        await using SampleProcess server = SampleProcess.Start("TestServer", "--port", "0", "--loop", loop);
        Uri address = await server.WaitForAddressAsync(loop);

        await using SampleProcess browser = SampleProcess.StartTool(
            "node", Path.Combine(RepositoryFiles.Root, "tests/Samples/browser/page.test.mjs"), address.ToString());
        int verdict = await browser.WaitForExitAsync(WholeVisit);
        Assert.True(verdict == 0, $"The visit failed:\n{browser.Output}\nThe server printed:\n{server.Output}");

        server.Interrupt();
        int exitCode = await server.WaitForExitAsync();
        Assert.True(exitCode == 0, $"The server ended with {exitCode} after SIGINT. It printed:\n{server.Output}");
    }
}
