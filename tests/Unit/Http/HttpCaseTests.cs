using Xunit;

namespace EventLoops.Tests.Http;

public sealed class HttpCaseTests
{
    // Above this length not every cut is tried, but every one near an end and a sample between.
    private const int TryEveryCutBelow = 2048;
    private const int Stride = 997;

    public static TheoryData<HttpCase> Cases()
    {
        TheoryData<HttpCase> data = [];
        foreach (string file in RepositoryFiles.Under("tests/Unit/Http/Cases", ".md"))
        {
            foreach (HttpCase one in HttpCaseFile.Read(file))
                data.Add(one);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void A_case_has_its_outcome_in_one_piece_and_at_every_cut(HttpCase one)
    {
        Assert.Equal(one.Outcome, HttpReplay.Run(one.Reader, one.Input, _ => int.MaxValue));
        Assert.Equal(one.Outcome, HttpReplay.Run(one.Reader, one.Input, end => end + 1));
        for (int cut = 1; cut < one.Input.Length; cut += Step(cut, one.Input.Length))
        {
            int at = cut;
            string outcome = HttpReplay.Run(one.Reader, one.Input, end => end < at ? at : int.MaxValue);
            Assert.True(one.Outcome == outcome, $"cut at {at}: {outcome}");
        }
    }

    [Fact]
    public void The_corpus_is_not_lost() => Assert.True(Cases().Count >= 350);

    private static int Step(int cut, int length) => length < TryEveryCutBelow || cut < 64 || cut > length - 10 ? 1 : Stride;
}
