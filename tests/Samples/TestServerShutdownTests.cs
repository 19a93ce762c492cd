using System.Net;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>How the test server ends on a signal: who is being answered may finish, and a second signal waits for nobody.</summary>
public sealed class TestServerShutdownTests
{
    public static TheoryData<string> Loops => [.. TestServers.All];

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task A_request_that_is_under_way_is_answered_to_the_end(string loop)
    {
        await using SampleProcess server = TestServers.Start(["--loop", .. loop.Split(' ')]);
        Uri address = await server.WaitForAddressAsync(loop.Split(' ')[0]);
        using RawPeer peer = Connect(address);
        peer.Send("POST /anything HTTP/1.1\r\nHost: test\r\nContent-Type: text/plain\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");

        // By the 100 the request is under way, also where another thread serves it than the witness.
        Assert.StartsWith("HTTP/1.1 100", peer.ReadHead(), StringComparison.Ordinal);
        peer.Send("01234");
        peer.WaitUntil(() => peer.HasSentAll);
        using RawPeer witness = Connect(address);
        witness.Upgrade();

        server.Terminate();
        Assert.Equal(1001, witness.ReadFrame().CloseCode);
        peer.Send("56789");

        Assert.StartsWith("HTTP/1.1 200", peer.ReadHead(), StringComparison.Ordinal);
        Assert.Contains("56789", peer.ReadToEnd(), StringComparison.Ordinal);
        peer.EndStream();
        witness.SendClose(1001);
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task A_second_signal_waits_for_nobody(string loop)
    {
        await using SampleProcess server = TestServers.Start(["--loop", .. loop.Split(' ')]);
        using RawPeer deaf = Connect(await server.WaitForAddressAsync(loop.Split(' ')[0]));
        deaf.Upgrade();
        server.Terminate();
        Assert.Equal(1001, deaf.ReadFrame().CloseCode);

        server.Interrupt();

        Assert.Empty(deaf.ReadToEnd());
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    private static RawPeer Connect(Uri address) => RawPeer.Connect(new IPEndPoint(IPAddress.Parse(address.Host), address.Port));
}
