using System.Globalization;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Whoever makes no progress in a phase is gone when the phase's time is over, and not before.</summary>
public abstract class DeadlineSuite(LoopFactory factory) : LoopBench(factory)
{
    private static readonly ConnectionTimeouts s_timeouts = new()
    {
        FirstByte = TimeSpan.FromSeconds(1),
        RequestHead = TimeSpan.FromSeconds(2),
        RequestBody = TimeSpan.FromSeconds(3),
        KeepAlive = TimeSpan.FromSeconds(4),
        Linger = TimeSpan.FromSeconds(1),
    };

    [Fact]
    public void T01_a_peer_that_says_nothing_is_dropped()
    {
        RawPeer peer = Connect(Serve(HostOf(NewProtocol()), timeouts: s_timeouts));
        AssertLastsFor(peer, 1000);

        Assert.Empty(peer.ReadToEnd());
        Assert.Equal("29 19 5 30", Recorder.TraceOf(1));
    }

    [Fact]
    public void T02_a_peer_that_trickles_its_head_is_answered_408_counted_from_its_first_byte()
    {
        RawPeer peer = Connect(Serve(HostOf(NewProtocol()), timeouts: s_timeouts));
        peer.Send("G");
        Harness.Settle();
        for (int i = 0; i < 3; i++)
        {
            AssertLastsFor(peer, 500);
            peer.Send("E");
            Harness.Settle();
        }

        AssertLastsFor(peer, 500);

        Assert.StartsWith("HTTP/1.1 408 ", peer.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_that_does_not_come_to_its_end_is_dropped()
    {
        RawPeer peer = Connect(Serve(HostOf(NewProtocol().On(CallbackReason.Http, _ => { })), timeouts: s_timeouts));
        peer.Send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc");
        Harness.Settle();
        AssertLastsFor(peer, 3000);

        Assert.Empty(peer.ReadToEnd());
        Assert.Equal("29 19 18:1 12:1 13:3 5 30", Recorder.TraceOf(1));
    }

    [Fact]
    public void T05_a_connection_that_was_kept_for_nothing_is_closed()
    {
        RawPeer peer = Connect(Serve(HostOf(NewProtocol()), timeouts: s_timeouts));
        peer.Send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        peer.ReadHead();
        Harness.Settle();
        peer.ReadAll();
        AssertLastsFor(peer, 4000);

        Assert.Empty(peer.ReadToEnd());
    }

    [Fact]
    public void An_open_websocket_has_no_deadline()
    {
        RawPeer peer = Open(Serve(HostOf(new SendingEcho()), timeouts: s_timeouts));
        Harness.Settle();
        Assert.Equal(0, Loop.TimerCount);

        Harness.Advance(TimeSpan.FromDays(1));
        peer.SendText("good morning");

        Assert.Equal("good morning", peer.ReadFrame().Text);
    }

    [Fact]
    public void A_server_that_does_not_reply_fails_the_client_at_the_handshake()
    {
        RawListener listener = Listen();
        Connection connection = NewClientContext().Connect(new ClientConnectOptions
        {
            Uri = listener.Uri,
            Protocols = [NewProtocol()],
            HandshakeTimeout = TimeSpan.FromSeconds(1),
        });
        RawPeer peer = listener.Accept();
        peer.ReadHead();
        peer.Send("HTTP/1.1 101 Swit");
        Harness.Settle();
        AssertLastsFor(peer, 1000);
        Harness.RunUntil(() => Recorder.Failures.Count == 1);

        ConnectFailure failure = Recorder.Failures[0].Failure;
        Assert.Equal((ConnectStage.Handshake, true), (failure.Stage, failure.IsTimeout));
        Assert.True(connection.IsClosed);
    }

    [Fact]
    public void The_users_own_timeout_closes_with_1000_by_time()
    {
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol());
        connection.SetTimeout(TimeSpan.FromSeconds(5));
        connection.SetTimeout(TimeSpan.FromSeconds(1));
        AssertLastsFor(peer, 1000);

        Assert.Equal(1000, peer.ReadFrame().CloseCode);
        peer.SendClose(1000);
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Assert.Equal(CloseOrigin.Timeout, Recorder.Closes[0].Close.Origin);
    }

    [Fact]
    public void The_users_own_timeout_can_be_taken_back()
    {
        (Connection connection, RawPeer peer) = OpenServer(NewProtocol());
        connection.SetTimeout(TimeSpan.FromSeconds(1));
        connection.SetTimeout(Timeout.InfiniteTimeSpan);

        Harness.Advance(TimeSpan.FromHours(1));
        Harness.Settle();

        Assert.Equal(0, Loop.TimerCount);
        Assert.Empty(peer.ReadAll());
        Assert.Equal(ConnectionState.Established, connection.State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_last_message_that_the_peer_does_not_take_is_given_up(bool isServer)
    {
        (Connection connection, RawPeer peer) = Open(NewProtocol(), isServer);
        peer.IsReading = false;
        connection.TrySend(new byte[9_000_000], MessageKind.Binary);
        Harness.Settle();
        peer.SendClose(1000);
        Harness.Settle();
        Assert.Equal(ConnectionState.Flushing, connection.State);

        Harness.Advance(TimeSpan.FromSeconds(5));
        Harness.RunUntil(() => Recorder.Closes.Count == 1);

        Assert.False(Recorder.Closes[0].Close.IsClean);
    }

    [Fact]
    public void A_refused_peer_that_goes_on_talking_is_listened_to_for_a_while_only()
    {
        RawPeer peer = Connect(Serve(HostOf(NewProtocol()), timeouts: s_timeouts));
        peer.Send("nonsense\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", peer.ReadToEnd(), StringComparison.Ordinal);
        for (int i = 0; i < 3; i++)
        {
            peer.Send(i.ToString(CultureInfo.InvariantCulture));
            Harness.Settle();
            Assert.False(Recorder.Has(CallbackReason.WsiDestroy));
        }

        Harness.Advance(TimeSpan.FromSeconds(1));
        Harness.RunUntil(() => Recorder.Has(CallbackReason.WsiDestroy));
    }

    /// <summary>Nothing may end a millisecond before the time is over; the test then looks at what the last one brought.</summary>
    private void AssertLastsFor(RawPeer peer, int milliseconds)
    {
        Harness.Settle();
        Harness.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
        Harness.Settle();
        Assert.False(peer.IsOver);
        Assert.False(Recorder.Has(CallbackReason.WsiDestroy));
        Harness.Advance(TimeSpan.FromMilliseconds(1));
    }
}
