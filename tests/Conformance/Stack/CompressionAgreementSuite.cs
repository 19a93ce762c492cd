using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>How permessage-deflate is agreed on (RFC 7692 5 and 7.1), and what can be changed on one connection afterwards.</summary>
public abstract class CompressionAgreementSuite(LoopFactory factory) : CompressionBench(factory)
{
    [Theory]
    [InlineData("permessage-deflate", "permessage-deflate")]
    [InlineData("permessage-deflate; client_max_window_bits", "permessage-deflate")]
    [InlineData("permessage-deflate; client_no_context_takeover; server_no_context_takeover", "permessage-deflate; server_no_context_takeover; client_no_context_takeover")]
    [InlineData("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10")]
    [InlineData("permessage-deflate; client_max_window_bits=9", "permessage-deflate; client_max_window_bits=9")]
    [InlineData("x-unknown, permessage-deflate; x=1, permessage-deflate", "permessage-deflate")]
    [InlineData("permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=8")]
    [InlineData("permessage-deflate; client_max_window_bits=8", "permessage-deflate; client_max_window_bits=8")]
    [InlineData("permessage-deflate; server_max_window_bits=7, permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_max_window_bits=15")]
    public void A_good_offer_is_accepted_with_the_parameters_that_it_asks_for(string offer, string answer)
    {
        RawPeer peer = OpenCompressed(NewEcho(), offer, out string head);
        Assert.Contains($"\r\n{Field}{answer}\r\n", head, StringComparison.Ordinal);
        AssertEchoes(peer, "An echo that comes back compressed, and compressed, and compressed, and compressed, and compressed.");
    }

    [Theory]
    [InlineData("permessage-deflate; server_max_window_bits=7")]
    [InlineData("permessage-deflate; server_max_window_bits=16")]
    [InlineData("permessage-deflate; server_max_window_bits=08")]
    [InlineData("permessage-deflate; server_max_window_bits=\"15\"")]
    [InlineData("permessage-deflate; server_max_window_bits")]
    [InlineData("permessage-deflate; client_max_window_bits=16")]
    [InlineData("permessage-deflate; client_max_window_bits; client_max_window_bits")]
    [InlineData("permessage-deflate; server_no_context_takeover=1")]
    [InlineData("permessage-deflate; server_no_context_takeover; server_no_context_takeover")]
    [InlineData("permessage-deflate; who_knows")]
    [InlineData("Permessage-Deflate")]
    [InlineData("deflate-frame")]
    public void U07_a_bad_offer_is_declined_and_the_connection_goes_on_without_it(string offer)
    {
        RawPeer peer = OpenCompressed(NewEcho(), offer, out string head);
        Assert.DoesNotContain("Sec-WebSocket-Extensions", head, StringComparison.OrdinalIgnoreCase);

        peer.SendText("plain");
        RawFrame echo = peer.ReadFrame();
        Assert.Equal((byte)0, echo.Bits);
        Assert.Equal("plain", echo.Text);
    }

    [Fact]
    public void A_server_without_extensions_declines_every_offer()
    {
        RawPeer peer = Connect(Serve(NewEcho()));
        Assert.DoesNotContain("Sec-WebSocket-Extensions", peer.Upgrade(fields: Field + "permessage-deflate\r\n"), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_protocol_may_decline_an_extension_and_is_asked_once()
    {
        int asked = 0;
        TestProtocol protocol = NewEcho().On(CallbackReason.ConfirmExtensionOkay, (_, ref _, in data) =>
        {
            asked++;
            Assert.Equal("permessage-deflate", Encoding.ASCII.GetString(data.In));
            return CallbackResult.Close;
        });
        RawPeer peer = OpenCompressed(protocol, "permessage-deflate, permessage-deflate; client_max_window_bits", out string head);
        Assert.DoesNotContain("Sec-WebSocket-Extensions", head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, asked);
        peer.SendText("plain");
        Assert.Equal("plain", peer.ReadFrame().Text);
    }

    [Fact]
    public void A_client_offers_what_it_is_configured_for_and_takes_the_answer()
    {
        RawPeer peer = OpenCompressed(NewEcho(), isServer: false, "permessage-deflate; server_no_context_takeover; server_max_window_bits=11; client_max_window_bits=10",
            new PermessageDeflate { ServerNoContextTakeover = true, ServerMaxWindowBits = 12 }, out string head);
        Assert.Contains($"\r\n{Field}permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits\r\n", head, StringComparison.Ordinal);
        peer.SendFrame(RawFrame.Rsv1 | 1, RawDeflate.CompressAlone("one"u8));
        Assert.Equal("one", peer.ReadFrame().Text);
    }

    [Theory]
    [InlineData("permessage-deflate; client_max_window_bits", ProtocolFault.ReplyExtensionRefused)]
    [InlineData("permessage-deflate; server_max_window_bits=16", ProtocolFault.ReplyExtensionRefused)]
    [InlineData("permessage-deflate; x", ProtocolFault.ReplyExtensionRefused)]
    [InlineData("permessage-deflate, permessage-deflate", ProtocolFault.ReplyExtensionRefused)]
    [InlineData("permessage-deflate; server_max_window_bits=15", ProtocolFault.ReplyExtensionRefused)]
    [InlineData("permessage-deflate", ProtocolFault.ReplyExtensionRefused)]
    [InlineData("x-other", ProtocolFault.ReplyExtensionNotOffered)]
    public void U12_a_client_fails_when_the_answer_does_not_fit_its_offer(string answer, ProtocolFault fault)
    {
        RawListener listener = Listen();
        Connection connection = DialCompressed(listener, NewEcho(), new PermessageDeflate { ServerMaxWindowBits = 12 });
        RawPeer peer = listener.Accept();
        peer.AcceptUpgrade("test", $"{Field}{answer}\r\n");
        Harness.RunUntil(() => connection.IsClosed && Recorder.Failures.Count == 1);
        Assert.Equal((ConnectStage.Handshake, fault), (Recorder.Failures[0].Failure.Stage, Recorder.Failures[0].Failure.Fault));
    }

    [Theory]
    [InlineData("rx_buf_size", "12", ExtensionOptionResult.Applied)]
    [InlineData("rx_buf_size", "3", ExtensionOptionResult.Altered)]
    [InlineData("rx_buf_size", "30", ExtensionOptionResult.Altered)]
    [InlineData("rx_buf_size", "many", ExtensionOptionResult.Refused)]
    [InlineData("tx_buf_size", "8", ExtensionOptionResult.Applied)]
    [InlineData("compression_level", "9", ExtensionOptionResult.Applied)]
    [InlineData("compression_level", "10", ExtensionOptionResult.Refused)]
    [InlineData("mem_level", "3", ExtensionOptionResult.Applied)]
    [InlineData("mem_level", "0", ExtensionOptionResult.Refused)]
    [InlineData("server_max_window_bits", "10", ExtensionOptionResult.Applied)]
    [InlineData("server_max_window_bits", "8", ExtensionOptionResult.Applied)]
    [InlineData("server_max_window_bits", "7", ExtensionOptionResult.Refused)]
    [InlineData("client_max_window_bits", "10", ExtensionOptionResult.Refused)]
    [InlineData("server_no_context_takeover", "1", ExtensionOptionResult.Applied)]
    [InlineData("client_no_context_takeover", "1", ExtensionOptionResult.Refused)]
    [InlineData("rx_buf", "12", ExtensionOptionResult.UnknownOption)]
    public void Options_of_one_connection_are_applied_altered_or_refused_and_it_goes_on(string option, string value, ExtensionOptionResult expected)
    {
        TestProtocol protocol = NewEcho();
        RawPeer peer = OpenCompressed(protocol, "permessage-deflate", out _);
        AssertEchoes(peer, new string('x', 300));
        Assert.Equal(expected, protocol.Newest!.SetExtensionOption("permessage-deflate", option, value));
        AssertEchoes(peer, new string('y', 300));
        AssertEchoes(peer, new string('y', 300));
    }

    [Fact]
    public void Options_are_refused_where_the_extension_is_not_active()
    {
        TestProtocol protocol = NewEcho();
        RawPeer peer = Connect(Serve(NewHost(protocol, new PermessageDeflate())));
        peer.Upgrade();
        Harness.RunUntil(() => protocol.Newest is not null);
        Assert.Equal(ExtensionOptionResult.NotActive, protocol.Newest!.SetExtensionOption("permessage-deflate", "rx_buf_size", "12"));
        protocol.Newest.Abort();
        Assert.Equal(ExtensionOptionResult.NotActive, protocol.Newest.SetExtensionOption("permessage-deflate", "rx_buf_size", "12"));
    }

    [Fact]
    public void The_protocols_buffer_limits_what_the_extension_delivers()
    {
        List<int> parts = [];
        TestProtocol protocol = new("test", Recorder) { ReceiveBufferSize = 1000 };
        protocol.OnReceive((_, ref _, in data) =>
        {
            parts.Add(data.In.Length);
            return CallbackResult.Continue;
        });
        RawPeer peer = OpenCompressed(protocol, "permessage-deflate", out _);
        Assert.Equal(ExtensionOptionResult.Altered, protocol.Newest!.SetExtensionOption("permessage-deflate", "rx_buf_size", "12"));
        peer.SendFrame(RawFrame.Rsv1 | 2, Codec.Compress(new byte[2000]));
        Harness.RunUntil(() => parts.Sum() == 2000);
        Assert.Equal([512, 512, 512, 464], parts);
    }

    [Fact]
    public void A_protocol_with_a_tiny_buffer_is_not_compressed()
    {
        OpenCompressed(new TestProtocol("test", Recorder) { ReceiveBufferSize = 10 }, "permessage-deflate", out string head);
        Assert.DoesNotContain("Sec-WebSocket-Extensions", head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void D06_a_cap_turns_further_offers_down_until_somebody_leaves()
    {
        TestProtocol protocol = NewEcho();
        LoopContext context = Serve(NewHost(protocol, new PermessageDeflate { MaxConnections = 2 }));
        RawPeer first = Connect(context);
        RawPeer second = Connect(context);
        RawPeer third = Connect(context);
        Assert.Contains(Field, first.Upgrade(fields: Field + "permessage-deflate\r\n"), StringComparison.Ordinal);
        Assert.Contains(Field, second.Upgrade(fields: Field + "permessage-deflate\r\n"), StringComparison.Ordinal);
        Assert.DoesNotContain(Field, third.Upgrade(fields: Field + "permessage-deflate\r\n"), StringComparison.Ordinal);

        first.Reset();
        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        RawPeer fourth = Connect(context);
        Assert.Contains(Field, fourth.Upgrade(fields: Field + "permessage-deflate\r\n"), StringComparison.Ordinal);
    }
}
