using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;

namespace EventLoops.Tests.Documents;

/// <summary>
/// Compiles the C# of a document. A block with <c>using</c> lines is a program and stands for itself; one without is a fragment, and
/// what its surroundings would have declared is given to it.
/// </summary>
internal static class ReadmeCode
{
    /// <summary>What every project has that is made by <c>dotnet new console</c>.</summary>
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    /// <summary>What fragments take for granted.</summary>
    private const string Given = """
        global using EventLoops;
        global using static Given;

        internal static class Given
        {
            public static readonly bool running = true;
            public static readonly LoopContext context = new(new LoopContextOptions());
            public static void ServeMyOwn(ref PollFd entry) => entry.Revents = PollEvents.None;
        }

        internal sealed class MyProtocol() : Protocol<NoSession>("mine");
        """;

    private static readonly CSharpParseOptions Language = new(LanguageVersion.Latest);

    private static readonly Lazy<MetadataReference[]> References = new(() =>
    {
        // What this process may load is what a project has that refers to the libraries, and a little more.
        string assemblies = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        return [.. assemblies.Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];
    });

    /// <summary>The compiler's errors and warnings.</summary>
    public static IReadOnlyList<string> Complaints(string block) =>
        [.. Compile(block).GetDiagnostics()
            .Where(found => found.Severity >= DiagnosticSeverity.Warning)
            .Select(found => found.ToString())];

    /// <summary>Whether a block is a program that stands for itself: it has <c>using</c> lines and something to run.</summary>
    public static bool IsProgram(string block)
    {
        CompilationUnitSyntax root = CSharpSyntaxTree.ParseText(block, Language).GetCompilationUnitRoot();
        return root.Usings.Count > 0 && root.Members.OfType<GlobalStatementSyntax>().Any();
    }

    /// <summary>Writes a program to a file that <c>dotnet</c> runs.</summary>
    public static void Emit(string program, string path)
    {
        EmitResult result = Compile(program).Emit(path);
        if (!result.Success) throw new InvalidOperationException(string.Join('\n', result.Diagnostics));
    }

    private static CSharpCompilation Compile(string block)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(block, Language);
        CompilationUnitSyntax root = tree.GetCompilationUnitRoot();
        bool isProgram = root.Members.OfType<GlobalStatementSyntax>().Any();
        string[] surroundings = root.Usings.Count > 0 ? [ImplicitUsings] : [ImplicitUsings, Given];

        return CSharpCompilation.Create(
            "Program",
            [tree, .. surroundings.Select(source => CSharpSyntaxTree.ParseText(source, Language))],
            References.Value,
            new CSharpCompilationOptions(isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary)
                .WithNullableContextOptions(NullableContextOptions.Enable)
                .WithAllowUnsafe(enabled: true));
    }
}
