using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>U01 to U11: what a client may get wrong when it asks for a WebSocket.</summary>
public abstract class UpgradeRows(LoopFactory factory) : ReliabilityRows(factory)
{
    private const string GoodKey = "dGhlIHNhbXBsZSBub25jZQ==";

    [Theory]
    [InlineData("POST")]
    [InlineData("DELETE")]
    [InlineData("PUT")]
    public void U01_an_upgrade_by_another_method_than_GET_is_400(string method) =>
        AssertRefused(Request(method: method), 400, ProtocolFault.UpgradeMethodNotGet);

    [Fact]
    public void U01_an_upgrade_in_HTTP_1_0_is_400() => AssertRefused(Request(version: "1.0"), 400, ProtocolFault.UpgradeHttpVersion);

    [Theory]
    [InlineData(null, "Upgrade")]
    [InlineData("websocket", null)]
    [InlineData("websocket", "keep-alive")]
    [InlineData("websockets", "Upgrade")]
    [InlineData("h2c", "Upgrade")]
    public void U02_without_the_two_tokens_it_is_plain_HTTP(string? upgrade, string? connection)
    {
        RawPeer peer = Connect();
        peer.Send(Request(upgrade: upgrade, connection: connection));

        Assert.StartsWith("HTTP/1.1 404 ", peer.ReadHead(), StringComparison.Ordinal);

        Assert.Equal(1, CountOf(CallbackReason.Http));
        Assert.Equal(0, CountOf(CallbackReason.FilterProtocolConnection));
    }

    [Theory]
    [InlineData("WebSocket", "upgrade")]
    [InlineData("WEBSOCKET", "keep-alive, UPGRADE")]
    [InlineData("h2c, websocket", "Upgrade,close")]
    [InlineData(" , websocket", "foo ,,  Upgrade")]
    public void U02_tokens_are_found_in_lists_and_in_any_case(string upgrade, string connection)
    {
        RawPeer peer = Connect();
        peer.Send(Request(upgrade: upgrade, connection: connection));

        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        AssertEchoes(peer);
    }

    [Fact]
    public void U03_an_upgrade_without_a_key_is_400() => AssertRefused(Request(key: null), 400, ProtocolFault.KeyMissing);

    [Fact]
    public void U03_an_upgrade_with_two_keys_is_400() =>
        AssertRefused(Request(more: $"Sec-WebSocket-Key: {GoodKey}\r\n"), 400, ProtocolFault.KeyRepeated);

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ=")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ===")]
    [InlineData("dGhlIHNhbXBsZSBub25jZWE=")]
    [InlineData("dGhlIHNhbXBsZSBub25j")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ= =")]
    [InlineData("dGhlIHNhbXBsZSBub25j*Q==")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==")]
    public void U03_a_key_that_is_not_sixteen_bytes_in_base64_is_400(string key) =>
        AssertRefused(Request(key: key), 400, ProtocolFault.KeyMalformed);

    [Theory]
    [InlineData(null, ProtocolFault.VersionMissing)]
    [InlineData("8", ProtocolFault.VersionUnsupported)]
    [InlineData("14", ProtocolFault.VersionUnsupported)]
    [InlineData("13, 8", ProtocolFault.VersionUnsupported)]
    [InlineData("013", ProtocolFault.VersionUnsupported)]
    [InlineData("", ProtocolFault.VersionUnsupported)]
    public void U04_another_version_is_426_and_told_which_one_is_spoken(string? version, ProtocolFault fault)
    {
        string answer = AssertRefused(Request(socketVersion: version), 426, fault);

        Assert.Contains("\r\nSec-WebSocket-Version: 13\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void U04_a_version_that_is_given_twice_is_426() =>
        AssertRefused(Request(more: "Sec-WebSocket-Version: 13\r\n"), 426, ProtocolFault.VersionUnsupported);

    [Fact]
    public void U05_only_unknown_subprotocols_are_400_by_default() =>
        AssertRefused(Request(more: "Sec-WebSocket-Protocol: chat, superchat\r\n"), 400, ProtocolFault.SubprotocolUnknown);

    [Fact]
    public void U05_only_unknown_subprotocols_get_the_default_when_the_option_says_so()
    {
        UnknownSubprotocol = UnknownSubprotocolPolicy.UseDefault;
        RawPeer peer = Connect();
        peer.Send(Request(more: "Sec-WebSocket-Protocol: chat, superchat\r\n"));

        string head = peer.ReadHead();

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Sec-WebSocket-Protocol", head, StringComparison.OrdinalIgnoreCase);
        AssertEchoes(peer);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(",")]
    [InlineData("row,,row2")]
    [InlineData("row,")]
    [InlineData("ro w")]
    [InlineData("row;v=1")]
    [InlineData("\"row\"")]
    [InlineData("r\u00F6w")]
    public void U05_an_empty_or_malformed_subprotocol_is_400(string names) =>
        AssertRefused(Request(more: $"Sec-WebSocket-Protocol: {names}\r\n"), 400, ProtocolFault.SubprotocolMalformed);

    [Theory]
    [InlineData("Sec-WebSocket-Protocol: row, row\r\n")]
    [InlineData("Sec-WebSocket-Protocol: a, row\r\nSec-WebSocket-Protocol: b, row\r\n")]
    public void U05_the_same_subprotocol_twice_is_400(string fields) => AssertRefused(Request(more: fields), 400, ProtocolFault.SubprotocolRepeated);

    [Fact]
    public void U05_a_thousand_subprotocols_are_400() =>
        AssertRefused(Request(more: $"Sec-WebSocket-Protocol: {Names(1_000)}\r\n"), 400, ProtocolFault.TooManySubprotocols);

    [Fact]
    public void U05_ten_thousand_subprotocols_are_too_large_a_head() =>
        AssertRefused(Request(more: $"Sec-WebSocket-Protocol: {Names(10_000)}\r\n"), 431, ProtocolFault.HeadTooLarge);

    [Theory]
    [InlineData("x-unknown")]
    [InlineData("x-unknown; a; b=1; c=\"d\", another")]
    [InlineData("permessage-deflate; client_max_window_bits")]
    public void U06_extensions_that_are_not_spoken_are_ignored(string extensions)
    {
        RawPeer peer = Connect();
        peer.Send(Request(more: $"Sec-WebSocket-Extensions: {extensions}\r\n"));

        string head = peer.ReadHead();

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Sec-WebSocket-Extensions", head, StringComparison.OrdinalIgnoreCase);
        AssertEchoes(peer);
    }

    [Theory]
    [InlineData("x; a=\"b")]
    [InlineData("x; a=\"b c\"")]
    [InlineData("x; a=\"\"")]
    [InlineData("x; a=\"\\b\"")]
    [InlineData("x;")]
    [InlineData("x; =1")]
    [InlineData(";a")]
    [InlineData("x,,y")]
    [InlineData("")]
    [InlineData("x y")]
    public void U06_a_malformed_list_of_extensions_is_400(string extensions) =>
        AssertRefused(Request(more: $"Sec-WebSocket-Extensions: {extensions}\r\n"), 400, ProtocolFault.ExtensionsMalformed);

    [Fact]
    public void U06_ten_thousand_parameters_are_ignored_or_too_large_a_head()
    {
        RawPeer peer = Connect();
        peer.Send(Request(more: $"Sec-WebSocket-Extensions: x{Repeat(";a", 10_000)}\r\n"));
        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        AssertEchoes(peer);

        AssertRefused(Request(more: $"Sec-WebSocket-Extensions: x{Repeat("; a=1", 10_000)}\r\n"), 431, ProtocolFault.HeadTooLarge);
    }

    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("http://test.evil.example")]
    [InlineData("http://test:81")]
    [InlineData("http://test@evil.example")]
    [InlineData("test")]
    [InlineData("")]
    public void U08_a_page_of_another_site_is_403(string origin) =>
        AssertRefused(Request(more: $"Origin: {origin}\r\n"), 403, ProtocolFault.OriginRefused);

    [Theory]
    [InlineData("")]
    [InlineData("Origin: http://test\r\n")]
    [InlineData("Origin: https://TEST\r\n")]
    public void U08_a_page_of_the_same_host_and_a_program_without_an_origin_are_let_in(string fields)
    {
        RawPeer peer = Connect();
        peer.Send(Request(more: fields));

        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        AssertEchoes(peer);
    }

    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("null")]
    public void U08_any_page_is_let_in_when_the_option_says_so(string origin)
    {
        Origin = OriginPolicy.Any;
        RawPeer peer = Connect();
        peer.Send(Request(more: $"Origin: {origin}\r\n"));

        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        AssertEchoes(peer);
    }

    [Fact]
    public void U09_an_origin_that_is_null_is_403() => AssertRefused(Request(more: "Origin: null\r\n"), 403, ProtocolFault.OriginRefused);

    [Theory]
    [InlineData(OriginPolicy.SameHost)]
    [InlineData(OriginPolicy.Any)]
    public void U09_two_origins_are_400(OriginPolicy policy)
    {
        Origin = policy;
        AssertRefused(Request(more: "Origin: http://test\r\nOrigin: http://test\r\n"), 400, ProtocolFault.OriginRepeated);
    }

    [Fact]
    public void U09_a_long_origin_is_judged_and_one_above_the_limit_of_the_head_is_431()
    {
        AssertRefused(Request(more: $"Origin: http://{Repeat("a", 8 * 1024)}\r\n"), 403, ProtocolFault.OriginRefused);
        AssertRefused(Request(more: $"Origin: http://{Repeat("a", 32 * 1024)}\r\n"), 431, ProtocolFault.HeadTooLarge);
    }

    [Fact]
    public void U10_frames_in_the_packet_of_the_request_wait_until_OnEstablished_has_run()
    {
        RawPeer peer = Connect();
        peer.Send([.. Encoding.ASCII.GetBytes(Request()), .. peer.Frame(1, "early"u8), .. peer.Frame(9, "ping"u8)]);

        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        Assert.Equal("early", peer.ReadFrame().Text);
        RawFrame pong = peer.ReadFrame();
        Assert.Equal((10, "ping"), (pong.Opcode, pong.Text));
        CallbackReason[] reasons = Recorder.ReasonsOf(Opened!);
        Assert.True(Array.IndexOf(reasons, CallbackReason.Established) < Array.IndexOf(reasons, CallbackReason.Receive));
    }

    [Fact]
    public void U11_a_peer_that_resets_right_after_its_request_is_closed_once_without_OnEstablished()
    {
        RawPeer peer = Connect();
        peer.Send(Request());
        peer.Reset();

        Harness.RunUntil(() => CountOf(CallbackReason.ClosedHttp) == 1);
        Harness.Settle();
        Assert.Equal(0, CountOf(CallbackReason.Established));
    }

    [Fact]
    public void U11_a_peer_that_resets_while_its_request_is_judged_is_closed_once_without_OnEstablished()
    {
        RawPeer peer = Connect();
        Protocol.On(CallbackReason.FilterProtocolConnection, _ => peer.Reset());
        peer.Send(Request());

        Harness.RunUntil(() => CountOf(CallbackReason.ClosedHttp) == 1);
        Harness.Settle();
        Assert.Equal(0, CountOf(CallbackReason.Established));
    }

    [Fact]
    public void U11_a_peer_that_ends_its_half_after_its_request_is_closed_once()
    {
        RawPeer peer = Connect();
        peer.Send(Request());
        peer.EndStream();

        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        peer.ReadToEnd();
        CloseInfo close = AwaitClosed(peer);
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Remote), (close.Code, close.Origin));
    }

    [Fact]
    public void U13_an_answer_that_comes_after_the_peer_has_gone_does_nothing()
    {
        Connection? asked = null;
        Protocol.On(CallbackReason.Http, connection => asked = connection);
        RawPeer peer = Connect();
        peer.Send("GET /late HTTP/1.1\r\nHost: test\r\n\r\n");
        Harness.RunUntil(() => asked is not null);
        peer.Reset();
        Harness.RunUntil(() => CountOf(CallbackReason.ClosedHttp) == 1);
        int calls = Recorder.Calls.Count;

        asked!.Respond(200, "text/plain", "too late"u8);
        asked.RequestWritable();
        asked.Close();
        asked.Abort();
        Harness.Settle();

        Assert.True(asked.IsClosed);
        Assert.Equal(WriteResult.Closed, asked.WriteBody("x"u8));
        Assert.Equal(calls, Recorder.Calls.Count);
    }

    private static string Names(int count) => string.Join(", ", Enumerable.Range(0, count).Select(number => $"p{number}"));

    private static string Repeat(string part, int count) => new StringBuilder().Insert(0, part, count).ToString();

    private static string Request(
        string method = "GET",
        string version = "1.1",
        string? upgrade = "websocket",
        string? connection = "Upgrade",
        string? key = GoodKey,
        string? socketVersion = "13",
        string more = "") =>
        $"{method} / HTTP/{version}\r\nHost: test\r\n{Field("Upgrade", upgrade)}{Field("Connection", connection)}"
        + $"{Field("Sec-WebSocket-Key", key)}{Field("Sec-WebSocket-Version", socketVersion)}{more}\r\n";

    private static string Field(string name, string? value) => value is null ? "" : $"{name}: {value}\r\n";
}
