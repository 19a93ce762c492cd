using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Keep-alive as it is set: off, other times than the usual, for some and not for others; and what it costs.</summary>
public abstract class KeepAliveSettingSuite(LoopFactory factory) : KeepAliveBench(factory)
{
    [Fact]
    public void Without_a_time_to_give_up_the_peer_is_asked_again_and_again()
    {
        (_, RawPeer peer) = OpenWith(new WebSocketKeepAlive { PingAfter = SilenceUntilPing, GiveUpAfter = Timeout.InfiniteTimeSpan }, isServer: true);
        for (int i = 0; i < 10; i++)
        {
            Pass(SilenceUntilPing);
            Assert.Equal(9, peer.ReadFrame().Opcode);
        }

        Assert.Empty(Recorder.Closes);
    }

    [Fact]
    public void A_long_time_to_give_up_does_not_delay_the_next_question()
    {
        (_, RawPeer peer) = OpenWith(new WebSocketKeepAlive { PingAfter = SilenceUntilPing, GiveUpAfter = TimeSpan.FromMinutes(10) }, isServer: true);
        Pass(SilenceUntilPing);
        Assert.Equal(9, peer.ReadFrame().Opcode);
        peer.SendFrame(10, []);
        Harness.RunUntil(() => Pongs.Count == 1);

        Pass(SilenceUntilPing);
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
        Pass(SilenceUntilPing);
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
        WebSocketKeepAlive slow = new() { PingAfter = SilenceUntilPing * 2 };
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

        Pass(SilenceUntilPing);
        Assert.Equal([9, -1, -1, 9, -1, -1], Heard());
        foreach (RawPeer peer in (RawPeer[])[peers[0], servers[0]]) peer.SendFrame(10, []);
        Pass(SilenceUntilPing);
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
            Harness.Advance(SilenceUntilPing);
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
}
