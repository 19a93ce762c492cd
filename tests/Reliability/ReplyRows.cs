using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>U12: what a server may get wrong when our client asks for a WebSocket. Whatever it is, the user hears of it once, and of nothing else.</summary>
public abstract class ReplyRows(LoopFactory factory) : ReliabilityRows(factory)
{
    [Theory]
    [InlineData("200 OK")]
    [InlineData("204 No Content")]
    [InlineData("301 Moved Permanently\r\nLocation: ws://127.0.0.1:1/")]
    [InlineData("400 Bad Request")]
    [InlineData("404 Not Found")]
    [InlineData("426 Upgrade Required\r\nSec-WebSocket-Version: 8")]
    [InlineData("503 Service Unavailable")]
    public void U12_another_status_than_101_is_a_failure_that_names_it(string status)
    {
        ConnectFailure failure = Fail(_ => $"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".Replace(
            status.StartsWith("204", StringComparison.Ordinal) ? "Content-Length: 0\r\n" : "\0", "", StringComparison.Ordinal));

        AssertHandshakeFault(failure, ProtocolFault.ReplyStatusNot101);
        Assert.Equal(int.Parse(status[..3]), failure.HttpStatus);
    }

    [Fact]
    public void U12_a_101_in_HTTP_1_0_is_a_failure() =>
        AssertHandshakeFault(Fail(good => good.Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal)), ProtocolFault.ReplyStatusNot101);

    [Theory]
    [InlineData("")]
    [InlineData("Upgrade: h2c\r\n")]
    [InlineData("Upgrade: websockets\r\n")]
    public void U12_a_101_without_Upgrade_is_a_failure(string field) =>
        AssertHandshakeFault(Fail(good => good.Replace("Upgrade: websocket\r\n", field, StringComparison.Ordinal)), ProtocolFault.ReplyWithoutUpgrade);

    [Theory]
    [InlineData("")]
    [InlineData("Connection: keep-alive\r\n")]
    public void U12_a_101_without_Connection_Upgrade_is_a_failure(string field) =>
        AssertHandshakeFault(Fail(good => good.Replace("Connection: Upgrade\r\n", field, StringComparison.Ordinal)), ProtocolFault.ReplyWithoutConnection);

    [Fact]
    public void U12_a_101_without_an_accept_key_is_a_failure() =>
        AssertHandshakeFault(Fail(good => good.Replace("Sec-WebSocket-Accept", "X-Accept", StringComparison.Ordinal)), ProtocolFault.ReplyAcceptMissing);

    [Fact]
    public void U12_a_101_with_two_accept_keys_is_a_failure() =>
        AssertHandshakeFault(Fail(good => With(good, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")), ProtocolFault.ReplyAcceptMissing);

    [Theory]
    [InlineData("")]
    [InlineData("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")]
    public void U12_a_wrong_accept_key_is_a_failure(string accept) =>
        AssertHandshakeFault(Fail(good => Without(good, "Sec-WebSocket-Accept", $"Sec-WebSocket-Accept: {accept}\r\n")), ProtocolFault.ReplyAcceptWrong);

    [Theory]
    [InlineData("permessage-deflate")]
    [InlineData("x-other; a=1")]
    [InlineData("")]
    public void U12_an_extension_that_was_not_offered_is_a_failure(string extension) =>
        AssertHandshakeFault(Fail(good => With(good, $"Sec-WebSocket-Extensions: {extension}")), ProtocolFault.ReplyExtensionNotOffered);

    [Theory]
    [InlineData("Sec-WebSocket-Protocol: other")]
    [InlineData("Sec-WebSocket-Protocol: ROW")]
    [InlineData("Sec-WebSocket-Protocol: row, other")]
    [InlineData("Sec-WebSocket-Protocol: row\r\nSec-WebSocket-Protocol: row")]
    [InlineData("Sec-WebSocket-Protocol:")]
    public void U12_a_subprotocol_that_was_not_offered_is_a_failure(string fields) =>
        AssertHandshakeFault(Fail(good => With(good, fields)), ProtocolFault.ReplySubprotocolNotOffered);

    [Theory]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0", ProtocolFault.ReplyIsTls)]
    [InlineData("\u0015\u0003\u0001\0\u0002\u0002\u0016", ProtocolFault.ReplyIsTls)]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", ProtocolFault.InvalidVersion)]
    [InlineData("HTTP/1.1 1x1 Switching\r\n\r\n", ProtocolFault.InvalidStatusLine)]
    [InlineData("HTTP/1.1 101\r\n bad: folded\r\n\r\n", ProtocolFault.FoldedField)]
    [InlineData("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n", ProtocolFault.BareLineFeed)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\ncolonless\r\n\r\n", ProtocolFault.MissingColon)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nContent-Length: 5\r\n\r\n", ProtocolFault.UnexpectedBody)]
    public void U12_a_reply_that_is_no_HTTP_is_a_failure(string reply, ProtocolFault fault) => AssertHandshakeFault(Fail(_ => reply), fault);

    [Fact]
    public void U12_a_reply_without_end_is_a_failure_at_the_limit()
    {
        RawPeer server = AcceptClient();
        server.ReadHead();

        server.Send("HTTP/1.1 101 Switching Protocols\r\nX: " + new string('a', 10_000_000));

        AssertHandshakeFault(AwaitFailure(server), ProtocolFault.HeadTooLarge);
        Assert.True(Io.CountOf(SystemCall.Receive) < 100);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: webs")]
    public void U12_a_stream_that_ends_before_the_reply_is_a_failure(string reply)
    {
        RawPeer server = AcceptClient();
        server.ReadHead();
        server.Send(reply);
        server.EndStream();

        AssertHandshakeFault(AwaitFailure(server), ProtocolFault.None);
    }

    [Fact]
    public void U12_a_reset_instead_of_a_reply_is_a_failure_with_its_errno()
    {
        RawPeer server = AcceptClient();
        server.ReadHead();
        server.Reset();

        ConnectFailure failure = AwaitFailure(server);

        AssertHandshakeFault(failure, ProtocolFault.None);
        Assert.Equal(Errno.ECONNRESET, failure.SystemError);
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n")]
    public void U12_a_server_that_does_not_finish_its_reply_is_a_failure_after_the_time_out(string reply)
    {
        RawPeer server = AcceptClient();
        server.ReadHead();
        server.Send(reply);
        Advance(HandshakeTimeout - TimeSpan.FromSeconds(0.1));
        Assert.Empty(Recorder.Failures);

        Advance(TimeSpan.FromSeconds(0.2));

        ConnectFailure failure = AwaitFailure(server);
        AssertHandshakeFault(failure, ProtocolFault.None, isTimeout: true);
    }

    [Fact]
    public void U12_a_server_that_trickles_its_reply_gains_no_time()
    {
        RawPeer server = AcceptClient();
        server.ReadHead();
        foreach (char letter in "HTTP/1.1 1")
        {
            Assert.Empty(Recorder.Failures);
            server.Send(letter.ToString());
            Advance(TimeSpan.FromSeconds(0.85));
        }

        AssertHandshakeFault(AwaitFailure(server), ProtocolFault.None, isTimeout: true);
    }

    [Fact]
    public void U12_a_reply_that_is_cut_at_any_byte_opens_the_connection()
    {
        RawPeer server = AcceptClient();
        string reply = RawPeer.UpgradeReply(server.ReadHead(), "row");
        foreach (char letter in reply)
        {
            Assert.Equal(0, CountOf(CallbackReason.ClientEstablished));
            server.Send(letter.ToString());
            Harness.Settle();
        }

        Assert.Equal(1, CountOf(CallbackReason.ClientEstablished));
        AssertEchoes(server);
    }

    [Fact]
    public void U10_frames_in_the_packet_of_the_reply_wait_until_OnEstablished_has_run()
    {
        RawPeer server = AcceptClient();
        string reply = RawPeer.UpgradeReply(server.ReadHead());

        server.Send([.. Encoding.ASCII.GetBytes(reply), .. server.Frame(1, "early"u8)]);

        Assert.Equal("early", server.ReadFrame().Text);
        CallbackReason[] reasons = Recorder.ReasonsOf(Opened!);
        Assert.True(Array.IndexOf(reasons, CallbackReason.ClientEstablished) < Array.IndexOf(reasons, CallbackReason.ClientReceive));
    }

    [Fact]
    public void U11_a_server_that_closes_right_after_its_reply_is_opened_and_closed_once()
    {
        RawPeer server = AcceptClient();
        server.AcceptUpgrade();
        server.EndStream();

        CloseInfo close = AwaitClosed(server);

        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Remote), (close.Code, close.Origin));
        Assert.Equal(1, CountOf(CallbackReason.ClientEstablished));
        Assert.Equal(0, CountOf(CallbackReason.ClientConnectionError));
    }

    [Fact]
    public void U13_a_client_that_is_given_up_while_its_reply_is_awaited_fails_once()
    {
        RawListener listener = Listen(out Connection client);
        RawPeer server = Own(listener.Accept());
        string head = server.ReadHead();

        client.Close();
        client.Close();
        server.Send(RawPeer.UpgradeReply(head));

        ConnectFailure failure = AwaitFailure(server);
        Assert.Equal((ConnectStage.Handshake, ProtocolFault.None, false), (failure.Stage, failure.Fault, failure.IsTimeout));
        Assert.True(client.IsClosed);
    }

    private ConnectFailure Fail(Func<string, string> reply)
    {
        RawPeer server = AcceptClient();
        server.Send(reply(RawPeer.UpgradeReply(server.ReadHead())));
        return AwaitFailure(server);
    }

    private ConnectFailure AwaitFailure(RawPeer server)
    {
        Harness.RunUntil(() => Recorder.Failures.Count > 0);
        if (!server.IsReset) server.WaitUntil(() => server.IsOver);
        Harness.Settle();
        Assert.Equal(0, CountOf(CallbackReason.ClientEstablished));
        Assert.Equal(0, CountOf(CallbackReason.Closed));
        return Assert.Single(Recorder.Failures).Failure;
    }

    private static void AssertHandshakeFault(in ConnectFailure failure, ProtocolFault fault, bool isTimeout = false)
    {
        Assert.Equal((ConnectStage.Handshake, fault, isTimeout), (failure.Stage, failure.Fault, failure.IsTimeout));
        Assert.NotEmpty(failure.Reason);
    }

    private static string With(string reply, string field) => reply.Insert(reply.IndexOf("\r\n", StringComparison.Ordinal) + 2, field + "\r\n");

    private static string Without(string reply, string name, string instead)
    {
        int start = reply.IndexOf(name, StringComparison.Ordinal);
        int end = reply.IndexOf("\r\n", start, StringComparison.Ordinal) + 2;
        return reply[..start] + instead + reply[end..];
    }
}
