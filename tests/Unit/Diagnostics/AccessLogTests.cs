using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Diagnostics;

/// <summary>A line for each answer, in the format that every tool reads, whatever a client sends and however slow its reader is.</summary>
[Collection("counts open descriptors")]
public sealed partial class AccessLogTests : IDisposable
{
    private readonly LoopBench _bench = new(static options => new OwnedLoopHarness(new PollLoop(options), options));
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("access-");
    private readonly TestProtocol _protocol;
    private readonly List<string> _lines = [];

    public AccessLogTests()
    {
        _protocol = _bench.NewProtocol("accessed");
        _protocol.On(CallbackReason.Http, connection => connection.Respond(200, "text/plain", "hello"u8));
    }

    private string LogFile => Path.Combine(_folder.FullName, "access.log");

    public void Dispose()
    {
        _bench.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void A_line_has_who_when_what_and_how_much()
    {
        LoopContext context = Serve(AccessLog.ToEmitter(_lines.Add));

        Ask(context, "GET /a%20b?c=d HTTP/1.1\r\nHost: a\r\nReferer: http://from/\r\nUser-Agent: Test/1.0\r\n\r\n");

        Match line = Combined().Match(Assert.Single(_lines));
        Assert.True(line.Success, _lines[0]);
        string[] fields = ["peer", "request", "status", "bytes", "referer", "agent"];
        Assert.Equal(["127.0.0.1", "GET /a%20b?c=d HTTP/1.1", "200", "5", "http://from/", "Test/1.0"], fields.Select(field => line.Groups[field].Value), StringComparer.Ordinal);
        Assert.True(DateTimeOffset.TryParseExact(line.Groups["time"].Value, "dd/MMM/yyyy:HH:mm:ss zzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out _));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\"GET / HTTP/1.1\" 200 5 \"-\" \"-\"")]
    [InlineData("GET / HTTP/1.0\r\n\r\n", "\"GET / HTTP/1.0\" 200 5 \"-\" \"-\"")]
    [InlineData("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "\"HEAD / HTTP/1.1\" 200 - \"-\" \"-\"")]
    [InlineData("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "\"BREW / HTTP/1.1\" 501 ")]
    [InlineData("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "\"-\" 400 ")]
    [InlineData("GET /file/a.txt HTTP/1.1\r\nHost: a\r\n\r\n", "\"GET /file/a.txt HTTP/1.1\" 200 70000 \"-\" \"-\"")]
    [InlineData("GET /file/a.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9\r\n\r\n", "\"GET /file/a.txt HTTP/1.1\" 206 10 \"-\" \"-\"")]
    [InlineData("GET /file/none HTTP/1.1\r\nHost: a\r\n\r\n", "\"GET /file/none HTTP/1.1\" 404 ")]
    [InlineData("GET /file/../../etc HTTP/1.1\r\nHost: a\r\n\r\n", "\"GET /file/../../etc HTTP/1.1\" 404 ")]
    public void Whatever_was_answered_has_its_line(string request, string expected)
    {
        LoopContext context = Serve(AccessLog.ToEmitter(_lines.Add));

        Ask(context, request);

        Assert.Contains(expected, Assert.Single(_lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_WebSocket_has_a_line_when_it_is_opened()
    {
        LoopContext context = Serve(AccessLog.ToEmitter(_lines.Add));

        _bench.Open(context, "accessed");

        Assert.Contains("\"GET / HTTP/1.1\" 101 - ", Assert.Single(_lines), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_client_sends_cannot_forge_a_field_or_a_line()
    {
        LoopContext context = Serve(AccessLog.ToEmitter(_lines.Add));

        Ask(context, "GET /\"x\" HTTP/1.1\r\nHost: a\r\nUser-Agent: a\" 200 1 \"\\\t\u00e9\u009b\r\n\r\n");
        Ask(context, "GET /%0a HTTP/1.1\r\nHost: a\r\nReferer: \"\\\"\r\n\r\n");

        string[] written = [.. _lines];
        Assert.EndsWith(" \"a\\x22 200 1 \\x22\\x5C\\x09\\xE9\\x9B\"", written[0], StringComparison.Ordinal);
        Assert.Contains(" \"\\x22\\x5C\\x22\" ", written[^1], StringComparison.Ordinal);
        Assert.All(written, line => Assert.Matches(Combined(), line));
    }

    [Fact]
    public void A_long_request_is_cut_and_its_line_stays_bounded()
    {
        LoopContext context = Serve(AccessLog.ToEmitter(_lines.Add));

        Ask(context, $"GET /{new string('"', 10)}{new string('x', 7000)} HTTP/1.1\r\nHost: a\r\nUser-Agent: {new string('\\', 7000)}\r\n\r\n");
        Ask(context, $"GET /{new string('x', 7000)} HTTP/1.1\r\nHost: a\r\nUser-Agent: {new string('\\', 7000)}\r\n\r\n");

        Assert.All(_lines, line => Assert.InRange(line.Length, 2000, AccessLogLine.MaxLength));
        Assert.EndsWith(string.Concat(Enumerable.Repeat("\\x5C", 512)) + "\"", _lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_gets_the_lines_of_a_turn_and_a_renamed_one_is_followed_by_a_new_one()
    {
        AccessLog log = AccessLog.ToFile(LogFile);
        LoopContext context = Serve(log);
        Ask(context, "GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
        File.Move(LogFile, LogFile + ".1");
        Ask(context, "GET /second HTTP/1.1\r\nHost: a\r\n\r\n");

        log.Reopen();
        Ask(context, "GET /third HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.Equal(["/first", "/second"], Paths(LogFile + ".1"), StringComparer.Ordinal);
        Assert.Equal(["/third"], Paths(LogFile), StringComparer.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_opened_keeps_the_context_from_starting()
    {
        AccessLog log = AccessLog.ToFile(Path.Combine(_folder.FullName, "no", "such", "folder"));

        LoopFaultException refused = Assert.Throws<LoopFaultException>(() => Serve(log));

        Assert.Equal(Errno.ENOENT, refused.Errno);
        Assert.Contains("access log", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_whose_reader_does_not_read_holds_up_nobody_and_loses_what_is_too_much()
    {
        using (Process made = Process.Start("mkfifo", [LogFile])) made.WaitForExit();

        // Opened for both, so that it has a reader and opening waits for nobody.
        using FileStream reader = new(LogFile, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        AccessLog log = AccessLog.ToFile(LogFile);
        LoopContext context = Serve(log);
        RawPeer peer = _bench.Connect(context);
        string request = $"GET /{new string('x', 2000)} HTTP/1.1\r\nHost: a\r\n\r\n";
        int sent = 0;
        for (Deadline deadline = new(); log.Lost == 0; deadline.Check())
        {
            peer.Send(request);
            Assert.EndsWith("hello", ReadAnswer(peer), StringComparison.Ordinal);
            sent++;
        }

        // 64 KiB in the pipe and 1 MiB here, and not a byte more.
        Assert.InRange(sent * 2100L, 1024 * 1024, 2 * 1024 * 1024);
        byte[] first = new byte[9];
        reader.ReadExactly(first);
        Assert.Equal("127.0.0.1", Encoding.ASCII.GetString(first));
    }

    [Fact]
    public void An_emitter_that_throws_ends_nothing()
    {
        LoopContext context = Serve(AccessLog.ToEmitter(_ => throw new IOException("full")));

        Ask(context, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }

    private LoopContext Serve(AccessLog log)
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "files"));
        File.WriteAllText(Path.Combine(_folder.FullName, "files", "a.txt"), new string('f', 70_000));
        VirtualHostOptions host = new()
        {
            Endpoints = [new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0)],
            Protocols = [_protocol],
            Mounts = [new Mount { MountPoint = "/file", Origin = MountOrigin.Files(Path.Combine(_folder.FullName, "files")) }],
            AccessLog = log,
        };
        return _bench.Serve(host);
    }

    private void Ask(LoopContext context, string request)
    {
        RawPeer peer = _bench.Connect(context);
        peer.Send(request);
        peer.EndStream();
        peer.ReadToEnd();
        _bench.Harness.Settle();
    }

    private static string ReadAnswer(RawPeer peer) => peer.ReadHead() + peer.ReadText(5);

    private static IEnumerable<string> Paths(string file) => File.ReadAllLines(file).Select(line => Combined().Match(line).Groups["request"].Value.Split(' ')[1]);

    [GeneratedRegex(@"^(?<peer>\S+) - - \[(?<time>[^\]]+)\] ""(?<request>[^""]*)"" (?<status>\d{3}) (?<bytes>\d+|-) ""(?<referer>[^""]*)"" ""(?<agent>[^""]*)""$")]
    private static partial Regex Combined();
}
