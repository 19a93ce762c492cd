namespace EventLoops.Tests.Interop.Tls;

/// <summary>Foreign programs that run to their end.</summary>
internal static class Tool
{
    /// <summary>Runs a program with nothing on its standard input.</summary>
    /// <returns>Its exit code and everything that it printed.</returns>
    public static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        await using SampleProcess process = SampleProcess.StartTool(program, arguments);
        int code = await process.WaitForExitAsync();
        return (code, process.Output);
    }

    /// <summary>Runs a program whose standard input begins with a text and does not end: openssl leaves at the end of its input.</summary>
    public static async Task<(int Code, string Output)> RunWithInputAsync(string input, string program, params string[] arguments)
    {
        string pipe = Path.Combine(Path.GetTempPath(), $"el-{Guid.NewGuid():N}.pipe");
        try
        {
            return await RunAsync("sh", ["-c", "pipe=$1; input=$2; shift 2; mkfifo \"$pipe\" && exec 3<> \"$pipe\" && printf \"$input\" >&3 && exec \"$@\" <&3", "sh", pipe, input, program, .. arguments]);
        }
        finally
        {
            File.Delete(pipe);
        }
    }

    public static Task<(int Code, string Output)> CurlAsync(params string[] arguments) =>
        RunAsync("curl", ["--disable", "--silent", "--show-error", "--max-time", "60", "--noproxy", "*", .. arguments]);
}
