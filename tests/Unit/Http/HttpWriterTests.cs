using System.Text;
using EventLoops.Protocols.Http;
using Xunit;

namespace EventLoops.Tests.Http;

public sealed class HttpWriterTests
{
    private delegate int Write(Span<byte> destination);

    [Fact]
    public void Each_line_is_written_as_it_is_read()
    {
        Assert.Equal("HTTP/1.1 200 OK\r\n", Text(to => HttpWriter.WriteStatusLine(to, 200)));
        Assert.Equal("HTTP/1.0 431 Request Header Fields Too Large\r\n", Text(to => HttpWriter.WriteStatusLine(to, 431, 0)));
        Assert.Equal("HTTP/1.1 299 \r\n", Text(to => HttpWriter.WriteStatusLine(to, 299)));
        Assert.Equal("HTTP/1.1 200 Fine\r\n", Text(to => HttpWriter.WriteStatusLine(to, 200, "Fine"u8)));
        Assert.Equal("GET /a?b HTTP/1.1\r\n", Text(to => HttpWriter.WriteRequestLine(to, "GET"u8, "/a?b"u8)));
        Assert.Equal("Sec-WebSocket-Accept: x\r\n", Text(to => HttpWriter.WriteField(to, KnownHeader.SecWebSocketAccept, "x"u8)));
        Assert.Equal("X-Own: \r\n", Text(to => HttpWriter.WriteField(to, "X-Own"u8, default)));
        Assert.Equal("Content-Length: 0\r\n", Text(to => HttpWriter.WriteContentLength(to, 0)));
        Assert.Equal("Content-Length: 9223372036854775807\r\n", Text(to => HttpWriter.WriteContentLength(to, long.MaxValue)));
        Assert.Equal("Date: x\r\n", Text(to => HttpWriter.WriteDate(to, "x"u8)));
        Assert.Equal("\r\n", Text(HttpWriter.EndHead));
        Assert.Equal("1a\r\n", Text(to => ChunkedEncoder.WriteChunkHeader(to, 26)));
        Assert.Equal("7fffffffffffffff\r\n", Text(to => ChunkedEncoder.WriteChunkHeader(to, long.MaxValue)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(long.MaxValue)]
    public void The_size_of_a_chunk_header_is_known_before_it_is_written(long length) =>
        Assert.Equal(Text(to => ChunkedEncoder.WriteChunkHeader(to, length)).Length, ChunkedEncoder.HeaderSize(length));

    [Theory]
    [InlineData("a\r\nSet-Cookie: x")]
    [InlineData("a\rb")]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    [InlineData("a\x7F")]
    public void Text_that_would_end_a_line_is_the_callers_mistake(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        Refused("value", to => HttpWriter.WriteField(to, KnownHeader.Server, bytes));
        Refused("value", to => HttpWriter.WriteField(to, "X"u8, bytes));
        Refused("name", to => HttpWriter.WriteField(to, bytes, "x"u8));
        Refused("reason", to => HttpWriter.WriteStatusLine(to, 200, bytes));
        Refused("target", to => HttpWriter.WriteRequestLine(to, "GET"u8, bytes));
        Refused("method", to => HttpWriter.WriteRequestLine(to, bytes, "/"u8));
    }

    [Fact]
    public void A_name_that_is_no_token_is_the_callers_mistake()
    {
        Refused("name", to => HttpWriter.WriteField(to, default(ReadOnlySpan<byte>), "x"u8));
        Refused("name", to => HttpWriter.WriteField(to, "X "u8, "x"u8));
        Refused("name", to => HttpWriter.WriteField(to, "X:"u8, "x"u8));
        Refused("header", to => HttpWriter.WriteField(to, KnownHeader.None, "x"u8));
        Refused("target", to => HttpWriter.WriteRequestLine(to, "GET"u8, default));
        Refused("target", to => HttpWriter.WriteRequestLine(to, "GET"u8, "/a b"u8));
        Refused("target", to => HttpWriter.WriteRequestLine(to, "GET"u8, "/a#b"u8));
        Refused("status", to => HttpWriter.WriteStatusLine(to, 99));
        Refused("status", to => HttpWriter.WriteStatusLine(to, 1000));
        Refused("minorVersion", to => HttpWriter.WriteStatusLine(to, 200, 2));
        Refused("length", to => HttpWriter.WriteContentLength(to, -1));
        Refused("length", to => ChunkedEncoder.WriteChunkHeader(to, 0));
    }

    [Fact]
    public void Writing_a_head_allocates_nothing()
    {
        byte[] destination = new byte[1024];
        DateField date = new();
        DateTimeOffset now = DateTimeOffset.UnixEpoch;
        long allocated = Allocation.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
                WriteHead(destination, date, now.AddSeconds(i));
        });
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void A_date_is_written_in_the_one_form_of_HTTP()
    {
        DateField field = new();
        DateTimeOffset example = new(1994, 11, 6, 8, 49, 37, TimeSpan.Zero);
        Assert.Equal("Sun, 06 Nov 1994 08:49:37 GMT", Encoding.ASCII.GetString(field.At(example)));
        DateTimeOffset elsewhere = example.AddMilliseconds(999).ToOffset(TimeSpan.FromHours(2));
        Assert.Equal("Sun, 06 Nov 1994 08:49:37 GMT", Encoding.ASCII.GetString(field.At(elsewhere)));
        Assert.Equal("Sun, 06 Nov 1994 08:49:38 GMT", Encoding.ASCII.GetString(field.At(example.AddSeconds(1))));
        Assert.Equal("Sun, 06 Nov 1994 08:49:37 GMT", Encoding.ASCII.GetString(field.At(example)));
    }

    [Fact]
    public void Each_fault_of_HTTP_is_answered_with_a_status_that_has_a_reason_or_with_none()
    {
        foreach (ProtocolFault fault in Enum.GetValues<ProtocolFault>().Where(fault => (int)fault >= 200))
        {
            int status = fault.HttpStatus();
            Assert.True(status == 0 || (status >= 400 && !ReasonPhrases.Of(status).IsEmpty), $"{fault} has the status {status}.");
            Assert.NotEqual(ProtocolFaults.Describe((ProtocolFault)(-1)), fault.Describe(), StringComparer.Ordinal);
        }
    }

    private static void WriteHead(Span<byte> destination, DateField date, DateTimeOffset now)
    {
        int at = HttpWriter.WriteStatusLine(destination, 200);
        at += HttpWriter.WriteDate(destination[at..], date.At(now));
        at += HttpWriter.WriteField(destination[at..], KnownHeader.Server, "EventLoops"u8);
        at += HttpWriter.WriteContentLength(destination[at..], 13);
        HttpWriter.EndHead(destination[at..]);
    }

    // Everything that is written is written again into each shorter place, where it must say that it does not fit.
    private static string Text(Write write)
    {
        byte[] large = new byte[256];
        int length = write(large);
        for (int shorter = 0; shorter < length; shorter++)
            Assert.Equal(-1, write(new byte[shorter]));
        byte[] exact = new byte[length];
        Assert.Equal(length, write(exact));
        Assert.Equal(large[..length], exact);
        return Encoding.Latin1.GetString(exact);
    }

    private static void Refused(string argument, Write write)
    {
        byte[] destination = new byte[256];
        ArgumentException mistake = Assert.ThrowsAny<ArgumentException>(() => write(destination));
        Assert.Equal(argument, mistake.ParamName);
        Assert.All(destination, value => Assert.Equal(0, value));
    }
}
