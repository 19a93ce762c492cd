using System.Net;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>A mount of files: what is sent of a file, when, and with which fields.</summary>
public abstract class FileMountSuite : LoopBench
{
    private readonly SiteFolder _folder;

    protected FileMountSuite(LoopFactory factory)
        : base(factory) => _folder = Own(new SiteFolder());

    [Theory]
    [InlineData("page.html", "text/html; charset=utf-8")]
    [InlineData("PAGE.HTML", "text/html; charset=utf-8")]
    [InlineData("a.JPG", "image/jpeg")]
    [InlineData("data.unknown", "application/octet-stream")]
    [InlineData("without", "application/octet-stream")]
    public void A_file_has_its_bytes_its_length_and_its_type(string name, string type)
    {
        byte[] bytes = _folder.WriteRandom(name, 1000);
        HttpAnswer answer = Get(Serve(), "/" + name);

        Assert.Equal((200, type, "1000"), (answer.Status, answer["Content-Type"], answer["Content-Length"]));
        Assert.Equal(bytes, answer.Body);
        Assert.Equal("bytes", answer["Accept-Ranges"]);
        Assert.Equal("Fri, 31 Dec 1999 23:59:59 GMT", answer["Last-Modified"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(32 * 1024)]
    [InlineData((32 * 1024) + 1)]
    [InlineData(3_000_000)]
    public void A_file_of_any_size_is_sent_whole_and_the_connection_serves_the_next_request(int size)
    {
        byte[] bytes = _folder.WriteRandom("file.bin", size);
        RawPeer peer = Connect(Serve());
        for (int i = 0; i < 2; i++)
        {
            HttpAnswer answer = Get(peer, "/file.bin");
            Assert.Equal(200, answer.Status);
            Assert.True(bytes.AsSpan().SequenceEqual(answer.Body));
        }
    }

    [Fact]
    public void A_client_that_reads_slowly_gets_the_whole_file_and_little_is_held_for_it()
    {
        byte[] bytes = _folder.WriteRandom("file.bin", 8_000_000);
        RawPeer peer = Connect(Serve(), receiveBuffer: 16 * 1024);
        peer.IsReading = false;
        peer.Send(Request("GET", "/file.bin", ""));
        Harness.Settle();

        peer.IsReading = true;
        HttpAnswer answer = HttpAnswer.Read(peer);

        Assert.True(bytes.AsSpan().SequenceEqual(answer.Body));
    }

    [Fact]
    public void The_own_types_of_a_mount_come_before_the_built_in_ones_and_the_asterisk_after()
    {
        _folder.Write("a.html", "a");
        _folder.Write("b.log", "b");
        _folder.Write("c", "c");
        LoopContext context = Serve(new Mount
        {
            MountPoint = "/",
            Origin = MountOrigin.Files(_folder.Path),
            ExtraMimeTypes = new Dictionary<string, string>(StringComparer.Ordinal) { ["HTML"] = "text/x-own", [".log"] = "text/plain", ["*"] = "text/x-rest" },
        });

        Assert.Equal("text/x-own", Get(context, "/a.html")["Content-Type"]);
        Assert.Equal("text/plain", Get(context, "/b.log")["Content-Type"]);
        Assert.Equal("text/x-rest", Get(context, "/c")["Content-Type"]);
    }

    [Fact]
    public void A_head_has_the_fields_of_the_get_and_no_body()
    {
        _folder.WriteRandom("file.bin", 100_000);
        RawPeer peer = Connect(Serve());
        string get = Get(peer, "/file.bin").Head;
        peer.Send(Request("HEAD", "/file.bin", ""));

        Assert.Equal(get, HttpAnswer.Read(peer, hasBody: false).Head);
        Assert.Equal(200, Get(peer, "/file.bin").Status);
    }

    [Fact]
    public void The_default_file_stands_for_every_folder_and_a_folder_without_a_slash_is_redirected()
    {
        _folder.Write("start.htm", "outer");
        _folder.Write("inner/start.htm", "inner");
        LoopContext context = Serve(new Mount { MountPoint = "/app/", Origin = MountOrigin.Files(_folder.Path), DefaultFile = "start.htm" });

        Assert.Equal("outer", Get(context, "/app/").Text);
        Assert.Equal("inner", Get(context, "/app/inner/").Text);
        Assert.Equal((301, "/app/"), LocationOf(Get(context, "/app")));
        Assert.Equal((301, "/app/inner/?a=b%20c"), LocationOf(Get(context, "/app/inner?a=b%20c")));
        Assert.Equal(404, Get(context, "/app/start.htm/").Status);
        Assert.Equal(404, Get(context, "/app/inner/none/").Status);
    }

    [Fact]
    public void A_redirect_to_a_folder_never_leads_to_another_host()
    {
        _folder.Write("docs/index.html", "docs");
        Assert.Equal((301, "/docs/"), LocationOf(Get(Serve(), "//evil.example/../../docs")));
    }

    [Fact]
    public void Other_methods_go_to_protocol_0_whose_default_says_what_is_served()
    {
        _folder.Write("a.html", "a");
        LoopContext context = Serve();
        RawPeer peer = Connect(context);
        peer.Send(Request("POST", "/a.html", "Content-Length: 1\r\n") + "x");
        HttpAnswer answer = HttpAnswer.Read(peer);

        Assert.Equal((405, "GET, HEAD"), (answer.Status, answer["Allow"]));
        Assert.Equal(200, Get(peer, "/a.html").Status);
    }

    [Fact]
    public void An_etag_that_the_client_has_is_answered_304_without_a_body_until_the_file_changes()
    {
        _folder.Write("a.html", "first");
        LoopContext context = Serve();
        string tag = Get(context, "/a.html")["ETag"]!;

        HttpAnswer same = Get(context, "/a.html", $"If-None-Match: \"other\", W/{tag}\r\n");
        Assert.Equal((304, tag, null), (same.Status, same["ETag"], same["Content-Type"]));
        Assert.Equal("5", same["Content-Length"]);
        Assert.Equal(304, Get(context, "/a.html", "If-None-Match: *\r\n").Status);

        _folder.Write("a.html", "other");
        File.SetLastWriteTimeUtc(_folder["a.html"], SiteFolder.Written.AddSeconds(1));
        HttpAnswer changed = Get(context, "/a.html", $"If-None-Match: {tag}\r\n");
        Assert.Equal((200, "other"), (changed.Status, changed.Text));
        Assert.NotEqual(tag, changed["ETag"], StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("If-Modified-Since: Fri, 31 Dec 1999 23:59:59 GMT", 304)]
    [InlineData("If-Modified-Since: Friday, 31-Dec-99 23:59:59 GMT", 304)]
    [InlineData("If-Modified-Since: Fri Dec 31 23:59:59 1999", 304)]
    [InlineData("If-Modified-Since: Fri, 31 Dec 1999 23:59:58 GMT", 200)]
    [InlineData("If-Modified-Since: yesterday", 200)]
    [InlineData("If-Unmodified-Since: Fri, 31 Dec 1999 23:59:59 GMT", 200)]
    [InlineData("If-Unmodified-Since: Fri, 31 Dec 1999 23:59:58 GMT", 412)]
    [InlineData("If-None-Match: \"x\"\r\nIf-Modified-Since: Fri, 31 Dec 1999 23:59:59 GMT", 200)]
    [InlineData("If-Match: \"x\"", 412)]
    [InlineData("If-Match: *", 200)]
    [InlineData("If-Match: *\r\nIf-Unmodified-Since: Fri, 31 Dec 1999 23:59:58 GMT", 200)]
    public void Conditions_are_judged_in_their_order(string fields, int status)
    {
        _folder.Write("a.html", "text");
        Assert.Equal(status, Get(Serve(), "/a.html", fields + "\r\n").Status);
    }

    [Theory]
    [InlineData("bytes=0-3", "0123", "bytes 0-3/10")]
    [InlineData("bytes=4-", "456789", "bytes 4-9/10")]
    [InlineData("bytes=-3", "789", "bytes 7-9/10")]
    [InlineData("bytes=-30", "0123456789", "bytes 0-9/10")]
    [InlineData("bytes=8-100", "89", "bytes 8-9/10")]
    [InlineData("bytes=9-9999999999999999999999", "9", "bytes 9-9/10")]
    [InlineData("BYTES = 1-1", null, null)]
    [InlineData("bytes=5-6, 100-200", "56", "bytes 5-6/10")]
    public void A_range_is_the_bytes_that_it_names(string range, string? body, string? contentRange)
    {
        _folder.Write("ten.txt", "0123456789");
        HttpAnswer answer = Get(Serve(), "/ten.txt", $"Range: {range}\r\n");

        Assert.Equal((body is null ? 200 : 206, body ?? "0123456789", contentRange), (answer.Status, answer.Text, answer["Content-Range"]));
    }

    [Fact]
    public void Several_ranges_are_the_parts_of_one_body()
    {
        byte[] bytes = _folder.WriteRandom("large.bin", 1_000_000);
        HttpAnswer answer = Get(Serve(), "/large.bin", "Range: bytes=-10, 0-4, 100000-899999\r\n");

        string type = answer["Content-Type"]!;
        Assert.StartsWith("multipart/byteranges; boundary=", type, StringComparison.Ordinal);
        string boundary = type[(type.IndexOf('=', StringComparison.Ordinal) + 1)..];
        string expected = string.Concat(new[] { (999_990, 10), (0, 5), (100_000, 800_000) }.Select(part =>
            $"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {part.Item1}-{part.Item1 + part.Item2 - 1}/1000000\r\n\r\n" +
            Encoding.Latin1.GetString(bytes.AsSpan(part.Item1, part.Item2)))) + $"\r\n--{boundary}--\r\n";
        Assert.Equal(206, answer.Status);
        Assert.True(expected == answer.Text, "The parts are not the ranges.");
    }

    [Fact]
    public void A_range_counts_only_for_the_file_that_the_client_began_with()
    {
        _folder.Write("ten.txt", "0123456789");
        LoopContext context = Serve();
        string tag = Get(context, "/ten.txt")["ETag"]!;

        Assert.Equal(206, Get(context, "/ten.txt", $"Range: bytes=5-\r\nIf-Range: {tag}\r\n").Status);
        Assert.Equal(206, Get(context, "/ten.txt", "Range: bytes=5-\r\nIf-Range: Fri, 31 Dec 1999 23:59:59 GMT\r\n").Status);
        Assert.Equal(200, Get(context, "/ten.txt", $"Range: bytes=5-\r\nIf-Range: W/{tag}\r\n").Status);
        Assert.Equal(200, Get(context, "/ten.txt", "Range: bytes=5-\r\nIf-Range: Fri, 31 Dec 1999 23:59:58 GMT\r\n").Status);
    }

    [Theory]
    [InlineData("gzip, br", "br", "brotli")]
    [InlineData("gzip;q=1.0, br;q=0.5", "gzip", "gzipped")]
    [InlineData("gzip", "gzip", "gzipped")]
    [InlineData("br;q=0, *", "gzip", "gzipped")]
    [InlineData("*", "br", "brotli")]
    [InlineData("gzip;q=0, br;q=0.000", null, "plain text")]
    [InlineData("identity, gzip;q=0.9", null, "plain text")]
    [InlineData("deflate", null, "plain text")]
    public void A_compressed_neighbour_is_sent_to_whoever_prefers_it(string accepted, string? coding, string body)
    {
        _folder.Write("a.css", "plain text");
        _folder.Write("a.css.gz", "gzipped");
        _folder.Write("a.css.br", "brotli");
        HttpAnswer answer = Get(Serve(), "/a.css", $"Accept-Encoding: {accepted}\r\n");

        Assert.Equal((coding, body), (answer["Content-Encoding"], answer.Text));
        Assert.Equal(("Accept-Encoding", "text/css; charset=utf-8"), (answer["Vary"], answer["Content-Type"]));
    }

    [Fact]
    public void A_neighbour_has_a_tag_of_its_own_and_one_that_is_older_than_the_original_is_left_alone()
    {
        _folder.Write("a.css", "plain text");
        _folder.Write("a.css.gz", "gzipped");
        LoopContext context = Serve();
        string gzipped = Get(context, "/a.css", "Accept-Encoding: gzip\r\n")["ETag"]!;

        Assert.NotEqual(gzipped, Get(context, "/a.css")["ETag"], StringComparer.Ordinal);
        Assert.Equal(304, Get(context, "/a.css", $"Accept-Encoding: gzip\r\nIf-None-Match: {gzipped}\r\n").Status);

        File.SetLastWriteTimeUtc(_folder["a.css"], SiteFolder.Written.AddSeconds(1));
        Assert.Equal("plain text", Get(context, "/a.css", "Accept-Encoding: gzip\r\n").Text);
    }

    [Theory]
    [InlineData(false, 10, false, false, "no-store")]
    [InlineData(true, 0, false, false, "private, no-cache")]
    [InlineData(true, 10, false, false, "private, max-age=10")]
    [InlineData(true, 10, true, false, "private, max-age=10, must-revalidate")]
    [InlineData(true, 86400, false, true, "public, max-age=86400")]
    public void The_cache_members_of_a_mount_are_a_correct_field(bool reusable, int age, bool revalidate, bool intermediaries, string value)
    {
        _folder.Write("a.html", "a");
        LoopContext context = Serve(new Mount
        {
            MountPoint = "/",
            Origin = MountOrigin.Files(_folder.Path),
            CacheReusable = reusable,
            CacheMaxAge = TimeSpan.FromSeconds(age),
            CacheRevalidate = revalidate,
            CacheIntermediaries = intermediaries,
            Fields = [new HttpField("X-Content-Type-Options", "nosniff")],
        });
        HttpAnswer answer = Get(context, "/a.html");

        Assert.Equal((value, "nosniff"), (answer["Cache-Control"], answer["X-Content-Type-Options"]));
        Assert.Equal("nosniff", Get(context, "/none")["X-Content-Type-Options"]);
    }

    [Fact]
    public void File_operations_can_be_wrapped_while_the_server_runs()
    {
        _folder.Write("a.html", "as it is");
        LoopContext context = Serve();
        Assert.Equal("as it is", Get(context, "/a.html").Text);

        List<string> opened = [];
        context.FileOperations = new Watched(context.FileOperations, opened);

        Assert.Equal("as it is", Get(context, "/a.html").Text);
        Assert.Equal(404, Get(context, "/b.html").Status);
        Assert.Equal(["a.html", "b.html"], opened.Where(path => path.EndsWith("html", StringComparison.Ordinal)), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData(Errno.EACCES, 403)]
    [InlineData(Errno.EMFILE, 503)]
    [InlineData(Errno.EIO, 500)]
    [InlineData(Errno.ENOENT, 404)]
    public void What_the_system_refuses_is_answered_by_its_reason(Errno errno, int status)
    {
        LoopContext context = Serve();
        context.FileOperations = new Refusing(() => errno);

        Assert.Equal(status, Get(context, "/a.html").Status);
    }

    [Fact]
    public void File_operations_that_throw_end_the_request_and_nothing_else()
    {
        LoopContext context = Serve();
        context.FileOperations = new Refusing(() => throw new InvalidOperationException("a mistake of the program"));

        Assert.Equal(500, Get(context, "/a.html").Status);
        context.FileOperations = SystemFileOperations.Instance;
        Assert.Equal(404, Get(context, "/a.html").Status);
    }

    private static (int Status, string? Location) LocationOf(HttpAnswer answer) => (answer.Status, answer["Location"]);

    private static string Request(string method, string path, string fields) => $"{method} {path} HTTP/1.1\r\nHost: test\r\n{fields}\r\n";

    private LoopContext Serve(Mount? mount = null) => Serve(new VirtualHostOptions
    {
        Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
        Protocols = [new Nothing()],
        Mounts = [mount ?? new Mount { MountPoint = "/", Origin = MountOrigin.Files(_folder.Path) }],
    });

    private HttpAnswer Get(LoopContext context, string path, string fields = "") => Get(Connect(context), path, fields);

    private static HttpAnswer Get(RawPeer peer, string path, string fields = "")
    {
        peer.Send(Request("GET", path, fields));
        return HttpAnswer.Read(peer);
    }

    private sealed class Nothing() : Protocol<NoSession>("");

    private sealed class Watched(IFileOperations inner, List<string> opened) : IFileOperations
    {
        public Errno Open(string folder, string path, FileUse use, out OpenFile? file)
        {
            opened.Add(path);
            return inner.Open(folder, path, use, out file);
        }
    }

    private sealed class Refusing(Func<Errno> errno) : IFileOperations
    {
        public Errno Open(string folder, string path, FileUse use, out OpenFile? file)
        {
            file = null;
            return errno();
        }
    }
}
