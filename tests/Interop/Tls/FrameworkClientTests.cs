using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Xunit;
using static EventLoops.Tests.Interop.Waiting;

namespace EventLoops.Tests.Interop.Tls;

/// <summary>The runtime's own TLS against our server: its WebSocket client, and its stream.</summary>
public sealed class FrameworkClientTests(TlsSite site) : IClassFixture<TlsSite>
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16 * 1024)]
    [InlineData(1_000_000)]
    public async Task A_client_web_socket_gets_its_messages_back(int size)
    {
        InteropProtocol protocol = new();
        await using LoopThread server = await site.StartAsync(protocol);
        using ClientWebSocket client = new();
        client.Options.AddSubProtocol("interop");
        client.Options.RemoteCertificateValidationCallback = Trust;
        await client.ConnectAsync(new Uri($"wss://localhost:{((IPEndPoint)server.EndPoint).Port}/"), UntilDeadline);
        byte[] message = Message.Pattern(size);

        for (int i = 0; i < 3; i++)
        {
            await client.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, UntilDeadline);
            Assert.Equal(message, await ReceiveAsync(client));
        }

        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", UntilDeadline);
        CloseInfo close = await protocol.Closed.NextAsync();
        Assert.True(close.IsClean);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_stream_is_served_and_ended_by_close_notify(SslProtocols version)
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol());
        using TcpClient tcp = new();
        await tcp.ConnectAsync((IPEndPoint)server.EndPoint, UntilDeadline);
        await using SslStream stream = new(tcp.GetStream(), leaveInnerStreamOpen: true, Trust);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = version, ApplicationProtocols = [SslApplicationProtocol.Http11] },
            UntilDeadline);
        Assert.Equal((version, SslApplicationProtocol.Http11), (stream.SslProtocol, stream.NegotiatedApplicationProtocol));

        await stream.WriteAsync("GET /greeting HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), UntilDeadline);
        using StreamReader reader = new(stream, Encoding.ASCII);

        // A stream that was cut would throw here.
        string answer = await reader.ReadToEndAsync(UntilDeadline);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith(InteropProtocol.Greeting, answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https", "101")]
    [InlineData("http", "403")]
    public async Task A_page_of_the_same_host_opens_a_web_socket_only_when_it_came_by_tls_itself(string scheme, string status)
    {
        await using LoopThread server = await site.StartAsync(new InteropProtocol());
        using TcpClient tcp = new();
        await tcp.ConnectAsync((IPEndPoint)server.EndPoint, UntilDeadline);
        await using SslStream stream = new(tcp.GetStream(), leaveInnerStreamOpen: true, Trust);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, UntilDeadline);

        string request = $"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: {scheme}://localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), UntilDeadline);
        using StreamReader reader = new(stream, Encoding.ASCII);
        Assert.StartsWith($"HTTP/1.1 {status} ", await reader.ReadLineAsync(UntilDeadline), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_with_a_client_certificate_is_known_by_it()
    {
        using IssuedCertificate device = site.Authority.Client("device 7");
        using X509Certificate2 own = device.ToPkcs12();
        await using LoopThread server = await site.StartAsync(new TlsReporter(), new TlsOptions
        {
            Certificates = [site.Ecdsa.Tls],
            ClientCertificates = ClientCertificateMode.Require,
            ClientCaPem = site.Authority.Pem,
        });
        using SocketsHttpHandler handler = new()
        {
            SslOptions = new SslClientAuthenticationOptions { ClientCertificates = [own], LocalCertificateSelectionCallback = (_, _, _, _, _) => own, RemoteCertificateValidationCallback = Trust },
        };
        using HttpClient http = new(handler) { Timeout = Limit };

        string answer = await http.GetStringAsync(new Uri($"https://localhost:{((IPEndPoint)server.EndPoint).Port}/"));
        Assert.Contains("subject CN=device 7,O=Example\n", answer, StringComparison.Ordinal);
    }

    private bool Trust(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        // What the framework finds wrong is that it does not know the authority, and nothing else: the name is checked by it.
        Assert.Equal(SslPolicyErrors.RemoteCertificateChainErrors, errors);
        using X509Chain own = new();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.Add(site.Authority.Certificate);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return own.Build((X509Certificate2)certificate!);
    }

    private static async Task<byte[]> ReceiveAsync(ClientWebSocket client)
    {
        using MemoryStream message = new();
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            WebSocketReceiveResult part = await client.ReceiveAsync(buffer, UntilDeadline);
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage) return message.ToArray();
        }
    }
}
