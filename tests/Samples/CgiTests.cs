using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The sample that serves git repositories by git's own CGI program: git itself is the client.</summary>
public sealed partial class CgiTests : IDisposable
{
    private readonly SiteFolder _folder = new();

    [Fact]
    public async Task Git_clones_and_pushes_and_clones_again_what_was_pushed()
    {
        await RunAsync("init", "--quiet", "--bare", _folder["served/site.git"]);
        await RunAsync("-C", _folder["served/site.git"], "config", "http.receivepack", "true");
        await using SampleProcess sample = SampleProcess.Start("Cgi", _folder["served"], "0");
        string address = (await sample.WaitForLineAsync(Ready())).Groups["address"].Value + "site.git";

        // Larger than what git sends in one piece, so that the push goes out in chunks and is asked for with 100-continue first.
        await RunAsync("clone", "--quiet", address, _folder["work"]);
        byte[] large = _folder.WriteRandom("work/large.bin", 5_000_000);
        _folder.Write("work/small.txt", "small");
        await RunAsync("-C", _folder["work"], "add", ".");
        await RunAsync("-C", _folder["work"], "-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "First");
        await RunAsync("-C", _folder["work"], "push", "--quiet", "origin", "HEAD:refs/heads/main");
        for (int i = 0; i < 20; i++)
            await RunAsync("-C", _folder["work"], "branch", $"branch-{i}");

        // Many names make the next request long enough to be compressed.
        await RunAsync("-C", _folder["work"], "push", "--quiet", "--all", "origin");
        await RunAsync("clone", "--quiet", "--branch", "main", address, _folder["second"]);

        Assert.Equal(large, await File.ReadAllBytesAsync(_folder["second/large.bin"]));
        Assert.Equal("small", await File.ReadAllTextAsync(_folder["second/small.txt"]));
        await RunAsync("-C", _folder["second"], "fsck", "--strict");
        Assert.DoesNotContain("failed", sample.Output, StringComparison.Ordinal);

        sample.Interrupt();
        Assert.Equal(0, await sample.WaitForExitAsync());
    }

    [Fact]
    public async Task A_repository_that_is_not_there_is_not_found()
    {
        Directory.CreateDirectory(_folder["served"]);
        await using SampleProcess sample = SampleProcess.Start("Cgi", _folder["served"], "0");
        string address = (await sample.WaitForLineAsync(Ready())).Groups["address"].Value + "none.git";
        await using SampleProcess git = SampleProcess.StartTool("git", "clone", "--quiet", address, _folder["work"]);

        Assert.Equal(128, await git.WaitForExitAsync());
        Assert.Contains("not found", git.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_missing_is_named()
    {
        await using SampleProcess usage = SampleProcess.Start("Cgi");
        await using SampleProcess program = SampleProcess.Start("Cgi", _folder.Path, "0", "/no/such/program");

        Assert.Equal((2, 2), (await usage.WaitForExitAsync(), await program.WaitForExitAsync()));
        Assert.Contains("'/no/such/program'", program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void It_stays_short() => Assert.InRange(RepositoryFiles.Read("samples/Cgi/Program.cs").Split('\n').Length, 1, 60);

    public void Dispose() => _folder.Dispose();

    private static async Task RunAsync(params string[] arguments)
    {
        await using SampleProcess git = SampleProcess.StartTool("git", arguments);
        int code = await git.WaitForExitAsync();
        Assert.True(code == 0, $"git {string.Join(' ', arguments)} ended with {code}:\n{git.Output}");
    }

    [GeneratedRegex(@"^serving git on (?<address>http://\S+)$")]
    private static partial Regex Ready();
}
