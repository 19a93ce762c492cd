using System.Globalization;
using System.Net;
using Xunit;

namespace EventLoops.Tests.Interop.Tls;

/// <summary>A certificate is replaced while it is in use.</summary>
public sealed class ReloadTests(TlsSite site) : IClassFixture<TlsSite>
{
    private const int Clients = 1000;

    [Fact]
    public async Task A_thousand_clients_stay_when_the_certificate_is_replaced_and_who_comes_later_sees_the_new_one()
    {
        using IssuedCertificate next = site.Authority.Server("localhost");
        await using LoopThread server = await site.StartAsync(new InteropProtocol(), new TlsOptions { Certificates = [site.Ecdsa.Tls] });
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());
        ClientTlsOptions tls = site.Client;

        Conversation[] conversations = new Conversation[Clients];
        for (int i = 0; i < Clients; i++)
        {
            conversations[i] = await client.ConnectAsync(user => Options(server, tls, user));
            await conversations[i].Established.Task.InTime();
        }

        await server.InvokeAsync(() => server.Context.VirtualHosts[0].ReloadCertificates([next.Tls]));

        // The session of the old certificate is not resumed, and everybody who comes now sees the new one.
        List<byte[]> seen = [];
        await client.GetAsync($"https://localhost:{((IPEndPoint)server.EndPoint).Port}/greeting", tls, info => seen.Add(info.PeerCertificate.ToArray()));
        Assert.Equal(next.Certificate.RawData, Assert.Single(seen));

        for (int i = 0; i < Clients; i++)
            await conversations[i].SendAsync(i.ToString(CultureInfo.InvariantCulture));
        for (int i = 0; i < Clients; i++)
            Assert.Equal(i.ToString(CultureInfo.InvariantCulture), (await conversations[i].ReceiveAsync()).Text);
        Assert.All(conversations, conversation => Assert.False(conversation.Closed.Task.IsCompleted));
    }

    [Fact]
    public async Task Files_that_were_renewed_are_read_again_and_bad_ones_leave_everything_as_it_was()
    {
        using IssuedCertificate first = site.Authority.Server("localhost");
        using IssuedCertificate second = site.Authority.Server("localhost");
        (string chain, string key) = site.Write(first, "renewed");
        await using LoopThread server = await site.StartAsync(new InteropProtocol(), new TlsOptions { Certificates = [TlsCertificate.FromFiles(chain, key)] });
        await using LoopThread client = await LoopThread.StartAsync(new EventLoopOptions());

        Assert.Equal(first.Certificate.RawData, await ShownAsync(client, server));
        site.Write(second, "renewed");
        await ReloadAsync();
        Assert.Equal(second.Certificate.RawData, await ShownAsync(client, server));

        await File.WriteAllTextAsync(chain, first.ChainPem);
        ArgumentException wrong = await Assert.ThrowsAsync<ArgumentException>(ReloadAsync);
        Assert.Contains("does not belong", wrong.Message, StringComparison.Ordinal);
        Assert.Equal(second.Certificate.RawData, await ShownAsync(client, server));

        Task ReloadAsync() => server.InvokeAsync(() => server.Context.VirtualHosts[0].ReloadCertificates());
    }

    private async Task<byte[]> ShownAsync(LoopThread client, LoopThread server)
    {
        byte[] shown = [];
        await client.GetAsync($"https://localhost:{((IPEndPoint)server.EndPoint).Port}/greeting", site.Client, info => shown = info.PeerCertificate.ToArray());
        return shown;
    }

    private static ClientConnectOptions Options(LoopThread server, ClientTlsOptions tls, Conversation user) => new()
    {
        Uri = new Uri("wss://localhost/"),
        EndPoint = server.EndPoint,
        Protocols = [new ConversationProtocol()],
        UserData = user,
        Tls = tls,

        // A thousand handshakes share two cores with whatever else the machine does.
        HandshakeTimeout = Waiting.Limit,
    };
}
