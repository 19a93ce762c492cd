using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>
/// The test server's log in syslog, as the system's log would get it. The server lives in a mount namespace (unshare(1), which takes root) whose <c>/dev/log</c> is a socket of this test.
/// </summary>
public sealed partial class TestServerSyslogTests : IDisposable
{
    private const string InNamespace = """
        set -e
        mkdir "$1/dev"
        mount -t tmpfs none "$1/dev"
        for name in null zero random urandom; do touch "$1/dev/$name"; mount --bind "/dev/$name" "$1/dev/$name"; done
        ln -s "$1/log" "$1/dev/log"
        mount --rbind "$1/dev" /dev
        shift
        exec "$@"
        """;

    private readonly SiteFolder _folder = new();
    private readonly Socket _log = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };

    public TestServerSyslogTests() => _log.Bind(new UnixDomainSocketEndPoint(_folder["log"]));

    public void Dispose()
    {
        _log.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Lines_come_to_the_log_of_the_system_with_their_priority_and_the_number_of_the_process()
    {
        await using SampleProcess server = SampleProcess.StartTool(
            "unshare", "--mount", "--propagation", "private", "sh", "-c", InNamespace, "sh", _folder.Path,
            "dotnet", SampleProcess.PathOf("TestServer"), "--port", "0", "--syslog", "--log-level", "info");
        Uri address = await server.WaitForAddressAsync(TestServers.Poll);

        // unshare and sh have become the server, so the number is the one that was started. LOG_DAEMON is 3 times 8, LOG_NOTICE 5, LOG_INFO 6.
        Match listening = Line().Match(Receive());
        Assert.Equal(("29", $"{server.Id}"), (listening.Groups[1].Value, listening.Groups[2].Value));
        Assert.Contains($"listens on {address.Authority}", listening.Groups[3].Value, StringComparison.Ordinal);

        using (TcpClient client = new(address.Host, address.Port)) client.GetStream().Write("no HTTP\r\n\r\n"u8);
        Match refused = Line().Match(Receive());
        Assert.Equal("30", refused.Groups[1].Value);
        Assert.Contains("400", refused.Groups[3].Value, StringComparison.Ordinal);

        server.Terminate();
        Assert.Contains("Shutting down", Receive(), StringComparison.Ordinal);
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    private string Receive()
    {
        byte[] line = new byte[4096];
        return Encoding.UTF8.GetString(line, 0, _log.Receive(line));
    }

    // What the C library writes: <priority>time name[process]: text.
    [GeneratedRegex(@"^<([0-9]+)>[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} TestServer\[([0-9]+)\]: (.*)$")]
    private static partial Regex Line();
}
