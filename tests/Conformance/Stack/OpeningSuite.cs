using System.Text;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>From the first byte to an open WebSocket, on both sides: which callbacks, in which order, with what in their hands.</summary>
public abstract class OpeningSuite(LoopFactory factory) : LoopBench(factory)
{
    [Fact]
    public void A_raw_client_upgrades_and_is_echoed()
    {
        LoopContext context = Serve(new SendingEcho());
        RawPeer peer = Open(context);

        peer.SendText("hello");
        peer.SendBinary([1, 2, 3]);

        Assert.Equal("hello", peer.ReadFrame().Text);
        RawFrame second = peer.ReadFrame();
        Assert.Equal(2, second.Opcode);
        Assert.Equal([1, 2, 3], second.Payload);
        Assert.False(second.IsMasked);
    }

    [Fact]
    public void Our_client_and_our_server_talk_through_the_same_loop()
    {
        LoopContext context = Serve(new WritableEcho("echo"));
        TestProtocol protocol = NewProtocol("echo");
        protocol.On(CallbackReason.ClientEstablished, connection => connection.RequestWritable())
            .On(CallbackReason.ClientWriteable, connection => connection.Write("to myself"u8, MessageKind.Text));

        Dial(context, EndPointOf(context), protocol);
        Harness.RunUntil(() => Recorder.Texts.Count == 1);

        Assert.Equal("to myself", Recorder.Texts[0]);
        Assert.Equal(2, context.Thread.ConnectionCount);
    }

    [Fact]
    public void The_callbacks_of_an_accepted_websocket_come_in_their_order()
    {
        LoopContext context = Serve(NewProtocol().On(CallbackReason.Receive, connection => connection.RequestWritable()));
        RawPeer peer = Open(context);
        peer.SendText("hello");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.ServerWriteable));
        peer.SendFrame(10, "pong"u8);
        peer.SendClose(1000);
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("29 19 20 0 6:5 11 7:4 38:2 4 30", Recorder.TraceOf(1));
        Assert.Equal([CallbackReason.ProtocolInit, CallbackReason.FilterNetworkConnection, CallbackReason.WsiCreate], Recorder.Calls.Take(3).Select(call => call.Reason));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0FA2")]
    [InlineData("0FA26F766572")]
    public void What_comes_with_a_peers_close_is_the_whole_payload_with_the_code_in_front(string payload)
    {
        PayloadOfClose protocol = new();
        RawPeer peer = Open(Serve(protocol));

        peer.SendFrame(RawFrame.CloseOpcode, Convert.FromHexString(payload));
        peer.ReadToEnd();

        Assert.Equal(payload, protocol.Hex);
        Assert.Contains(new RecordedCall(CallbackReason.WsPeerInitiatedClose, 1, payload.Length / 2), Recorder.Calls);
    }

    [Fact]
    public void The_callbacks_of_an_http_request_come_in_their_order()
    {
        TestProtocol protocol = NewProtocol();
        protocol.On(CallbackReason.HttpBodyCompletion, connection => connection.Respond(200, null, "done"u8)).On(CallbackReason.Http, _ => { });
        LoopContext context = Serve(protocol);
        RawPeer peer = Connect(context);

        peer.Send("POST /path HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
        peer.ReadToEnd();
        peer.Close();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("29 19 18:5 12:5 13:3 14 5 30", Recorder.TraceOf(1));
    }

    [Fact]
    public void The_callbacks_of_a_client_come_in_their_order()
    {
        using RawListener listener = Listen();
        LoopContext context = NewClientContext();
        TestProtocol protocol = NewProtocol().On(CallbackReason.ClientReceive, connection => connection.RequestWritable());

        Connection connection = Dial(context, listener.EndPoint, protocol);
        RawPeer peer = listener.Accept();
        peer.AcceptUpgrade("test");
        peer.SendText("hello");
        Harness.RunUntil(() => Recorder.Has(CallbackReason.ClientWriteable));
        peer.SendFrame(10, "pong"u8);
        Harness.RunUntil(() => Recorder.Has(CallbackReason.ClientReceivePong));
        connection.Close();
        Assert.Equal(1000, peer.ReadFrame().CloseCode);
        peer.SendClose(1000);
        peer.EndStream();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal("29 24 2 3 8:5 10 9:4 4 30", Recorder.TraceOf(connection));
    }

    [Fact]
    public void The_callbacks_of_a_client_that_does_not_come_up_come_in_their_order()
    {
        using PeerListener listener = Harness.Network.BindWithoutListening();
        LoopContext context = NewClientContext();

        Connection connection = Dial(context, listener.EndPoint, NewProtocol());
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal([CallbackReason.WsiCreate, CallbackReason.ClientConnectionError, CallbackReason.WsiDestroy], Recorder.ReasonsOf(connection));
        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal(ConnectStage.Connect, failure.Stage);
        Assert.Equal(Errno.ECONNREFUSED, failure.SystemError);
    }

    [Fact]
    public void Nothing_is_called_before_connect_has_returned()
    {
        LoopContext context = Serve(NewProtocol());
        int before = Recorder.Calls.Count;

        Dial(context, EndPointOf(context), NewProtocol());

        Assert.Equal(before, Recorder.Calls.Count);
    }

    [Fact]
    public void A_client_that_is_given_up_before_its_first_turn_fails_once()
    {
        LoopContext context = Serve(NewProtocol());

        Connection connection = Dial(context, EndPointOf(context), NewProtocol());
        connection.Abort();
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));

        Assert.Equal([CallbackReason.WsiCreate, CallbackReason.ClientConnectionError, CallbackReason.WsiDestroy], Recorder.ReasonsOf(connection));
    }

    [Fact]
    public void Header_fields_can_be_read_until_established_has_returned_and_are_empty_after_it()
    {
        List<string> seen = [];
        void Look(Connection connection) => seen.Add(Field(connection, "X-Test"u8) + " " + Encoding.ASCII.GetString(connection.RequestTarget));
        LoopContext context = Serve(NewProtocol()
            .On(CallbackReason.FilterProtocolConnection, Look).On(CallbackReason.Established, Look).On(CallbackReason.Receive, Look));
        RawPeer peer = Connect(context);
        peer.Upgrade("/chat?x=1", fields: "X-Test: value\r\n");

        peer.SendText("now");
        Harness.RunUntil(() => seen.Count == 3);

        Assert.Equal(["value /chat?x=1", "value /chat?x=1", "- "], seen);
    }

    [Fact]
    public void A_client_reads_the_fields_of_the_reply_until_upgraded_has_returned()
    {
        List<string> seen = [];
        void Look(Connection connection) => seen.Add(Field(connection, "Upgrade"u8));
        TestProtocol client = NewProtocol().On(CallbackReason.ClientFilterPreEstablish, Look).On(CallbackReason.ClientEstablished, Look);
        LoopContext context = Serve(NewProtocol());

        Dial(context, EndPointOf(context), client);
        Harness.RunUntil(() => seen.Count == 2);

        Assert.Equal(["websocket", "-"], seen);
    }

    [Fact]
    public void Session_data_begins_as_zero_and_is_kept_until_the_closing_callback_has_returned()
    {
        List<int> seen = [];
        CallbackResult Count(Connection connection, ref TestSession session, in CallbackData data)
        {
            seen.Add(session.Number++);
            return CallbackResult.Continue;
        }

        LoopContext context = Serve(NewProtocol()
            .On(CallbackReason.FilterProtocolConnection, Count).On(CallbackReason.Established, Count)
            .OnReceive(Count).On(CallbackReason.Closed, Count));
        for (int i = 0; i < 2; i++)
        {
            RawPeer peer = Open(context);
            peer.SendText("count");
            peer.SendClose();
            peer.ReadToEnd();
            peer.Close();
            Harness.RunUntil(() => context.Thread.ConnectionCount == 0);
        }

        Assert.Equal([0, 1, 2, 3, 0, 1, 2, 3], seen);
    }

    [Fact]
    public void Data_of_a_virtual_host_is_one_object_for_each_protocol()
    {
        TestProtocol first = NewProtocol("first");
        TestProtocol second = NewProtocol("second");
        List<List<string>> seen = [];
        first.Init = host => host.GetData<List<string>>(first).Add("made in init");
        first.On(CallbackReason.Established, connection => seen.Add(connection.VirtualHost!.GetData<List<string>>(first)));
        second.On(CallbackReason.Established, connection => seen.Add(connection.VirtualHost!.GetData<List<string>>(second)));
        LoopContext context = Serve(first, second);

        Open(context, "first");
        Open(context, "first");
        Open(context, "second");

        Assert.Equal(["made in init"], seen[0]);
        Assert.Same(seen[0], seen[1]);
        Assert.Empty(seen[2]);
    }

    [Theory]
    [InlineData("second, first", "second")]
    [InlineData("unknown, first, second", "first")]
    [InlineData("first", "first")]
    public void The_subprotocol_is_the_clients_first_that_is_served(string asked, string chosen)
    {
        LoopContext context = Serve(NewProtocol("first"), NewProtocol("second"));
        RawPeer peer = Connect(context);

        string head = peer.Upgrade(protocols: asked);

        Assert.Contains($"Sec-WebSocket-Protocol: {chosen}\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_that_names_no_subprotocol_gets_the_default_and_is_told_none()
    {
        TestProtocol chosen = NewProtocol("chosen");
        VirtualHostOptions host = new() { Endpoints = HostOf().Endpoints, Protocols = [NewProtocol("zero"), chosen], DefaultProtocol = "chosen" };
        Protocol? established = null;
        chosen.On(CallbackReason.Established, connection => established = connection.Protocol);
        LoopContext context = Serve(host);

        string head = Connect(context).Upgrade();

        Assert.Same(chosen, established);
        Assert.DoesNotContain("Sec-WebSocket-Protocol", head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_client_is_bound_to_the_protocol_that_the_server_chose()
    {
        LoopContext context = Serve(NewProtocol("b"));
        TestProtocol first = NewProtocol("a");
        TestProtocol second = NewProtocol("b");
        Protocol? established = null;
        first.On(CallbackReason.ClientEstablished, connection => established = connection.Protocol);
        second.On(CallbackReason.ClientEstablished, connection => established = connection.Protocol);

        Dial(context, EndPointOf(context), first, second);
        Harness.RunUntil(() => established is not null);

        Assert.Same(second, established);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_message_may_be_sent_as_soon_as_the_connection_is_open(bool isServer)
    {
        TestProtocol protocol = NewProtocol();
        void Greet(Connection connection) => Assert.Equal(WriteResult.Accepted, connection.TrySend("welcome"u8, MessageKind.Text));
        protocol.On(CallbackReason.Established, Greet).On(CallbackReason.ClientEstablished, Greet);

        (_, RawPeer peer) = Open(protocol, isServer);

        Assert.Equal("welcome", peer.ReadFrame().Text);
    }

    [Fact]
    public void Virtual_hosts_of_a_context_listen_and_serve_each_for_itself()
    {
        LoopContext context = Own(new LoopContext(new LoopContextOptions
        {
            Loop = Loop,
            Tracer = Recorder,
            VirtualHosts = [HostOf(new SendingEcho("first")), HostOf(NewProtocol("second"))],
        }));
        RawPeer first = Own(RawPeer.Connect(context.VirtualHosts[0].LocalEndPoints[0], Harness));
        RawPeer second = Own(RawPeer.Connect(context.VirtualHosts[1].LocalEndPoints[0], Harness));
        first.Upgrade(protocols: "first");
        second.RequestUpgrade(protocols: "first");

        Assert.StartsWith("HTTP/1.1 400 ", second.ReadHead(), StringComparison.Ordinal);
        first.SendText("only here");
        Assert.Equal("only here", first.ReadFrame().Text);
    }

    [Fact]
    public void U10_frames_in_the_same_packet_as_the_request_wait_for_established()
    {
        LoopContext context = Serve(NewProtocol());
        RawPeer peer = Connect(context);

        peer.Send([.. Encoding.ASCII.GetBytes(RawPeer.UpgradeRequest()), .. peer.Frame(1, "early"u8)]);
        Harness.RunUntil(() => Recorder.Texts.Count == 1);

        Assert.Equal("29 19 20 0 6:5", Recorder.TraceOf(1));
    }

    [Fact]
    public void A_request_that_is_cut_at_every_byte_is_the_same_request()
    {
        LoopContext context = Serve(new SendingEcho());
        RawPeer peer = Connect(context);
        foreach (char letter in RawPeer.UpgradeRequest())
        {
            peer.Send([(byte)letter]);
            Harness.Turn();
        }

        peer.ReadHead();
        foreach (byte part in peer.Frame(1, "in pieces"u8))
        {
            peer.Send([part]);
            Harness.Turn();
        }

        Assert.Equal("in pieces", peer.ReadFrame().Text);
    }

    private static string Field(Connection connection, ReadOnlySpan<byte> name) =>
        connection.Headers.TryGet(name, out ReadOnlySpan<byte> value) ? Encoding.ASCII.GetString(value) : "-";

    /// <summary>The one callback of ported code, which keeps what comes with the peer's close frame.</summary>
    private sealed class PayloadOfClose() : ReasonProtocol<NoSession>("close")
    {
        public string? Hex { get; private set; }

        protected override int Callback(Connection? connection, CallbackReason reason, ref NoSession user, in CallbackData data)
        {
            if (reason == CallbackReason.WsPeerInitiatedClose) Hex = Convert.ToHexString(data.In);
            return 0;
        }
    }
}
