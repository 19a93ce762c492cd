using System.Net;
using System.Net.Http;
using System.Security.Cryptography.X509Certificates;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The test server and the test client with TLS.</summary>
public sealed class TestServerTlsTests : IDisposable
{
    private readonly SiteFolder _folder = new();
    private readonly TestAuthority _authority = new();

    [Fact]
    public async Task A_server_with_a_certificate_of_its_own_making_is_spoken_to_by_a_client_that_does_not_ask_for_more()
    {
        await using SampleProcess server = TestServers.Start("--self-signed");
        Uri address = await server.WaitForAddressAsync();
        Assert.Equal("https", address.Scheme);

        await using SampleProcess trusting = Client(address, "wss", "--insecure", "--count", "100");
        await using SampleProcess doubting = Client(address, "wss");
        Assert.True(await trusting.WaitForExitAsync() == 0, trusting.Output);
        Assert.StartsWith("100 messages, ", trusting.Output, StringComparison.Ordinal);
        Assert.Equal(1, await doubting.WaitForExitAsync());
        Assert.Matches(@"^failed: tls: .*\(self.signed certificate\)\n$", doubting.Output);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Its_own_certificate_is_good_for_localhost_and_both_addresses(string host)
    {
        await using SampleProcess server = TestServers.Start("--self-signed", "--host", host);
        Uri address = await server.WaitForAddressAsync();
        List<string> problems = [];
        // The certificate itself is what the test is about, and nothing of worth goes to whoever shows it.
#pragma warning disable MA0039
        using HttpClientHandler handler = new()
        {
            ServerCertificateCustomValidationCallback = (_, certificate, _, _) =>
            {
                problems.Add($"localhost {certificate!.MatchesHostname("localhost")}, {host} {certificate.MatchesHostname(host)}");
                return true;
            },
        };
#pragma warning restore MA0039
        using HttpClient http = new(handler) { Timeout = TimeSpan.FromSeconds(30) };

        Assert.Equal("Hello, World!", await http.GetStringAsync(new Uri(address, "/plaintext")));
        Assert.Equal([$"localhost True, {host} True"], problems);
    }

    [Fact]
    public async Task A_client_that_must_show_a_certificate_does_so_with_cert_and_key()
    {
        string ca = _folder.Write("ca.pem", _authority.Pem);
        using IssuedCertificate own = _authority.Server("localhost", "127.0.0.1");
        using IssuedCertificate device = _authority.Client("device 7");
        (string chain, string key) = own.WriteTo(_folder.Path);
        (string deviceChain, string deviceKey) = device.WriteTo(_folder.Path, "device");
        await using SampleProcess server = TestServers.Start(
            "--cert", chain, "--key", key, "--ca", ca, "--verify-client", "require", "--tls-min", "1.3", "--groups", "P-256");
        Uri address = await server.WaitForAddressAsync();

        await using SampleProcess known = Client(address, "wss", "--cacert", ca, "--cert", deviceChain, "--key", deviceKey, "--count", "10");
        await using SampleProcess fetching = Client(new Uri(address, "/plaintext"), "https", "--cacert", ca, "--cert", deviceChain, "--key", deviceKey);
        await using SampleProcess unknown = Client(address, "wss", "--cacert", ca);
        Assert.True(await known.WaitForExitAsync() == 0, known.Output);
        Assert.True(await fetching.WaitForExitAsync() == 0, fetching.Output);
        Assert.Contains("Hello, World!", fetching.Output, StringComparison.Ordinal);
        Assert.Equal(1, await unknown.WaitForExitAsync());
        Assert.StartsWith("failed: ", unknown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_was_renewed_is_shown_after_sighup_and_a_bad_one_is_not()
    {
        using IssuedCertificate first = _authority.Server("localhost");
        using IssuedCertificate second = _authority.Server("localhost");
        (string chain, string key) = first.WriteTo(_folder.Path);
        await using SampleProcess server = TestServers.Start("--cert", chain, "--key", key);
        Uri address = await server.WaitForAddressAsync();
        Assert.Equal(first.Certificate.SerialNumber, await ShownSerialAsync(address));

        second.WriteTo(_folder.Path);
        server.HangUp();
        Deadline deadline = new();
        while (await ShownSerialAsync(address) != second.Certificate.SerialNumber)
            deadline.Check();

        await File.WriteAllTextAsync(key, "hello");
        server.HangUp();
        do
        {
            deadline.Check();
            Assert.Equal(second.Certificate.SerialNumber, await ShownSerialAsync(address));
        }
        while (!server.Output.Contains("keeps its certificate: Tls.Certificates[0]: the key in", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_describes_tls_of_each_host_and_what_becomes_of_plain_requests()
    {
        using IssuedCertificate one = _authority.Server("one.test");
        using IssuedCertificate two = _authority.Server("two.test");
        one.WriteTo(_folder.Path, "one");
        two.WriteTo(_folder.Path, "two");
        string config = _folder.Write("site.json", """
            {
              "hosts": [
                { "name": "one.test", "listen": ["127.0.0.1:0"], "tls": { "certificate": "one.chain.pem", "key": "one.key.pem", "redirectHttp": true, "minVersion": "1.3" } },
                { "name": "two.test", "listen": ["127.0.0.1:0"], "tls": { "certificate": "two.chain.pem", "key": "two.key.pem", "allowNonTls": true } },
              ],
            }
            """);
        await using SampleProcess server = SampleProcess.Start("TestServer", "--config", config);
        Uri address = await server.WaitForAddressAsync();
        using HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30) };

        Assert.Equal("https", address.Scheme);
        using HttpResponseMessage redirect = await http.GetAsync(new Uri($"http://127.0.0.1:{address.Port}/plaintext?a"));
        Assert.Equal(HttpStatusCode.MovedPermanently, redirect.StatusCode);
        Assert.Equal($"https://127.0.0.1:{address.Port}/plaintext?a", redirect.Headers.Location?.OriginalString);
    }

    [Theory]
    [InlineData("""{ "certificate": "none.pem" }""", "tls.certificate: there is no file '")]
    [InlineData("""{ }""", "tls.certificate: a host with TLS needs a certificate or \"selfSigned\": true, and not both.")]
    [InlineData("""{ "selfSigned": true, "minVersion": "1.1" }""", "tls.minVersion: '1.1' is none of 1.2 and 1.3.")]
    [InlineData("""{ "selfSigned": true, "verifyClient": "require" }""", "tls.clientCa: clientCa and verifyClient belong together.")]
    [InlineData("""{ "selfSigned": true, "ciphers": "NONSENSE" }""", "Tls.CipherList: 'NONSENSE' is not taken: no cipher match.")]
    public async Task A_mistake_in_the_file_is_one_sentence(string tls, string sentence)
    {
        string config = _folder.Write("site.json", $$"""{ "hosts": [ { "listen": ["127.0.0.1:0"], "tls": {{tls}} } ] }""");
        await using SampleProcess server = SampleProcess.Start("TestServer", "--config", config);

        Assert.Equal(2, await server.WaitForExitAsync());
        Assert.Contains(sentence, server.Output, StringComparison.Ordinal);
        Assert.Single(server.Output.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("ws://localhost/ --insecure", "--insecure is for wss:// and https:// addresses.")]
    [InlineData("wss://localhost/ --insecure --cacert /etc/hostname", "--cacert says whom to trust, and --insecure trusts everybody.")]
    [InlineData("wss://localhost/ --cacert /no/such/file", "--cacert takes a file that is there, not '/no/such/file'.")]
    [InlineData("wss://localhost/ --key /etc/hostname", "--key belongs to a certificate: --cert names it.")]
    [InlineData("wss://localhost/ --cacert /etc/hostname", "Tls.CaFile: there is no certificate in PEM in '/etc/hostname': one begins with -----BEGIN CERTIFICATE-----.")]
    [InlineData("https://localhost/ --count 5", "--count is for ws:// addresses.")]
    [InlineData("wss://localhost/ --output x", "--output is for http:// addresses.")]
    public async Task A_wrong_argument_of_the_client_is_answered_with_a_sentence(string arguments, string sentence)
    {
        await using SampleProcess client = SampleProcess.Start("TestClient", arguments.Split(' '));

        Assert.Equal(2, await client.WaitForExitAsync());
        Assert.Equal(sentence + "\n", client.Output);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    private static SampleProcess Client(Uri address, string scheme, params string[] arguments) =>
        SampleProcess.Start("TestClient", [new UriBuilder(address) { Scheme = scheme }.Uri.ToString(), .. arguments]);

    private static async Task<string> ShownSerialAsync(Uri address)
    {
        string serial = "";
        // The certificate itself is what the test is about, and nothing of worth goes to whoever shows it.
#pragma warning disable MA0039
        using HttpClientHandler handler = new()
        {
            ServerCertificateCustomValidationCallback = (_, certificate, _, _) =>
            {
                serial = certificate!.SerialNumber;
                return true;
            },
        };
#pragma warning restore MA0039
        using HttpClient http = new(handler) { Timeout = TimeSpan.FromSeconds(30) };
        await http.GetStringAsync(new Uri(address, "/plaintext"));
        return serial;
    }
}
