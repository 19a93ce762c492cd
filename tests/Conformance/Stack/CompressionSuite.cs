using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>permessage-deflate on an open WebSocket, of either side, with the framework's compressor as the peer (RFC 7692).</summary>
public abstract class CompressionSuite(LoopFactory factory) : LoopBench(factory)
{
    private const string Field = "Sec-WebSocket-Extensions: ";

    private readonly RawDeflate _codec = new();

    [Theory]
    [InlineData("permessage-deflate", "permessage-deflate")]
    [InlineData("permessage-deflate; client_max_window_bits", "permessage-deflate")]
    [InlineData("permessage-deflate; client_no_context_takeover; server_no_context_takeover", "permessage-deflate; server_no_context_takeover; client_no_context_takeover")]
    [InlineData("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10")]
    [InlineData("permessage-deflate; client_max_window_bits=9", "permessage-deflate; client_max_window_bits=9")]
    [InlineData("x-unknown, permessage-deflate; x=1, permessage-deflate", "permessage-deflate")]
    [InlineData("permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_max_window_bits=15")]
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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Messages_refer_to_earlier_ones_in_both_directions(bool isServer)
    {
        RawPeer peer = OpenCompressed(isServer);
        string text = string.Join(' ', Enumerable.Range(0, 200));
        AssertEchoes(peer, text, out int first);
        AssertEchoes(peer, text, out int second);
        Assert.True(second < first / 4, $"{first}, then {second} bytes");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_side_that_forgets_sends_each_message_by_itself(bool isServer)
    {
        const string Both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        RawPeer peer = OpenCompressed(isServer, Both);
        string text = string.Join(' ', Enumerable.Range(0, 200));
        for (int round = 0; round < 3; round++)
        {
            peer.SendFrame(RawFrame.Rsv1 | 1, RawDeflate.CompressAlone(Encoding.UTF8.GetBytes(text)));
            RawFrame echo = peer.ReadFrame();
            Assert.Equal(RawFrame.Rsv1, echo.Bits);
            Assert.Equal(text, Encoding.UTF8.GetString(RawDeflate.DecompressAlone(echo.Payload)));
        }
    }

    [Theory]
    [InlineData(true, 9)]
    [InlineData(true, 12)]
    [InlineData(false, 9)]
    [InlineData(false, 12)]
    public void A_small_window_is_kept_to(bool isServer, int bits)
    {
        // Every distance of the echo is within the window, or a decompressor with a window of that size would not know it.
        RawPeer peer = OpenCompressed(isServer, $"permessage-deflate; server_max_window_bits={bits}; client_max_window_bits={bits}");
        byte[] noise = new byte[(1 << bits) + 300];
        new Random(bits).NextBytes(noise);
        byte[] message = [.. noise, .. noise];
        peer.SendFrame(RawFrame.Rsv1 | 2, _codec.Compress(message));
        RawFrame echo = peer.ReadFrame();
        Assert.Equal(RawFrame.Rsv1, echo.Bits);
        Assert.Equal(message, _codec.Decompress(echo.Payload));
        Assert.True(echo.Payload.Length > noise.Length * 2 - 300, "what lies farther back than the window cannot be referred to");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_compressed_message_may_come_in_fragments_with_pings_in_between(bool isServer)
    {
        RawPeer peer = OpenCompressed(isServer);
        byte[] text = Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Range(0, 500)));
        byte[] payload = _codec.Compress(text);
        for (int i = 0; i < payload.Length; i += 100)
        {
            byte opcode = i == 0 ? (byte)(RawFrame.Rsv1 | 1) : (byte)0;
            bool isFinal = i + 100 >= payload.Length;
            peer.SendFrame(opcode, payload.AsSpan(i, Math.Min(100, payload.Length - i)), isFinal);
            if (isFinal) break;

            peer.SendFrame(9, "ping"u8);
            Assert.Equal(10, peer.ReadFrame().Opcode);
        }

        Assert.Equal(text, _codec.Decompress(peer.ReadFrame().Payload));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Messages_that_are_not_compressed_are_taken_as_they_are(bool isServer)
    {
        RawPeer peer = OpenCompressed(isServer);
        peer.SendText("plain");
        RawFrame echo = peer.ReadFrame();
        Assert.Equal((0, "plain"), (echo.Bits, echo.Text));
        AssertEchoes(peer, new string('a', 1000));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_empty_message_is_one_byte(bool isServer)
    {
        RawPeer peer = OpenCompressed(isServer, extension: new PermessageDeflate { MinMessageSize = 0 });
        peer.SendFrame(RawFrame.Rsv1 | 1, [0]);
        RawFrame echo = peer.ReadFrame();
        Assert.Equal(RawFrame.Rsv1, echo.Bits);
        Assert.Equal([0], echo.Payload);
        AssertEchoes(peer, new string('b', 1000));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_written_in_parts_is_one_compressed_message(bool isServer)
    {
        byte[][] parts = ["The first, the first, the first part. "u8.ToArray(), [], "The last, the last, the last part."u8.ToArray(), []];
        TestProtocol protocol = NewProtocol();
        protocol.On(isServer ? CallbackReason.Established : CallbackReason.ClientEstablished, connection =>
        {
            Assert.Equal(WriteResult.Accepted, connection.TrySend(parts[0], MessageKind.Text, MessagePart.First));
            Assert.Equal(WriteResult.Accepted, connection.TrySend(parts[1], MessageKind.Text, MessagePart.Middle));
            Assert.Equal(WriteResult.Accepted, connection.TrySend(parts[2], MessageKind.Text, MessagePart.Middle));
            Assert.Equal(WriteResult.Accepted, connection.TrySend(parts[3], MessageKind.Text, MessagePart.Last));
        });
        RawPeer peer = OpenCompressed(protocol, isServer, "permessage-deflate", new PermessageDeflate());

        List<byte> payload = [];
        RawFrame frame = peer.ReadFrame();
        Assert.Equal((1, RawFrame.Rsv1), (frame.Opcode, frame.Bits));
        payload.AddRange(frame.Payload);
        while (!frame.IsFinal)
        {
            frame = peer.ReadFrame();
            Assert.Equal((0, 0), (frame.Opcode, frame.Bits));
            payload.AddRange(frame.Payload);
        }

        Assert.Equal(parts.SelectMany(part => part), _codec.Decompress([.. payload]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_large_message_streams_through_frames_of_the_size_that_was_set(bool isServer)
    {
        byte[] message = new byte[3_000_000];
        Random random = new(7);
        for (int i = 0; i < message.Length; i++) message[i] = (byte)random.Next(16);
        TestProtocol protocol = NewProtocol();
        protocol.On(isServer ? CallbackReason.Established : CallbackReason.ClientEstablished, connection =>
        {
            Assert.Equal(ExtensionOptionResult.Applied, connection.SetExtensionOption("permessage-deflate", "tx_buf_size", "12"));
            connection.TrySend(message, MessageKind.Binary);
        });
        RawPeer peer = OpenCompressed(protocol, isServer, "permessage-deflate", new PermessageDeflate());

        List<byte> payload = [];
        RawFrame frame;
        do
        {
            frame = peer.ReadFrame();
            Assert.InRange(frame.Payload.Length, 1, 4096);
            payload.AddRange(frame.Payload);
        }
        while (!frame.IsFinal);

        Assert.True(payload.Count < message.Length * 9 / 10);
        Assert.Equal(message, _codec.Decompress([.. payload]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_large_message_is_delivered_in_parts_of_the_size_that_was_set_and_while_others_are_served(bool isServer)
    {
        byte[] message = new byte[4_000_000];
        List<int> parts = [];
        TestProtocol protocol = NewProtocol();
        protocol.On(isServer ? CallbackReason.Established : CallbackReason.ClientEstablished, connection =>
            Assert.Equal(ExtensionOptionResult.Applied, connection.SetExtensionOption("permessage-deflate", "rx_buf_size", "12")));
        protocol.OnReceive((_, ref _, in data) =>
        {
            parts.Add(data.In.Length);
            Assert.Equal(parts.Count == 1, data.Message.IsFirstPart);
            return CallbackResult.Continue;
        });
        RawPeer peer = OpenCompressed(protocol, isServer, "permessage-deflate", new PermessageDeflate());

        // Between two slices of the inflated message the turn goes on, and with it whoever else is there.
        int turns = 0;
        LoopTimer? ticking = null;
        ticking = new LoopTimer(_ =>
        {
            turns++;
            Loop.Schedule(ticking!, TimeSpan.Zero);
        });
        Loop.Schedule(ticking, TimeSpan.Zero);
        peer.SendFrame(RawFrame.Rsv1 | 2, _codec.Compress(message));
        int before = turns;
        Harness.RunUntil(() => parts.Sum() == message.Length);
        Loop.Cancel(ticking);

        Assert.All(parts, part => Assert.InRange(part, 0, 4096));
        Assert.True(turns - before >= message.Length / (256 * 1024), $"{turns - before} turns");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pause_in_the_middle_of_an_inflated_message_holds_the_rest_of_it(bool isServer)
    {
        int received = 0;
        int calls = 0;
        TestProtocol protocol = NewProtocol();
        protocol.OnReceive((connection, ref _, in data) =>
        {
            received += data.In.Length;
            calls++;
            connection.PauseReceive();
            return CallbackResult.Continue;
        });
        RawPeer peer = OpenCompressed(protocol, isServer, "permessage-deflate", new PermessageDeflate());
        byte[] message = new byte[500_000];
        peer.SendFrame(RawFrame.Rsv1 | 2, _codec.Compress(message));
        peer.SendFrame(RawFrame.Rsv1 | 2, _codec.Compress("and the next"u8));

        for (int expected = 1; received < message.Length + 12; expected++)
        {
            Harness.RunUntil(() => calls == expected);
            Harness.Settle();
            Assert.Equal(expected, calls);
            protocol.Newest!.ResumeReceive();
        }

        Assert.InRange(calls, 8, 12);
    }

    [Fact]
    public void A_message_can_be_kept_from_being_compressed()
    {
        string text = new('s', 2000);
        TestProtocol protocol = NewProtocol().On(CallbackReason.Established, connection =>
        {
            connection.TrySend(Encoding.UTF8.GetBytes(text), MessageKind.Text, compress: false);
            connection.TrySend(Encoding.UTF8.GetBytes(text), MessageKind.Text);
        });
        RawPeer peer = OpenCompressed(protocol, "permessage-deflate", out _);
        RawFrame plain = peer.ReadFrame();
        Assert.Equal((0, text), (plain.Bits, plain.Text));
        RawFrame compressed = peer.ReadFrame();
        Assert.Equal(RawFrame.Rsv1, compressed.Bits);
        Assert.Equal(text, Encoding.UTF8.GetString(_codec.Decompress(compressed.Payload)));
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
    [InlineData("server_max_window_bits", "8", ExtensionOptionResult.Refused)]
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
        peer.SendFrame(RawFrame.Rsv1 | 2, _codec.Compress(new byte[2000]));
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

    [Theory]
    [InlineData("permessage-deflate; client_no_context_takeover", DeflateLibrary.Auto)]
    [InlineData("permessage-deflate; client_no_context_takeover", DeflateLibrary.System)]
    [InlineData("permessage-deflate; client_no_context_takeover; server_no_context_takeover", DeflateLibrary.Auto)]
    public void Receiving_and_echoing_compressed_allocates_nothing_after_warm_up(string offer, DeflateLibrary library)
    {
        Own(_codec);
        LoopContext context = Own(new LoopContext(new LoopContextOptions { Loop = Loop, VirtualHosts = [NewHost(new SendingEcho(), new PermessageDeflate { Library = library })] }));
        RawPeer peer = Connect(context);
        peer.Upgrade(fields: $"{Field}{offer}\r\n");
        byte[] text = Encoding.ASCII.GetBytes(string.Join(' ', Enumerable.Range(0, 300)));
        byte[] wire = peer.Frame(RawFrame.Rsv1 | 1, RawDeflate.CompressAlone(text));
        for (int i = 0; i < 300; i++) EchoOnce(peer, wire);

        long least = Allocation.Least(() =>
        {
            long allocated = 0;
            for (int i = 0; i < 100; i++) allocated += EchoOnce(peer, wire);
            return allocated;
        });

        Assert.Equal(0, least);
    }

    /// <summary>Sends a frame and takes whatever comes back, past the peer's own bookkeeping. Returns what the turns of the loop allocated.</summary>
    private long EchoOnce(RawPeer peer, byte[] wire)
    {
        byte[] answer = new byte[4096];
        int received = 0;
        long allocated = 0;
        Assert.Equal(wire.Length, peer.SendNow(wire));
        for (int turn = 0; !RawFrame.TryRead(answer.AsSpan(0, received), out _, out _); turn++)
        {
            Assert.InRange(turn, 0, 1000);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Harness.Turn(turn < 10 ? 0 : 1);
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;

            // Nothing yet is negative here, as it is an errno.
            received += Math.Max(0, peer.ReceiveNow(answer.AsSpan(received)));
        }

        return allocated;
    }

    private TestProtocol NewEcho()
    {
        TestProtocol protocol = NewProtocol();
        return protocol.OnReceive((connection, ref session, in data) =>
        {
            session.Message.Append(data.In);
            if (!data.Message.IsFinalFragment) return CallbackResult.Continue;

            connection.TrySend(session.Message.Span, data.Message.Kind);
            session.Message.Clear();
            return CallbackResult.Continue;
        });
    }

    private static VirtualHostOptions NewHost(Protocol protocol, WebSocketExtension extension) =>
        new() { Endpoints = [new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0)], Protocols = [protocol], Extensions = [extension] };

    private static Connection DialCompressed(RawListener listener, Protocol protocol, LoopContext context, WebSocketExtension extension) =>
        context.Connect(new ClientConnectOptions { Uri = new Uri("ws://test/"), EndPoint = listener.EndPoint, Protocols = [protocol], Extensions = [extension] });

    private Connection DialCompressed(RawListener listener, Protocol protocol, WebSocketExtension extension) =>
        DialCompressed(listener, protocol, NewClientContext(), extension);

    private RawPeer OpenCompressed(bool isServer, string agreed = "permessage-deflate", PermessageDeflate? extension = null) =>
        OpenCompressed(NewEcho(), isServer, agreed, extension ?? new PermessageDeflate());

    private RawPeer OpenCompressed(TestProtocol protocol, string offer, out string head) =>
        OpenCompressed(protocol, isServer: true, offer, new PermessageDeflate(), out head);

    private RawPeer OpenCompressed(TestProtocol protocol, bool isServer, string agreed, PermessageDeflate extension) =>
        OpenCompressed(protocol, isServer, agreed, extension, out _);

    /// <summary>An open WebSocket: a server's, which was offered <paramref name="agreed"/>, or a client's, which was answered with it.</summary>
    private RawPeer OpenCompressed(TestProtocol protocol, bool isServer, string agreed, PermessageDeflate extension, out string head)
    {
        Own(_codec);
        if (isServer)
        {
            RawPeer client = Connect(Serve(NewHost(protocol, extension)));
            head = client.Upgrade(fields: $"{Field}{agreed}\r\n");
            Harness.RunUntil(() => protocol.Newest is not null);
            return client;
        }

        RawListener listener = Listen();
        DialCompressed(listener, protocol, extension);
        RawPeer server = listener.Accept();
        head = server.AcceptUpgrade(protocol.Name, $"{Field}{agreed}\r\n");
        Harness.RunUntil(() => protocol.Newest is not null);
        return server;
    }

    private void AssertEchoes(RawPeer peer, string text) => AssertEchoes(peer, text, out _);

    private void AssertEchoes(RawPeer peer, string text, out int size)
    {
        peer.SendFrame(RawFrame.Rsv1 | 1, _codec.Compress(Encoding.UTF8.GetBytes(text)));
        RawFrame echo = peer.ReadFrame();
        Assert.Equal((1, RawFrame.Rsv1, true), (echo.Opcode, echo.Bits, echo.IsFinal));
        Assert.Equal(text, Encoding.UTF8.GetString(_codec.Decompress(echo.Payload)));
        size = echo.Payload.Length;
    }
}
