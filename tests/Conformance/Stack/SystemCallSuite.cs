using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>What a message costs: system calls and memory.</summary>
public abstract class SystemCallSuite(LoopFactory factory) : LoopBench(factory)
{
    public static TheoryData<bool, int> EchoesAndCounts => new() { { true, 1 }, { true, 16 }, { false, 1 }, { false, 16 } };

    [Theory]
    [MemberData(nameof(EchoesAndCounts))]
    public void The_messages_of_one_read_are_answered_with_one_send(bool sendsAtOnce, int messages)
    {
        RawPeer peer = Open(Serve(NewEcho(sendsAtOnce)));
        byte[] wire = Messages(peer, messages);
        Harness.Settle();
        Io.ResetCounts();

        peer.Send(wire);
        for (int i = 0; i < messages; i++) Assert.Equal(64, peer.ReadFrame().Payload.Length);
        Harness.Settle();

        Assert.Equal((1, 1), (Io.CountOf(SystemCall.Receive), Io.CountOf(SystemCall.Send)));
        Assert.Equal(2, Io.CountOf(SystemCall.Receive) + Io.CountOf(SystemCall.Send) + Io.CountOf(SystemCall.SetOption) + Io.CountOf(SystemCall.Accept));
    }

    [Theory]
    [MemberData(nameof(EchoesAndCounts))]
    public void No_connection_is_read_or_written_twice_in_a_turn(bool sendsAtOnce, int messages)
    {
        LoopContext context = Serve(NewEcho(sendsAtOnce));
        RawPeer[] peers = [.. Enumerable.Range(0, 8).Select(_ => Open(context))];
        Harness.Settle();

        for (int round = 0; round < 5; round++)
        {
            foreach (RawPeer peer in peers) peer.Send(Messages(peer, messages));
            for (int turn = 0; turn < 4; turn++)
            {
                Io.BeginTurn();
                Harness.Turn();
                Assert.InRange(Io.MostInTurn(SystemCall.Receive), 0, 1);
                Assert.InRange(Io.MostInTurn(SystemCall.Send), 0, 1);
            }

            foreach (RawPeer peer in peers)
            {
                for (int i = 0; i < messages; i++) Assert.Equal(64, peer.ReadFrame().Payload.Length);
            }
        }
    }

    [Fact]
    public void Many_writes_of_one_writable_callback_leave_in_one_send()
    {
        TestProtocol protocol = NewProtocol().OnWritable(connection =>
        {
            for (int i = 0; i < 100; i++) Assert.Equal(WriteResult.Accepted, connection.Write(new byte[100], MessageKind.Binary));
        });
        (Connection connection, RawPeer peer) = OpenServer(protocol);
        Harness.Settle();
        Io.ResetCounts();

        connection.RequestWritable();
        for (int i = 0; i < 100; i++) Assert.Equal(100, peer.ReadFrame().Payload.Length);

        Assert.Equal(1, Io.CountOf(SystemCall.Send));
    }

    [Fact]
    public void What_is_written_to_other_connections_leaves_in_one_send_each()
    {
        List<Connection> all = [];
        TestProtocol protocol = NewProtocol().On(CallbackReason.Established, all.Add);
        protocol.On(CallbackReason.Receive, _ =>
        {
            foreach (Connection connection in all)
            {
                for (int i = 0; i < 10; i++) Assert.Equal(WriteResult.Accepted, connection.TrySend("to all"u8, MessageKind.Text));
            }
        });
        LoopContext context = Serve(protocol);
        RawPeer[] peers = [.. Enumerable.Range(0, 4).Select(_ => Open(context))];
        Harness.Settle();
        Io.ResetCounts();

        peers[0].SendText("go");
        foreach (RawPeer peer in peers)
        {
            for (int i = 0; i < 10; i++) Assert.Equal("to all", peer.ReadFrame().Text);
        }

        Assert.Equal(4, Io.CountOf(SystemCall.Send));
    }

    [Fact]
    public void T07_a_crowd_of_arrivals_is_let_in_over_several_turns()
    {
        LoopContext context = Serve(NewEcho(sendsAtOnce: true));
        RawPeer witness = Open(context);
        RawPeer[] crowd = [.. Enumerable.Range(0, 200).Select(_ => Connect(context))];
        witness.SendText("may I?");
        Io.ResetCounts();

        Harness.Turn();
        Assert.InRange(Io.CountOf(SystemCall.Accept), 1, crowd.Length / 2);

        Assert.Equal("may I?", witness.ReadFrame().Text);
        Harness.RunUntil(() => context.Thread.ConnectionCount == crowd.Length + 1);
    }

    [Fact]
    public void An_idle_connection_costs_no_system_call()
    {
        Open(Serve(NewEcho(sendsAtOnce: true)));
        Harness.Settle();
        Io.ResetCounts();

        for (int turn = 0; turn < 10; turn++) Assert.False(Harness.Turn());

        Assert.Equal(0, Io.CountOf(SystemCall.Receive) + Io.CountOf(SystemCall.Send));
    }

    [Theory]
    [MemberData(nameof(EchoesAndCounts))]
    public void Receiving_and_echoing_64_bytes_allocates_nothing_after_warm_up(bool sendsAtOnce, int messages)
    {
        LoopContext context = new(new LoopContextOptions { Loop = Loop, VirtualHosts = [HostOf(NewEcho(sendsAtOnce))] });
        Own(context);
        RawPeer peer = Open(context);
        byte[] wire = Messages(peer, messages);
        byte[] answer = new byte[messages * 66];
        for (int i = 0; i < 500; i++) Echo(peer, wire, answer);

        long least = Allocation.Least(() =>
        {
            long allocated = 0;
            for (int i = 0; i < 200; i++) allocated += Echo(peer, wire, answer);
            return allocated;
        });

        Assert.Equal(0, least);
    }

    /// <summary>Sends and receives once, past the peer's own bookkeeping. Returns what the turns of the loop allocated.</summary>
    private long Echo(RawPeer peer, byte[] wire, byte[] answer)
    {
        Assert.Equal(wire.Length, peer.SendNow(wire));
        long allocated = 0;
        int received = 0;
        for (int turn = 0; received < answer.Length; turn++)
        {
            Assert.InRange(turn, 0, 1000);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Harness.Turn(turn < 10 ? 0 : 1);
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            received += peer.ReceiveNow(answer.AsSpan(received));
        }

        return allocated;
    }

    private static Protocol NewEcho(bool sendsAtOnce) => sendsAtOnce ? new SendingEcho() : new WritableEcho();

    private static byte[] Messages(RawPeer peer, int count) => [.. Enumerable.Range(0, count).SelectMany(_ => peer.Frame(2, new byte[64]))];
}
