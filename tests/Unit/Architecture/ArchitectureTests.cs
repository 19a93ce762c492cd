using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Architecture;

/// <summary>The layout of the repository as rules that fail, first on the real files, then on examples that prove each rule can fail.</summary>
public sealed partial class ArchitectureTests
{
    private const int MostLinesOfAFile = 600;

    private static readonly string[] TextFiles =
        [".cs", ".csproj", ".props", ".targets", ".html", ".css", ".js", ".mjs", ".json", ".sh", ".md", ".txt"];

    [Fact]
    public void Project_files_draw_no_arrow_that_points_the_wrong_way()
    {
        Arrow[] arrows = [.. RepositoryFiles.Under("src", ".csproj")
            .SelectMany(path => AssemblyFiles.ArrowsOfProject(Path.GetFileNameWithoutExtension(path), RepositoryFiles.Read(path)))];

        Assert.Contains(new Arrow(Arrows.Core, Arrows.Poll), arrows);
        Assert.Empty(Arrows.Violations(arrows));
    }

    [Fact]
    public void Compiled_assemblies_draw_no_arrow_that_points_the_wrong_way()
    {
        HashSet<string> libraries = RepositoryFiles.Under("src", ".csproj")
            .Select(path => Path.GetFileNameWithoutExtension(path) + ".dll").ToHashSet(StringComparer.Ordinal);
        string[] compiled = [.. Directory.GetFiles(AppContext.BaseDirectory, "EventLoops.*.dll").Where(path => libraries.Contains(Path.GetFileName(path)))];

        Assert.Contains(compiled, path => Path.GetFileNameWithoutExtension(path) is Arrows.Poll);
        Assert.Contains(compiled, path => Path.GetFileNameWithoutExtension(path) is Arrows.Core);
        Assert.Empty(Arrows.Violations(compiled.SelectMany(AssemblyFiles.ArrowsOfAssembly)));
    }

    [Fact]
    public void Codecs_name_no_socket_no_clock_and_no_thread()
    {
        IReadOnlyList<string> codecs = RepositoryFiles.Under("src/Core/Protocols", ".cs");

        Assert.NotEmpty(codecs);
        Assert.Empty(codecs.SelectMany(path => Purity.Violations(path, RepositoryFiles.Read(path))));
    }

    [Fact]
    public void Poll_and_the_backends_show_their_users_no_word_of_a_protocol()
    {
        string[] surfaces = [.. RepositoryFiles.Under("src/Poll", ".txt").Concat(RepositoryFiles.Under("src/Backends", ".txt"))
            .Where(path => Path.GetFileName(path).StartsWith("PublicAPI.", StringComparison.Ordinal))];

        Assert.Contains("src/Poll/PublicAPI.Unshipped.txt", surfaces, StringComparer.Ordinal);
        Assert.Empty(surfaces.SelectMany(path => PublicSurface.Violations(path, RepositoryFiles.Read(path))));
    }

    [Fact]
    public void Every_source_file_of_the_libraries_is_short_enough_to_read() =>
        Assert.DoesNotContain(RepositoryFiles.Under("src", ".cs"), path => IsTooLong(RepositoryFiles.Read(path)));

    [Fact]
    public void No_file_leaves_work_for_later() =>
        Assert.Empty(new[] { "src", "tests", "samples" }
            .SelectMany(folder => RepositoryFiles.Under(folder, TextFiles))
            .SelectMany(path => Postponements(path, RepositoryFiles.Read(path))));

    [Theory]
    [InlineData(Arrows.Poll, Arrows.Core)]
    [InlineData(Arrows.Poll, "EventLoops.LibUv")]
    [InlineData(Arrows.Core, "EventLoops.Epoll")]
    [InlineData("EventLoops.Epoll", Arrows.Core)]
    [InlineData("EventLoops.LibEv", "EventLoops.LibUv")]
    [InlineData(Arrows.Core, Arrows.Hosting)]
    [InlineData(Arrows.Hosting, "EventLoops.LibUv")]
    public void An_arrow_that_points_the_wrong_way_is_found(string from, string to) =>
        Assert.Equal([$"{from} must not use {to}."], Arrows.Violations([new Arrow(from, to)]));

    [Theory]
    [InlineData(Arrows.Core, Arrows.Poll)]
    [InlineData(Arrows.Hosting, Arrows.Core)]
    [InlineData("EventLoops.IoUring", Arrows.Poll)]
    [InlineData(Arrows.Poll, "System.Runtime")]
    public void An_arrow_that_points_down_is_allowed(string from, string to) => Assert.Empty(Arrows.Violations([new Arrow(from, to)]));

    [Theory]
    [InlineData("""<Project><ItemGroup><ProjectReference Include="../../Core/EventLoops.Core.csproj" /></ItemGroup></Project>""")]
    [InlineData("""<Project><ItemGroup><ProjectReference Include="..\..\Core\EventLoops.Core.csproj" /></ItemGroup></Project>""")]
    [InlineData("""<Project><ItemGroup><PackageReference Include="EventLoops.Core" Version="1.0.0" /></ItemGroup></Project>""")]
    [InlineData("""<Project xmlns="http://schemas.microsoft.com/developer/msbuild/2003"><ItemGroup><Reference Include="EventLoops.Core" /></ItemGroup></Project>""")]
    public void A_backend_whose_project_file_names_Core_is_found(string xml) =>
        Assert.Equal(["EventLoops.Epoll must not use EventLoops.Core."], Arrows.Violations(AssemblyFiles.ArrowsOfProject("EventLoops.Epoll", xml)));

    [Fact]
    public void The_arrows_of_a_compiled_assembly_are_read_from_its_metadata()
    {
        IReadOnlyList<Arrow> arrows = AssemblyFiles.ArrowsOfAssembly(typeof(ArchitectureTests).Assembly.Location);

        Assert.Contains(new Arrow("EventLoops.Tests.Unit", "EventLoops.Tests.Shared"), arrows);
        Assert.Contains("EventLoops.Tests.Unit must not use EventLoops.Tests.Shared.", Arrows.Violations(arrows), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("using System.Net.Sockets;", "System.Net.Sockets")]
    [InlineData("namespace X; using System . Threading ; class Y { System.Threading.Lock gate = new(); }", "System.Threading")]
    [InlineData("var now = DateTime.UtcNow;", "UtcNow")]
    [InlineData("string line = $\"at {Stopwatch.GetTimestamp()}\";", "Stopwatch")]
    [InlineData("string quote = \"\\\"//\"; Libc.Close(fd);", "Libc")]
    [InlineData("char quote = '\"'; lock (gate) { }", "lock")]
    [InlineData("string path = @\"c:\\\"; Interlocked.Increment(ref count);", "Interlocked")]
    [InlineData("string raw = \"\"\"a \" b\"\"\"; TimeProvider clock;", "TimeProvider")]
    public void A_codec_that_reaches_for_the_world_is_found(string source, string name) =>
        Assert.Contains(Purity.Violations("Codec.cs", source), violation => violation.StartsWith($"Codec.cs names {name}:", StringComparison.Ordinal));

    [Theory]
    [InlineData("// Thread safe: no. UtcNow is the caller's.\nint x;")]
    [InlineData("/* lock, Socket,\n Stopwatch */ int x;")]
    [InlineData("/// <summary>Nothing here waits for a Task.</summary>\nint x;")]
    [InlineData("string text = \"Socket /* Thread\"; string more = \"*/\"; byte[] bytes = \"UtcNow\"u8.ToArray();")]
    [InlineData("int TaskCount, unlocked, mySocket; void At(DateTimeOffset now) { }")]
    public void A_codec_that_only_speaks_of_the_world_in_prose_is_fine(string source) => Assert.Empty(Purity.Violations("Codec.cs", source));

    [Theory]
    [InlineData("EventLoops.EventLoop.OnHttpReady() -> void", "OnHttpReady")]
    [InlineData("EventLoops.WebSocketLoop", "WebSocketLoop")]
    [InlineData("EventLoops.EventLoop.Read(int headerSize) -> int", "headerSize")]
    [InlineData("EventLoops.EventLoop.FrameCount.get -> int", "FrameCount")]
    [InlineData("EventLoops.EventLoop.TLSReady.get -> bool", "TLSReady")]
    public void A_word_of_a_protocol_in_a_loops_public_surface_is_found(string line, string identifier) =>
        Assert.Equal([$"PublicAPI.Unshipped.txt: {identifier} is a word of a protocol."], PublicSurface.Violations("PublicAPI.Unshipped.txt", line));

    [Theory]
    [InlineData("EventLoops.ExternalPollLoop.EndFrame() -> void")]
    [InlineData("EventLoops.HostedEventLoop.Detach(System.Action? detached) -> void")]
    [InlineData("EventLoops.EventLoop.Framework.get -> EventLoops.Watch!")]
    public void A_loops_own_words_are_fine(string line) => Assert.Empty(PublicSurface.Violations("PublicAPI.Unshipped.txt", line));

    [Fact]
    public void A_file_with_one_line_too_many_is_found()
    {
        Assert.False(IsTooLong(string.Concat(Enumerable.Repeat("x\n", MostLinesOfAFile))));
        Assert.True(IsTooLong(string.Concat(Enumerable.Repeat("x\n", MostLinesOfAFile + 1))));
    }

    [Theory]
    [InlineData("TO", "DO")]
    [InlineData("FIX", "ME")]
    [InlineData("HA", "CK")]
    public void Work_left_for_later_is_found(string first, string second)
    {
        string word = first + second;
        Assert.Equal([$"a.cs:2 says {word}"], Postponements("a.cs", $"int x;\n// {word}: later\n"));
        Assert.Empty(Postponements("a.cs", $"int x{word}x;"));
    }

    private static bool IsTooLong(string text) => text.AsSpan().TrimEnd('\n').Count('\n') + 1 > MostLinesOfAFile;

    private static IReadOnlyList<string> Postponements(string path, string text) =>
        [.. text.Split('\n').SelectMany((line, index) => Postponement().Matches(line).Select(match => $"{path}:{index + 1} says {match.Value}"))];

    /// <summary>The words are written with a gap so that this file does not find itself.</summary>
    [GeneratedRegex(@"\b(?:TO" + "DO|FIX" + "ME|HA" + @"CK)\b")]
    private static partial Regex Postponement();
}
