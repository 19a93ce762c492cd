using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Xml.Linq;
using Xunit;

namespace EventLoops.Tests.Interop.Tls;

/// <summary>What the usual scanners find in a host whose options were left as they are.</summary>
public sealed class ScannerTests(TlsSite site) : IClassFixture<TlsSite>
{
    private static readonly TimeSpan WholeScan = TimeSpan.FromMinutes(9);

    /// <summary>What testssl.sh says about this machine and not about TLS: a certificate of a test is young, has no revocation and no transparency log.</summary>
    private static readonly string[] AboutTheTest = ["cert_", "engine_problem", "scanTime", "scanProblem"];

    /// <summary>
    /// It looks at tickets with a client that ends as soon as it has shaken hands, which may be before the tickets of TLS 1.3 have come; then it has nothing to come
    /// back with. OpenSslClientTests has clients that wait for them.
    /// </summary>
    private const string TooQuickForTickets = "check failed because of connect problem";

    [Fact]
    public async Task Sslscan_sees_two_versions_and_strong_suites_only()
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol());
        string file = Path.Combine(site.Folder, "sslscan.xml");
        (int code, string output) = await Tool.RunAsync("sslscan", $"--xml={file}", "--no-colour", "--sni-name=localhost", Target(server));
        Assert.True(code == 0, output);

        XElement test = XDocument.Load(file).Root!.Element("ssltest")!;
        string[] protocols = [.. test.Elements("protocol").Where(IsEnabled).Select(one => $"{one.Attribute("type")!.Value} {one.Attribute("version")!.Value}")];
        Assert.Equal("tls 1.2, tls 1.3", string.Join(", ", protocols));

        // Where the scanner was built without compression it says nothing about it; testssl.sh does.
        Assert.False(test.Element("compression")?.Attribute("supported")!.Value == "1");
        Assert.Equal("0", test.Element("renegotiation")!.Attribute("supported")!.Value);
        Assert.All(test.Elements("heartbleed"), one => Assert.Equal("0", one.Attribute("vulnerable")!.Value));
        XElement[] ciphers = [.. test.Elements("cipher")];
        Assert.NotEmpty(ciphers);

        // It calls those of TLS 1.3, whose names do not say ECDHE, acceptable and no more.
        Assert.All(ciphers, one => Assert.Matches(one.Attribute("sslversion")!.Value == "TLSv1.3" ? "^(strong|acceptable)$" : "^strong$", one.Attribute("strength")!.Value));
        Assert.All(test.Elements("group"), one => Assert.True(int.Parse(one.Attribute("bits")!.Value, CultureInfo.InvariantCulture) >= 128));

        static bool IsEnabled(XElement protocol) => protocol.Attribute("enabled")!.Value == "1";
    }

    [Fact]
    public async Task Testssl_finds_nothing_worse_than_informational()
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol());
        string file = Path.Combine(site.Folder, "testssl.json");

        // Protocols, standard suites, forward secrecy, preferences, defaults and vulnerabilities; what HTTP says is no matter of TLS.
        await using SampleProcess scan = SampleProcess.StartTool(
            "testssl", "--jsonfile", file, "--color", "0", "--warnings", "batch", "--add-ca", site.CaFile, "--nodns", "none", "--quiet",
            "-p", "-s", "-f", "-P", "-S", "-U", $"localhost:{((IPEndPoint)server.EndPoint).Port}");
        await scan.WaitForExitAsync(WholeScan);

        using JsonDocument found = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        (string Id, string Severity, string Finding)[] findings = [.. found.RootElement.EnumerateArray()
            .Select(one => (one.GetProperty("id").GetString()!, one.GetProperty("severity").GetString()!, one.GetProperty("finding").GetString()!))];
        Assert.Contains(findings, one => one.Id == "TLS1_3");
        Assert.Contains(findings, one => one.Id == "heartbleed");
        Assert.Contains(findings, one => one.Id == "cipherlist_NULL");
        Assert.DoesNotContain(findings, one => one.Severity is not ("OK" or "INFO" or "DEBUG")
            && !AboutTheTest.Any(about => one.Id.StartsWith(about, StringComparison.Ordinal))
            && (one.Id, one.Finding) != ("sessionresumption_ticket", TooQuickForTickets));
    }

    private static string Target(LoopThread server) => $"127.0.0.1:{((IPEndPoint)server.EndPoint).Port}";
}
