using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Peers that have silently gone: found by pings after silence, and given up after more of it.</summary>
public abstract class KeepAliveSuite(LoopFactory factory) : LoopBench(factory)
{
    private static readonly TimeSpan s_pingAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_giveUpAfter = TimeSpan.FromSeconds(10);

    private readonly List<string> _pongs = [];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_silent_peer_is_pinged_and_one_that_does_not_answer_is_given_up(bool isServer)
    {
        (_, RawPeer peer) = OpenWith(On(), isServer);
        Pass(s_pingAfter - TimeSpan.FromSeconds(1));
        Assert.Empty(peer.ReadAll());

        Pass(TimeSpan.FromSeconds(1));
        RawFrame ping = peer.ReadFrame();
        Assert.Equal((9, "", !isServer), (ping.Opcode, ping.Text, ping.IsMasked));
        Pass(s_giveUpAfter - TimeSpan.FromSeconds(1));
        Assert.Empty(Recorder.Closes);
        Pass(TimeSpan.FromSeconds(1));

        CloseInfo close = Assert.Single(Recorder.Closes).Close;
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Timeout, false), (close.Code, close.Origin, close.IsClean));
        peer.WaitUntil(() => peer.IsOver);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_answers_stays_for_as_long_as_it_does_and_the_user_sees_its_pongs(bool isServer)
    {
        (_, RawPeer peer) = OpenWith(On(), isServer);
        for (int round = 1; round <= 5; round++)
        {
            Pass(s_pingAfter);
            Assert.Equal(9, peer.ReadFrame().Opcode);
            peer.SendFrame(10, []);
            Harness.RunUntil(() => _pongs.Count == round);
        }

        // The last answer was the last sign of life: the next ping is due after the silence that follows it, and nobody is given up before.
        Pass(s_pingAfter);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        Pass(s_giveUpAfter);
        Assert.Single(Recorder.Closes);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    [InlineData(true, 3)]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    public void Any_byte_counts_as_life_also_a_part_of_a_frame(bool isServer, int bytes)
    {
        (_, RawPeer peer) = OpenWith(On(), isServer);
        byte[] wire = peer.Frame(2, new byte[1000]);
        int sent = 0;
        for (int i = 0; i < 20; i++)
        {
            Pass(s_pingAfter - TimeSpan.FromSeconds(1));
            peer.Send(wire.AsSpan(sent, bytes));
            sent += bytes;
            Harness.Settle();
        }

        Assert.Empty(peer.ReadAll());
        Assert.Empty(Recorder.Closes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_byte_after_the_ping_counts_as_an_answer_though_it_is_no_pong(bool isServer)
    {
        (_, RawPeer peer) = OpenWith(On(), isServer);
        Pass(s_pingAfter);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        Pass(s_giveUpAfter - TimeSpan.FromSeconds(1));
        peer.SendText("busy");
        Harness.RunUntil(() => Recorder.Texts.Count == 1);

        Pass(s_pingAfter - TimeSpan.FromSeconds(1));
        Assert.Empty(Recorder.Closes);
        Assert.Empty(peer.ReadAll());
        Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(9, peer.ReadFrame().Opcode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nobody_is_asked_or_given_up_while_receiving_is_paused(bool isServer)
    {
        (Connection connection, RawPeer peer) = OpenWith(On(), isServer);
        connection.PauseReceive();
        peer.SendText("said meanwhile");
        Pass(TimeSpan.FromHours(1));
        Assert.Empty(peer.ReadAll());
        Assert.Empty(Recorder.Closes);

        connection.ResumeReceive();
        Harness.RunUntil(() => Recorder.Texts.Count == 1);
        Pass(s_pingAfter);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        Pass(s_giveUpAfter);
        Assert.Single(Recorder.Closes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pause_between_ping_and_pong_does_not_cost_the_peer_its_life(bool isServer)
    {
        (Connection connection, RawPeer peer) = OpenWith(On(), isServer);
        Pass(s_pingAfter);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        connection.PauseReceive();
        peer.SendFrame(10, []);
        Pass(s_giveUpAfter - TimeSpan.FromMilliseconds(1));

        connection.ResumeReceive();
        Harness.Advance(TimeSpan.FromMilliseconds(1));
        Harness.Settle();

        Assert.Empty(Recorder.Closes);
        Assert.Equal([""], _pongs);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_nobody_has_listened_to_has_its_whole_time_once_somebody_does(bool isServer)
    {
        (Connection connection, RawPeer peer) = OpenWith(On(), isServer);
        Pass(s_pingAfter);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        connection.PauseReceive();
        Pass(s_giveUpAfter - TimeSpan.FromMilliseconds(1));
        connection.ResumeReceive();

        // Nothing has come when the time that began with the ping is over; it counts from the moment at which something could have been heard.
        Pass(s_pingAfter - TimeSpan.FromMilliseconds(1));
        Assert.Empty(Recorder.Closes);
        Assert.Empty(peer.ReadAll());
        Pass(TimeSpan.FromMilliseconds(1));
        Assert.Equal(9, peer.ReadFrame().Opcode);
        Pass(s_giveUpAfter);

        Assert.Single(Recorder.Closes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_peer_that_takes_nothing_and_says_nothing_is_given_up_though_no_ping_could_leave(bool isServer)
    {
        (Connection connection, RawPeer peer) = OpenWith(On(), isServer);
        peer.IsReading = false;
        connection.TrySend(new byte[9_000_000], MessageKind.Binary);
        Harness.Settle();

        Pass(s_pingAfter);
        Pass(s_giveUpAfter - TimeSpan.FromSeconds(1));
        Assert.Empty(Recorder.Closes);
        Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(CloseOrigin.Timeout, Assert.Single(Recorder.Closes).Close.Origin);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_ping_that_had_no_room_leaves_when_there_is_some_and_the_peer_has_its_time_from_then_on(bool isServer)
    {
        (Connection connection, RawPeer peer) = OpenWith(On(), isServer);
        peer.IsReading = false;
        byte[] large = new byte[9_000_000];
        connection.TrySend(large, MessageKind.Binary);
        Harness.Settle();
        Pass(s_pingAfter);
        Pass(s_giveUpAfter - TimeSpan.FromSeconds(1));

        peer.IsReading = true;
        Assert.Equal(large.Length, peer.ReadFrame().Payload.Length);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        Pass(s_giveUpAfter - TimeSpan.FromSeconds(1));
        Assert.Empty(Recorder.Closes);
        Pass(TimeSpan.FromSeconds(1));

        Assert.Single(Recorder.Closes);
    }

    [Fact]
    public void Without_a_time_to_give_up_the_peer_is_asked_again_and_again()
    {
        (_, RawPeer peer) = OpenWith(new WebSocketKeepAlive { PingAfter = s_pingAfter, GiveUpAfter = Timeout.InfiniteTimeSpan }, isServer: true);
        for (int i = 0; i < 10; i++)
        {
            Pass(s_pingAfter);
            Assert.Equal(9, peer.ReadFrame().Opcode);
        }

        Assert.Empty(Recorder.Closes);
    }

    [Fact]
    public void A_long_time_to_give_up_does_not_delay_the_next_question()
    {
        (_, RawPeer peer) = OpenWith(new WebSocketKeepAlive { PingAfter = s_pingAfter, GiveUpAfter = TimeSpan.FromMinutes(10) }, isServer: true);
        Pass(s_pingAfter);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        peer.SendFrame(10, []);
        Harness.RunUntil(() => _pongs.Count == 1);

        Pass(s_pingAfter);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        Pass(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(1));
        Assert.Empty(Recorder.Closes);
        Pass(TimeSpan.FromSeconds(1));
        Assert.Single(Recorder.Closes);
    }

    [Fact]
    public void A_close_of_our_own_has_its_own_time()
    {
        (Connection connection, RawPeer peer) = OpenWith(On(), isServer: true);
        Pass(s_pingAfter);
        connection.Close();
        Pass(TimeSpan.FromSeconds(4.9));
        Assert.Empty(Recorder.Closes);
        Pass(TimeSpan.FromSeconds(0.2));

        Assert.Equal((9, 8), (peer.ReadFrame().Opcode, peer.ReadFrame().Opcode));
        Assert.Equal(CloseOrigin.Timeout, Assert.Single(Recorder.Closes).Close.Origin);
    }

    [Fact]
    public void It_is_off_by_default_and_costs_no_timer()
    {
        int before = Loop.TimerCount;
        (_, RawPeer peer) = OpenServer(NewProtocol());
        Assert.Equal(before, Loop.TimerCount);

        Pass(TimeSpan.FromDays(1));

        Assert.Empty(peer.ReadAll());
        Assert.Empty(Recorder.Closes);
    }

    [Fact]
    public void A_virtual_host_and_a_client_may_have_their_own_and_switch_it_off()
    {
        WebSocketKeepAlive slow = new() { PingAfter = s_pingAfter * 2 };
        TestProtocol protocol = NewProtocol();
        LoopContext context = Own(new LoopContext(new LoopContextOptions
        {
            Loop = Loop,
            Tracer = Recorder,
            WebSocketKeepAlive = On(),
            VirtualHosts =
            [
                Host("as the context"),
                Host("slow", slow),
                Host("off", new WebSocketKeepAlive()),
            ],
        }));
        RawPeer[] peers = [.. context.VirtualHosts.Select(host => Own(RawPeer.Connect(host.LocalEndPoints[0], Harness)))];
        foreach (RawPeer peer in peers) peer.Upgrade();
        RawPeer[] servers = [Dial(null), Dial(slow), Dial(new WebSocketKeepAlive())];

        Pass(s_pingAfter);
        Assert.Equal([9, -1, -1, 9, -1, -1], Heard());
        foreach (RawPeer peer in (RawPeer[])[peers[0], servers[0]]) peer.SendFrame(10, []);
        Pass(s_pingAfter);
        Assert.Equal([9, 9, -1, 9, 9, -1], Heard());

        VirtualHostOptions Host(string name, WebSocketKeepAlive? keepAlive = null) =>
            new() { Name = name, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], Protocols = [protocol], WebSocketKeepAlive = keepAlive };

        RawPeer Dial(WebSocketKeepAlive? keepAlive)
        {
            RawListener listener = Listen();
            Connection connection = context.Connect(new ClientConnectOptions
            {
                Uri = Address("ws://test/"),
                EndPoint = listener.EndPoint,
                Protocols = [protocol],
                WebSocketKeepAlive = keepAlive,
            });
            RawPeer server = listener.Accept();
            server.AcceptUpgrade(protocol.Name);
            Harness.RunUntil(() => connection.State == ConnectionState.Established);
            return server;
        }

        int[] Heard()
        {
            Harness.Settle();
            return [.. peers.Concat(servers).Select(peer => peer.TryReadFrame(out RawFrame frame) ? frame.Opcode : -1)];
        }
    }

    [Theory]
    [InlineData(0, 1000)]
    [InlineData(1000, 0)]
    [InlineData(-5, 1000)]
    public void Times_that_are_none_are_refused_by_their_name(int pingAfter, int giveUpAfter)
    {
        WebSocketKeepAlive keepAlive = new() { PingAfter = TimeSpan.FromMilliseconds(pingAfter), GiveUpAfter = TimeSpan.FromMilliseconds(giveUpAfter) };

        ArgumentException refused = Assert.ThrowsAny<ArgumentException>(() => new LoopContext(new LoopContextOptions { Loop = Loop, WebSocketKeepAlive = keepAlive }));

        Assert.Equal(pingAfter <= 0 ? "PingAfter" : "GiveUpAfter", refused.ParamName);
    }

    [Fact]
    public void Pinging_and_being_answered_allocates_nothing()
    {
        LoopContext context = Own(new LoopContext(new LoopContextOptions { Loop = Loop, WebSocketKeepAlive = On(), VirtualHosts = [HostOf(new SendingEcho())] }));
        RawPeer peer = Open(context);
        Harness.Settle();
        byte[] pong = peer.Frame(10, []);
        byte[] heard = new byte[64];
        for (int i = 0; i < 20; i++) Round();

        Assert.Equal(0, Allocation.Least(() =>
        {
            long allocated = 0;
            for (int i = 0; i < 20; i++) allocated += Round();
            return allocated;
        }));

        long Round()
        {
            Harness.Advance(s_pingAfter);
            long allocated = 0;
            for (int received = 0; received < 2;)
            {
                allocated += Turn();
                received += Math.Max(0, peer.ReceiveNow(heard));
            }

            Assert.Equal(pong.Length, peer.SendNow(pong));
            for (int i = 0; i < 3; i++) allocated += Turn();
            return allocated;
        }

        long Turn()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Harness.Turn();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static WebSocketKeepAlive On() => new() { PingAfter = s_pingAfter, GiveUpAfter = s_giveUpAfter };

    private (Connection Connection, RawPeer Peer) OpenWith(WebSocketKeepAlive keepAlive, bool isServer)
    {
        CallbackHook note = (Connection _, ref TestSession _, in CallbackData data) =>
        {
            _pongs.Add(System.Text.Encoding.UTF8.GetString(data.In));
            return CallbackResult.Continue;
        };
        TestProtocol protocol = NewProtocol().On(CallbackReason.ReceivePong, note).On(CallbackReason.ClientReceivePong, note);
        LoopContext context = Own(new LoopContext(new LoopContextOptions
        {
            Loop = Loop,
            Tracer = Recorder,
            WebSocketKeepAlive = keepAlive,
            VirtualHosts = [HostOf(protocol)],
        }));
        if (isServer)
        {
            RawPeer client = Open(context);
            Harness.RunUntil(() => protocol.Newest is not null);
            return (protocol.Newest!, client);
        }

        RawListener listener = Listen();
        Connection connection = Dial(context, listener.EndPoint, protocol);
        RawPeer server = listener.Accept();
        server.AcceptUpgrade(protocol.Name);
        Harness.RunUntil(() => connection.State == ConnectionState.Established);
        return (connection, server);
    }

    private void Pass(TimeSpan time)
    {
        Harness.Settle();
        Harness.Advance(time);
        Harness.Settle();
    }
}
