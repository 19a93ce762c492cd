using System.Text;
using EventLoops.Protocols.Http;
using Xunit;

namespace EventLoops.Tests.Http;

public sealed class HttpHeadTests
{
    private const string Browser =
        "GET /chat?x=1 HTTP/1.1\r\nHost: server.example.com\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
        "Origin: http://server.example.com\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    private readonly HttpHead _head = new(HttpHeadLimits.Default);

    [Fact]
    public void A_head_is_on_the_clock_from_its_first_byte()
    {
        _head.Reset(HttpHeadKind.Request);
        Assert.False(_head.HasStarted);
        Assert.Equal(HeadStatus.NeedMore, _head.Feed([], out _));
        Assert.False(_head.HasStarted);
        Assert.Equal(HeadStatus.NeedMore, _head.Feed("G"u8, out int consumed));
        Assert.Equal(1, consumed);
        Assert.True(_head.HasStarted);
    }

    [Fact]
    public void Nothing_can_be_read_before_a_head_is_complete()
    {
        _head.Reset(HttpHeadKind.Request);
        _head.Feed("POST /a?b HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"u8, out _);
        Assert.Equal(0, _head.FieldCount);
        Assert.True(_head.MethodText.IsEmpty && _head.Target.IsEmpty && _head.RawPath.IsEmpty && _head.Query.IsEmpty);
        Assert.True(_head.Authority.IsEmpty);
        Assert.False(_head.Fields.Contains(KnownHeader.Host));
        Assert.False(_head.WantsWebSocket);
    }

    [Fact]
    public void A_complete_head_takes_no_more_bytes()
    {
        Read(Browser);
        Assert.Equal(HeadStatus.Complete, _head.Feed("GET"u8, out int consumed));
        Assert.Equal(0, consumed);
        Assert.Equal(Browser.Length, _head.Size);
    }

    [Fact]
    public void A_fault_stays_until_the_head_is_begun_anew()
    {
        _head.Reset(HttpHeadKind.Request);
        Assert.Equal(HeadStatus.Fault, _head.Feed("GET /\x01"u8, out int consumed));
        Assert.Equal(6, consumed);
        Assert.Equal(HeadStatus.Fault, _head.Feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8, out consumed));
        Assert.Equal(0, consumed);
        Assert.Equal(ProtocolFault.InvalidTarget, _head.Fault);

        Read("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(ProtocolFault.None, _head.Fault);
    }

    [Fact]
    public void Nothing_of_one_head_is_left_in_the_next()
    {
        Read(
            "POST http://b/c?d HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: close, upgrade\r\n" +
            "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
        Assert.Equal(BodyFraming.Length, _head.Framing);
        Assert.True(_head.ExpectsContinue && _head.WantsWebSocket);
        Assert.False(_head.KeepAlive);

        Read("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(RequestMethod.Get, _head.Method);
        Assert.Equal("x", Encoding.ASCII.GetString(_head.Authority));
        Assert.Equal(BodyFraming.None, _head.Framing);
        Assert.Equal(-1, _head.ContentLength);
        Assert.False(_head.ExpectsContinue || _head.WantsWebSocket);
        Assert.True(_head.KeepAlive);
        Assert.Equal(1, _head.FieldCount);
        Assert.False(_head.Fields.Contains(KnownHeader.ContentLength));

        Read("X: y\r\n\r\n", HttpHeadKind.Trailers);
        Assert.Equal(0, _head.StatusCode);
        Assert.True(_head.MethodText.IsEmpty);
        Assert.Equal(1, _head.FieldCount);
    }

    [Theory]
    [InlineData("GET", RequestMethod.Get)]
    [InlineData("HEAD", RequestMethod.Head)]
    [InlineData("POST", RequestMethod.Post)]
    [InlineData("PUT", RequestMethod.Put)]
    [InlineData("DELETE", RequestMethod.Delete)]
    [InlineData("OPTIONS", RequestMethod.Options)]
    [InlineData("PATCH", RequestMethod.Patch)]
    [InlineData("TRACE", RequestMethod.Trace)]
    [InlineData("get", RequestMethod.Other)]
    [InlineData("PROPFIND", RequestMethod.Other)]
    public void A_method_is_known_by_its_exact_name(string name, RequestMethod method)
    {
        Read($"{name} / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(method, _head.Method);
        Assert.Equal(name, Encoding.ASCII.GetString(_head.MethodText));
        if (method != RequestMethod.Other)
            Assert.Equal(name, Encoding.ASCII.GetString(RequestMethods.Name(method)));
    }

    [Fact]
    public void The_default_limits_take_a_line_of_8_KiB_and_100_fields_of_32_KiB_and_no_more()
    {
        string lineOf8K = $"GET /{new string('a', 8192 - 14)} HTTP/1.1\r\n";
        Assert.Equal(8192 + 2, lineOf8K.Length);
        Read($"{lineOf8K}Host: a\r\n\r\n");
        Assert.Equal(ProtocolFault.RequestLineTooLong, Refuse($"GET /a{lineOf8K[5..]}Host: a\r\n\r\n"));

        string fields = string.Concat(Enumerable.Range(0, 99).Select(i => $"X-{i}: {i}\r\n"));
        Read($"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        Assert.Equal(100, _head.FieldCount);
        Assert.True(_head.Fields.TryGet("x-98"u8, out ReadOnlySpan<byte> value));
        Assert.True(value.SequenceEqual("98"u8));
        Assert.Equal(ProtocolFault.TooManyFields, Refuse($"GET / HTTP/1.1\r\nHost: a\r\n{fields}X: y\r\n\r\n"));

        string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
        string filler = new('a', (32 * 1024) - start.Length - 4);
        Read($"{start}{filler}\r\n\r\n");
        Assert.Equal(ProtocolFault.HeadTooLarge, Refuse($"{start}{filler}a\r\n\r\n"));
    }

    [Fact]
    public void Ten_megabytes_without_a_line_end_are_refused_at_the_limit()
    {
        byte[] flood = new byte[10 * 1024 * 1024];
        flood.AsSpan().Fill((byte)'a');
        "GET /"u8.CopyTo(flood);
        _head.Reset(HttpHeadKind.Request);
        Assert.Equal(HeadStatus.Fault, _head.Feed(flood, out int consumed));
        Assert.Equal(ProtocolFault.RequestLineTooLong, _head.Fault);
        Assert.Equal(8194, consumed);
    }

    [Fact]
    public void Reading_a_head_again_allocates_nothing()
    {
        byte[] bytes = Encoding.ASCII.GetBytes(Browser);
        long allocated = Allocation.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
                ReadAgain(bytes);
        });
        Assert.Equal(0, allocated);
    }

    private void ReadAgain(ReadOnlySpan<byte> bytes)
    {
        _head.Reset(HttpHeadKind.Request);
        if (_head.Feed(bytes[..50], out _) != HeadStatus.NeedMore || _head.Feed(bytes[50..], out _) != HeadStatus.Complete)
            throw new InvalidOperationException("The head was not read.");
        if (WebSocketUpgrade.Check(_head) != ProtocolFault.None)
            throw new InvalidOperationException("The upgrade was refused.");
    }

    private void Read(string text, HttpHeadKind kind = HttpHeadKind.Request)
    {
        _head.Reset(kind);
        Assert.Equal(HeadStatus.Complete, _head.Feed(Encoding.Latin1.GetBytes(text), out int consumed));
        Assert.Equal(text.Length, consumed);
    }

    private ProtocolFault Refuse(string text)
    {
        _head.Reset(HttpHeadKind.Request);
        Assert.Equal(HeadStatus.Fault, _head.Feed(Encoding.Latin1.GetBytes(text), out _));
        return _head.Fault;
    }
}
