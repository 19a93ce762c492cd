using System.Text;
using EventLoops.Protocols.Http;
using Xunit;

namespace EventLoops.Tests.Http;

public sealed class HeaderCollectionTests
{
    private readonly HttpHead _head = new(HttpHeadLimits.Default);

    public HeaderCollectionTests()
    {
        _head.Reset(HttpHeadKind.Request);
        _head.Feed("GET / HTTP/1.1\r\nHost: a\r\ncookie: x=1\r\nX-Own: \xE9\r\nCookie: y=2\r\nAccept:\r\n\r\n"u8, out _);
    }

    private HeaderCollection Headers => _head.Fields;

    [Fact]
    public void A_known_field_gives_its_first_value()
    {
        Assert.True(Headers[KnownHeader.Cookie].SequenceEqual("x=1"u8));
        Assert.Equal("x=1", Headers.GetString(KnownHeader.Cookie));
        Assert.Equal(2, Headers.CountOf(KnownHeader.Cookie));
    }

    [Fact]
    public void An_absent_field_is_empty_and_an_empty_one_is_there()
    {
        Assert.True(Headers[KnownHeader.Origin].IsEmpty);
        Assert.Equal("", Headers.GetString(KnownHeader.Origin));
        Assert.False(Headers.Contains(KnownHeader.Origin));
        Assert.Equal(0, Headers.CountOf(KnownHeader.Origin));

        Assert.True(Headers[KnownHeader.Accept].IsEmpty);
        Assert.True(Headers.Contains(KnownHeader.Accept));
        Assert.False(Headers.Contains(KnownHeader.None));
    }

    [Fact]
    public void A_field_is_found_by_name_in_any_case()
    {
        Assert.True(Headers.TryGet("x-oWN"u8, out ReadOnlySpan<byte> own));
        Assert.True(own.SequenceEqual("\xE9"u8));
        Assert.True(Headers.TryGet("COOKIE"u8, out ReadOnlySpan<byte> cookie));
        Assert.True(cookie.SequenceEqual("x=1"u8));
        Assert.False(Headers.TryGet("X-Ow"u8, out ReadOnlySpan<byte> none));
        Assert.True(none.IsEmpty);
        Assert.False(Headers.TryGet("Origin"u8, out _));
        Assert.False(Headers.TryGet(default, out _));
    }

    [Fact]
    public void Fields_come_in_the_order_of_arrival_as_they_were_spelled()
    {
        StringBuilder text = new();
        foreach (HeaderField field in Headers)
            text.Append(Encoding.ASCII.GetString(field.Name)).Append('=').Append(field.Known).Append(' ');
        Assert.Equal("Host=Host cookie=Cookie X-Own=None Cookie=Cookie Accept=Accept ", text.ToString());
        Assert.Equal(5, Headers.Count);
        Assert.Equal("Cookie: y=2", Headers[3].ToString());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(5)]
    public void An_index_outside_the_fields_is_the_callers_mistake(int index)
    {
        ArgumentOutOfRangeException mistake = Assert.Throws<ArgumentOutOfRangeException>(() => Headers[index].ToString());
        Assert.Equal("index", mistake.ParamName);
    }

    [Fact]
    public void Headers_that_are_gone_are_empty()
    {
        HeaderCollection gone = default;
        Assert.Equal(0, gone.Count);
        Assert.True(gone[KnownHeader.Host].IsEmpty);
        Assert.False(gone.Contains(KnownHeader.Host));
        Assert.False(gone.TryGet("Host"u8, out _));
        Assert.Equal(0, gone.CountOf(KnownHeader.Host));
        Assert.False(gone.GetEnumerator().MoveNext());
    }
}
