using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The test server as a daemon, from outside.</summary>
public sealed class TestServerDaemonTests : IDisposable
{
    private static readonly string Library = SampleProcess.PathOf("TestServer");
    private static readonly string[] ByDotnet = ["dotnet", Library];
    private static readonly string[] ByItself = [Library[..^".dll".Length]];

    private readonly DaemonProcess _daemon = new();

    public void Dispose() => _daemon.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_starting_process_ends_with_0_and_leaves_a_server_in_a_session_of_its_own(bool byItself)
    {
        Assert.Equal((0, ""), await _daemon.StartAsync(byItself ? ByItself : ByDotnet));

        int id = _daemon.Id;
        Assert.Equal($"{id}\n", _daemon.LockText);
        string[] stat = DaemonProcess.Stat(id);
        string own = id.ToString(CultureInfo.InvariantCulture);
        Assert.Equal([own, own, "0"], stat[2..5]);

        // Whoever takes orphans: process 1, or somebody between it and us who asked for them (PR_SET_CHILD_SUBREAPER).
        Assert.Contains(int.Parse(stat[1], CultureInfo.InvariantCulture), DaemonProcess.AncestorsOf(Environment.ProcessId));
        for (int fd = 0; fd <= 2; fd++)
            Assert.Equal("/dev/null", new FileInfo($"/proc/{id}/fd/{fd}").LinkTarget);
        Assert.Equal("/", new DirectoryInfo($"/proc/{id}/cwd").LinkTarget);
        Assert.Equal("HTTP/1.1 200 OK", _daemon.Ask());

        _daemon.End(id, DaemonProcess.Terminated);
        Assert.False(File.Exists(_daemon.LockFile));
        Assert.False(File.Exists(_daemon.Socket));
    }

    [Fact]
    public async Task A_second_one_is_refused_with_the_number_of_the_first_which_goes_on()
    {
        await _daemon.StartAsync(ByDotnet);
        int id = _daemon.Id;

        (int exitCode, string output) = await _daemon.StartAsync(ByDotnet);

        Assert.Equal((1, $"The lock file {_daemon.LockFile} is held by process {id}, which runs.\n"), (exitCode, output));
        Assert.Equal(id, _daemon.Id);
        Assert.Equal("HTTP/1.1 200 OK", _daemon.Ask());
    }

    [Fact]
    public async Task The_lock_of_a_killed_one_is_taken_over()
    {
        await _daemon.StartAsync(ByDotnet);
        int first = _daemon.Id;
        _daemon.End(first, DaemonProcess.Killed);
        Assert.Equal(first, _daemon.Id);
        File.Delete(_daemon.Socket);

        Assert.Equal((0, ""), await _daemon.StartAsync(ByDotnet));

        Assert.NotEqual(first, _daemon.Id);
        Assert.Equal("HTTP/1.1 200 OK", _daemon.Ask());
    }

    [Fact]
    public async Task A_lock_file_whose_number_is_that_of_a_stranger_is_taken_over()
    {
        File.WriteAllText(_daemon.LockFile, $"{Environment.ProcessId}\n");

        Assert.Equal((0, ""), await _daemon.StartAsync(ByDotnet));

        Assert.NotEqual(Environment.ProcessId, _daemon.Id);
    }

    [Fact]
    public async Task A_link_in_the_place_of_the_lock_file_is_not_followed()
    {
        string victim = _daemon.LockFile + ".victim";
        File.WriteAllText(victim, "precious");
        File.CreateSymbolicLink(_daemon.LockFile, victim);

        (int exitCode, string output) = await _daemon.StartAsync(ByDotnet);

        Assert.Equal(1, exitCode);
        Assert.StartsWith($"The lock file {_daemon.LockFile} cannot be opened: ELOOP", output, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(victim));
    }

    [Fact]
    public async Task A_server_that_cannot_listen_says_so_where_it_was_started()
    {
        using Socket taken = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        taken.Bind(new UnixDomainSocketEndPoint(_daemon.Socket));

        (int exitCode, string output) = await _daemon.StartAsync(ByDotnet);

        Assert.Equal(1, exitCode);
        Assert.StartsWith($"The server cannot run: bind for {_daemon.Socket} failed: EADDRINUSE", output, StringComparison.Ordinal);
        for (Deadline deadline = new(); File.Exists(_daemon.LockFile); deadline.Check()) Thread.Yield();
    }

    [Fact]
    public async Task It_becomes_another_user_with_the_groups_of_that_user_and_no_way_back()
    {
        (int exitCode, string output) = await _daemon.StartAsync(ByDotnet, "--user", "nobody", "--group", "nogroup");
        if (Environment.UserName != "root")
        {
            Assert.Equal(1, exitCode);
            Assert.Contains("EPERM", output, StringComparison.Ordinal);
            return;
        }

        Assert.Equal((0, ""), (exitCode, output));
        int id = _daemon.Id;
        string user = DaemonProcess.Status(id, "Uid")[0];
        Assert.NotEqual("0", user, StringComparer.Ordinal);
        Assert.All(DaemonProcess.Status(id, "Uid"), one => Assert.Equal(user, one));
        Assert.All(DaemonProcess.Status(id, "Gid"), one => Assert.NotEqual("0", one, StringComparer.Ordinal));
        Assert.DoesNotContain("0", DaemonProcess.Status(id, "Groups"), StringComparer.Ordinal);
        Assert.Equal("0000000000000000", Assert.Single(DaemonProcess.Status(id, "CapEff")));

        // Every thread is that user, not only the one that asked. Those of a pool come and go.
        string[] threads = [.. Directory.GetDirectories($"/proc/{id}/task").Select(StatusOf).OfType<string>()];
        Assert.NotEmpty(threads);
        Assert.All(threads, status => Assert.Contains($"\nUid:\t{user}\t{user}\t{user}\t{user}\n", status, StringComparison.Ordinal));
        Assert.Equal("HTTP/1.1 200 OK", _daemon.Ask());

        _daemon.End(id, DaemonProcess.Terminated);
        Assert.False(File.Exists(_daemon.LockFile));
    }

    /// <summary>What the kernel knows about a thread; null when it has ended.</summary>
    private static string? StatusOf(string thread)
    {
        try
        {
            return File.ReadAllText(Path.Combine(thread, "status"));
        }
        catch (IOException)
        {
            return null;
        }
    }

    [Theory]
    [InlineData("--user", "There is no user 'nosuchuser'.")]
    [InlineData("--group", "There is no group 'nosuchuser'.")]
    public async Task A_user_that_does_not_exist_is_answered_with_a_sentence(string option, string sentence)
    {
        (int exitCode, string output) = await _daemon.StartAsync(ByDotnet, option, "nosuchuser");

        Assert.Equal(1, exitCode);
        Assert.Contains(sentence, output, StringComparison.Ordinal);
    }
}
