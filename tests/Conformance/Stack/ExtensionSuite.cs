using System.Net;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Extensions that a user has written: alone, in a chain, beside permessage-deflate, and with mistakes.</summary>
public abstract class ExtensionSuite(LoopFactory factory) : LoopBench(factory)
{
    private static readonly string[] s_texts = ["", "a", "a longer one, a longer one, a longer one, a longer one, a longer one, a longer one", new('z', 200_000)];

    [Theory]
    [InlineData(ReservedBits.Rsv2)]
    [InlineData(ReservedBits.None)]
    public void An_extension_of_ones_own_transforms_messages_both_ways(ReservedBits bits)
    {
        ScramblingExtension extension = new("x-scramble", 3, bits);
        TestProtocol protocol = NewEcho();
        RawPeer peer = Connect(Serve(HostWith(protocol, extension)));
        Assert.Contains("\r\nSec-WebSocket-Extensions: x-scramble; by=me\r\n", peer.Upgrade(fields: Offer("x-scramble; by=me")), StringComparison.Ordinal);

        peer.SendFrame((byte)((byte)bits | 1), "khoor"u8);
        RawFrame echo = peer.ReadFrame();
        Assert.Equal(((byte)bits, "khoor"), (echo.Bits, echo.Text));

        Assert.Equal(ExtensionOptionResult.Applied, protocol.Newest!.SetExtensionOption("x-scramble", "offset", "1"));
        peer.SendFrame((byte)((byte)bits | 1), "lipps"u8);
        Assert.Equal("lipps", peer.ReadFrame().Text);
        Assert.Equal(["hello", "hello"], Recorder.Texts);
        Assert.Equal(ExtensionOptionResult.UnknownOption, protocol.Newest.SetExtensionOption("x-scramble", "x", "1"));

        peer.Reset();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        Assert.Equal(0, extension.Open);
    }

    [Fact]
    public void Text_is_judged_after_it_was_transformed_back()
    {
        RawPeer peer = Connect(Serve(HostWith(NewEcho(), new ScramblingExtension("x-scramble", 3, ReservedBits.None))));
        peer.Upgrade(fields: Offer("x-scramble; by=me"));
        peer.SendFrame(1, [0xFF, (byte)'d']);
        Assert.Equal(1007, Drain(peer).CloseCode);
        peer.Close();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        Assert.Equal(ProtocolFault.InvalidText, Recorder.Closes[0].Close.Fault);
    }

    [Fact]
    public void Our_client_and_our_server_talk_through_a_chain_of_three()
    {
        ScramblingExtension[] scramblers = [new("x-one", 1, ReservedBits.Rsv2), new("x-two", 7, ReservedBits.None)];
        WebSocketExtension[] all = [scramblers[0], new PermessageDeflate { MinMessageSize = 0 }, scramblers[1]];
        TestProtocol server = NewEcho();
        TestProtocol client = NewProtocol();
        List<string> received = [];
        StringBuilder text = new();
        client.OnReceive((_, ref _, in data) =>
        {
            text.Append(Encoding.ASCII.GetString(data.In));
            if (!data.Message.IsFinalFragment) return CallbackResult.Continue;

            received.Add(text.ToString());
            text.Clear();
            return CallbackResult.Continue;
        });
        LoopContext context = Serve(HostWith(server, all));
        Connection connection = context.Connect(new ClientConnectOptions { Uri = Address("ws://test/"), EndPoint = EndPointOf(context), Protocols = [client], Extensions = all });
        Harness.RunUntil(() => Recorder.Has(CallbackReason.ClientEstablished));
        Assert.Equal((2, 2), (scramblers[0].Open, scramblers[1].Open));

        foreach (string message in s_texts)
        {
            connection.TrySend(Encoding.ASCII.GetBytes(message), MessageKind.Text);
            Harness.RunUntil(() => received.Count > 0 && received[^1] == message);
        }

        Assert.Equal(s_texts, received, StringComparer.Ordinal);
        connection.Close();
        Harness.RunUntil(() => Recorder.Closes.Count == 2);
        Assert.All(Recorder.Closes, close => Assert.True(close.Close.IsClean));
        Assert.Equal((0, 0), (scramblers[0].Open, scramblers[1].Open));
    }

    [Fact]
    public void Two_extensions_cannot_have_the_same_bit()
    {
        ScramblingExtension first = new("x-one", 1, ReservedBits.Rsv1);
        RawPeer peer = Connect(Serve(HostWith(NewEcho(), new PermessageDeflate(), first)));
        string head = peer.Upgrade(fields: Offer("permessage-deflate, x-one; by=me"));
        Assert.Contains("\r\nSec-WebSocket-Extensions: permessage-deflate\r\n", head, StringComparison.Ordinal);
        Assert.Equal(0, first.Open);
    }

    [Theory]
    [InlineData("Encode")]
    [InlineData("Decode")]
    public void An_extension_that_throws_costs_its_own_connection_only(string member)
    {
        ScramblingExtension extension = new("x-scramble", 3, ReservedBits.Rsv2);
        LoopContext context = Serve(HostWith(NewEcho(), extension));
        RawPeer witness = Connect(context);
        witness.Upgrade();
        RawPeer peer = Connect(context);
        peer.Upgrade(fields: Offer("x-scramble; by=me"));

        extension.ThrowsIn = member;
        peer.SendFrame(0x21, "khoor"u8);
        Assert.Equal(1011, Drain(peer).CloseCode);
        peer.Close();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        Assert.Equal(0, extension.Open);
        witness.SendText("still here");
        Assert.Equal("still here", witness.ReadFrame().Text);
    }

    [Fact]
    public void An_extension_that_throws_while_it_is_offered_is_left_out()
    {
        RawPeer peer = Connect(Serve(HostWith(NewEcho(), new ScramblingExtension("x-scramble", 3, ReservedBits.Rsv2) { ThrowsIn = "Accept" })));
        Assert.DoesNotContain("Sec-WebSocket-Extensions", peer.Upgrade(fields: Offer("x-scramble; by=me")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_upgrade_releases_nothing_that_was_not_agreed_on()
    {
        ScramblingExtension extension = new("x-scramble", 3, ReservedBits.Rsv2);
        TestProtocol protocol = NewProtocol().On(CallbackReason.FilterProtocolConnection, (_, ref _, in _) => CallbackResult.Close);
        RawPeer peer = Connect(Serve(HostWith(protocol, extension)));
        peer.RequestUpgrade(fields: Offer("x-scramble; by=me"));
        Assert.StartsWith("HTTP/1.1 403 ", peer.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal(0, extension.Open);
    }

    private static string Offer(string value) => $"Sec-WebSocket-Extensions: {value}\r\n";

    private static VirtualHostOptions HostWith(Protocol protocol, params WebSocketExtension[] extensions) =>
        new() { Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = [protocol], Extensions = extensions };

    private static RawFrame Drain(RawPeer peer)
    {
        RawFrame frame = peer.ReadFrame();
        while (frame.Opcode != RawFrame.CloseOpcode) frame = peer.ReadFrame();
        return frame;
    }

    private TestProtocol NewEcho() => NewProtocol().OnReceive((connection, ref session, in data) =>
    {
        session.Message.Append(data.In);
        if (!data.Message.IsFinalFragment) return CallbackResult.Continue;

        connection.TrySend(session.Message.Span, data.Message.Kind);
        session.Message.Clear();
        return CallbackResult.Continue;
    });
}
