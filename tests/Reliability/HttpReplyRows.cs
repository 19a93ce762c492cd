using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>
/// S21: what a server may get wrong when our client asks for something. Before the head is there the user hears of it by the one failure, after it by the one end of
/// the reply, with the rule that was broken; never by both, and never by a reply that seems complete.
/// </summary>
public abstract class HttpReplyRows(LoopFactory factory) : ReliabilityRows(factory)
{
    private const string Ok = "HTTP/1.1 200 OK\r\n";

    [Theory]
    [InlineData(Ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", ProtocolFault.LengthAndTransferEncoding)]
    [InlineData(Ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", ProtocolFault.DuplicateContentLength)]
    [InlineData(Ok + "Content-Length: 5, 5\r\n\r\n", ProtocolFault.InvalidContentLength)]
    [InlineData(Ok + "Content-Length: -1\r\n\r\n", ProtocolFault.InvalidContentLength)]
    [InlineData(Ok + "Content-Length: 9223372036854775808\r\n\r\n", ProtocolFault.InvalidContentLength)]
    [InlineData(Ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", ProtocolFault.UnsupportedTransferCoding)]
    [InlineData(Ok + "Transfer-Encoding: chunked, gzip\r\n\r\n", ProtocolFault.InvalidTransferEncoding)]
    [InlineData("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ProtocolFault.TransferEncodingOnHttp10)]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", ProtocolFault.UnexpectedBody)]
    [InlineData("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ProtocolFault.UnexpectedBody)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", ProtocolFault.UnexpectedUpgrade)]
    [InlineData("HTTP/2.0 200 OK\r\n\r\n", ProtocolFault.VersionNotSupported)]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n", ProtocolFault.InvalidStatusLine)]
    [InlineData("HTTP/1.1 200 OK\r\nX : a\r\n\r\n", ProtocolFault.BlankBeforeColon)]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", ProtocolFault.FoldedField)]
    [InlineData("HTTP/1.1 200 OK\nX: a\n\n", ProtocolFault.BareLineFeed)]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0", ProtocolFault.ReplyIsTls)]
    public void S21_a_head_that_breaks_a_rule_is_one_failure(string reply, ProtocolFault fault)
    {
        RawPeer server = Ask(out Connection client);
        server.Send(reply);

        ConnectFailure failure = AwaitFailure(client);
        Assert.Equal((ConnectStage.Handshake, fault, false), (failure.Stage, failure.Fault, failure.IsTransient));
    }

    [Fact]
    public void S21_the_ninth_interim_answer_is_one_failure_and_eight_are_none()
    {
        RawPeer patient = Ask(out Connection fine);
        patient.Send(string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 8)) + Ok + "Content-Length: 0\r\n\r\n");
        Harness.RunUntil(() => fine.IsClosed);
        Assert.Equal(1, CountOf(CallbackReason.CompletedClientHttp));

        RawPeer server = Ask(out Connection client);
        server.Send(string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 9)));
        Assert.Equal(ProtocolFault.TooManyInterimResponses, AwaitFailure(client).Fault);
    }

    [Fact]
    public void S21_a_flood_of_interim_answers_costs_no_more_than_nine()
    {
        RawPeer server = Ask(out Connection client);
        server.Send(string.Concat(Enumerable.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100_000)));

        Assert.Equal(ProtocolFault.TooManyInterimResponses, AwaitFailure(client).Fault);
        Assert.True(Io.CountOf(SystemCall.Receive) < 200);
    }

    [Theory]
    [InlineData("X: ", 10_000_000, "")]
    [InlineData("", 200_000, "X: a\r\n")]
    public void S21_a_head_without_end_is_one_failure_at_the_limit(string start, int count, string line)
    {
        RawPeer server = Ask(out Connection client);
        server.Send(Ok + start + (line.Length == 0 ? new string('a', count) : string.Concat(Enumerable.Repeat(line, count))));

        ProtocolFault fault = AwaitFailure(client).Fault;
        Assert.True(fault is ProtocolFault.HeadTooLarge or ProtocolFault.TooManyFields, fault.ToString());
        Assert.True(Io.CountOf(SystemCall.Receive) < 200);
    }

    [Theory]
    [InlineData("x\r\n", ProtocolFault.InvalidChunkSize)]
    [InlineData("-5\r\n", ProtocolFault.InvalidChunkSize)]
    [InlineData("0x5\r\nhello\r\n", ProtocolFault.InvalidChunkSize)]
    [InlineData("11111111111111111\r\n", ProtocolFault.InvalidChunkSize)]
    [InlineData("5\nhello", ProtocolFault.BareLineFeed)]
    [InlineData("5;a\nhello", ProtocolFault.BareLineFeed)]
    [InlineData("5\r\nhelloXX", ProtocolFault.ChunkNotTerminated)]
    [InlineData("5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n", ProtocolFault.ForbiddenTrailer)]
    [InlineData("5\r\nhello\r\n0\r\ncolonless\r\n\r\n", ProtocolFault.MissingColon)]
    public void S21_chunks_that_break_a_rule_end_the_reply_once_with_the_rule(string chunks, ProtocolFault fault)
    {
        RawPeer server = Ask(out Connection client);
        server.Send(Ok + "Transfer-Encoding: chunked\r\n\r\n" + chunks);

        AssertBroken(client, CloseOrigin.Error, fault);
    }

    [Fact]
    public void S21_trailers_and_extensions_without_end_stop_at_their_limits()
    {
        RawPeer server = Ask(out Connection client);
        server.Send(Ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + string.Concat(Enumerable.Repeat("X: aaaaaaaaaa\r\n", 100_000)));
        AssertBroken(client, CloseOrigin.Error, ProtocolFault.TrailersTooLarge);

        Recorder.Closes.Clear();
        server = Ask(out client);
        server.Send(Ok + "Transfer-Encoding: chunked\r\n\r\n1;" + new string('a', 100_000));
        AssertBroken(client, CloseOrigin.Error, ProtocolFault.ChunkExtensionsTooLong);
    }

    [Theory]
    [InlineData("Content-Length: 10\r\n\r\nhalf")]
    [InlineData("Content-Length: 10\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhel")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n")]
    public void S21_a_body_that_is_cut_short_is_no_complete_reply(string reply)
    {
        RawPeer server = Ask(out Connection client);
        server.Send(Ok + reply);
        server.EndStream();

        AssertBroken(client, CloseOrigin.Remote, ProtocolFault.BodyCutShort);
    }

    [Fact]
    public void S21_a_reset_in_a_body_ends_the_reply_once_with_the_errno()
    {
        RawPeer server = Ask(out Connection client);
        server.Send(Ok + "Content-Length: 10\r\n\r\nhalf");
        Harness.RunUntil(() => CountOf(CallbackReason.EstablishedClientHttp) == 1);
        Harness.Settle();
        server.Reset();

        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        CloseInfo close = AssertBroken(client, CloseOrigin.Error, ProtocolFault.None);
        Assert.Equal(Errno.ECONNRESET, close.SystemError);
    }

    [Fact]
    public void T02_a_head_that_trickles_gains_no_time()
    {
        RawPeer server = Ask(out Connection client);
        foreach (char letter in "HTTP/1.1 1")
        {
            Assert.Empty(Recorder.Failures);
            server.Send(letter.ToString());
            Advance(TimeSpan.FromSeconds(0.85));
        }

        Assert.True(AwaitFailure(client).IsTimeout);
    }

    [Fact]
    public void T03_a_body_that_trickles_comes_to_an_end()
    {
        RawPeer server = Ask(out Connection client);
        server.Send(Ok + "Content-Length: 1000000\r\n\r\n");
        int seconds = 0;
        while (!client.IsClosed && seconds < 60)
        {
            server.Send("x");
            Advance(TimeSpan.FromSeconds(1));
            seconds++;
        }

        AssertBroken(client, CloseOrigin.Timeout, ProtocolFault.BodyTooSlow);
        Assert.InRange(seconds, 20, 22);
    }

    [Fact]
    public void T03_a_body_at_a_rate_that_will_do_is_waited_for()
    {
        RawPeer server = Ask(out Connection client);
        server.Send(Ok + "Content-Length: 30000\r\n\r\n");
        for (int i = 0; i < 100; i++)
        {
            server.Send(new string('x', 300));
            Advance(TimeSpan.FromSeconds(1));
        }

        Assert.True(client.IsClosed);
        Assert.Equal(1, CountOf(CallbackReason.CompletedClientHttp));
    }

    [Fact]
    public void T03_time_in_which_the_program_does_not_read_is_not_the_servers()
    {
        Protocol.On(CallbackReason.ReceiveClientHttp, _ => { });
        RawPeer server = Ask(out Connection client);
        server.Send(Ok + "Content-Length: 5\r\n\r\nhello");
        Harness.RunUntil(() => CountOf(CallbackReason.ReceiveClientHttp) == 1);
        Advance(TimeSpan.FromMinutes(10));
        Assert.False(client.IsClosed);

        byte[] buffer = new byte[10];
        Assert.Equal(5, client.ReadHttpBody(buffer));
        Harness.RunUntil(() => client.IsClosed);
        Assert.Equal(1, CountOf(CallbackReason.CompletedClientHttp));
    }

    [Fact]
    public void U13_a_reply_that_is_given_up_or_aborted_anywhere_ends_once()
    {
        foreach (bool aborts in new[] { false, true })
        {
            foreach (string sent in new[] { "", "HTTP/1.1 200", Ok + "Content-Length: 5\r\n\r\n", Ok + "Content-Length: 5\r\n\r\nhel" })
            {
                RawPeer server = Ask(out Connection client);
                server.Send(sent);
                Harness.Settle();
                int ends = Recorder.Closes.Count + Recorder.Failures.Count;

                if (aborts) client.Abort();
                else client.Close();
                client.Close();
                server.Send("lo");
                Harness.RunUntil(() => Recorder.Closes.Count + Recorder.Failures.Count == ends + 1);
                Harness.Settle();
                Assert.True(client.IsClosed);
                Assert.Equal(ends + 1, Recorder.Closes.Count + Recorder.Failures.Count);
            }
        }

        Assert.Equal(0, CountOf(CallbackReason.CompletedClientHttp));
    }

    /// <summary>A request of ours that a raw server has read.</summary>
    private RawPeer Ask(out Connection client)
    {
        RawListener listener = Listen();
        client = Context.Connect(new ClientConnectOptions
        {
            Uri = new Uri($"http://{listener.EndPoint}/"),
            Protocols = [Protocol],
            HandshakeTimeout = HandshakeTimeout,
        });
        RawPeer server = Own(listener.Accept());
        server.ReadHead();
        return server;
    }

    private ConnectFailure AwaitFailure(Connection client)
    {
        Harness.RunUntil(() => client.IsClosed && Recorder.Failures.Count > 0);
        Harness.Settle();
        Assert.Equal(1, Recorder.CountOf(CallbackReason.ClientConnectionError, client));
        Assert.Equal(0, Recorder.CountOf(CallbackReason.ClosedClientHttp, client));
        return Recorder.Failures[^1].Failure;
    }

    private CloseInfo AssertBroken(Connection client, CloseOrigin origin, ProtocolFault fault)
    {
        Harness.RunUntil(() => client.IsClosed);
        Harness.Settle();
        CloseInfo close = Assert.Single(Recorder.Closes).Close;
        Assert.Equal((WebSocketCloseCode.Abnormal, origin, fault, false), (close.Code, close.Origin, close.Fault, close.IsClean));
        Assert.Equal(1, Recorder.CountOf(CallbackReason.ClosedClientHttp, client));
        Assert.Equal(0, Recorder.CountOf(CallbackReason.CompletedClientHttp, client));
        Assert.Equal(0, Recorder.CountOf(CallbackReason.ClientConnectionError, client));
        return close;
    }
}
