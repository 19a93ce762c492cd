using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The helper that starts programs, since every other test here rests on it.</summary>
public sealed partial class SampleProcessTests
{
    [Fact]
    public async Task A_line_is_found_and_the_exit_code_is_the_programs_own()
    {
        await using SampleProcess shell = SampleProcess.StartTool("sh", "-c", "echo first; echo listening on http://127.0.0.1:81 '(loop: poll)'; exit 7");

        Assert.Equal(new Uri("http://127.0.0.1:81"), await shell.WaitForAddressAsync());
        Assert.Equal(7, await shell.WaitForExitAsync());
    }

    [Fact]
    public async Task A_program_that_ends_without_the_line_is_an_error_that_shows_what_it_printed()
    {
        await using SampleProcess shell = SampleProcess.StartTool("sh", "-c", "echo no such port >&2; exit 1");

        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(() => shell.WaitForAddressAsync());
        await shell.WaitForExitAsync();
        Assert.Contains("ended without", error.Message, StringComparison.Ordinal);
        Assert.Contains("no such port", shell.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "INT")]
    [InlineData(true, "TERM")]
    public async Task A_signal_reaches_the_program(bool terminate, string name)
    {
        // The shell waits in short commands of its own. A long one in the background would have to be killed by the trap, and what has been
        // forked but not yet replaced by its program takes a signal without ending; it would then hold the output open.
        await using SampleProcess shell = SampleProcess.StartTool(
            "sh", "-c", $"trap 'echo got {name}; exit 3' {name}; echo ready; while :; do sleep 0.1; done");
        await shell.WaitForLineAsync(Ready());

        if (terminate) shell.Terminate();
        else shell.Interrupt();

        Assert.Equal(3, await shell.WaitForExitAsync());
        Assert.Contains($"got {name}", shell.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_does_not_end_in_time_is_ended_when_the_test_is_over()
    {
        int id;
        await using (SampleProcess shell = SampleProcess.StartTool("sh", "-c", "trap '' INT TERM; echo ready; while :; do sleep 600; done"))
        {
            id = shell.Id;
            await shell.WaitForLineAsync(Ready());
            await Assert.ThrowsAsync<TimeoutException>(() => shell.WaitForExitAsync(TimeSpan.Zero));
            await Assert.ThrowsAsync<TimeoutException>(() => shell.WaitForLineAsync(Never(), TimeSpan.Zero));
            Assert.False(shell.HasExited);
        }

        Assert.False(Directory.Exists($"/proc/{id}"));
    }

    [Fact]
    public void A_sample_that_has_not_been_built_is_named()
    {
        FileNotFoundException error = Assert.Throws<FileNotFoundException>(() => SampleProcess.Start("NoSuchSample"));
        Assert.Contains("NoSuchSample has not been built", error.Message, StringComparison.Ordinal);
    }

    [GeneratedRegex("^ready$")]
    private static partial Regex Ready();

    [GeneratedRegex("^never$")]
    private static partial Regex Never();
}
