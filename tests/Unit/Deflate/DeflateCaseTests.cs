using EventLoops.Tests.WebSocket;
using Xunit;

namespace EventLoops.Tests.Deflate;

/// <summary>Replays every case of the files in <c>Cases</c>: whole, cut in two at every place, and byte by byte, with little room and with much.</summary>
public sealed class DeflateCaseTests
{
    private const string Folder = "tests/Unit/Deflate/Cases";

    private static readonly Lazy<(string File, FrameCase Case)[]> s_cases = new(() =>
        [.. new[] { "takeover.md", "no-takeover.md" }.SelectMany(file => FrameCase.ReadFile(RepositoryFiles.Read($"{Folder}/{file}")).Select(found => (file, found)))]);

    public static TheoryData<string, string> Names => [.. s_cases.Value.Select(found => (found.File, found.Case.Name))];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_case_gives_its_messages_at_every_cut(string file, string name)
    {
        (_, FrameCase tried) = s_cases.Value.Single(found => found.File == file && found.Case.Name == name);
        foreach (int room in new[] { 1, 7, 4096 })
        {
            Assert.Equal(tried.Expected, Trace(file, tried, DeflateLibrary.System, room, []));
            Assert.Equal(tried.Expected, Trace(file, tried, DeflateLibrary.System, room, Enumerable.Range(1, tried.Bytes.Length - 1)));
            for (int cut = 1; cut < tried.Bytes.Length; cut++)
                Assert.Equal(tried.Expected, Trace(file, tried, DeflateLibrary.System, room, [cut]));
        }
    }

    /// <summary>What the framework's decompressor can tell: everything but where a message was cut short inside a block, and what stands behind a last one.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void The_framework_gives_the_same_messages(string file, string name)
    {
        (_, FrameCase tried) = s_cases.Value.Single(found => found.File == file && found.Case.Name == name);
        bool isBeyondIt = name.Contains("ut short", StringComparison.Ordinal) || name.Contains("one byte and no more", StringComparison.Ordinal);
        string actual = Trace(file, tried, DeflateLibrary.Framework, 4096, []);
        Assert.Equal(isBeyondIt, tried.Expected != actual);
    }

    private static string Trace(string file, FrameCase tried, DeflateLibrary library, int room, IEnumerable<int> cuts) =>
        new DeflateTrace(tried.Options, peerTakesOver: file == "takeover.md", library, room).Of(tried.Bytes, cuts);
}
