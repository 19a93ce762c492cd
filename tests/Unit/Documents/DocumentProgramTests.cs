using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Documents;

/// <summary>The programs of the documents do what the documents say.</summary>
public sealed partial class DocumentProgramTests
{
    /// <summary>Servers that say where they echo and end on SIGINT.</summary>
    public static TheoryData<string, int> Echoes => new()
    {
        { "docs/libev.md", 0 },
        { "docs/libev.md", 1 },
        { "docs/libuv.md", 0 },
        { "docs/libuv.md", 1 },
        { "docs/libuv.md", 2 },
        { "docs/libuv.md", 3 },
        { "docs/external-poll.md", 0 },
        { "docs/service-threads.md", 0 },
    };

    [Theory]
    [MemberData(nameof(Echoes))]
    public async Task A_server_of_a_document_echoes_and_ends_on_a_signal(string document, int number)
    {
        await using DocumentProgram program = DocumentProgram.Start(document, number, "0");
        Match line = await program.Process.WaitForLineAsync(EchoingLine());
        using CancellationTokenSource late = new(SampleProcess.Deadline);
        using ClientWebSocket client = new();
        await client.ConnectAsync(new Uri(line.Groups["address"].Value), late.Token);
        await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, late.Token);
        byte[] buffer = new byte[16];
        WebSocketReceiveResult answer = await client.ReceiveAsync(buffer, late.Token);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, answer.Count));

        program.Process.Interrupt();

        WebSocketReceiveResult end = await client.ReceiveAsync(buffer, late.Token);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, end.CloseStatus);
        Assert.Equal(0, await program.Process.WaitForExitAsync());
    }

    [Fact]
    public async Task The_program_about_hosted_applications_echoes_and_ends_on_a_signal()
    {
        await using DocumentProgram program = DocumentProgram.Start(
            "docs/hosting.md", 0, "--EventLoops:VirtualHosts:0:Endpoints:0=127.0.0.1:0", "--EventLoops:Loop=poll");
        Match line = await program.Process.WaitForLineAsync(EchoingLine());
        using CancellationTokenSource late = new(SampleProcess.Deadline);
        using ClientWebSocket client = new();
        await client.ConnectAsync(new Uri(line.Groups["address"].Value), late.Token);
        await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, late.Token);
        byte[] buffer = new byte[16];
        Assert.Equal(5, (await client.ReceiveAsync(buffer, late.Token)).Count);

        program.Process.Terminate();

        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, (await client.ReceiveAsync(buffer, late.Token)).CloseStatus);
        Assert.Equal(0, await program.Process.WaitForExitAsync());
    }

    [Theory]
    [InlineData("", "an error", "0 connections")]
    [InlineData("31", "an error", "0 connections", "something that is off by default, 100 %s sure")]
    [InlineData("1", "an error")]
    public async Task The_program_about_logging_writes_to_syslog_what_levels_and_mask_let_through(string levels, params string[] lines)
    {
        await using DocumentProgram program = DocumentProgram.Start("docs/logging.md", 0, levels.Length == 0 ? [] : [levels]);

        Assert.Equal(0, await program.Process.WaitForExitAsync());
        string[] written = program.Process.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(lines, written.Select(line => line[(line.IndexOf("]: ", StringComparison.Ordinal) + 3)..]), StringComparer.Ordinal);
        Assert.All(written, line => Assert.Matches(@"^example\[\d+\]: ", line));
    }

    [Fact]
    public async Task The_program_that_becomes_another_user_keeps_the_right_to_low_ports_and_nothing_else()
    {
        string later = $"{PeerNetwork.Loopback.OtherAddress}:1023";
        await using DocumentProgram program = DocumentProgram.Start("docs/daemon.md", 1, "nobody", later);
        if (Environment.UserName != "root")
        {
            Assert.NotEqual(0, await program.Process.WaitForExitAsync());
            Assert.Contains("EPERM", program.Process.Output, StringComparison.Ordinal);
            return;
        }

        await program.Process.WaitForLineAsync(new Regex($"^nobody listens on {Regex.Escape(later)}$", RegexOptions.CultureInvariant));

        // CAP_NET_BIND_SERVICE is number 10.
        string status = await File.ReadAllTextAsync($"/proc/{program.Process.Id}/status");
        foreach (string set in (string[])["CapEff", "CapPrm"]) Assert.Contains($"\n{set}:\t0000000000000400\n", status, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\n[UG]id:.*\t0\b", status);
    }

    [Theory]
    [InlineData("tests/Conformance/Loops/PpollLoop.cs")]
    [InlineData("tests/Conformance/Loops/OnPpollLoop.cs")]
    public void The_backend_that_is_explained_is_the_one_that_passes_the_suites(string source) =>
        Assert.Contains("\n" + RepositoryFiles.Read(source) + "```\n", RepositoryFiles.Read("docs/writing-a-backend.md"), StringComparison.Ordinal);

    [Fact]
    public void The_poll_set_for_NetUV_is_the_one_that_is_tested_as_a_guest()
    {
        string source = RepositoryFiles.Read("tests/Reliability/Guests/NetUvPollSet.cs");

        Assert.Contains(source[source.IndexOf("internal sealed class", StringComparison.Ordinal)..], RepositoryFiles.Read("docs/libuv.md"), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^echoing on (?<address>ws://\S+)$")]
    private static partial Regex EchoingLine();
}
