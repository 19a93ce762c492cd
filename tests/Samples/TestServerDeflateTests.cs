using System.Net;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Samples;

/// <summary>The test server with <c>--deflate</c>: every protocol, on each of its loops, to clients that compress and to clients that do not.</summary>
public sealed class TestServerDeflateTests
{
    private const string Offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    private const string Answer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

    public static TheoryData<string> Loops => [.. TestServers.Loops];

    public static MatrixTheoryData<string, string> LoopsAndTrials => new(
        TestServers.Loops,
        [
            "--protocol echo --size 1000 --count 1000",
            "--size 1000000 --count 3",
            "--protocol lws-mirror-protocol --size 4096 --count 1000",
            "--protocol dumb-increment-protocol --count 5",
            "--protocol lws-echogen",
            "--protocol fraggle-protocol --count 5",
            "--protocol lws-status",
        ]);

    [Theory]
    [MemberData(nameof(LoopsAndTrials))]
    public async Task The_client_that_offers_it_talks_compressed_and_says_so(string loop, string trial)
    {
        await using SampleProcess server = TestServers.Start("--loop", loop, "--deflate");
        Uri address = await server.WaitForAddressAsync(loop);
        await using SampleProcess client = SampleProcess.Start("TestClient", [$"ws://{address.Authority}/", "--deflate", .. trial.Split(' ')]);

        Assert.True(await client.WaitForExitAsync() == 0, client.Output);
        Assert.Contains("\nagreed: permessage-deflate\n", client.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_off_until_it_is_asked_for()
    {
        await using SampleProcess server = TestServers.Start();
        Uri address = await server.WaitForAddressAsync();
        using RawPeer peer = RawPeer.Connect(IPEndPoint.Parse(address.Authority));
        await using SampleProcess client = SampleProcess.Start("TestClient", $"ws://{address.Authority}/", "--deflate");

        Assert.DoesNotContain("permessage-deflate", peer.Upgrade(fields: Offer), StringComparison.Ordinal);
        Assert.True(await client.WaitForExitAsync() == 0, client.Output);
        Assert.Contains("\nagreed: no compression\n", client.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Mirrored_messages_are_compressed_once_for_all_who_offered_and_are_plain_for_others(string loop)
    {
        await using SampleProcess server = TestServers.Start("--loop", loop, "--deflate");
        IPEndPoint endPoint = IPEndPoint.Parse((await server.WaitForAddressAsync(loop)).Authority);
        using RawPeer first = Join(endPoint, Offer);
        using RawPeer small = Join(endPoint, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9\r\n");
        using RawPeer plain = Join(endPoint, "");
        using RawDeflate codec = new();
        using RawDeflate smallCodec = new();

        List<RawPeer> late = [];
        for (int i = 0; i < 3; i++)
        {
            string text = $"{i} {string.Join(' ', Enumerable.Range(0, 500))}";
            plain.SendText(text);

            RawFrame compressed = first.ReadFrame();
            Assert.Equal(RawFrame.Rsv1, compressed.Bits);
            Assert.True(compressed.Payload.Length < text.Length, $"{compressed.Payload.Length} bytes");
            Assert.Equal(text, Encoding.ASCII.GetString(codec.Decompress(compressed.Payload)));

            // Who came later has not seen what the first one has, and is sent the same bytes all the same.
            foreach (RawPeer other in late) Assert.Equal(compressed.Payload, other.ReadFrame().Payload);
            late.Add(Join(endPoint, Offer));

            RawFrame own = small.ReadFrame();
            Assert.Equal(RawFrame.Rsv1, own.Bits);
            Assert.Equal(text, Encoding.ASCII.GetString(smallCodec.Decompress(own.Payload)));

            RawFrame asItWas = plain.ReadFrame();
            Assert.Equal((0, text), (asItWas.Bits, asItWas.Text));
        }

        foreach (RawPeer other in late) other.Dispose();
    }

    private static RawPeer Join(IPEndPoint endPoint, string offer)
    {
        RawPeer peer = RawPeer.Connect(endPoint);
        string head = peer.Upgrade(protocols: "lws-mirror-protocol", fields: offer);
        Assert.Equal(offer.Length > 0, head.Contains(Answer.TrimEnd(), StringComparison.Ordinal));
        return peer;
    }
}
