using System.Globalization;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>HTTP/1.1 requests and their answers: in order, whatever arrives together and however late the answer is.</summary>
public abstract class HttpSuite(LoopFactory factory) : LoopBench(factory)
{
    [Fact]
    public void Requests_of_a_kept_connection_are_answered_one_after_the_other()
    {
        RawPeer peer = Connect(Serve(PathTeller()));
        foreach (string path in new[] { "/one", "/two", "/three" })
        {
            peer.Send(Get(path));
            Assert.Equal(path, ReadAnswer(peer).Body);
        }

        Assert.False(peer.IsOver);
    }

    [Fact]
    public void F13_a_hundred_pipelined_requests_in_one_packet_are_answered_in_order()
    {
        RawPeer peer = Connect(Serve(PathTeller()));
        string[] paths = [.. Enumerable.Range(0, 100).Select(number => $"/{number.ToString(CultureInfo.InvariantCulture)}")];

        peer.Send(string.Concat(paths.Select(path => Get(path))));

        Assert.Equal(paths, paths.Select(_ => ReadAnswer(peer).Body), StringComparer.Ordinal);
    }

    [Fact]
    public void F13_answers_that_come_later_keep_the_order_of_the_requests_and_nothing_is_read_meanwhile()
    {
        List<string> begun = [];
        List<Connection> waiting = [];
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, (connection, ref _, in data) =>
        {
            begun.Add(Encoding.ASCII.GetString(data.In));
            waiting.Add(connection);
            return CallbackResult.Continue;
        });
        RawPeer peer = Connect(Serve(protocol));
        peer.Send(Get("/a") + Get("/b") + Get("/c"));

        for (int answered = 1; answered <= 3; answered++)
        {
            Harness.RunUntil(() => begun.Count == answered);
            Harness.Settle();
            Assert.Equal(answered, begun.Count);
            Assert.Empty(peer.ReadAll());
            waiting[^1].Respond(200, "text/plain", Encoding.ASCII.GetBytes(begun[^1]));
            Assert.Equal(begun[^1], ReadAnswer(peer).Body);
        }

        Assert.Equal(["/a", "/b", "/c"], begun);
    }

    [Theory]
    [InlineData("Content-Length: 11\r\n\r\nhello world")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nX-Trailer: 1\r\n\r\n")]
    public void A_body_arrives_whole_by_length_and_in_chunks_also_cut_at_every_byte(string rest)
    {
        StringBuilder body = new();
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, _ => { })
            .On(CallbackReason.HttpBody, (_, ref _, in data) =>
            {
                body.Append(Encoding.ASCII.GetString(data.In));
                return CallbackResult.Continue;
            })
            .On(CallbackReason.HttpBodyCompletion, connection =>
            {
                connection.Respond(200, "text/plain", Encoding.ASCII.GetBytes(body.ToString()));
                body.Clear();
            });
        RawPeer peer = Connect(Serve(protocol));
        string request = "POST / HTTP/1.1\r\nHost: test\r\n" + rest;

        peer.Send(request + request);
        Assert.Equal("hello world", ReadAnswer(peer).Body);
        Assert.Equal("hello world", ReadAnswer(peer).Body);

        foreach (char letter in request)
        {
            peer.Send([(byte)letter]);
            Harness.Turn();
        }

        Assert.Equal("hello world", ReadAnswer(peer).Body);
    }

    [Fact]
    public void A_pause_in_the_middle_of_a_body_holds_the_rest_back_until_it_is_resumed()
    {
        StringBuilder body = new();
        Connection? reading = null;
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, _ => { })
            .On(CallbackReason.HttpBody, (connection, ref _, in data) =>
            {
                reading = connection;
                body.Append(Encoding.ASCII.GetString(data.In));
                connection.PauseReceive();
                return CallbackResult.Continue;
            })
            .On(CallbackReason.HttpBodyCompletion, connection => connection.Respond(200, null, Encoding.ASCII.GetBytes(body.ToString())));
        RawPeer peer = Connect(Serve(protocol));
        peer.Send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
        Harness.Settle();
        Assert.Equal("one", body.ToString());

        reading!.ResumeReceive();
        Harness.Settle();
        Assert.Equal("onetwo", body.ToString());
        Assert.Empty(peer.ReadAll());

        reading.ResumeReceive();
        Assert.Equal("onetwo", ReadAnswer(peer).Body);
    }

    [Fact]
    public void F12_a_client_that_waits_for_100_is_told_to_continue()
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, _ => { })
            .On(CallbackReason.HttpBodyCompletion, connection => connection.Respond(200, null, "got it"u8));
        RawPeer peer = Connect(Serve(protocol));

        peer.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", peer.ReadHead());
        peer.Send("abc");

        Assert.Equal("got it", ReadAnswer(peer).Body);
    }

    [Fact]
    public void HEAD_gets_the_head_of_the_answer_and_no_body()
    {
        RawPeer peer = Connect(Serve(PathTeller()));

        peer.Send(Get("/head", "HEAD") + Get("/get"));
        string head = peer.ReadHead();

        Assert.Contains("Content-Length: 5\r\n", head, StringComparison.Ordinal);
        Assert.Equal("/get", ReadAnswer(peer).Body);
    }

    [Fact]
    public void A_protocol_that_serves_nothing_answers_404_and_keeps_the_connection()
    {
        RawPeer peer = Connect(Serve(NewProtocol()));

        peer.Send(Get("/nowhere") + Get("/nowhere"));

        Assert.StartsWith("HTTP/1.1 404 ", ReadAnswer(peer).Head, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", ReadAnswer(peer).Head, StringComparison.Ordinal);
        Assert.False(peer.IsOver);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")]
    [InlineData("GET / HTTP/1.0\r\n\r\n")]
    public void The_last_answer_is_followed_by_the_end_of_the_stream(string request)
    {
        RawPeer peer = Connect(Serve(PathTeller()));

        peer.Send(request);
        string all = peer.ReadToEnd();
        peer.Close();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.EndsWith("\r\n\r\n/", all, StringComparison.Ordinal);
        Assert.True(peer.IsEnded);
    }

    [Fact]
    public void A_peer_that_ends_its_half_after_the_request_still_gets_its_answer()
    {
        Connection? waiting = null;
        RawPeer peer = Connect(Serve(NewProtocol().On(CallbackReason.Http, connection => waiting = connection)));
        peer.Send(Get("/late"));
        peer.EndStream();
        Harness.RunUntil(() => waiting is not null);
        Harness.Settle();

        waiting!.Respond(200, null, "here you are"u8);

        Assert.EndsWith("here you are", peer.ReadToEnd(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, -1)]
    [InlineData(false, 400_000)]
    [InlineData(true, 400_000)]
    public void An_answer_that_finds_out_that_the_peer_is_gone_ends_the_connection_once(bool isWhole, int length)
    {
        Connection? waiting = null;
        RawPeer peer = Connect(Serve(NewProtocol().On(CallbackReason.Http, connection => waiting = connection)));
        peer.Send(Get("/late"));
        Harness.RunUntil(() => waiting is not null);
        peer.Reset();

        if (isWhole)
        {
            waiting!.Respond(200, null, new byte[length]);
        }
        else
        {
            waiting!.StartResponse(200, null, length);
            waiting.WriteBody(new byte[400_000]);
            waiting.EndResponse();
        }

        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
        Harness.Settle();

        Assert.True(waiting.IsClosed);
        Assert.Equal(0, Loop.TimerCount);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_long_answer_to_a_slow_reader_goes_out_as_the_kernel_takes_it(bool isChunked)
    {
        const int Total = 6_000_000;
        byte[] block = new byte[10_000];
        int written = 0;
        bool wasBusy = false;
        void Continue(Connection connection)
        {
            while (written < Total)
            {
                block.AsSpan().Fill((byte)(written / block.Length));
                if (connection.WriteBody(block) != WriteResult.Accepted)
                {
                    wasBusy = true;
                    connection.RequestWritable();
                    return;
                }

                written += block.Length;
            }

            connection.EndResponse();
        }

        TestProtocol protocol = NewProtocol().On(CallbackReason.HttpWriteable, Continue).On(CallbackReason.Http, connection =>
        {
            connection.StartResponse(200, "application/octet-stream", isChunked ? -1 : Total);
            Continue(connection);
        });
        RawPeer peer = Connect(Serve(protocol));
        peer.IsReading = false;
        peer.Send(Get("/long"));
        Harness.Settle();
        Assert.True(wasBusy);
        Assert.True(written < Total);

        peer.IsReading = true;
        peer.ReadHead();
        byte[] body = isChunked ? ReadChunks(peer) : peer.ReadBytes(Total);

        Assert.Equal(Total, body.Length);
        for (int place = 0; place < Total; place += block.Length) Assert.Equal((byte)(place / block.Length), body[place]);
    }

    [Fact]
    public void An_upgrade_may_follow_a_request_on_the_same_connection()
    {
        TestProtocol protocol = PathTeller();
        RawPeer peer = Connect(Serve(protocol, new SendingEcho()));

        peer.Send([
            .. Encoding.ASCII.GetBytes(Get("/first")), .. Encoding.ASCII.GetBytes(RawPeer.UpgradeRequest(protocols: "echo")), .. peer.Frame(1, "then"u8),
        ]);

        Assert.Equal("/first", ReadAnswer(peer).Body);
        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        Assert.Equal("then", peer.ReadFrame().Text);
    }

    [Fact]
    public void S19_a_body_above_the_limit_is_refused_before_it_is_read()
    {
        RawPeer peer = Connect(Serve(HostOf(NewProtocol()), new ConnectionLimits { MaxRequestBody = 10 }));

        peer.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 413 ", peer.ReadToEnd(), StringComparison.Ordinal);
        Assert.False(Recorder.Has(CallbackReason.Http));
    }

    [Fact]
    public void H17_what_is_no_request_is_answered_400_and_the_end()
    {
        RawPeer peer = Connect(Serve(NewProtocol()));

        peer.Send("GET\0 / HTTP/1.1\r\n\r\n");
        string answer = peer.ReadToEnd();
        peer.Close();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Equal("29 19 5 30", Recorder.TraceOf(1));
    }

    /// <summary>Answers every request with its path.</summary>
    private TestProtocol PathTeller() => NewProtocol("zero").On(CallbackReason.Http, (connection, ref _, in data) =>
    {
        connection.Respond(200, "text/plain", data.In);
        return CallbackResult.Continue;
    });

    private static string Get(string path, string method = "GET") => $"{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n";

    private static (string Head, string Body) ReadAnswer(RawPeer peer)
    {
        string head = peer.ReadHead();
        const string Field = "Content-Length: ";
        int at = head.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
        int length = int.Parse(head[at..head.IndexOf('\r', at)], CultureInfo.InvariantCulture);
        return (head, peer.ReadText(length));
    }

    private static byte[] ReadChunks(RawPeer peer)
    {
        List<byte> body = [];
        while (true)
        {
            peer.WaitUntil(() => peer.Received.IndexOf("\r\n"u8) >= 0, "a chunk");
            string line = peer.ReadText(peer.Received.IndexOf("\r\n"u8) + 2);
            int length = int.Parse(line.AsSpan(0, line.Length - 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            byte[] chunk = peer.ReadBytes(length + 2);
            if (length == 0) return [.. body];
            body.AddRange(chunk.AsSpan(0, length));
        }
    }
}
