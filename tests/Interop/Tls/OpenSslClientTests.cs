using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace EventLoops.Tests.Interop.Tls;

/// <summary>openssl s_client against our server.</summary>
public sealed class OpenSslClientTests(TlsSite site) : IClassFixture<TlsSite>
{
    [Theory]
    [InlineData("-tls1_2", "TLSv1.2", TestKey.Ecdsa, "Verification: OK")]
    [InlineData("-tls1_3", "TLSv1.3", TestKey.Ecdsa, "Verification: OK")]
    [InlineData("-tls1_2", "TLSv1.2", TestKey.Rsa, "Verification: OK")]
    [InlineData("-tls1_3", "TLSv1.3", TestKey.Rsa, "Verification: OK")]
    public async Task It_agrees_on_what_it_asks_for(string option, string version, TestKey key, string verdict)
    {
        IssuedCertificate certificate = key == TestKey.Rsa ? site.Rsa : site.Ecdsa;
        await using LoopThread server = await site.StartAsync(new InteropProtocol(), new TlsOptions { Certificates = [certificate.Tls] });
        string output = await ConnectAsync(server, option);

        Assert.Matches($"New, {Regex.Escape(version)}, Cipher is ", output);
        Assert.Contains(verdict, output, StringComparison.Ordinal);
        Assert.Contains("Compression: NONE", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Secure Renegotiation IS NOT supported", option == "-tls1_2" ? output : "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-tls1")]
    [InlineData("-tls1_1")]
    public async Task It_does_not_get_a_version_that_is_forbidden(string option)
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol());
        string output = await ConnectAsync(server, option, "-cipher", "ALL:@SECLEVEL=0");
        Assert.Contains("Cipher is (NONE)", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AES256-SHA")]
    [InlineData("ECDHE-ECDSA-AES128-SHA256")]
    [InlineData("ECDHE-RSA-AES256-SHA384")]
    [InlineData("DHE-RSA-AES256-GCM-SHA384")]
    [InlineData("aNULL")]
    public async Task It_does_not_get_a_suite_without_forward_secrecy_or_authenticated_encryption(string suite)
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol());
        string output = await ConnectAsync(server, "-tls1_2", "-cipher", suite + ":@SECLEVEL=0");
        Assert.Contains("Cipher is (NONE)", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task It_comes_back_to_its_session(string version)
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol());
        string session = Path.Combine(site.Folder, $"session{version}.pem");

        string first = await ConnectAsync(server, version, "-sess_out", session);
        string second = await ConnectAsync(server, version, "-sess_in", session);
        Assert.Contains("\nNew, ", first, StringComparison.Ordinal);
        Assert.Contains("\nReused, ", second, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_comes_back_by_number_where_there_are_no_tickets()
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol(), new TlsOptions { Certificates = [site.Ecdsa.Tls], SessionTickets = false });
        string session = Path.Combine(site.Folder, "number.pem");

        await ConnectAsync(server, "-tls1_2", "-sess_out", session);
        Assert.Contains("\nReused, ", await ConnectAsync(server, "-tls1_2", "-sess_in", session), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_told_when_there_is_no_common_application_protocol()
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol());
        Assert.Contains("no application protocol", await ConnectAsync(server, "-alpn", "h2"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("ALPN protocol: http/1.1", await ConnectAsync(server, "-alpn", "h2,http/1.1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_cannot_make_us_negotiate_again()
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol());
        (_, string output) = await Tool.RunWithInputAsync("R\\n", "openssl", Arguments(server, "-tls1_2"));
        Assert.Contains("RENEGOTIATING", output, StringComparison.Ordinal);
        Assert.Contains("no renegotiation", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_groups_and_suites_of_the_options_are_all_that_there_is()
    {
        TlsOptions options = new()
        {
            Certificates = [site.Ecdsa.Tls],
            EcdhGroups = "P-384",
            CipherList = "ECDHE-ECDSA-AES128-GCM-SHA256",
            CipherSuites = "TLS_AES_128_GCM_SHA256",
        };
        await using LoopThread server = await site.StartAsync(new InteropProtocol(), options);

        Assert.Contains("Cipher is TLS_AES_128_GCM_SHA256", await ConnectAsync(server, "-tls1_3", "-groups", "P-256:P-384"), StringComparison.Ordinal);
        Assert.Contains("Cipher is ECDHE-ECDSA-AES128-GCM-SHA256", await ConnectAsync(server, "-tls1_2"), StringComparison.Ordinal);
        Assert.Contains("Cipher is (NONE)", await ConnectAsync(server, "-tls1_3", "-groups", "P-256"), StringComparison.Ordinal);
        Assert.Contains("Cipher is (NONE)", await ConnectAsync(server, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_told_whose_certificates_are_wanted()
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol(), new TlsOptions
        {
            Certificates = [site.Ecdsa.Tls],
            ClientCertificates = ClientCertificateMode.Request,
            ClientCaFile = site.CaFile,
        });
        string output = await ConnectAsync(server, "-tls1_2");
        Assert.Contains("Acceptable client certificate CA names\nCN = EventLoops test root", output, StringComparison.Ordinal);
    }

    private string[] Arguments(LoopThread server, params string[] more)
    {
        string port = ((IPEndPoint)server.EndPoint).Port.ToString(CultureInfo.InvariantCulture);
        return ["s_client", "-connect", $"127.0.0.1:{port}", "-servername", "localhost", "-CAfile", site.CaFile, .. more];
    }

    /// <summary>Shakes hands, asks for the greeting, and waits for the end, which comes behind the tickets of TLS 1.3.</summary>
    private async Task<string> ConnectAsync(LoopThread server, params string[] more)
    {
        (_, string output) = await Tool.RunWithInputAsync("GET /greeting HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n", "openssl", [.. Arguments(server, more), "-ign_eof"]);
        return output;
    }
}
