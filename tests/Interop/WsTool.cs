namespace EventLoops.Tests.Interop;

/// <summary>The programs under <c>tests/Interop/ws</c>: the library <c>ws</c> of Node.js, which <c>test.sh</c> fetches.</summary>
internal static class WsTool
{
    private static readonly string s_folder = Path.Combine(RepositoryFiles.Root, "tests/Interop/ws");

    /// <summary>Starts one of them with Node.js.</summary>
    /// <exception cref="FileNotFoundException">The library has not been fetched.</exception>
    public static SampleProcess Start(string script, params IEnumerable<string> arguments)
    {
        if (!Directory.Exists(Path.Combine(s_folder, "node_modules/ws")))
            throw new FileNotFoundException("The library ws is not there: run 'npm ci --prefix tests/Interop/ws', which test.sh does. It needs the packages nodejs and npm.");

        return SampleProcess.StartTool("node", [Path.Combine(s_folder, script), .. arguments]);
    }
}
