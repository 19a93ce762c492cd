using System.Net;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>The reply to an HTTP request of ours: which callbacks, in which order, and who decides when bytes are read.</summary>
public abstract class HttpClientSuite(LoopFactory factory) : HttpClientBench(factory)
{
    [Fact]
    public void The_callbacks_of_a_request_come_in_their_order()
    {
        (Connection connection, RawPeer server) = Ask(NewProtocol());
        string head = server.ReadHead();
        server.Send(Ok + "Content-Length: 5\r\n\r\nhello");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.StartsWith("GET /path?query HTTP/1.1\r\nHost: test\r\n", head, StringComparison.Ordinal);
        Assert.Equal("29 24 2 44 46 48:5 47 45 30", Recorder.TraceOf(connection));
        Assert.Equal("hello", Assert.Single(Recorder.Texts));
        CloseInfo close = Assert.Single(Recorder.Closes).Close;
        Assert.Equal((WebSocketCloseCode.Normal, CloseOrigin.Local, true), (close.Code, close.Origin, close.IsClean));
    }

    [Theory]
    [InlineData("Content-Length: 11\r\n\r\nhello world")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 42\r\n\r\n")]
    [InlineData("\r\nhello world", true)]
    public void A_body_is_the_same_however_it_is_framed_and_cut(string reply, bool untilClose = false)
    {
        foreach (int size in new[] { 1, 2, 3, 1000 })
        {
            StringBuilder body = new();
            TestProtocol protocol = NewProtocol().On(CallbackReason.ReceiveClientHttp, connection => Collect(connection, body, size));
            (Connection connection, RawPeer server) = Ask(protocol);
            server.ReadHead();
            foreach (string piece in (Ok + reply).Chunk(size).Select(chars => new string(chars)))
            {
                server.Send(piece);
                Harness.Turn();
            }

            if (untilClose) server.EndStream();
            Harness.RunUntil(() => Recorder.CountOf(CallbackReason.WsiDestroy, connection) == 1);

            Assert.Equal("hello world", body.ToString());
            Assert.Equal(1, Recorder.CountOf(CallbackReason.CompletedClientHttp, connection));
            Assert.True(Recorder.Closes[^1].Close.IsClean);
        }
    }

    [Theory]
    [InlineData(200)]
    [InlineData(206)]
    [InlineData(302)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(407)]
    [InlineData(503)]
    [InlineData(599)]
    public void Every_status_is_a_reply_with_its_headers_and_its_body(int status)
    {
        List<string> seen = [];
        TestProtocol protocol = NewProtocol().On(CallbackReason.EstablishedClientHttp, connection => seen.Add(
            $"{connection.Status} {connection.ReplyContentLength} {connection.Headers.GetString(KnownHeader.Server)} {connection.RequestUri}"));
        protocol.On(CallbackReason.CompletedClientHttp, connection => seen.Add($"{connection.Status} {connection.Headers.GetString(KnownHeader.Server)}"));
        (_, RawPeer server) = Ask(protocol);
        server.ReadHead();

        server.Send($"HTTP/1.1 {status} Whatever\r\nServer: raw\r\nContent-Length: 2\r\nLocation: /other\r\n\r\nno");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal([$"{status} 2 raw {Address("http://test/path?query")}", $"{status} raw"], seen);
        Assert.Equal("no", Assert.Single(Recorder.Texts));
        Assert.Empty(Recorder.Failures);
    }

    [Theory]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public void A_reply_without_a_body_is_complete_with_its_head(string method, string reply)
    {
        (Connection connection, RawPeer server) = Ask(NewProtocol(), method: method);
        Assert.StartsWith(method + " ", server.ReadHead(), StringComparison.Ordinal);

        server.Send(reply);
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("29 24 2 44 47 45 30", Recorder.TraceOf(connection));
    }

    [Fact]
    public void Trailers_can_be_read_when_the_reply_is_complete()
    {
        List<string> seen = [];
        void Look(Connection connection) =>
            seen.Add(connection.Trailers.TryGet("X-Sum"u8, out ReadOnlySpan<byte> value) ? Encoding.ASCII.GetString(value) : "-");
        TestProtocol protocol = NewProtocol().On(CallbackReason.EstablishedClientHttp, Look).On(CallbackReason.CompletedClientHttp, Look);
        (_, RawPeer server) = Ask(protocol);
        server.ReadHead();

        server.Send(Ok + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n1\r\na\r\n0\r\nX-Sum: 42\r\n\r\n");
        Harness.RunUntil(() => seen.Count == 2);

        Assert.Equal(["-", "42"], seen);
    }

    [Fact]
    public void Interim_answers_are_passed_over()
    {
        (Connection connection, RawPeer server) = Ask(NewProtocol());
        server.ReadHead();

        server.Send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" + Ok + "Content-Length: 2\r\n\r\nok");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("29 24 2 44 46 48:2 47 45 30", Recorder.TraceOf(connection));
    }

    [Fact]
    public void Nothing_is_received_until_the_program_reads()
    {
        int told = 0;
        TestProtocol protocol = NewProtocol().On(CallbackReason.ReceiveClientHttp, _ => told++);
        (Connection connection, RawPeer server) = Ask(protocol);
        server.ReadHead();
        server.Send(Ok + "Content-Length: 100000\r\n\r\n");
        server.Send(new byte[50_000]);
        Harness.RunUntil(() => told == 1);
        Harness.Settle();
        Io.ResetCounts();
        server.Send(new byte[50_000]);
        Harness.Settle();

        Assert.Equal(1, told);
        Assert.Equal(0, Io.CountOf(SystemCall.Receive));

        // The program reads outside of any callback of this connection, as from a writable callback of where the bytes go.
        byte[] buffer = new byte[7000];
        int total = 0;
        Harness.RunUntil(() => (total += connection.ReadHttpBody(buffer)) == 100_000);
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal(1, Recorder.CountOf(CallbackReason.CompletedClientHttp, connection));
        Assert.True(told > 1);
    }

    [Fact]
    public void A_read_in_the_callback_of_the_head_finds_nothing_and_loses_nothing()
    {
        List<int> early = [];
        StringBuilder body = new();
        TestProtocol protocol = NewProtocol()
            .On(CallbackReason.EstablishedClientHttp, connection => early.Add(connection.ReadHttpBody(new byte[10])))
            .On(CallbackReason.ReceiveClientHttp, connection => Collect(connection, body, 3));
        (_, RawPeer server) = Ask(protocol);
        server.ReadHead();

        server.Send(Ok + "Content-Length: 8\r\n\r\nall here");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal([0], early);
        Assert.Equal("all here", body.ToString());
    }

    [Fact]
    public void Completion_never_comes_from_inside_a_read()
    {
        List<string> order = [];
        TestProtocol protocol = NewProtocol()
            .On(CallbackReason.ReceiveClientHttp, connection =>
            {
                order.Add("read");
                connection.ReadHttpBody(new byte[100]);
                order.Add("has read");
            })
            .On(CallbackReason.CompletedClientHttp, _ => order.Add("complete"));
        (_, RawPeer server) = Ask(protocol);
        server.ReadHead();

        server.Send(Ok + "Content-Length: 2\r\n\r\nok");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal(["read", "has read", "complete"], order);
    }

    [Fact]
    public void Receive_flow_control_holds_for_a_reply_too()
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.EstablishedClientHttp, connection => connection.PauseReceive());
        (Connection connection, RawPeer server) = Ask(protocol);
        server.ReadHead();
        server.Send(Ok + "Content-Length: 5\r\n\r\nhello");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.EstablishedClientHttp));
        Harness.Settle();
        Assert.False(Recorder.Has(CallbackReason.ReceiveClientHttp));

        connection.ResumeReceive();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("29 24 2 44 46 48:5 47 45 30", Recorder.TraceOf(connection));
    }

    [Theory]
    [InlineData(CallbackReason.EstablishedClientHttp)]
    [InlineData(CallbackReason.ReceiveClientHttp)]
    [InlineData(CallbackReason.ReceiveClientHttpRead)]
    [InlineData(CallbackReason.CompletedClientHttp)]
    public void A_callback_that_closes_or_throws_ends_its_own_connection_once(CallbackReason reason)
    {
        foreach (bool throws in new[] { false, true })
        {
            TestProtocol protocol = NewProtocol().On(reason, (_, ref _, in _) => throws ? throw new NotSupportedException("A callback throws.") : CallbackResult.Close);
            (Connection connection, RawPeer server) = Ask(protocol);
            server.ReadHead();
            server.Send(Ok + "Content-Length: 2\r\n\r\nok");
            Harness.RunUntil(() => Recorder.CountOf(CallbackReason.WsiDestroy, connection) == 1);

            CloseInfo close = Recorder.Closes[^1].Close;
            Assert.Equal((throws ? CloseOrigin.Error : CloseOrigin.Local, false), (close.Origin, close.IsClean));
            Assert.Equal(1, Recorder.CountOf(CallbackReason.ClosedClientHttp, connection));
        }
    }

    [Theory]
    [InlineData(CallbackReason.ClientAppendHandshakeHeader, "OnWritingRequest")]
    [InlineData(CallbackReason.ClientHttpWriteable, "OnHttpWritable")]
    public void A_callback_that_closes_before_the_reply_is_the_one_failure(CallbackReason reason, string name)
    {
        TestProtocol protocol = NewProtocol().On(reason, (_, ref _, in _) => CallbackResult.Close);
        (Connection connection, _) = Ask(protocol, method: "POST", bodyLength: 10);
        Harness.RunUntil(() => Recorder.CountOf(CallbackReason.WsiDestroy, connection) == 1);

        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Handshake, $"refused by {name}"), (failure.Stage, failure.Reason));
    }

    [Fact]
    public void Our_client_reads_what_our_server_answers_on_the_same_loop()
    {
        byte[] content = new byte[1_000_000];
        Random.Shared.NextBytes(content);
        TestProtocol serving = NewProtocol("server").On(CallbackReason.Http, connection => connection.Respond(200, "application/octet-stream", content));
        LoopContext context = Serve(serving);
        MemoryStream received = new();
        byte[] buffer = new byte[10_000];
        TestProtocol client = NewProtocol("client").On(CallbackReason.ReceiveClientHttp, connection =>
            received.Write(buffer, 0, connection.ReadHttpBody(buffer)));

        context.Connect(Options(client, EndPointOf(context)));
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Assert.True(Recorder.Closes[0].Close.IsClean);
        Assert.Equal(content, received.ToArray());
    }

    [Fact]
    public void Reading_allocates_nothing_once_it_is_warm()
    {
        const int Warm = 2_000_000;
        const int Measured = 20_000_000;
        byte[] buffer = new byte[16 * 1024];
        long total = 0;
        long before = 0;
        long allocated = -1;
        TestProtocol protocol = NewProtocol().On(CallbackReason.ReceiveClientHttp, connection =>
        {
            total += connection.ReadHttpBody(buffer);
            if (before == 0 && total >= Warm) before = GC.GetAllocatedBytesForCurrentThread();
            if (allocated < 0 && total >= Measured) allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        });
        RawListener listener = Listen();

        // A context that is not traced: the recorder's own list would grow.
        LoopContext context = Own(new LoopContext(new LoopContextOptions { Loop = Loop }));
        context.Connect(Options(protocol, listener.EndPoint));
        RawPeer server = listener.Accept();
        server.ReadHead();
        server.Send(Ok + $"Content-Length: {Measured}\r\n\r\n");

        // The peer shares the thread with the loop, so it is fed and turned outside of what is measured: between two callbacks nothing of it runs but what a
        // turn costs; what it costs itself is known from sending the same again.
        byte[] piece = new byte[50_000];
        long peers = 0;
        for (int sent = 0; sent < Measured; sent += piece.Length)
        {
            long start = GC.GetAllocatedBytesForCurrentThread();
            server.Send(piece);
            if (before != 0) peers += GC.GetAllocatedBytesForCurrentThread() - start;
            while (total < Math.Min(sent, Measured - 1)) TurnCounted(ref peers, before != 0);
        }

        while (allocated < 0) TurnCounted(ref peers, isCounted: true);

        Assert.InRange(allocated - peers, long.MinValue, 4096);

        void TurnCounted(ref long foreign, bool isCounted)
        {
            long start = GC.GetAllocatedBytesForCurrentThread();
            server.Pump();
            if (isCounted) foreign += GC.GetAllocatedBytesForCurrentThread() - start;
            Harness.Turn();
        }
    }

    [Fact]
    public void A_read_in_the_wrong_place_is_an_exception_and_after_the_end_nothing()
    {
        LoopContext context = NewClientContext();
        RawListener listener = Listen();
        Connection connection = context.Connect(Options(NewProtocol(), listener.EndPoint));
        Assert.Throws<InvalidOperationException>(() => connection.ReadHttpBody(new byte[1]));
        Assert.Throws<ArgumentException>(() => connection.ReadHttpBody(default));
        Assert.Throws<InvalidOperationException>(() => connection.EndRequest());
        Assert.Throws<InvalidOperationException>(() => connection.WriteBody(default));

        connection.Abort();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal(0, connection.ReadHttpBody(new byte[1]));
        Assert.Equal(WriteResult.Closed, connection.WriteBody("late"u8));
        Assert.Equal((0, 0, 0L), (connection.Status, connection.Headers.Count, connection.ReplyContentLength));
    }

    private static void Collect(Connection connection, StringBuilder into, int size)
    {
        byte[] buffer = new byte[size];
        into.Append(Encoding.ASCII.GetString(buffer, 0, connection.ReadHttpBody(buffer)));
    }
}
