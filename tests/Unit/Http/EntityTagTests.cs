using System.Text;
using EventLoops.Protocols.Http;
using Xunit;

namespace EventLoops.Tests.Http;

/// <summary>Entity tags, dates and codings in fields, as whatever clients write them.</summary>
public sealed class EntityTagTests
{
    [Theory]
    [InlineData("\"a\"", true, true)]
    [InlineData("W/\"a\"", false, true)]
    [InlineData("*", true, true)]
    [InlineData(" * ", true, true)]
    [InlineData("\"b\", \"a\"", true, true)]
    [InlineData("\"b\",,\t\"a\"", true, true)]
    [InlineData("\"x,y\",\"a\"", true, true)]
    [InlineData("\"b\"", false, false)]
    [InlineData("\"b, a\"", false, false)]
    [InlineData("a", false, false)]
    [InlineData("\"a", false, false)]
    [InlineData("\"b\" \"a\"", false, false)]
    [InlineData("w/\"a\"", false, false)]
    [InlineData("", false, false)]
    public void A_tag_is_found_in_a_list_strongly_or_weakly(string list, bool strongly, bool weakly)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(list);

        Assert.Equal(strongly, EntityTag.IsIn(bytes, "\"a\""u8, weakly: false));
        Assert.Equal(weakly, EntityTag.IsIn(bytes, "\"a\""u8, weakly: true));
    }

    [Theory]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT")]
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT")]
    [InlineData("Sun Nov  6 08:49:37 1994")]
    public void A_date_is_read_in_each_of_its_three_forms(string text)
    {
        Assert.True(HttpDate.TryParse(Encoding.ASCII.GetBytes(text), out DateTimeOffset date));
        Assert.Equal(784_111_777, date.ToUnixTimeSeconds());
        Assert.Equal("Sun, 06 Nov 1994 08:49:37 GMT", HttpDate.Format(date));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("Sun, 06 Nov 1994 08:49:37")]
    [InlineData("Sun, 06 Nov 1994 08:49:37 CET")]
    [InlineData("Sun, 32 Nov 1994 08:49:37 GMT")]
    [InlineData("1994-11-06T08:49:37Z")]
    public void What_is_no_date_is_not_taken_for_one(string text) => Assert.False(HttpDate.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void A_date_of_any_length_is_looked_at_safely() => Assert.False(HttpDate.TryParse(new byte[10_000], out _));

    [Theory]
    [InlineData("", 0, "Whole")]
    [InlineData("bytes=0-0", 10, "Partial 0+1")]
    [InlineData("bytes=0-9223372036854775807", 10, "Partial 0+10")]
    [InlineData("bytes=-9223372036854775808", 10, "Partial 0+10")]
    [InlineData("bytes=0-1,-1", 10, "Partial 0+2 9+1")]
    [InlineData("bytes=,0-1,", 10, "Partial 0+2")]
    [InlineData("bytes=0 - 1", 10, "Whole")]
    [InlineData("bytes=0-1;2-3", 10, "Whole")]
    [InlineData("bytes=1-0", 10, "Whole")]
    [InlineData("bytes=9-8", 5, "Whole")]
    [InlineData("bytes=0-", 0, "NotSatisfiable")]
    [InlineData("bytes=-5", 0, "NotSatisfiable")]
    public void Ranges_are_read_exactly_or_not_at_all(string value, long length, string outcome)
    {
        Span<ByteRange> ranges = stackalloc ByteRange[ByteRanges.MostRanges];
        RangeResult result = ByteRanges.Parse(Encoding.ASCII.GetBytes(value), length, ranges, out int count);
        string text = result.ToString();
        foreach (ByteRange range in ranges[..count]) text += $" {range.Start}+{range.Length}";

        Assert.Equal(outcome, result == RangeResult.Partial ? text : result.ToString());
    }

    [Theory]
    [InlineData("/a/b.txt", "/a/b.txt")]
    [InlineData("/a b", "/a%20b")]
    [InlineData("/100%", "/100%25")]
    [InlineData("/ä", "/%C3%A4")]
    [InlineData("/a?b#c", "/a%3Fb%23c")]
    [InlineData("/a\r\nX: y", "/a%0D%0AX:%20y")]
    public void A_path_is_encoded_so_that_it_can_stand_in_a_field(string path, string encoded) =>
        Assert.Equal(encoded, UriPath.Encode(Encoding.UTF8.GetBytes(path)));
}
