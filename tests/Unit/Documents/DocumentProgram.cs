using System.Globalization;

namespace EventLoops.Tests.Documents;

/// <summary>A program of a document, compiled as it stands there and run as a process of its own, with the libraries beside it.</summary>
internal sealed class DocumentProgram : IAsyncDisposable
{
    private const string Name = "Program";

    private readonly DirectoryInfo _folder;

    private DocumentProgram(DirectoryInfo folder, SampleProcess process)
    {
        _folder = folder;
        Process = process;
    }

    /// <summary>The running program.</summary>
    public SampleProcess Process { get; }

    /// <summary>The programs of a document: the blocks of C# that stand for themselves.</summary>
    public static IReadOnlyList<string> Of(string document) =>
        [.. Markdown.Blocks(RepositoryFiles.Read(document), "csharp").Where(ReadmeCode.IsProgram)];

    /// <summary>Compiles a program and starts it.</summary>
    /// <param name="document">Where it stands.</param>
    /// <param name="number">Which of its programs, from 0.</param>
    /// <param name="arguments">What follows on its command line.</param>
    public static DocumentProgram Start(string document, int number, params IEnumerable<string> arguments)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("document-");
        foreach (string library in Directory.GetFiles(AppContext.BaseDirectory, "*.dll").Where(IsLibrary))
            File.Copy(library, Path.Combine(folder.FullName, Path.GetFileName(library)));
        string program = Path.Combine(folder.FullName, Name + ".dll");
        ReadmeCode.Emit(Of(document)[number], program);
        File.WriteAllText(Path.ChangeExtension(program, ".runtimeconfig.json"), string.Create(CultureInfo.InvariantCulture, $$"""
            { "runtimeOptions": { "framework": { "name": "Microsoft.NETCore.App", "version": "{{Environment.Version}}" } } }
            """));
        return new DocumentProgram(folder, SampleProcess.StartTool("dotnet", [program, .. arguments]));
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static bool IsLibrary(string path)
    {
        string name = Path.GetFileName(path);
        return name == "EventLoops.Tests.StandIns.dll"
            || (name.StartsWith("EventLoops.", StringComparison.Ordinal) && !name.StartsWith("EventLoops.Tests.", StringComparison.Ordinal))
            || name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal);
    }
}
