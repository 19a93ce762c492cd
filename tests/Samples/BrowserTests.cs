using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The test server and its page in a real browser: the only judge of a WebSocket server that everybody has.</summary>
public sealed class BrowserTests
{
    /// <summary>The script has a deadline for each of its steps; this one is for a browser that hangs between them.</summary>
    private static readonly TimeSpan WholeVisit = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData("poll", "")]
    [InlineData("external", "")]
    [InlineData("epoll", "--deflate")]
    [InlineData("poll", "--self-signed")]
    [InlineData("epoll", "--self-signed")]
    public Task Two_visitors_of_the_page_count_draw_together_and_see_each_other(string loop, string option) =>
        VisitAsync("page.test.mjs", loop, option.Length == 0 ? [] : [option]);

    [Fact]
    public async Task So_do_visitors_who_come_through_a_reverse_proxy()
    {
        await using SampleProcess origin = TestServers.Start("--origin", "any", "--deflate");
        Uri address = await origin.WaitForAddressAsync();
        await VisitAsync("page.test.mjs", "epoll", "--mount", $"/=http://{address.Authority}");
    }

    [Theory]
    [InlineData("poll")]
    [InlineData("epoll")]
    public Task The_browser_talks_compressed_to_a_server_that_does(string loop) => VisitAsync("deflate.test.mjs", loop, "--deflate");

    private static async Task VisitAsync(string script, string loop, params string[] options)
    {
        await using SampleProcess server = TestServers.Start(["--loop", loop, .. options]);
        Uri address = await server.WaitForAddressAsync(loop);

        await using SampleProcess browser = SampleProcess.StartTool(
            "node", Path.Combine(RepositoryFiles.Root, "tests/Samples/browser", script), address.ToString());
        int verdict = await browser.WaitForExitAsync(WholeVisit);
        Assert.True(verdict == 0, $"The visit failed:\n{browser.Output}\nThe server printed:\n{server.Output}");

        server.Interrupt();
        int exitCode = await server.WaitForExitAsync();
        Assert.True(exitCode == 0, $"The server ended with {exitCode} after SIGINT. It printed:\n{server.Output}");
    }
}
