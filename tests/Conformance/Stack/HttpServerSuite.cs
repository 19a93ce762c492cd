using System.Globalization;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What an HTTP server does beside answering: continue, trailers, the asterisk, the last request, error pages; and what an answer costs.</summary>
public abstract class HttpServerSuite(LoopFactory factory) : LoopBench(factory)
{
    private const string Upload = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";

    [Fact]
    public void F12_a_client_is_told_to_continue_when_the_body_is_first_wanted_and_not_before()
    {
        Connection? thinking = null;
        TestProtocol protocol = NewProtocol()
            .On(CallbackReason.Http, connection =>
            {
                thinking = connection;
                connection.PauseReceive();
            })
            .On(CallbackReason.HttpBodyCompletion, connection => connection.Respond(200, null, "got it"u8));
        RawPeer peer = Connect(Serve(protocol));
        peer.Send(Upload);
        Harness.Settle();
        Assert.Empty(peer.ReadAll());

        thinking!.ResumeReceive();
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", peer.ReadHead());
        peer.Send("abc");

        Assert.Equal("got it", ReadAnswer(peer).Body);
        Assert.False(peer.IsOver);
    }

    [Fact]
    public void F12_a_client_that_gets_an_answer_in_place_of_100_is_told_that_it_is_the_last()
    {
        RawPeer peer = Connect(Serve(NewProtocol().On(CallbackReason.Http, connection => connection.Respond(413, null, "too much"u8))));
        peer.Send(Upload);

        string all = peer.ReadToEnd();

        Assert.StartsWith("HTTP/1.1 413 ", all, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", all, StringComparison.Ordinal);
        Assert.DoesNotContain("100 Continue", all, StringComparison.Ordinal);
    }

    [Fact]
    public void F12_a_user_who_answers_after_a_pause_answers_in_place_of_100()
    {
        Connection? thinking = null;
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, connection =>
        {
            thinking = connection;
            connection.PauseReceive();
        });
        RawPeer peer = Connect(Serve(protocol));
        peer.Send(Upload);
        Harness.RunUntil(() => thinking is not null);

        thinking!.Respond(403, null, "no"u8);
        thinking.ResumeReceive();

        string all = peer.ReadToEnd();
        Assert.StartsWith("HTTP/1.1 403 ", all, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", all, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void S17_trailers_can_be_read_when_the_body_has_ended_and_until_the_answer_is_complete(bool isCut)
    {
        List<string> seen = [];
        TestProtocol protocol = NewProtocol()
            .On(CallbackReason.Http, connection => seen.Add($"http {connection.Trailers.Count}"))
            .On(CallbackReason.HttpBody, connection => seen.Add($"body {connection.Trailers.Count}"))
            .On(CallbackReason.HttpBodyCompletion, connection =>
            {
                seen.Add($"end {connection.Trailers.Count}");
                Assert.True(connection.Trailers.TryGet("x-sum"u8, out ReadOnlySpan<byte> sum));
                seen.Add(Encoding.ASCII.GetString(sum));
                connection.Respond(200, null, "x"u8);
                seen.Add($"after {connection.Trailers.Count}");
            });
        RawPeer peer = Connect(Serve(protocol));
        byte[] request = Encoding.ASCII.GetBytes(
            "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 17 \r\nX-Other:\r\n\r\n");

        foreach (byte[] piece in isCut ? request.Select(one => new[] { one }) : [request])
        {
            peer.Send(piece);
            Harness.Turn();
        }

        Assert.Equal("x", ReadAnswer(peer).Body);
        string[] expected = ["http 0", "body 0", "end 2", "17", "after 2"];
        Assert.Equal(expected, seen.Distinct(StringComparer.Ordinal), StringComparer.Ordinal);
        peer.Send("GET /next HTTP/1.1\r\nHost: test\r\n\r\n");
        Harness.RunUntil(() => seen.Count(line => line == "http 0") == 2);
    }

    [Fact]
    public void S17_trailers_above_the_limits_of_a_head_are_refused()
    {
        RawPeer peer = Connect(Serve(HostOf(NewProtocol().On(CallbackReason.Http, _ => { })), new ConnectionLimits { MaxHeaderFields = 2 }));

        peer.Send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 400 ", peer.ReadToEnd(), StringComparison.Ordinal);
        Assert.False(Recorder.Has(CallbackReason.HttpBodyCompletion));
    }

    [Fact]
    public void OPTIONS_of_the_asterisk_asks_about_the_server_and_is_answered_by_it()
    {
        RawPeer peer = Connect(Serve(NewProtocol()));

        peer.Send("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n");
        string head = peer.ReadHead();

        Assert.StartsWith("HTTP/1.1 204 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nAllow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n", head, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", peer.ReadHead(), StringComparison.Ordinal);
        Assert.Equal(1, Recorder.CountOf(CallbackReason.Http));
        Assert.Equal(2, Recorder.CountOf(CallbackReason.FilterHttpConnection));
    }

    [Fact]
    public void The_last_request_that_a_connection_may_make_is_answered_as_such()
    {
        RawPeer peer = Connect(Serve(HostOf(NewProtocol()), new ConnectionLimits { MaxRequestsPerConnection = 2 }));

        peer.Send(string.Concat(Enumerable.Repeat("GET / HTTP/1.1\r\nHost: test\r\n\r\n", 3)));
        string first = ReadAnswer(peer).Head;
        string rest = peer.ReadToEnd();

        Assert.DoesNotContain("Connection:", first, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", rest, StringComparison.Ordinal);
        Assert.Equal(2, Recorder.CountOf(CallbackReason.Http));
    }

    [Fact]
    public void An_answer_in_the_middle_of_a_body_that_closes_is_the_end_and_one_that_keeps_reads_past_the_rest()
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, _ => { }).On(CallbackReason.HttpBody, connection => connection.Respond(200, null, "enough"u8));
        LoopContext context = Serve(protocol);
        RawPeer keeping = Connect(context);
        RawPeer closing = Connect(context);

        keeping.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabc");
        closing.Send("POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 6\r\n\r\nabc");

        Assert.Equal("enough", ReadAnswer(keeping).Body);
        Assert.EndsWith("enough", closing.ReadToEnd(), StringComparison.Ordinal);
        keeping.Send("defPOST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\nx");
        Assert.Equal("enough", ReadAnswer(keeping).Body);
        Assert.Equal(3, Recorder.CountOf(CallbackReason.HttpBody));
    }

    [Fact]
    public void Error_pages_are_the_hosts_else_the_contexts_else_a_line_of_text()
    {
        ErrorPage mine = new("text/html", "<h1>mine</h1>"u8.ToArray());
        ErrorPage general = new("text/html", "<h1>general</h1>"u8.ToArray());
        List<(int, string)> asked = [];
        LoopContext context = Own(new LoopContext(new LoopContextOptions
        {
            Loop = Loop,
            ErrorPage = (status, _) => status is 403 or 505 ? general : status == 500 ? throw new InvalidOperationException("a page that cannot be made") : null,
            VirtualHosts =
            [
                new()
                {
                    Endpoints = [new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0)],
                    Protocols = [NewProtocol().On(CallbackReason.Http, AnswerWithStatusOfPath)],
                    ErrorPage = (status, sentence) =>
                    {
                        asked.Add((status, sentence));
                        return status is 404 or 400 ? mine : null;
                    },
                },
            ],
        }));
        RawPeer peer = Connect(context);

        Assert.Equal("<h1>mine</h1>", Ask(peer, "404"));
        Assert.Equal("<h1>general</h1>", Ask(peer, "403"));
        Assert.Equal("Internal Server Error\n", Ask(peer, "500"));
        Assert.Equal("Service Unavailable\n", Ask(peer, "503"));
        peer.Send("HEAD /404 HTTP/1.1\r\nHost: test\r\n\r\n");
        Assert.Contains("\r\nContent-Length: 13\r\n", peer.ReadHead(), StringComparison.Ordinal);
        peer.Send("GET / HTTP/1.1\r\n\r\n");
        Assert.EndsWith("\r\n\r\n<h1>mine</h1>", peer.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal([404, 403, 500, 503, 404, 400], asked.Select(one => one.Item1));
        Assert.Equal(ProtocolFault.MissingHost.Describe(), asked[^1].Item2);
    }

    [Fact]
    public void Basic_authentication_lets_in_who_knows_the_password_and_asks_everybody_else()
    {
        BasicAuthentication realm = new("the \"inner\" circle", PasswordFile.Parse(["aladdin:{PLAIN}open sesame"]));
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, connection =>
        {
            if (realm.IsAllowed(connection)) connection.Respond(200, null, "welcome"u8);
            else realm.Challenge(connection);
        });
        RawPeer peer = Connect(Serve(protocol));

        Assert.Equal("welcome", Ask(peer, "", "Authorization: Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
        foreach (string wrong in new[] { "", "Authorization: Basic YWxhZGRpbjpvcGVuIHNlc2FtZR==\r\n", "Authorization: Basic !\r\n", "Authorization: Bearer x\r\n" })
        {
            peer.Send($"GET / HTTP/1.1\r\nHost: test\r\n{wrong}\r\n");
            (string head, string body) = ReadAnswer(peer);
            Assert.StartsWith("HTTP/1.1 401 ", head, StringComparison.Ordinal);
            Assert.Contains("\r\nWWW-Authenticate: Basic realm=\"the \\\"inner\\\" circle\", charset=\"UTF-8\"\r\n", head, StringComparison.Ordinal);
            Assert.Equal("Unauthorized\n", body);
        }
    }

    [Fact]
    public void Arguments_and_cookies_are_read_from_the_request()
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, connection =>
        {
            Span<byte> value = stackalloc byte[64];
            Assert.True(connection.QueryArguments.TryGet("q"u8, value, out int length));
            Assert.True(connection.Cookies.TryGet("id"u8, out ReadOnlySpan<byte> cookie));
            connection.Respond(200, null, [.. value[..length], .. "|"u8, .. cookie]);
        });
        RawPeer peer = Connect(Serve(protocol));

        Assert.Equal("a b&c|7", Ask(peer, "search?x=1&q=a+b%26c", "Cookie: theme=dark; id=7\r\nCookie: id=8\r\n"));
    }

    [Fact]
    public void Statistics_count_what_is_not_logged()
    {
        LoopContext context = Serve(NewProtocol());
        RawPeer peer = Connect(context);
        Ask(peer, "one");
        peer.Send("GET / HTTP/1.1\r\n\r\n");
        peer.ReadToEnd();
        RawPeer early = Connect(context);
        Harness.RunUntil(() => context.Thread.ConnectionCount == 2);
        early.Reset();
        Harness.RunUntil(() => context.Statistics.ResetEarly == 1);

        Assert.Equal((2, 1, 1, 0), (context.Statistics.Accepted, context.Statistics.Requests, context.Statistics.Refused, context.Statistics.TurnedAway));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public void Pipelined_requests_of_one_read_are_answered_with_one_send_and_allocate_nothing_after_warm_up(int requests)
    {
        TestProtocol protocol = NewProtocol().On(CallbackReason.Http, static connection => connection.Respond(200, "text/plain", "Hello, World!"u8));
        LoopContext context = new(new LoopContextOptions { Loop = Loop, VirtualHosts = [HostOf(protocol)] });
        Own(context);
        RawPeer peer = Connect(context);
        byte[] wire = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET /plaintext HTTP/1.1\r\nHost: test\r\nAccept: */*\r\n\r\n", requests)));
        peer.Send(wire);
        (string head, string body) = ReadAnswer(peer);
        for (int i = 1; i < requests; i++) ReadAnswer(peer);
        byte[] answer = new byte[(head.Length + body.Length) * requests];

        // Code that has not been optimised yet boxes what it calls methods on; the runtime optimises when it finds the time.
        for (Deadline deadline = new(); Allocation.Least(() => ExchangeMany(peer, wire, answer)) > 0; deadline.Check())
        {
        }

        Io.ResetCounts();

        Exchange(peer, wire, answer);
        Assert.Equal((1, 1), (Io.CountOf(SystemCall.Receive), Io.CountOf(SystemCall.Send)));
        Assert.Equal(0, Allocation.Least(() => ExchangeMany(peer, wire, answer)));
    }

    private long ExchangeMany(RawPeer peer, byte[] wire, byte[] answer)
    {
        long allocated = 0;
        for (int i = 0; i < 200; i++) allocated += Exchange(peer, wire, answer);
        return allocated;
    }

    /// <summary>Sends and receives once, past the peer's own bookkeeping. Returns what the turns of the loop allocated.</summary>
    private long Exchange(RawPeer peer, byte[] wire, byte[] answer)
    {
        Assert.Equal(wire.Length, peer.SendNow(wire));
        long allocated = 0;
        int received = 0;
        for (int turn = 0; received < answer.Length; turn++)
        {
            Assert.InRange(turn, 0, 1000);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Harness.Turn(turn < 10 ? 0 : 1);
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            received += peer.ReceiveNow(answer.AsSpan(received));
        }

        return allocated;
    }

    private static CallbackResult AnswerWithStatusOfPath(Connection connection, ref TestSession session, in CallbackData data)
    {
        connection.RespondError(int.Parse(Encoding.ASCII.GetString(data.In[1..]), CultureInfo.InvariantCulture));
        return CallbackResult.Continue;
    }

    private static string Ask(RawPeer peer, string path, string fields = "")
    {
        peer.Send($"GET /{path} HTTP/1.1\r\nHost: test\r\n{fields}\r\n");
        return ReadAnswer(peer).Body;
    }

    private static (string Head, string Body) ReadAnswer(RawPeer peer)
    {
        string head = peer.ReadHead();
        const string Field = "Content-Length: ";
        int at = head.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
        int length = int.Parse(head[at..head.IndexOf('\r', at)], CultureInfo.InvariantCulture);
        return (head, peer.ReadText(length));
    }
}
