using System.Text;
using Microsoft.Extensions.Logging;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>T03, T04, T06, T09, T10 and T11: peers that are too slow, or too many.</summary>
public abstract class LoadRows(LoopFactory factory) : ReliabilityRows(factory)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData("Content-Length: 100000\r\n\r\n", "x")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n")]
    public void T03_a_body_at_one_byte_a_second_is_dropped_below_the_minimum_rate(string framing, string oneByte)
    {
        Protocol.On(CallbackReason.Http, _ => { });
        RawPeer peer = Connect();
        peer.Send($"POST / HTTP/1.1\r\nHost: a\r\n{framing}");
        for (int i = 0; i < 4; i++) SendAndWait(peer, oneByte, Second);
        Assert.False(peer.IsOver);

        SendAndWait(peer, oneByte, Second * 1.1);

        Assert.Equal("", peer.ReadToEnd());
        Assert.Equal((1, 0), (CountOf(CallbackReason.ClosedHttp), CountOf(CallbackReason.HttpBodyCompletion)));
        Assert.Equal(1, Log.CountContaining(ProtocolFault.BodyTooSlow.Describe()));
    }

    [Fact]
    public void T03_a_body_at_the_minimum_rate_is_read_to_its_end_and_one_that_stops_after_a_good_beginning_is_not()
    {
        Protocol.On(CallbackReason.Http, _ => { }).On(CallbackReason.HttpBodyCompletion, connection => connection.Respond(200, null, "all of it"u8));
        RawPeer steady = Connect();
        RawPeer stopping = Connect();
        steady.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n");
        stopping.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + new string('x', 100_000));
        for (int i = 0; i < 10; i++) SendAndWait(steady, new string('x', 250), Second);
        Assert.True(stopping.IsOver);
        for (int i = 0; i < 10; i++) SendAndWait(steady, new string('x', 250), Second);

        Assert.StartsWith("HTTP/1.1 200 ", steady.ReadHead(), StringComparison.Ordinal);
    }

    [Fact]
    public void T03_time_in_which_we_do_not_read_is_not_the_peers()
    {
        Connection? reading = null;
        Protocol.On(CallbackReason.Http, _ => { }).On(CallbackReason.HttpBodyCompletion, connection => connection.Respond(200, null, "all of it"u8))
            .On(CallbackReason.HttpBody, connection =>
            {
                reading = connection;
                connection.PauseReceive();
            });
        RawPeer peer = Connect();
        peer.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
        Harness.RunUntil(() => reading is not null);
        for (int i = 0; i < 100; i++) Advance(Second * 4);
        Assert.False(peer.IsOver);

        reading!.ResumeReceive();
        peer.Send("cd");
        Harness.Settle();
        reading.ResumeReceive();

        Assert.StartsWith("HTTP/1.1 200 ", peer.ReadHead(), StringComparison.Ordinal);
    }

    [Fact]
    public void T04_an_answer_that_nobody_reads_is_aborted_after_the_write_time_out()
    {
        byte[] block = new byte[64 * 1024];
        Connection? sending = null;
        Protocol.On(CallbackReason.HttpWriteable, Fill).On(CallbackReason.Http, connection =>
        {
            sending = connection;
            connection.StartResponse(200, null, -1);
            Fill(connection);
        });
        RawPeer peer = Connect();
        peer.IsReading = false;
        peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Harness.Settle();
        Advance(Timeouts.Write - Second);
        Assert.False(sending!.IsClosed);

        Advance(Second * 1.1);

        Assert.True(sending.IsClosed);
        Assert.Equal(1, CountOf(CallbackReason.ClosedHttp));
        peer.IsReading = true;
        peer.WaitUntil(() => peer.IsOver);
        Assert.True(peer.IsReset);

        void Fill(Connection connection)
        {
            for (int i = 0; connection.WriteBody(block) == WriteResult.Accepted; i++) Assert.True(i < 10_000, "The kernel takes everything.");
            connection.RequestWritable();
        }
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void T04_a_WebSocket_that_nobody_reads_is_aborted_after_the_write_time_out(Side side)
    {
        RawPeer peer = Open(side);
        FillSocket(peer);
        Advance(Timeouts.Write - Second);
        Assert.False(Opened!.IsClosed);

        Advance(Second * 1.1);

        CloseInfo close = Assert.Single(Recorder.Closes).Close;
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Timeout), (close.Code, close.Origin));
        peer.IsReading = true;
        peer.WaitUntil(() => peer.IsOver);
        Assert.True(peer.IsReset);
    }

    [Fact]
    public void T04_a_peer_that_reads_below_the_minimum_rate_is_aborted_and_one_that_keeps_to_it_is_not()
    {
        Limits.MinDataRate = 100_000;
        byte[] message = new byte[16 * 1024];
        Protocol.On(CallbackReason.ServerWriteable, Fill);
        (Connection Server, RawPeer Peer) slow = OpenFull();
        (Connection Server, RawPeer Peer) steady = OpenFull();
        int rounds = 0;
        for (; !slow.Server.IsClosed; rounds++)
        {
            Assert.True(rounds < 100, "The slow one is not aborted.");
            Read(slow.Peer, 20_000);
            Read(steady.Peer, 3_000_000);
            Advance(Second * 10);
        }

        Assert.False(steady.Server.IsClosed);
        Assert.InRange(rounds, 5, 12);

        void Fill(Connection connection)
        {
            for (int i = 0; connection.TrySend(message, MessageKind.Binary) == WriteResult.Accepted; i++) Assert.True(i < 10_000, "The kernel takes everything.");
        }

        (Connection Server, RawPeer Peer) OpenFull()
        {
            RawPeer peer = Open(Side.Server);
            peer.IsReading = false;
            Opened!.RequestWritable();
            Harness.Settle();
            return (Opened, peer);
        }
    }

    [Fact]
    public void T04_a_peer_that_reads_again_in_time_has_a_whole_new_time_out_the_next_time()
    {
        RawPeer peer = Open(Side.Server);
        for (int i = 0; i < 3; i++)
        {
            FillSocket(peer);
            Advance(Timeouts.Write - Second);
            Assert.False(Opened!.IsClosed);

            // What was kept back is gone when the connection is writable again; how soon the kernel says so is its own affair.
            int writable = CountOf(CallbackReason.ServerWriteable);
            Opened.RequestWritable();
            peer.IsReading = true;
            Harness.RunUntil(() => CountOf(CallbackReason.ServerWriteable) > writable, "the connection to be writable again");
            peer.ReadAll();
        }
    }

    [Fact]
    public void T06_as_many_connections_as_there_may_be_pause_accepting_and_nothing_else()
    {
        MaxConnections = 5;
        _ = Context;
        RawPeer[] served = [.. Enumerable.Range(0, 4).Select(_ => Connect())];
        RawPeer[] waiting = [.. Enumerable.Range(0, 20).Select(_ => Connect())];
        foreach (RawPeer peer in served.Concat(waiting)) peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        foreach (RawPeer peer in served) Assert.StartsWith("HTTP/1.1 404 ", peer.ReadHead(), StringComparison.Ordinal);
        Harness.Settle();
        Assert.Equal(5, Context.Thread.ConnectionCount);
        Assert.All(waiting, peer => Assert.Equal(0, peer.Received.Length));
        AssertWitnessIsServed();
        Assert.False(Harness.Turn());

        for (int i = 0; i < waiting.Length; i++)
        {
            (i < served.Length ? served[i] : waiting[i - served.Length]).Close();
            Assert.StartsWith("HTTP/1.1 404 ", waiting[i].ReadHead(), StringComparison.Ordinal);
            Assert.InRange(Context.Thread.ConnectionCount, 1, 5);
        }

        Assert.Single(Log.Lines, line => line.Level == LogLevel.Warning);
        Assert.Equal(24 + 1, Context.Statistics.Accepted);
    }

    [Fact]
    public void T06_an_address_has_as_many_connections_as_it_may_have()
    {
        MaxConnectionsPerAddress = 3;
        _ = Context;
        RawPeer first = Connect();
        RawPeer second = Connect();
        RawPeer tooMany = Connect();

        Assert.Equal("", tooMany.ReadToEnd());
        Assert.Equal(1, Context.Statistics.TurnedAway);
        first.Close();
        Harness.RunUntil(() => Context.Thread.ConnectionCount == 2);
        RawPeer third = Connect();
        foreach (RawPeer peer in new[] { second, third })
        {
            peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 404 ", peer.ReadHead(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void T09_a_flood_of_resets_is_counted_and_not_logged()
    {
        _ = Context;
        for (int round = 0; round < 10; round++)
        {
            RawPeer[] flood = [.. Enumerable.Range(0, 20).Select(_ => Connect())];
            Harness.RunUntil(() => Context.Thread.ConnectionCount == 21);
            foreach (RawPeer peer in flood) peer.Reset();
            Harness.RunUntil(() => Context.Thread.ConnectionCount == 1);
        }

        Assert.Equal(200, Context.Statistics.ResetEarly);
        Assert.DoesNotContain(Log.Lines, line => line.Level >= LogLevel.Information && !line.Text.Contains("listens on", StringComparison.Ordinal));
        AssertWitnessIsServed();
    }

    [Fact]
    public void T10_upgrades_that_are_refused_one_after_the_other_hold_no_memory()
    {
        // A context of its own: the recorder of the rows keeps every connection that it has seen.
        using LoopContext context = new(new LoopContextOptions { Loop = Harness.Loop, VirtualHosts = [LoopBench.HostOf(new WritableEcho())] });
        RefuseUpgrades(context, 100);
        long before = GC.GetTotalMemory(forceFullCollection: true);

        RefuseUpgrades(context, 1000);

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 200 * 1024);
        Assert.Equal(1100, context.Statistics.Refused);
    }

    [Fact]
    public void T11_when_all_heads_are_in_use_requests_wait_in_line_and_are_served_in_turn()
    {
        MaxRequestHeads = 2;
        List<Connection> serving = [];
        Protocol.On(CallbackReason.Http, serving.Add);
        _ = Context;
        RawPeer[] peers = [.. Enumerable.Range(0, 6).Select(_ => Connect())];
        foreach (RawPeer peer in peers)
        {
            peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            Harness.Settle();
        }

        for (int i = 0; i < peers.Length; i++)
        {
            Assert.Equal(Math.Min(i + 2, peers.Length), serving.Count);
            serving[i].Respond(200, null, "served"u8);
            Harness.Settle();
            Assert.StartsWith("HTTP/1.1 200 ", peers[i].ReadHead(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void T11_a_request_that_waits_too_long_for_a_head_is_503_and_one_that_goes_away_gives_its_place_up()
    {
        MaxRequestHeads = 1;
        List<Connection> serving = [];
        Protocol.On(CallbackReason.Http, serving.Add);
        _ = Context;
        RawPeer holding = Connect();
        holding.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Harness.RunUntil(() => serving.Count == 1);
        RawPeer late = Connect();
        late.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Harness.Settle();
        RawPeer leaving = Connect();
        leaving.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Harness.Settle();
        Advance(Timeouts.RequestHead - Second);
        RawPeer patient = Connect();
        patient.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        leaving.Reset();
        Advance(Second * 1.5);

        string answer = late.ReadToEnd();
        Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", answer, StringComparison.Ordinal);
        serving[0].Respond(200, null, "done"u8);
        Harness.RunUntil(() => serving.Count == 2);
        serving[1].Respond(200, null, "patience"u8);
        Assert.StartsWith("HTTP/1.1 200 ", patient.ReadHead(), StringComparison.Ordinal);
    }

    private void RefuseUpgrades(LoopContext context, int count)
    {
        byte[] request = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n");
        byte[] answer = new byte[1024];
        for (int i = 0; i < count; i++)
        {
            // Sockets and no raw peers: those are known to the harness for as long as it lives.
            using PeerSocket peer = Harness.Network.Connect(LoopBench.EndPointOf(context), receiveBuffer: 0);
            Assert.Equal(request.Length, peer.Send(request).Value);
            IoResult received = default;
            Harness.RunUntil(() => (received = peer.Receive(answer)).Value > 0);
            Assert.True(answer.AsSpan().StartsWith("HTTP/1.1 400 "u8));
            peer.ShutdownWrite();
            Harness.RunUntil(() => context.Thread.ConnectionCount == 0);
        }
    }

    private void SendAndWait(RawPeer peer, string text, TimeSpan time)
    {
        peer.Send(text);
        Advance(time);
    }

    /// <summary>Has our side send to a peer that does not read until the kernel takes no more.</summary>
    private void FillSocket(RawPeer peer)
    {
        peer.IsReading = false;
        byte[] message = new byte[64 * 1024];
        for (int i = 0; Opened!.TrySend(message, MessageKind.Binary) == WriteResult.Accepted; i++)
        {
            Assert.True(i < 10_000, "The kernel takes everything.");
            Harness.Turn();
        }
    }

    private void Read(RawPeer peer, int count)
    {
        byte[] buffer = new byte[64 * 1024];
        for (int idle = 0; count > 0 && idle < 20;)
        {
            int received = peer.ReceiveNow(buffer.AsSpan(0, Math.Min(count, buffer.Length)));
            count -= received;
            idle = received > 0 ? 0 : idle + 1;
            Harness.Turn();
        }
    }
}
