using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xunit;
using static EventLoops.Tests.Interop.Waiting;

namespace EventLoops.Tests.Interop;

/// <summary>Our server in front of Kestrel that speaks TLS, whose certificate is believed or is not.</summary>
public sealed class ReverseProxyTlsTests : IAsyncLifetime
{
    private const string Name = "origin.test";

    private readonly X509Certificate2 _certificate = NewCertificate();
    private readonly HttpClient _http = new() { Timeout = Limit };
    private KestrelServer? _kestrel;
    private LoopThread? _front;

    public async ValueTask InitializeAsync()
    {
        _kestrel = await KestrelServer.StartAsync(certificate: _certificate);
        IPEndPoint place = new(IPAddress.Loopback, _kestrel.Port);
        ClientTlsOptions knows = new() { UseSystemStore = false, CaPem = _certificate.ExportCertificatePem() };
        _front = await LoopThread.StartAsync(new EventLoopOptions(), new VirtualHostOptions
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [new InteropProtocol()],
            Mounts =
            [
                new Mount { MountPoint = "/known", Origin = MountOrigin.Https(Name, new ReverseProxyOptions { EndPoint = place, Tls = knows }) },
                new Mount { MountPoint = "/stranger", Origin = MountOrigin.Https(Name, new ReverseProxyOptions { EndPoint = place }) },
                new Mount { MountPoint = "/other", Origin = MountOrigin.Https("other.test", new ReverseProxyOptions { EndPoint = place, Tls = knows }) },
                new Mount { MountPoint = "/plain", Origin = MountOrigin.Http(Name, new ReverseProxyOptions { EndPoint = place }) },
            ],
        });
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_front is not null) await _front.DisposeAsync();
        if (_kestrel is not null) await _kestrel.DisposeAsync();
        _certificate.Dispose();
    }

    [Fact]
    public async Task An_origin_that_shows_who_it_is_is_asked()
    {
        byte[] body = Message.Pattern(3_000_000);
        for (int i = 0; i < 2; i++)
        {
            using ByteArrayContent content = new(body);
            using HttpResponseMessage answer = await _http.PostAsync(_front!.Http("/known/echo"), content);
            Assert.Equal(body, await answer.Content.ReadAsByteArrayAsync());
        }
    }

    [Theory]
    [InlineData("/stranger/who")]
    [InlineData("/other/who")]
    [InlineData("/plain/who")]
    public async Task An_origin_that_is_not_believed_or_not_understood_is_502(string path)
    {
        using HttpResponseMessage answer = await _http.GetAsync(_front!.Http(path));
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
    }

    [Fact]
    public async Task A_WebSocket_goes_through()
    {
        using ClientWebSocket socket = new();
        await socket.ConnectAsync(_front!.WebSocket("/known/socket"), UntilDeadline);
        byte[] message = Message.Pattern(40_000);
        byte[] echo = new byte[50_000];
        await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, UntilDeadline);
        int received = 0;
        while (received < message.Length)
            received += (await socket.ReceiveAsync(echo.AsMemory(received), UntilDeadline)).Count;
        Assert.Equal(message, echo[..received]);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, UntilDeadline);
        await _front.UntilAsync(() => _front.Context.Thread.ConnectionCount == 0);
    }

    private static X509Certificate2 NewCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={Name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(Name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
