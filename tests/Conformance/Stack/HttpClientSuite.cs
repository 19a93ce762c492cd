using System.Net;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>An HTTP request of ours, and its reply: which callbacks, in which order, and who decides when bytes are read.</summary>
public abstract class HttpClientSuite(LoopFactory factory) : LoopBench(factory)
{
    private const string Ok = "HTTP/1.1 200 OK\r\n";

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

        Assert.Equal([$"{status} 2 raw http://test/path?query", $"{status} raw"], seen);
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

    [Fact]
    public void A_body_that_lies_ready_is_sent_with_its_length()
    {
        byte[] body = new byte[3_000_000];
        Random.Shared.NextBytes(body);
        (_, RawPeer server) = Ask(NewProtocol(), method: "POST", body: body);
        string head = server.ReadHead();
        Assert.Contains("\r\nContent-Length: 3000000\r\n", head, StringComparison.Ordinal);

        server.WaitUntil(() => server.Received.Length == body.Length);
        Assert.True(server.Received.SequenceEqual(body));
        server.Send(Ok + "Content-Length: 0\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.True(Assert.Single(Recorder.Closes).Close.IsClean);
    }

    [Theory]
    [InlineData(12, "Content-Length: 12", "part and end")]
    [InlineData(-1, "Transfer-Encoding: chunked", "5\r\npart \r\n7\r\nand end\r\n0\r\n\r\n")]
    public void A_body_is_written_when_the_connection_takes_it(long length, string field, string wire)
    {
        int calls = 0;
        TestProtocol protocol = NewProtocol().On(CallbackReason.ClientHttpWriteable, connection =>
        {
            Assert.Equal(WriteResult.Accepted, connection.WriteBody(calls == 0 ? "part "u8 : "and end"u8));
            if (++calls == 2) connection.EndRequest();
            else connection.RequestWritable();
        });
        (Connection connection, RawPeer server) = Ask(protocol, method: "PUT", bodyLength: length);
        Assert.Contains($"\r\n{field}\r\n", server.ReadHead(), StringComparison.Ordinal);

        Assert.Equal(wire, server.ReadText(wire.Length));
        server.Send(Ok + "Content-Length: 0\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("29 24 57 57 2 44 47 45 30", Recorder.TraceOf(connection));
    }

    [Fact]
    public void A_server_that_does_not_take_the_body_makes_its_writer_wait()
    {
        bool sawBusy = false;
        long written = 0;
        TestProtocol protocol = NewProtocol().On(CallbackReason.ClientHttpWriteable, connection =>
        {
            while (written < 20_000_000)
            {
                WriteResult result = connection.WriteBody(new byte[100_000]);
                if (result == WriteResult.Busy)
                {
                    sawBusy = true;
                    return;
                }

                written += 100_000;
            }

            connection.EndRequest();
        });
        (_, RawPeer server) = Ask(protocol, method: "POST", bodyLength: 20_000_000);
        server.IsReading = false;
        Harness.RunUntil(() => sawBusy);
        Harness.Settle();
        Assert.True(written < 20_000_000);

        server.IsReading = true;
        server.ReadHead();
        server.WaitUntil(() => server.Received.Length == 20_000_000);
        server.Send(Ok + "Content-Length: 0\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.True(Assert.Single(Recorder.Closes).Close.IsClean);
    }

    [Fact]
    public void A_server_that_refuses_in_the_middle_of_a_body_is_heard_and_wants_no_more()
    {
        WriteResult last = WriteResult.Accepted;
        TestProtocol protocol = NewProtocol().On(CallbackReason.ClientHttpWriteable, connection => last = connection.WriteBody(new byte[1000]));
        int status = 0;
        protocol.On(CallbackReason.EstablishedClientHttp, connection =>
        {
            status = connection.Status;
            last = connection.WriteBody(new byte[1000]);
        });
        (_, RawPeer server) = Ask(protocol, method: "POST", bodyLength: 1_000_000);
        server.ReadHead();
        server.ReadText(1000);

        server.Send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal((413, WriteResult.Closed, "big"), (status, last, Assert.Single(Recorder.Texts)));
    }

    [Fact]
    public void Fields_are_added_by_options_and_by_the_callback()
    {
        RawListener listener = Listen();
        NewClientContext().Connect(Options(NewProtocol(), listener.EndPoint, fields: [new("X-One", "1"), new("Accept", "text/plain")]));
        string plain = Own(listener.Accept()).ReadHead();
        TestProtocol writing = NewProtocol();
        writing.WritingRequest = request =>
        {
            request.Add("X-Two", request.Method + " " + request.Uri);
            Assert.Throws<ArgumentException>(() => request.Add("Host", "other"));
            Assert.Throws<ArgumentException>(() => request.Add("X-Bad", "a\r\nb: c"));
            Assert.Throws<ArgumentException>(() => request.Add("X-Long", new string('a', 40_000)));
        };
        NewClientContext().Connect(Options(writing, listener.EndPoint));
        string written = Own(listener.Accept()).ReadHead();

        Assert.Contains("\r\nX-One: 1\r\nAccept: text/plain\r\n", plain, StringComparison.Ordinal);
        Assert.EndsWith("\r\nX-Two: GET http://test/path?query\r\n\r\n", written, StringComparison.Ordinal);
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

    [Fact]
    public void Less_or_more_than_the_announced_body_is_an_exception()
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.ClientHttpWriteable, connection =>
        {
            Assert.Throws<InvalidOperationException>(() => connection.WriteBody(new byte[11]));
            connection.WriteBody(new byte[4]);
            Assert.Throws<InvalidOperationException>(connection.EndRequest);
            connection.WriteBody(new byte[6]);
            connection.EndRequest();
            Assert.Throws<InvalidOperationException>(connection.EndRequest);
        });
        (_, RawPeer server) = Ask(protocol, method: "POST", bodyLength: 10);
        server.ReadHead();

        Assert.Equal(10, server.ReadText(10).Length);
        server.Send(Ok + "Content-Length: 0\r\n\r\n");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        Assert.True(Assert.Single(Recorder.Closes).Close.IsClean);
    }

    /// <summary>A request of ours, and the raw server that has accepted it.</summary>
    protected (Connection Connection, RawPeer Server) Ask(TestProtocol protocol, string? method = null, ReadOnlyMemory<byte> body = default, long? bodyLength = null)
    {
        RawListener listener = Listen();
        Connection connection = NewClientContext().Connect(Options(protocol, listener.EndPoint, method, body, bodyLength));
        return (connection, Own(listener.Accept()));
    }

    private static ClientConnectOptions Options(
        TestProtocol protocol, EndPoint endPoint, string? method = null, ReadOnlyMemory<byte> body = default, long? bodyLength = null, IReadOnlyList<HttpField>? fields = null) => new()
    {
        Uri = new Uri("http://test/path?query"),
        EndPoint = endPoint,
        Protocols = [protocol],
        Method = method,
        Body = body,
        BodyLength = bodyLength,
        Fields = fields ?? [],
    };

    private static void Collect(Connection connection, StringBuilder into, int size)
    {
        byte[] buffer = new byte[size];
        into.Append(Encoding.ASCII.GetString(buffer, 0, connection.ReadHttpBody(buffer)));
    }
}
