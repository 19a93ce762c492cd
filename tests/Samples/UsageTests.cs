using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>Every sample says how it is used, to whoever asks and to whoever is mistaken.</summary>
public sealed class UsageTests
{
    public static TheoryData<string> All =>
        [.. Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "samples"), "*.csproj", SearchOption.AllDirectories).Select(project => Path.GetFileNameWithoutExtension(project)!)];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Asked_for_help_a_sample_says_how_it_is_used(string sample)
    {
        await using SampleProcess asked = SampleProcess.Start(sample, "--help");

        Assert.Equal(0, await asked.WaitForExitAsync());
        Assert.Contains("usage:", asked.Output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(sample, asked.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_a_sample_does_not_understand_ends_it_with_2_and_without_a_stack_trace(string sample)
    {
        await using SampleProcess mistaken = SampleProcess.Start(sample, "nowhere", "no-port", "and", "more");

        Assert.Equal(2, await mistaken.WaitForExitAsync());
        Assert.DoesNotContain("   at ", mistaken.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Echo")]
    [InlineData("Events")]
    [InlineData("ExternalPoll")]
    [InlineData("Cgi", ".", "PORT", "/bin/sh")]
    [InlineData("Fraggle", "--port", "PORT")]
    [InlineData("TestServer", "--port", "PORT")]
    public async Task A_sample_whose_port_is_taken_says_so_in_a_line_and_ends_with_1(string sample, params string[] arguments)
    {
        using Socket taken = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        string port = $"{((IPEndPoint)taken.LocalEndPoint!).Port}";
        await using SampleProcess refused = SampleProcess.Start(sample, arguments.Length == 0 ? [port] : [.. arguments.Select(word => word == "PORT" ? port : word)]);

        Assert.Equal(1, await refused.WaitForExitAsync());
        Assert.Contains("EADDRINUSE", refused.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Output, StringComparison.Ordinal);
    }
}
