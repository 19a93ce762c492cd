using EventLoops.Tests.Aot;
using Xunit;

[assembly: AssemblyFixture(typeof(PublishedTestServer))]

namespace EventLoops.Tests.Aot;

/// <summary>
/// The test server, compiled ahead of time once for all tests here. It is built in a folder of its own, so that what lies in the repository is left as it is. Warnings of
/// the compiler, which sees the whole program and every library in it, are errors.
/// </summary>
public sealed class PublishedTestServer : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    // Whoever runs the tests may be the SDK itself, and its variables would lead the one that is started here astray.
    private static readonly string[] ForeignVariables = ["MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath", "MSBuildLoadMicrosoftTargetsReadOnly"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("eventloops-aot-");

    /// <summary>What the compiler had to say; nothing but the paths of what it made when all is well.</summary>
    public string Output { get; private set; } = "";

    /// <summary>The program.</summary>
    public string Program => Path.Combine(_folder.FullName, "out", "TestServer");

    /// <summary>Starts it on a port of the kernel's choice.</summary>
    public SampleProcess Start(params string[] arguments) => SampleProcess.StartTool(Program, ["--port", "0", .. arguments]);

    public async ValueTask InitializeAsync()
    {
        await using SampleProcess publish = SampleProcess.StartTool("env",
        [
            .. ForeignVariables.Select(variable => $"--unset={variable}"),
            "dotnet", "publish", Path.Combine(RepositoryFiles.Root, "samples", "TestServer"), "--configuration", "Release", "--nologo", "-verbosity:quiet",
            "-p:PublishAot=true", "--artifacts-path", Path.Combine(_folder.FullName, "build"), "--output", Path.GetDirectoryName(Program)!,

            // What this build starts ends with it. The analyzers have looked at the sources when the solution was built.
            "-nodeReuse:false", "-p:UseSharedCompilation=false", "-p:RunAnalyzers=false",
        ]);
        int code = await publish.WaitForExitAsync(Patience);
        Output = publish.Output;
        if (code != 0)
            throw new InvalidOperationException($"The test server cannot be compiled ahead of time; that needs gcc or clang (apt-get install build-essential).\n{Output}");
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
