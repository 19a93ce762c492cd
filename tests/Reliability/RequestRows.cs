using System.Globalization;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>F14, S11, S18, S19, S20 and S22: requests whose body, end or answer is where the trouble is.</summary>
public abstract class RequestRows(LoopFactory factory) : ReliabilityRows(factory)
{
    private const string UpgradeFields =
        "Host: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

    [Fact]
    public void F14_a_hundred_names_that_are_almost_the_same_are_kept_in_order_and_one_more_is_refused()
    {
        List<string> seen = [];
        Protocol.On(CallbackReason.Http, connection =>
        {
            foreach (HeaderField field in connection.Headers) seen.Add(Encoding.ASCII.GetString(field.Name));
            Assert.True(connection.Headers.TryGet("AAAAAAAAAAAAAAAA-98"u8, out ReadOnlySpan<byte> value));
            Assert.Equal("98", Encoding.ASCII.GetString(value));
            connection.Respond(200, null, default);
        });
        string[] names = [.. Enumerable.Range(0, 99).Select(number => $"aaaaaaaaaaaaaaaa-{number.ToString("00", CultureInfo.InvariantCulture)}")];
        string fields = string.Concat(names.Select(name => $"{name}: {name[^2..]}\r\n"));
        RawPeer peer = Connect();

        peer.Send($"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");

        Assert.StartsWith("HTTP/1.1 200 ", peer.ReadHead(), StringComparison.Ordinal);
        Assert.Equal(["Host", .. names], seen, StringComparer.Ordinal);
        AssertRefused($"GET / HTTP/1.1\r\nHost: a\r\n{fields}x: 1\r\n\r\n", 431, ProtocolFault.TooManyFields);
    }

    [Theory]
    [InlineData("Content-Length: 10\r\n\r\nabcd")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\nX: y\r\n")]
    public void S11_a_body_that_is_cut_off_is_no_success(string rest)
    {
        StringBuilder body = new();
        Protocol.On(CallbackReason.Http, _ => { }).On(CallbackReason.HttpBody, (_, ref _, in data) =>
        {
            body.Append(Encoding.ASCII.GetString(data.In));
            return CallbackResult.Continue;
        });
        RawPeer peer = Connect();

        peer.Send("POST / HTTP/1.1\r\nHost: a\r\n" + rest);
        peer.EndStream();

        Assert.Equal("", peer.ReadToEnd());
        Harness.RunUntil(() => CountOf(CallbackReason.ClosedHttp) == 1);
        Assert.Equal("abcd", body.ToString());
        Assert.Equal(0, CountOf(CallbackReason.HttpBodyCompletion));
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData("Connection: close\r\n", 1)]
    public void S18_bytes_behind_the_last_chunk_are_a_request_only_when_the_connection_goes_on(string field, int served)
    {
        List<string> paths = [];
        Protocol.On(CallbackReason.Http, (connection, ref _, in data) =>
        {
            paths.Add(Encoding.ASCII.GetString(data.In));
            if (connection.RequestContentLength == 0) connection.Respond(200, null, default, new HttpField("Connection", "close"));
            return CallbackResult.Continue;
        });
        Protocol.On(CallbackReason.HttpBodyCompletion, connection => connection.Respond(200, null, default));
        RawPeer peer = Connect();

        peer.Send($"POST /first HTTP/1.1\r\nHost: a\r\n{field}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n");
        Harness.Settle();
        peer.EndStream();

        Assert.Equal(served + 1, peer.ReadToEnd().Split("HTTP/1.1 200 ").Length);
        Assert.Equal(["/first", "/second"], [.. paths, .. served == 1 ? ["/second"] : Array.Empty<string>()], StringComparer.Ordinal);
    }

    [Fact]
    public void S19_a_body_that_is_counted_above_the_limit_is_413_before_the_bytes_reach_the_user()
    {
        Limits.MaxRequestBody = 10;
        long received = 0;
        Protocol.On(CallbackReason.Http, _ => { }).On(CallbackReason.HttpBody, (_, ref _, in data) =>
        {
            received += data.In.Length;
            return CallbackResult.Continue;
        });

        AssertRefused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n", 413, ProtocolFault.BodyTooLarge);

        Assert.Equal(10, received);
    }

    [Theory]
    [InlineData("Content-Length: 12\r\n\r\n\u0081\u0085\0\0\0\0wrong!", false)]
    [InlineData("Content-Length: 12\r\n\r\n\u0081\u0085\0\0\0\0wrong!", true)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n6\r\n\u0081\u0085\0\0\0\0\r\n6\r\nwrong!\r\n0\r\nX: y\r\n\r\n", false)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n6\r\n\u0081\u0085\0\0\0\0\r\n6\r\nwrong!\r\n0\r\nX: y\r\n\r\n", true)]
    public void S20_the_body_of_an_upgrade_is_read_past_and_what_follows_it_belongs_to_the_WebSocket(string rest, bool isCut)
    {
        RawPeer peer = Connect();
        byte[] wire = [.. Encoding.Latin1.GetBytes($"GET / HTTP/1.1\r\n{UpgradeFields}{rest}"), .. peer.Frame(1, "right"u8)];
        foreach (byte[] piece in isCut ? wire.Select(one => new[] { one }) : [wire])
        {
            peer.Send(piece);
            Harness.Turn();
        }

        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        Assert.Equal("right", peer.ReadFrame().Text);
        Assert.Equal(["right"], Messages);
        Assert.Equal(0, CountOf(CallbackReason.HttpBody) + CountOf(CallbackReason.Http));
    }

    [Fact]
    public void S20_an_upgrade_that_waits_for_100_gets_it_and_its_101_after_the_body()
    {
        RawPeer peer = Connect();
        peer.Send($"GET / HTTP/1.1\r\n{UpgradeFields}Content-Length: 1\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", peer.ReadHead());

        peer.Send("x");

        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        AssertEchoes(peer);
    }

    [Fact]
    public void S20_an_upgrade_that_is_refused_is_refused_before_its_body_has_come() =>
        AssertRefused($"POST / HTTP/1.1\r\n{UpgradeFields}Content-Length: 100\r\n\r\n", 400, ProtocolFault.UpgradeMethodNotGet);

    [Fact]
    public void S20_an_upgrade_with_a_body_above_the_limit_is_413()
    {
        Limits.MaxRequestBody = 10;
        AssertRefused($"GET / HTTP/1.1\r\n{UpgradeFields}Content-Length: 11\r\n\r\n", 413, ProtocolFault.BodyTooLarge);
        AssertRefused($"GET / HTTP/1.1\r\n{UpgradeFields}Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n", 413, ProtocolFault.BodyTooLarge);
    }

    [Theory]
    [InlineData("X-Name", "a\r\nSet-Cookie: b")]
    [InlineData("X-Name", "a\nb")]
    [InlineData("X-Name", "a\0b")]
    [InlineData("X-Name\r\nX", "a")]
    [InlineData("X Name", "a")]
    [InlineData("", "a")]
    public void S22_a_field_that_would_break_the_head_is_the_callers_mistake_and_nothing_is_sent(string name, string value)
    {
        List<Exception?> mistakes = [];
        Protocol.On(CallbackReason.Http, connection =>
        {
            mistakes.Add(Record.Exception(() => connection.Respond(200, "text/plain", "x"u8, new HttpField(name, value))));
            mistakes.Add(Record.Exception(() => connection.Respond(200, "text/plain\r\nX: y", "x"u8)));
            mistakes.Add(Record.Exception(() => connection.RespondError(404, new HttpField(name, value))));
            connection.Respond(204, null, default);
        });
        RawPeer peer = Connect();

        peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 204 ", peer.ReadHead(), StringComparison.Ordinal);
        Assert.All(mistakes, mistake => Assert.IsAssignableFrom<ArgumentException>(mistake));
        Assert.Equal(3, mistakes.Count);
    }
}
