using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Interop.Tls;

/// <summary>Our client against openssl s_server, which answers with a page about the connection.</summary>
public sealed partial class OpenSslServerTests(TlsSite site) : IClassFixture<TlsSite>
{
    [Theory]
    [InlineData("-tls1_2", TestKey.Ecdsa)]
    [InlineData("-tls1_2", TestKey.Rsa)]
    [InlineData("-tls1_3", TestKey.Ecdsa)]
    [InlineData("-tls1_3", TestKey.Rsa)]
    public async Task A_session_is_resumed(string version, TestKey key)
    {
        await using SampleProcess server = Start(key == TestKey.Rsa ? site.Rsa : site.Ecdsa, version);
        string port = await PortOfAsync(server);
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        ClientTlsOptions tls = site.Client;

        string first = await GetAsync(client, port, tls);
        string second = await GetAsync(client, port, tls);
        Assert.Contains("New, TLSv1." + version[^1], first, StringComparison.Ordinal);
        Assert.Contains("Reused, TLSv1." + version[^1], second, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_wants_a_certificate_gets_it()
    {
        using IssuedCertificate device = site.Authority.Client("device 7");
        await using SampleProcess server = Start(site.Ecdsa, "-Verify", "2", "-CAfile", site.CaFile, "-verify_return_error");
        string port = await PortOfAsync(server);
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());

        string page = await GetAsync(client, port, new ClientTlsOptions { UseSystemStore = false, CaPem = site.Authority.Pem, Certificate = device.Tls });
        Assert.Contains("Client certificate", page, StringComparison.Ordinal);
        Assert.Contains("device 7", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_a_common_version_is_a_failure_in_words()
    {
        await using SampleProcess server = Start(site.Ecdsa, "-tls1_2");
        string port = await PortOfAsync(server);
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());

        ConnectFailure failure = await client.FailAsync($"https://localhost:{port}/", new ClientTlsOptions { UseSystemStore = false, CaPem = site.Authority.Pem, MinVersion = TlsVersion.Tls13 });
        Assert.Equal(ConnectStage.Tls, failure.Stage);
        Assert.Contains("protocol version", failure.Reason, StringComparison.Ordinal);
    }

    private SampleProcess Start(IssuedCertificate certificate, params string[] more)
    {
        string name = $"server{Guid.NewGuid():N}";
        (string chain, string key) = site.Write(certificate, name);
        return SampleProcess.StartTool("openssl", ["s_server", "-accept", "127.0.0.1:0", "-cert", chain, "-key", key, "-www", .. more]);
    }

    private static async Task<string> PortOfAsync(SampleProcess server) => (await server.WaitForLineAsync(AcceptLine())).Groups[1].Value;

    private static Task<string> GetAsync(LoopThread client, string port, ClientTlsOptions tls) => client.GetAsync($"https://localhost:{port}/", tls);

    [GeneratedRegex(@"^ACCEPT 127\.0\.0\.1:(\d+)$")]
    private static partial Regex AcceptLine();
}
