using System.Diagnostics;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>Paths and files: what a request may name, and what may happen to a file meanwhile. Rows P01 to P06.</summary>
public abstract class FileRows : ReliabilityRows
{
    private const string Secret = "this lies beside the folder and must not be seen";

    private readonly SiteFolder _folder;

    protected FileRows(LoopFactory factory)
        : base(factory)
    {
        _folder = Keep(new SiteFolder());
        _folder.Write("site/index.html", "the site");
        _folder.Write("site/inner/index.html", "inner");
        _folder.Write("site/a&b;=.txt", "odd");
        _folder.Write("secret.txt", Secret);
        Mounts = [new Mount { MountPoint = "/app", Origin = MountOrigin.Files(_folder["site"]) }];
    }

    [Theory]
    [InlineData("/../secret.txt", 404)]
    [InlineData("/app/../../secret.txt", 404)]
    [InlineData("/app/../secret.txt", 404)]
    [InlineData("/..", 404)]
    [InlineData("/app/..", 404)]
    [InlineData("/app/.%2e/secret.txt", 404)]
    [InlineData("/app/%2e%2e%2fsecret.txt", 404)]
    [InlineData("/app/..%5csecret.txt", 404)]
    [InlineData("/app/..;/secret.txt", 404)]
    [InlineData("/app/....//secret.txt", 404)]
    [InlineData("/app//../secret.txt", 404)]
    [InlineData("/app/inner/..%2f..%2fsecret.txt", 404)]
    [InlineData("/app//index.html", 404)]
    [InlineData("/app/inner/../index.html", 200)]
    [InlineData("/app/./inner/./../index.html", 200)]
    [InlineData("/app/%69ndex.html", 200)]
    [InlineData("/app/a&b;=.txt", 200)]
    public void P01_a_path_is_freed_of_dots_once_after_it_was_decoded_once(string path, int status) => AssertStatus(path, status);

    [Theory]
    [InlineData("/app/%252e%252e/secret.txt", 404)]
    [InlineData("/app/%252e%252e%252fsecret.txt", 404)]
    [InlineData("/app/%c0%ae%c0%ae/secret.txt", 400)]
    [InlineData("/app/index.html%00.txt", 400)]
    [InlineData("/app/..\\secret.txt", 404)]
    [InlineData("/app\\..\\secret.txt", 404)]
    public void P02_what_was_encoded_twice_is_a_name_and_what_is_no_text_is_refused(string path, int status) => AssertStatus(path, status);

    [Fact]
    public void P03_a_link_that_leaves_the_mount_is_not_there_and_one_that_stays_is()
    {
        string site = _folder["site"];
        File.CreateSymbolicLink(Path.Combine(site, "out.txt"), "../secret.txt");
        File.CreateSymbolicLink(Path.Combine(site, "absolute.txt"), _folder["secret.txt"]);
        File.CreateSymbolicLink(Path.Combine(site, "absolute-inside.html"), _folder["site/index.html"]);
        Directory.CreateSymbolicLink(Path.Combine(site, "up"), "..");
        File.CreateSymbolicLink(Path.Combine(site, "proc"), "/proc/self/root" + _folder["secret.txt"]);
        File.CreateSymbolicLink(Path.Combine(site, "circle"), "circle");
        File.CreateSymbolicLink(Path.Combine(site, "in.html"), "inner/../index.html");

        foreach (string path in new[] { "out.txt", "absolute.txt", "absolute-inside.html", "up/secret.txt", "up/site/index.html", "proc", "circle", "up/", "up" })
            AssertStatus("/app/" + path, 404);
        AssertStatus("/app/in.html", 200);
    }

    [Fact]
    public void P03_a_pipe_a_socket_a_device_and_a_folder_are_not_there()
    {
        using Process made = Process.Start(new ProcessStartInfo("mkfifo") { ArgumentList = { _folder["site/pipe"] } })!;
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
        using System.Net.Sockets.Socket socket = new(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, default);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(_folder["site/socket"]));
        Directory.CreateDirectory(_folder["site/empty"]);

        foreach (string path in new[] { "/app/pipe", "/app/socket", "/app/empty/", "/app/index.html/" })
            AssertStatus(path, 404);
        Assert.Equal("/app/empty/", Get("/app/empty")["Location"]);
    }

    [Fact]
    public void P03_devices_are_not_there()
    {
        Mounts = [new Mount { MountPoint = "/dev", Origin = MountOrigin.Files("/dev") }];
        AssertStatus("/dev/zero", 404);
        AssertStatus("/dev/null", 404);
    }

    [Theory]
    [InlineData("/app/", 200)]
    [InlineData("/app/inner/index.html", 200)]
    [InlineData("/app/in.html", 404)]
    [InlineData("/app/out.txt", 404)]
    [InlineData("/app/up/secret.txt", 404)]
    [InlineData("/app/none/x", 404)]
    [InlineData("/app/index.html/x", 404)]
    public void P03_without_openat2_no_link_is_followed(string path, int status)
    {
        File.CreateSymbolicLink(_folder["site/out.txt"], "../secret.txt");
        File.CreateSymbolicLink(_folder["site/in.html"], "index.html");
        Directory.CreateSymbolicLink(_folder["site/up"], "..");
        Mounts = [new Mount { MountPoint = "/app", Origin = MountOrigin.Files(_folder["site"], SystemFileOperations.NoLinks) }];

        AssertStatus(path, status);
    }

    [Fact]
    public void P04_a_file_that_is_cut_while_it_is_sent_drops_the_connection()
    {
        RawPeer peer = BeginLargeFile(out string path);
        using (FileStream file = File.OpenWrite(path)) file.SetLength(1_000_000);

        AssertBrokenOff(peer);
    }

    [Fact]
    public void P04_a_file_that_is_changed_while_it_is_sent_drops_the_connection()
    {
        RawPeer peer = BeginLargeFile(out string path);
        using (FileStream file = File.OpenWrite(path)) file.Write("changed"u8);

        AssertBrokenOff(peer);
    }

    [Fact]
    public void P04_a_file_that_is_replaced_while_it_is_sent_is_sent_as_it_was()
    {
        RawPeer peer = BeginLargeFile(out string path);
        byte[] former = File.ReadAllBytes(path);
        File.WriteAllText(path + ".new", "another file");
        File.Move(path + ".new", path, overwrite: true);

        peer.IsReading = true;
        Assert.True(former.AsSpan().SequenceEqual(HttpAnswer.Read(peer).Body));
        Assert.Equal("another file", Get("/app/large.bin").Text);
    }

    [Theory]
    [InlineData("bytes=5-2", 200)]
    [InlineData("bytes=a-b", 200)]
    [InlineData("bytes=--5", 200)]
    [InlineData("bytes=-", 200)]
    [InlineData("bytes=", 200)]
    [InlineData("bytes", 200)]
    [InlineData("lines=0-1", 200)]
    [InlineData("bytes=0-5,3-8", 200)]
    [InlineData("bytes=0-0,0-0", 200)]
    [InlineData("bytes=0-,-1", 200)]
    [InlineData("bytes=0-1,2-x", 200)]
    [InlineData("bytes=100-", 416)]
    [InlineData("bytes=10-10", 416)]
    [InlineData("bytes=-0", 416)]
    [InlineData("bytes=18446744073709551616-", 416)]
    [InlineData("bytes=100-200,300-400", 416)]
    [InlineData("bytes=0-0,2-2,4-4,6-6,8-8,1-1,3-3,5-5", 206)]
    [InlineData("bytes=0-0,2-2,4-4,6-6,8-8,1-1,3-3,5-5,7-7", 200)]
    public void P05_a_range_is_exact_or_the_whole_file_or_416(string range, int status)
    {
        _folder.Write("site/ten.txt", "0123456789");
        HttpAnswer answer = Get("/app/ten.txt", $"Range: {range}\r\n");

        Assert.Equal(status, answer.Status);
        Assert.Equal(status == 416 ? "bytes */10" : null, answer["Content-Range"]);
        if (status == 200) Assert.Equal("0123456789", answer.Text);
    }

    [Fact]
    public void P05_a_thousand_ranges_are_the_whole_file()
    {
        byte[] bytes = _folder.WriteRandom("site/large.bin", 100_000);
        string ranges = string.Join(',', Enumerable.Range(0, 1000).Select(i => FormattableString.Invariant($"{i * 2}-{i * 2}")));

        Assert.Equal(bytes, Get("/app/large.bin", $"Range: bytes={ranges}\r\n").Body);
    }

    [Fact]
    public void P05_an_empty_file_has_no_range()
    {
        _folder.Write("site/empty.txt", "");
        Assert.Equal(416, Get("/app/empty.txt", "Range: bytes=0-\r\n").Status);
        Assert.Equal(200, Get("/app/empty.txt").Status);
    }

    [Theory]
    [InlineData("/app", 301)]
    [InlineData("/app/", 200)]
    [InlineData("/application", 404)]
    [InlineData("/application/index.html", 404)]
    [InlineData("/appindex.html", 404)]
    [InlineData("/App/", 404)]
    public void P06_a_mount_is_not_taken_for_one_that_only_begins_alike(string path, int status) => AssertStatus(path, status);

    private void AssertStatus(string path, int status)
    {
        RawPeer peer = Connect();
        peer.Send($"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        string answer = peer.ReadToEnd();

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, answer, StringComparison.Ordinal);
    }

    private HttpAnswer Get(string path, string fields = "")
    {
        RawPeer peer = Connect();
        peer.Send($"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{fields}\r\n");
        return HttpAnswer.Read(peer);
    }

    /// <summary>A peer that has asked for a file that is too large for the kernel's buffers, and does not read.</summary>
    private RawPeer BeginLargeFile(out string path)
    {
        _folder.WriteRandom("site/large.bin", 16_000_000);
        path = _folder["site/large.bin"];
        RawPeer peer = Connect(receiveBuffer: 16 * 1024);
        peer.IsReading = false;
        peer.Send("GET /app/large.bin HTTP/1.1\r\nHost: test\r\n\r\n");
        Harness.RunUntil(() => Io.CountOf(SystemCall.Send) > 0);
        Harness.Settle();
        return peer;
    }

    private void AssertBrokenOff(RawPeer peer)
    {
        peer.IsReading = true;
        string answer = peer.ReadToEnd();
        int body = answer.Length - answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) - 4;

        Assert.Contains("\r\nContent-Length: 16000000\r\n", answer, StringComparison.Ordinal);
        Assert.InRange(body, 0, 15_999_999);
        Assert.Equal(1, Log.CountContaining("the answer was broken off"));
    }
}
