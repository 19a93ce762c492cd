using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Interop.Tls;

/// <summary>Everything that our client can do, with our own server over TLS.</summary>
public sealed class OwnServerOverTlsTests : ClientTests, IAsyncLifetime
{
    private readonly TlsSite _site = new();
    private LoopThread? _server;

    public async ValueTask InitializeAsync() => _server = await _site.StartAsync(new InteropProtocol());

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _site.Dispose();
    }

    private protected override ClientConnectOptions Options(Conversation user, params Protocol[] protocols) => new()
    {
        Uri = new Uri("wss://localhost/"),
        EndPoint = _server!.EndPoint,
        Protocols = protocols,
        UserData = user,
        ConnectTimeout = Waiting.Limit,
        HandshakeTimeout = Waiting.Limit,
        Tls = _site.Client,
    };
}

/// <summary>Everything that our client can do, with Kestrel over TLS.</summary>
public sealed class KestrelOverTlsTests : ClientTests, IAsyncLifetime
{
    private readonly TlsSite _site = new();
    private KestrelServer? _server;

    public async ValueTask InitializeAsync() => _server = await KestrelServer.StartAsync(certificate: _site.Ecdsa.ToPkcs12());

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _site.Dispose();
    }

    private protected override ClientConnectOptions Options(Conversation user, params Protocol[] protocols) => new()
    {
        Uri = new Uri($"wss://localhost:{_server!.Port}/socket"),
        Protocols = protocols,
        UserData = user,
        ConnectTimeout = Waiting.Limit,
        HandshakeTimeout = Waiting.Limit,
        Tls = _site.Client,
    };
}

/// <summary>What our client says about servers that are not as they should be, over real sockets.</summary>
public sealed class ClientTlsFailureTests(TlsSite site) : IClassFixture<TlsSite>
{
    [Fact]
    public async Task What_is_wrong_with_a_certificate_is_said_in_words()
    {
        using IssuedCertificate expired = site.Authority.Expired("localhost");
        using IssuedCertificate other = site.Authority.Server("other.test");
        using IssuedCertificate alone = TestAuthority.SelfSigned(["localhost"]);
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());

        Assert.Contains("(certificate has expired)", await ReasonAsync(client, expired, site.Client), StringComparison.Ordinal);
        Assert.Contains("(hostname mismatch)", await ReasonAsync(client, other, site.Client), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("(self", await ReasonAsync(client, alone, site.Client), StringComparison.Ordinal);
        Assert.Contains("(unable to get local issuer certificate)", await ReasonAsync(client, site.Ecdsa, null), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_server_is_a_failure_and_no_hang()
    {
        await using LoopThread plain = await LoopThread.StartAsync(new InteropProtocol());
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());

        // A plain server of ours drops what is no HTTP; others answer 400, which is no TLS either.
        ConnectFailure failure = await client.FailAsync($"https://localhost:{((IPEndPoint)plain.EndPoint).Port}/", site.Client);
        Assert.Equal(ConnectStage.Tls, failure.Stage);
    }

    [Fact]
    public async Task A_redirect_leads_from_http_to_https()
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol(), new TlsOptions { Certificates = [site.Ecdsa.Tls], RedirectHttpToHttps = true });
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        string port = ((IPEndPoint)server.EndPoint).Port.ToString(CultureInfo.InvariantCulture);

        Assert.Equal(InteropProtocol.Greeting, await client.FollowAsync($"http://localhost:{port}/greeting", site.Client));
    }

    [Fact]
    public async Task The_name_that_is_demanded_of_the_first_server_is_not_demanded_of_one_that_a_redirect_leads_to()
    {
        using IssuedCertificate named = site.Authority.Server("named.test");
        await using LoopThread second = await site.StartAsync(new InteropProtocol());
        VirtualHostOptions redirecting = new()
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [new InteropProtocol()],
            Tls = new TlsOptions { Certificates = [named.Tls] },
            Mounts = [new Mount { MountPoint = "/", Origin = MountOrigin.RedirectHttps($"localhost:{((IPEndPoint)second.EndPoint).Port}") }],
        };
        await using LoopThread first = await LoopThread.StartAsync(new EventLoopOptions(), redirecting);
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        ClientTlsOptions tls = new() { UseSystemStore = false, CaPem = site.Authority.Pem, ServerName = "named.test" };

        Assert.Equal(InteropProtocol.Greeting, await client.FollowAsync($"https://127.0.0.1:{((IPEndPoint)first.EndPoint).Port}/greeting", tls));
    }

    [Fact]
    public async Task What_was_agreed_is_known_to_the_client_and_the_next_connection_is_resumed()
    {
        await using LoopThread server = await site.StartAsync(new TlsReporter());
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        ClientTlsOptions tls = site.Client;
        string address = $"https://localhost:{((IPEndPoint)server.EndPoint).Port}/";
        List<TlsInfo> seen = [];

        string first = await client.GetAsync(address, tls, seen.Add);
        string second = await client.GetAsync(address, tls, seen.Add);

        Assert.Contains("resumed False", first, StringComparison.Ordinal);
        Assert.Contains("resumed True", second, StringComparison.Ordinal);
        Assert.Equal([false, true], seen.Select(info => info.IsResumed));
        TlsInfo info = seen[0];
        Assert.Equal(("TLSv1.3", "http/1.1", "localhost", "CN=localhost"), (info.Version, info.ApplicationProtocol, info.ServerName, info.PeerSubject));
        Assert.Equal(site.Ecdsa.Certificate.RawData, info.PeerCertificate.ToArray());
        Assert.Contains("name localhost\n", first, StringComparison.Ordinal);
    }

    private async Task<string> ReasonAsync(LoopThread client, IssuedCertificate certificate, ClientTlsOptions? tls)
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol(), new TlsOptions { Certificates = [certificate.Tls] });
        ConnectFailure failure = await client.FailAsync($"https://localhost:{((IPEndPoint)server.EndPoint).Port}/", tls);
        Assert.Equal((ConnectStage.Tls, ProtocolFault.TlsCertificateRefused, false), (failure.Stage, failure.Fault, failure.IsTransient));
        return failure.Reason;
    }
}
