using System.Net;
using System.Text;
using Xunit;

namespace EventLoops.Tests.Reliability;

/// <summary>O05, O06, O09 and O10: what the system refuses, and peers that end their half early.</summary>
public abstract class SystemRows(LoopFactory factory) : ReliabilityRows(factory)
{
    [Theory]
    [MemberData(nameof(FullErrors))]
    public void O05_without_a_descriptor_left_one_peer_is_turned_away_and_accepting_pauses(Errno errno)
    {
        _ = Context;
        Harness.Settle();
        Io.ResetCounts();
        Io.Fail(SystemCall.Accept, errno);
        RawPeer turnedAway = Connect();
        RawPeer waiting = Connect();
        waiting.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.Equal("", turnedAway.ReadToEnd());

        // The second peer is still in the kernel's queue, and the loop does not spin for it.
        for (int i = 0; i < 50; i++) Harness.Turn();
        Assert.Equal(2, Io.CountOf(SystemCall.Accept));
        AssertWitnessIsServed();
        Assert.Equal(1, Log.CountContaining("nothing more can be accepted"));

        Advance(TimeSpan.FromMilliseconds(101));
        Assert.StartsWith("HTTP/1.1 404 ", waiting.ReadHead(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(FullErrors))]
    public void O05_a_lasting_shortage_is_logged_once_and_tried_again_ten_times_a_second(Errno errno)
    {
        _ = Context;
        Harness.Settle();
        Io.ResetCounts();
        Io.Fail(SystemCall.Accept, errno, times: int.MaxValue);
        RawPeer peer = Connect();
        peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        for (int i = 0; i < 10; i++)
        {
            Advance(TimeSpan.FromMilliseconds(101));
            AssertWitnessIsServed();
        }

        Assert.InRange(Io.CountOf(SystemCall.Accept), 2, 22);
        Assert.Equal(1, Log.CountContaining("nothing more can be accepted"));
        Io.Heal();
        Advance(TimeSpan.FromMilliseconds(101));
        Assert.StartsWith("HTTP/1.1 404 ", peer.ReadHead(), StringComparison.Ordinal);
    }

    public static TheoryData<Errno> FullErrors() => [Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM];

    [Theory]
    [InlineData(Errno.ECONNABORTED)]
    [InlineData(Errno.EPERM)]
    [InlineData(Errno.EPROTO)]
    public void O06_a_connection_that_was_gone_before_it_was_accepted_delays_nobody(Errno errno)
    {
        _ = Context;
        Harness.Settle();
        Io.ResetCounts();
        Io.Fail(SystemCall.Accept, errno, times: 3);
        RawPeer peer = Connect();
        for (Deadline deadline = new(); Io.CountOf(SystemCall.Accept) == 0; deadline.Check()) Harness.Turn(1);

        Assert.Equal(1, CountOf(CallbackReason.ServerNewClientInstantiated));
        Assert.Equal(0, Log.CountContaining("nothing more can be accepted"));
        peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 404 ", peer.ReadHead(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void O09_an_answer_goes_on_after_the_peer_has_ended_its_half(bool endsBeforeTheAnswer)
    {
        byte[] body = Body(30_000_000);
        int sent = 0;
        Protocol.On(CallbackReason.Http, connection =>
        {
            connection.StartResponse(200, null, body.Length);
            connection.RequestWritable();
        });
        Protocol.On(CallbackReason.HttpWriteable, connection =>
        {
            while (sent < body.Length && connection.WriteBody(body.AsSpan(sent, Math.Min(50_000, body.Length - sent))) == WriteResult.Accepted) sent += 50_000;
            if (sent < body.Length) connection.RequestWritable();
            else connection.EndResponse();
        });
        RawPeer peer = Connect(receiveBuffer: 16 * 1024);
        peer.IsReading = false;
        peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        if (!endsBeforeTheAnswer) Harness.RunUntil(() => sent > 0);
        peer.EndStream();
        Harness.Settle();
        Assert.True(sent < body.Length);

        peer.IsReading = true;

        peer.ReadHead();
        Assert.Equal(Encoding.Latin1.GetString(body), peer.ReadToEnd());
        Assert.False(peer.IsReset);
        Harness.RunUntil(() => CountOf(CallbackReason.ClosedHttp) == 1);
    }

    [Fact]
    public void O09_an_answer_that_is_late_still_reaches_a_peer_that_has_ended_its_half()
    {
        Connection? asked = null;
        Protocol.On(CallbackReason.Http, connection => asked = connection);
        RawPeer peer = Connect();
        peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        peer.EndStream();
        Harness.RunUntil(() => asked is not null);
        Harness.Settle();

        asked!.Respond(200, "text/plain", "late but here"u8);

        string answer = peer.ReadToEnd();
        Assert.EndsWith("late but here", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", answer, StringComparison.Ordinal);
        Harness.RunUntil(() => CountOf(CallbackReason.ClosedHttp) == 1);
    }

    [Theory]
    [InlineData(Side.Server)]
    [InlineData(Side.Client)]
    public void O09_messages_that_were_taken_still_reach_a_peer_that_has_ended_its_half(Side side)
    {
        RawPeer peer = Open(side);
        peer.IsReading = false;
        byte[] message = Body(100_000);
        int taken = 0;
        while (Opened!.TrySend(message, MessageKind.Binary) == WriteResult.Accepted)
        {
            taken++;
            Harness.Turn();
        }

        peer.EndStream();
        Harness.Settle();
        peer.IsReading = true;

        for (int i = 0; i < taken; i++) Assert.Equal(message, peer.ReadFrame().Payload);
        Assert.Equal("", peer.ReadToEnd());
        Assert.False(peer.IsReset);
        CloseInfo close = AwaitClosed(peer);
        Assert.Equal((WebSocketCloseCode.Abnormal, CloseOrigin.Remote), (close.Code, close.Origin));
    }

    [Fact]
    public void O09_a_peer_that_has_ended_its_half_and_never_reads_is_dropped_in_the_end()
    {
        RawPeer peer = OpenToServer();
        peer.IsReading = false;
        while (Opened!.TrySend(new byte[100_000], MessageKind.Binary) == WriteResult.Accepted) Harness.Turn();
        peer.EndStream();
        Harness.Settle();

        Advance(TimeSpan.FromSeconds(5.1));

        Assert.Equal(WebSocketCloseCode.Abnormal, Assert.Single(Recorder.Closes).Close.Code);
    }

    [Fact]
    public void O10_a_connection_that_is_refused_fails_once_with_the_errno()
    {
        _ = Context;
        using PeerListener nobody = Harness.Network.BindWithoutListening();
        Dial(nobody.EndPoint);

        AssertConnectFails(Errno.ECONNREFUSED);
    }

    [Theory]
    [InlineData(SystemCall.Connect, Errno.ENETUNREACH)]
    [InlineData(SystemCall.Connect, Errno.EHOSTUNREACH)]
    [InlineData(SystemCall.Connect, Errno.EADDRNOTAVAIL)]
    [InlineData(SystemCall.Connect, Errno.EACCES)]
    [InlineData(SystemCall.OpenStream, Errno.EMFILE)]
    [InlineData(SystemCall.OpenStream, Errno.ENFILE)]
    [InlineData(SystemCall.GetPendingError, Errno.ETIMEDOUT)]
    [InlineData(SystemCall.GetPendingError, Errno.ECONNRESET)]
    public void O10_an_attempt_that_the_system_refuses_fails_once_with_the_errno(SystemCall call, Errno errno)
    {
        _ = Context;
        Io.Fail(call, errno);
        Dial(EndPoint);

        AssertConnectFails(errno);
    }

    [Fact]
    public void O10_a_server_that_resets_at_once_is_one_failure()
    {
        RawListener listener = Listen(out _);
        Own(listener.Accept()).Reset();

        Harness.RunUntil(() => Recorder.Failures.Count > 0);
        Harness.Settle();
        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;

        // The loop may hear of the connection and of its end in one breath, and then it has not come as far as the handshake.
        Assert.NotEqual(ConnectStage.Resolve, failure.Stage);
        Assert.Equal((Errno.ECONNRESET, false), (failure.SystemError, failure.IsTimeout));
    }

    [Fact]
    public void O10_an_attempt_that_is_never_answered_fails_after_the_time_out()
    {
        _ = Context;

        using PeerListener full = Harness.Network.ListenWithoutAnswer();
        Dial(full.EndPoint);
        Advance(TimeSpan.FromSeconds(4.9));
        Assert.Empty(Recorder.Failures);

        Advance(TimeSpan.FromSeconds(0.2));

        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Connect, true), (failure.Stage, failure.IsTimeout));
    }

    [Fact]
    public void O10_of_several_addresses_the_next_is_tried_and_only_the_last_is_a_failure()
    {
        int addresses = Dns.GetHostAddresses("localhost").Length;
        _ = Context;
        Uri uri = new($"ws://localhost:{((IPEndPoint)EndPoint).Port}/");

        // The last address is 127.0.0.1 or ::1; whether we listen there does not matter, since it is the calls that are made to fail.
        Io.Fail(SystemCall.Connect, Errno.ECONNREFUSED, times: addresses);
        Context.Connect(new ClientConnectOptions { Uri = uri, Protocols = [Protocol] });

        AssertConnectFails(Errno.ECONNREFUSED);
        Assert.Equal(addresses, Io.CountOf(SystemCall.Connect));
    }

    private void Dial(EndPoint endPoint) =>
        Context.Connect(new ClientConnectOptions { Uri = new Uri("ws://test/"), EndPoint = endPoint, Protocols = [Protocol] });

    private void AssertConnectFails(Errno errno)
    {
        Harness.RunUntil(() => Recorder.Failures.Count > 0);
        Harness.Settle();
        ConnectFailure failure = Assert.Single(Recorder.Failures).Failure;
        Assert.Equal((ConnectStage.Connect, errno, false), (failure.Stage, failure.SystemError, failure.IsTimeout));
        Assert.Equal(0, CountOf(CallbackReason.ClientEstablished));
    }

    private static byte[] Body(int length)
    {
        byte[] body = new byte[length];
        for (int i = 0; i < length; i++) body[i] = (byte)(i ^ (i >> 8) ^ (i >> 16));
        return body;
    }
}
