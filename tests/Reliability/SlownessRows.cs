using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>H15 to H17, T01, T02, T05, T07, T08 and T12: peers that speak something else, say too little, or say too much.</summary>
public abstract class SlownessRows(LoopFactory factory) : ReliabilityRows(factory)
{
    [Fact]
    public void H15_a_TLS_hello_on_a_plain_port_is_dropped_without_an_answer_and_named_in_the_log()
    {
        RawPeer peer = Connect();
        peer.Send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]);

        Assert.Equal("", peer.ReadToEnd());
        Harness.RunUntil(() => CountOf(CallbackReason.ClosedHttp) == 1);
        Assert.Equal(1, Log.CountContaining(ProtocolFault.TlsOnPlainPort.Describe()));
    }

    [Fact]
    public void H16_the_preface_of_HTTP_2_is_505() =>
        AssertRefused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0", 505, ProtocolFault.VersionNotSupported);

    [Theory]
    [InlineData("\u0001\u0002\u0003", ProtocolFault.InvalidMethod)]
    [InlineData("\0", ProtocolFault.InvalidMethod)]
    [InlineData("\u00FF", ProtocolFault.InvalidMethod)]
    [InlineData("GET /\u0001", ProtocolFault.InvalidTarget)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX\u0001", ProtocolFault.InvalidFieldName)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: \u0001", ProtocolFault.InvalidFieldValue)]
    public void H17_an_impossible_byte_is_400_at_once(string beginning, ProtocolFault fault) => AssertRefused(beginning, 400, fault);

    [Theory]
    [InlineData("", 400, ProtocolFault.InvalidMethod)]
    [InlineData("GET /", 414, ProtocolFault.RequestLineTooLong)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX: ", 431, ProtocolFault.HeadTooLarge)]
    public void H17_ten_megabytes_without_a_line_end_are_refused_at_the_limit(string beginning, int status, ProtocolFault fault)
    {
        RawPeer peer = Connect();
        peer.Send(beginning + new string('a', 10_000_000));

        Assert.StartsWith($"HTTP/1.1 {status} ", peer.ReadHead(), StringComparison.Ordinal);

        Assert.Equal(fault.Describe() + "\n", peer.ReadToEnd());
        Assert.False(peer.IsReset);
        Assert.Equal(1, Log.CountContaining(fault.Describe()));
    }

    [Fact]
    public void T01_a_peer_that_says_nothing_is_dropped()
    {
        RawPeer peer = Connect();
        Advance(TimeSpan.FromSeconds(19.9));
        Assert.False(peer.IsOver);

        Advance(TimeSpan.FromSeconds(0.2));

        Assert.Equal("", peer.ReadToEnd());
        Assert.Equal(1, CountOf(CallbackReason.ClosedHttp));
    }

    [Fact]
    public void T02_a_head_that_trickles_is_408_counted_from_its_first_byte()
    {
        RawPeer peer = Connect();
        Advance(TimeSpan.FromSeconds(10));
        foreach (char letter in "GET / ")
        {
            Assert.Equal(0, peer.Received.Length);
            peer.Send(letter.ToString());
            Advance(TimeSpan.FromSeconds(4.9));
        }

        Assert.False(peer.IsOver);
        peer.Send("H");
        Advance(TimeSpan.FromSeconds(0.7));

        string answer = peer.ReadToEnd();
        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", answer, StringComparison.Ordinal);
        peer.Close();
        Harness.RunUntil(() => CountOf(CallbackReason.ClosedHttp) == 1);
        Assert.Equal(1, Log.CountContaining(ProtocolFault.RequestTimeout.Describe()));
    }

    [Fact]
    public void T02_the_head_of_a_second_request_has_a_time_of_its_own()
    {
        RawPeer peer = Connect();
        peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        peer.ReadHead();
        Advance(TimeSpan.FromSeconds(4));
        peer.Send("GET / HTTP/1.1\r\n");
        Advance(TimeSpan.FromSeconds(29));
        Assert.False(peer.IsOver);

        Advance(TimeSpan.FromSeconds(2));

        Assert.Contains("HTTP/1.1 408 ", peer.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void T02_a_body_that_does_not_end_is_dropped()
    {
        Protocol.On(CallbackReason.Http, _ => { });
        RawPeer peer = Connect();
        peer.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
        for (int i = 0; i < 13 && !peer.IsOver; i++)
        {
            peer.Send("x");
            Advance(TimeSpan.FromSeconds(10));
        }

        Assert.True(peer.IsOver);
        Assert.Equal("", peer.ReadAll());
        Assert.Equal(1, CountOf(CallbackReason.ClosedHttp));
        Assert.Equal(0, CountOf(CallbackReason.HttpBodyCompletion));
    }

    [Fact]
    public void T05_an_idle_connection_is_closed_after_the_keep_alive_time()
    {
        RawPeer peer = Connect();
        for (int i = 0; i < 3; i++)
        {
            peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 404 ", peer.ReadHead(), StringComparison.Ordinal);
            peer.ReadText("There is nothing here.\n".Length);
            Advance(TimeSpan.FromSeconds(4.9));
            Assert.False(peer.IsOver);
        }

        Advance(TimeSpan.FromSeconds(0.2));

        Assert.Equal("", peer.ReadToEnd());
        Assert.False(peer.IsReset);
        Assert.Equal(1, CountOf(CallbackReason.ClosedHttp));
    }

    [Fact]
    public void A_refused_peer_that_never_ends_its_half_hears_why_and_is_dropped_after_the_linger()
    {
        RawPeer peer = Connect();
        peer.Send("GET / HTTP/1.1\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", peer.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal(0, CountOf(CallbackReason.ClosedHttp));
        for (int i = 0; i < 10; i++)
        {
            peer.Send(new byte[100_000]);
            Harness.RunUntil(() => peer.HasSentAll);
        }

        Advance(TimeSpan.FromSeconds(2.1));

        Assert.Equal(1, CountOf(CallbackReason.ClosedHttp));
        Assert.Equal(1, Log.CountContaining(ProtocolFault.MissingHost.Describe()));
    }

    [Fact]
    public void T07_a_storm_of_arrivals_keeps_nobody_waiting()
    {
        const int Arrivals = 300;
        const int AcceptsPerTurn = 64;
        _ = Context;
        Harness.Settle();
        RawPeer[] peers = [.. Enumerable.Range(0, Arrivals).Select(_ => Connect())];
        Witness.SendText("in the storm");

        int acceptedBeforeEcho = Arrivals;
        for (Deadline deadline = new(); CountOf(CallbackReason.ServerNewClientInstantiated) < Arrivals; deadline.Check())
        {
            Io.ResetCounts();
            Harness.Turn(1);
            Assert.InRange(Io.CountOf(SystemCall.Accept), 0, AcceptsPerTurn);
            Witness.Pump();
            if (Witness.TryReadFrame(out _)) acceptedBeforeEcho = CountOf(CallbackReason.ServerNewClientInstantiated);
        }

        Assert.InRange(acceptedBeforeEcho, 0, Arrivals - 1);
        foreach (RawPeer peer in peers) peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        foreach (RawPeer peer in peers) Assert.StartsWith("HTTP/1.1 404 ", peer.ReadHead(), StringComparison.Ordinal);
    }

    [Fact]
    public void T08_a_connection_that_is_always_readable_is_read_once_a_turn()
    {
        RawPeer flood = OpenToServer();
        Protocol.On(CallbackReason.Receive, _ => { });
        byte[] frame = flood.Frame(2, new byte[1024 * 1024]);
        for (int i = 0; i < 5; i++)
        {
            Witness.SendText($"message {i}");
            RawFrame echo;
            for (Deadline deadline = new(); !Witness.TryReadFrame(out echo); deadline.Check())
            {
                if (flood.HasSentAll) flood.Send(frame);
                flood.Pump();
                Io.BeginTurn();
                Harness.Turn(1);
                Assert.InRange(Io.MostInTurn(SystemCall.Receive), 0, 1);
                Witness.Pump();
            }

            Assert.Equal($"message {i}", echo.Text);
        }

        Assert.True(CountOf(CallbackReason.Receive) > 0);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void T12_of_a_flood_of_pings_that_cannot_be_answered_the_first_fifteen_and_the_newest_are(Side side)
    {
        RawPeer peer = Open(side);
        FillSocket(peer);
        for (int i = 0; i < 1000; i++) peer.SendFrame(9, Encoding.ASCII.GetBytes($"ping {i}"));
        Harness.RunUntil(() => peer.HasSentAll);
        Harness.Settle();

        peer.IsReading = true;
        List<string> pongs = [];
        while (pongs.LastOrDefault() != "ping 999")
        {
            RawFrame frame = peer.ReadFrame();
            if (frame.Opcode == 10) pongs.Add(frame.Text);
        }

        Assert.Equal([.. Enumerable.Range(0, 15).Select(number => $"ping {number}"), "ping 999"], pongs);
        AssertEchoes(peer);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void T12_pings_that_can_be_answered_all_are(Side side)
    {
        RawPeer peer = Open(side);
        for (int i = 0; i < 1000; i++) peer.SendFrame(9, Encoding.ASCII.GetBytes($"ping {i}"));

        for (int i = 0; i < 1000; i++) Assert.Equal($"ping {i}", peer.ReadFrame().Text);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void T12_large_pings_to_a_peer_that_never_reads_hold_no_memory(Side side)
    {
        Limits.MaxControlRate = int.MaxValue;
        RawPeer peer = Open(side);
        FillSocket(peer);
        byte[] pings = [.. Enumerable.Range(0, 1000).SelectMany(_ => peer.Frame(9, new byte[125]))];
        for (int i = 0; i < 20; i++)
        {
            peer.Send(pings);
            Harness.RunUntil(() => peer.HasSentAll);
        }

        Harness.Settle();
        Assert.False(Opened!.IsClosed);
        AssertWitnessIsServed();
    }

    [Theory]
    [InlineData(Side.Server, 9)]
    [InlineData(Side.Server, 10)]
    [InlineData(Side.Client, 9)]
    [InlineData(Side.Client, 10)]
    public void T12_control_frames_above_the_rate_are_answered_1008_and_those_below_it_never(Side side, byte opcode)
    {
        Limits.MaxControlRate = 100;
        RawPeer peer = Open(side);
        for (int second = 0; second < 5; second++)
        {
            for (int i = 0; i < 100; i++) peer.SendFrame(opcode, default);
            Advance(TimeSpan.FromSeconds(1));
        }

        while (peer.TryReadFrame(out RawFrame answer)) Assert.Equal(10, answer.Opcode);
        for (int i = 0; i < 101; i++) peer.SendFrame(opcode, default);
        Harness.Settle();
        for (int i = 0; opcode == 9 && i < 100; i++) Assert.Equal(10, peer.ReadFrame().Opcode);

        AssertFailed(peer, 1008, ProtocolFault.TooManyControlFrames);
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
}
