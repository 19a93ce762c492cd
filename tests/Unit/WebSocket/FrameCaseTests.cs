using EventLoops.Protocols.WebSocket;
using Xunit;

namespace EventLoops.Tests.WebSocket;

/// <summary>Replays every case of the files in <c>Cases</c>: whole, cut in two at every place, and byte by byte.</summary>
public sealed class FrameCaseTests
{
    private static readonly Lazy<FrameCase[]> Cases = new(() => [.. FrameCase.ReadAll("tests/Unit/WebSocket/Cases")]);

    /// <summary>Long payloads are alike in the middle, so they are cut at every place near their ends.</summary>
    private const int NearAnEnd = 32;

    public static TheoryData<string> MaskableNames => [.. Cases.Value
        .Where(found => !found.Options.IsServer && FrameMasker.TryMask(found.Bytes, out _)).Select(found => found.Name)];

    public static TheoryData<string> Names => [.. Cases.Value.Select(found => found.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_case_gives_its_events_at_every_cut(string name)
    {
        FrameCase tried = Cases.Value.First(found => string.Equals(found.Name, name, StringComparison.Ordinal));

        Assert.Equal(tried.Expected, FrameTrace.Whole(tried.Bytes, tried.Options));
        Assert.Equal(tried.Expected, FrameTrace.ByteByByte(tried.Bytes, tried.Options));
        Assert.Equal(tried.Expected, FrameTrace.CutInShort(tried.Bytes, tried.Options, []));
        foreach (int cut in PlacesToCut(tried.Bytes.Length))
        {
            Assert.Equal(tried.Expected, FrameTrace.Cut(tried.Bytes, tried.Options, [cut]));
            Assert.Equal(tried.Expected, FrameTrace.CutInShort(tried.Bytes, tried.Options, [cut]));
        }
    }

    /// <summary>
    /// A client's case is replayed to a server under a key of its own, which shows that a mask changes nothing but the bytes.
    /// </summary>
    [Theory]
    [MemberData(nameof(MaskableNames))]
    public void A_case_of_a_client_gives_a_server_the_same_events_when_it_is_masked(string name)
    {
        FrameCase tried = Cases.Value.First(found => string.Equals(found.Name, name, StringComparison.Ordinal));
        Assert.True(FrameMasker.TryMask(tried.Bytes, out byte[] masked));
        FrameReaderOptions server = new()
        {
            IsServer = true,
            MaxPartSize = tried.Options.MaxPartSize,
            MaxMessageSize = tried.Options.MaxMessageSize,
            MaxFragments = tried.Options.MaxFragments,
            ValidateUtf8 = tried.Options.ValidateUtf8,
            AllowedBits = tried.Options.AllowedBits,
        };
        Assert.Equal(tried.Expected, FrameTrace.Whole(masked, server));
        Assert.Equal(tried.Expected, FrameTrace.ByteByByte(masked, server));
        Assert.Equal(tried.Expected, FrameTrace.CutInShort(masked, server, []));
    }

    [Fact]
    public void The_files_hold_cases_with_different_names()
    {
        string[] names = [.. Cases.Value.Select(found => found.Name)];

        Assert.True(names.Length >= 240, "Some cases have got lost.");
        Assert.Equal(names.Length, names.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Bytes_are_written_as_hex_text_and_runs() =>
        Assert.Equal([0x81, 0x05, (byte)'a', (byte)' ', (byte)'b', 7, 7, 7], FrameCase.ParseBytes("8105 \"a b\" 3*07"));

    private static IEnumerable<int> PlacesToCut(int length) =>
        Enumerable.Range(1, Math.Max(0, length - 1)).Where(place => place <= NearAnEnd || place >= length - NearAnEnd);
}
