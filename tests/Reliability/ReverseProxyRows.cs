using Microsoft.Extensions.Logging;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>A reverse proxy between clients and origins that both may be bad: paths (rows P01, P02 and P06), requests that two readers read differently, and faults of the system.</summary>
public abstract class ReverseProxyRows : ReliabilityRows
{
    private const string Empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    private readonly RawListener _origin;

    protected ReverseProxyRows(LoopFactory factory)
        : base(factory)
    {
        _origin = Listen();
        Mounts = [new Mount { MountPoint = "/app", Origin = MountOrigin.Http($"{_origin.EndPoint}/base", new ReverseProxyOptions { KeptSockets = 0 }) }];
    }

    [Theory]
    [InlineData("/../app/x", null)]
    [InlineData("/app/../../x", null)]
    [InlineData("/..", null)]
    [InlineData("/app/..", null)]
    [InlineData("/app/.%2e/x", null)]
    [InlineData("/app/%2e%2e%2fx", null)]
    [InlineData("/app/..%5cx", null)]
    [InlineData("/app/a/..;/x", null)]
    [InlineData("/app/..;jsessionid=1", null)]
    [InlineData("/app/....//x", "/base/....//x")]
    [InlineData("/app/..x/.y/z..", "/base/..x/.y/z..")]
    [InlineData("/app//../x", "/base/x")]
    [InlineData("/app/inner/..%2f..%2fapp/x", "/base/x")]
    [InlineData("/app/./inner/./../x?../y", "/base/x?../y")]
    [InlineData("/app/%2F%2f", "/base/%2F%2f")]
    [InlineData("/app/a;b=1/c", "/base/a;b=1/c")]
    public void P01_the_origin_is_never_asked_for_what_is_above_its_place(string path, string? asked) => AssertAsked(path, asked);

    [Theory]
    [InlineData("/app/%252e%252e/x", null)]
    [InlineData("/app/%252e%252E%252fx", "/base/%252e%252E%252fx")]
    [InlineData("/app/.%252e", null)]
    [InlineData("/app/%25252e", "/base/%25252e")]
    [InlineData("/app/%c0%ae%c0%ae/x", null)]
    [InlineData("/app/x%00", null)]
    [InlineData("/app/%C3%A4", "/base/%C3%A4")]
    public void P02_what_was_encoded_twice_stays_so_and_what_is_no_text_is_refused(string path, string? asked) => AssertAsked(path, asked);

    [Theory]
    [InlineData("/application", null)]
    [InlineData("/ap", null)]
    [InlineData("/app", "/base")]
    [InlineData("/app?x", "/base?x")]
    [InlineData("/app/", "/base/")]
    public void P06_a_mount_begins_and_ends_with_a_segment(string path, string? asked) => AssertAsked(path, asked);

    [Theory]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")]
    [InlineData("Content-Length: +5\r\n\r\nhello")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding:\vchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello")]
    public void A_request_whose_end_could_be_disputed_reaches_no_origin(string rest)
    {
        RawPeer peer = Connect();
        Io.ResetCounts();
        peer.Send("POST /app HTTP/1.1\r\nHost: test\r\n" + rest);
        Assert.Matches("^HTTP/1.1 (400|501) ", peer.ReadToEnd());
        Assert.Equal(0, Io.CountOf(SystemCall.Connect));
    }

    [Theory]
    [InlineData("1\r\nx\r\nzz\r\n")]
    [InlineData("1\r\nxy\r\n")]
    [InlineData("FFFFFFFFFFFFFFFFF\r\n")]
    public void A_body_that_turns_out_to_be_malformed_is_never_completed_for_the_origin(string chunks)
    {
        RawPeer peer = Connect();
        peer.Send("POST /app HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
        Assert.StartsWith("HTTP/1.1 400 ", peer.ReadToEnd(), StringComparison.Ordinal);
        RawPeer server = Own(_origin.Accept());
        server.WaitUntil(() => server.IsOver);
        Assert.False(server.Received.EndsWith("0\r\n\r\n"u8));
    }

    [Theory]
    [InlineData("", 502, "the server closed the connection before its reply was complete")]
    [InlineData("HTTP/1.1 2x0 OK\r\n\r\n", 502, "status line")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", 200, "its answer broke off")]
    public void What_is_wrong_with_an_origin_is_named_in_the_log_and_told_to_the_client_without_details(string reply, int status, string logged)
    {
        RawPeer peer = Connect();
        peer.Send("GET /app HTTP/1.1\r\nHost: test\r\n\r\n");
        RawPeer server = Own(_origin.Accept());
        server.ReadHead();
        server.Send(reply);
        server.EndStream();
        if (status == 200)
        {
            peer.WaitUntil(() => peer.IsOver);
        }
        else
        {
            HttpAnswer answer = HttpAnswer.Read(peer);
            Assert.Equal(status, answer.Status);
            Assert.DoesNotContain(_origin.EndPoint.ToString()!, answer.Text, StringComparison.Ordinal);
        }

        Assert.Single(Warnings(), line => line.Contains($"the origin http://{_origin.EndPoint}/base failed: ", StringComparison.Ordinal) && line.Contains(logged, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(SystemCall.OpenStream, Errno.EMFILE)]
    [InlineData(SystemCall.Connect, Errno.ECONNREFUSED)]
    [InlineData(SystemCall.Connect, Errno.EHOSTUNREACH)]
    [InlineData(SystemCall.GetPendingError, Errno.ECONNREFUSED)]
    public void A_system_call_on_the_way_to_the_origin_that_fails_is_502_with_its_errno_in_the_log(SystemCall call, Errno errno)
    {
        RawPeer peer = Connect();
        Io.Fail(call, errno);
        peer.Send("GET /app HTTP/1.1\r\nHost: test\r\n\r\n");
        Assert.Equal(502, HttpAnswer.Read(peer).Status);
        Assert.Single(Warnings(), line => line.Contains(errno.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Reads_and_writes_of_a_few_bytes_and_many_EAGAIN_change_nothing()
    {
        string body = new('b', 3000);
        RawPeer peer = Connect();
        Io.MaxReceive = 7;
        Io.MaxSend = 5;
        Io.AgainEvery = 3;
        peer.Send($"POST /app/x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nbb8\r\n{body}\r\n0\r\n\r\n");
        RawPeer server = Own(_origin.Accept());
        Assert.Equal(body, HttpAnswer.Read(server).Text);
        server.Send($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        Assert.Equal(body, HttpAnswer.Read(peer).Text);

        peer.RequestUpgrade("/app");
        server = Own(_origin.Accept());
        server.AcceptUpgrade();
        peer.ReadHead();
        peer.Send(body);
        Assert.Equal(body, server.ReadText(body.Length));
        server.Send(body);
        Assert.Equal(body, peer.ReadText(body.Length));
        peer.Close();
        server.Close();
    }

    [Fact]
    public void Heads_that_grow_beyond_the_limits_are_refused_on_either_side()
    {
        string much = string.Concat(Enumerable.Range(0, 40).Select(i => $"X-{i}: {new string('x', 1000)}\r\n"));
        RawPeer peer = Connect();
        peer.Send($"GET /app HTTP/1.1\r\nHost: test\r\n{much}\r\n");
        Assert.StartsWith("HTTP/1.1 431 ", peer.ReadToEnd(), StringComparison.Ordinal);

        peer = Connect();
        peer.Send("GET /app HTTP/1.1\r\nHost: test\r\n\r\n");
        RawPeer server = Own(_origin.Accept());
        server.ReadHead();
        server.Send($"HTTP/1.1 200 OK\r\n{much}\r\n");
        Assert.Equal(502, HttpAnswer.Read(peer).Status);
    }

    private IEnumerable<string> Warnings() => Log.Lines.Where(line => line.Level == LogLevel.Warning).Select(line => line.Text);

    /// <summary>The origin is asked for this, or for nothing at all.</summary>
    private void AssertAsked(string path, string? asked)
    {
        RawPeer peer = Connect();
        Io.ResetCounts();
        peer.Send($"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        if (asked is null)
        {
            Assert.InRange(HttpAnswer.Read(peer).Status, 400, 404);
            Assert.Equal(0, Io.CountOf(SystemCall.Connect));
            return;
        }

        RawPeer server = Own(_origin.Accept());
        Assert.StartsWith($"GET {asked} HTTP/1.1\r\n", server.ReadHead(), StringComparison.Ordinal);
        server.Send(Empty);
        Assert.Equal(200, HttpAnswer.Read(peer).Status);
    }
}
