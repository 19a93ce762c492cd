using Xunit;

namespace EventLoops.Tests.Interop;

/// <summary>curl as a process, as one runs it in a shell.</summary>
internal static class Curl
{
    /// <summary>Runs it and gives what it printed; the test fails when curl does.</summary>
    public static async Task<string> RunAsync(params string[] arguments)
    {
        // What curl prints is wanted byte for byte, line ends included, so it goes to a file and not through a reader of lines.
        string output = Path.GetTempFileName();
        try
        {
            await using SampleProcess curl = SampleProcess.StartTool("sh",
            [
                "-c", "out=$1; shift; exec curl \"$@\" > \"$out\"", "sh", output,
                "--disable", "--silent", "--show-error", "--max-time", "30", "--noproxy", "*", .. arguments,
            ]);
            int code = await curl.WaitForExitAsync();
            Assert.True(code == 0, $"curl ended with {code}: {curl.Output}");
            return await File.ReadAllTextAsync(output);
        }
        finally
        {
            File.Delete(output);
        }
    }
}
