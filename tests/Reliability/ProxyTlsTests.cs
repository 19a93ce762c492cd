using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>X04 with TLS: the header of the proxy comes in the clear, in front of the handshake, and belongs to neither.</summary>
public sealed class ProxyTlsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task X04_a_handshake_follows_the_header_of_a_proxy(bool inOnePiece)
    {
        using CancellationTokenSource stopping = new(TimeSpan.FromSeconds(120));
        using LoopContext context = new(new LoopContextOptions
        {
            VirtualHosts =
            [
                new()
                {
                    Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                    Protocols = [new WhoAsks()],
                    ProxyProtocol = new ProxyProtocolOptions { TrustedNetworks = [IPNetwork.Parse("127.0.0.0/8")] },
                    Tls = new TlsOptions { Certificates = [TlsCertificate.FromFiles(TestCertificate.Ecdsa.ChainPath, TestCertificate.Ecdsa.KeyPath)] },
                },
            ],
        });
        IPEndPoint endPoint = (IPEndPoint)context.VirtualHosts[0].LocalEndPoints[0];
        Task serving = Task.Factory.StartNew(() => context.Run(stopping.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint, stopping.Token);
        byte[] header = "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"u8.ToArray();
        await using HeaderFirst stream = new(socket, header, inOnePiece);
        await using SslStream tls = new(stream, leaveInnerStreamOpen: true, (_, shown, _, _) => TestCertificate.Ecdsa.Certificate.Equals(shown));

        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, stopping.Token);
        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), stopping.Token);
        using StreamReader reader = new(tls, Encoding.ASCII);
        string answer = await reader.ReadToEndAsync(stopping.Token);

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("192.0.2.1:56324 to 198.51.100.7:443", answer, StringComparison.Ordinal);
        await stopping.CancelAsync();
        await serving;
    }

    /// <summary>A stream to the server that says the header before its first bytes, or in one piece with them.</summary>
    private sealed class HeaderFirst(Socket socket, byte[] header, bool inOnePiece) : NetworkStream(socket, ownsSocket: false)
    {
        private bool _isSaid;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_isSaid && inOnePiece)
                buffer = (byte[])[.. header, .. buffer.Span];
            else if (!_isSaid)
                await base.WriteAsync(header, cancellationToken);
            _isSaid = true;
            await base.WriteAsync(buffer, cancellationToken);
        }
    }

    private sealed class WhoAsks() : Protocol<NoSession>("who")
    {
        protected override CallbackResult OnHttp(Connection connection, ref NoSession session, ReadOnlySpan<byte> path)
        {
            connection.Respond(200, "text/plain", Encoding.ASCII.GetBytes($"{connection.RemoteEndPoint} to {connection.LocalEndPoint}"));
            return CallbackResult.Continue;
        }
    }
}
