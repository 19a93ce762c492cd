using System.Net;
using System.Net.Sockets;
using EventLoops.IoUring;
using Xunit;
using ReadyRecorder = EventLoops.Tests.Poll.Recorder;

namespace EventLoops.Tests.IoUring;

/// <summary>What the kernel receives and accepts by itself: nothing is lost, swapped, kept from others, or told to the wrong one.</summary>
public sealed class CompletionInputTests : CompletionBench
{
    [Fact]
    public void Whoever_finds_no_buffer_is_served_when_the_others_have_been()
    {
        const int Sockets = 20;
        byte[] sent = Pattern(3 * BufferSize + 1);
        Dictionary<int, List<byte>> received = [];
        ReadyRecorder reader = new((watch, _) => ReadInto(received, watch));
        int[] peers = [.. Enumerable.Range(0, Sockets).Select(_ => Open(reader).Peer)];

        foreach (int peer in peers) Assert.Equal(sent.Length, Descriptors.Write(peer, sent));
        RunUntil(() => received.Count == Sockets && received.Values.All(bytes => bytes.Count == sent.Length));

        Assert.All(received.Values, bytes => Assert.Equal(sent, bytes));
        Assert.Equal(Buffers, Completions.FreeBuffers);
    }

    [Fact]
    public void Who_does_not_read_holds_no_buffer_and_misses_nothing()
    {
        byte[] sent = Pattern(2 * BufferSize);
        Dictionary<int, List<byte>> received = [];
        (Watch slow, int slowPeer) = Open(new ReadyRecorder((watch, _) => Loop.Change(watch, PollEvents.None)));
        Assert.Equal(sent.Length, Descriptors.Write(slowPeer, sent));
        RunUntil(() => slow.Interest == PollEvents.None);

        // What comes while nobody wants it waits in the kernel.
        RunUntil(() => Completions.FreeBuffers == Buffers && Completions.Find(slow.Fd)!.Request == 0);
        Assert.Equal(sent.Length, Descriptors.Write(slowPeer, sent));
        (_, int otherPeer) = Open(new ReadyRecorder((watch, _) => ReadInto(received, watch)));
        Assert.Equal(sent.Length, Descriptors.Write(otherPeer, sent));
        RunUntil(() => received.Values.SingleOrDefault()?.Count == sent.Length);

        Loop.Unwatch(slow);
        Loop.Watch(slow.Fd, PollEvents.In, new ReadyRecorder((watch, _) => ReadInto(received, watch)));
        RunUntil(() => received.GetValueOrDefault(slow.Fd)?.Count == 2 * sent.Length);

        Assert.Equal([.. sent, .. sent], received[slow.Fd]);
    }

    [Fact]
    public void What_has_come_is_told_in_each_turn_until_it_is_read_and_the_end_behind_it()
    {
        ReadyRecorder recorder = new();
        (Watch watch, int peer) = Open(recorder);
        Descriptors.Write(peer, 1, 2, 3);
        Descriptors.Close(peer);
        RunUntil(() => recorder.Seen.Count > 2);
        Assert.All(recorder.Seen, seen => Assert.Equal((watch.Fd, PollEvents.In), seen));

        byte[] room = new byte[2];
        Assert.Equal(2, Io.Receive(watch.Fd, room).Value);
        Assert.Equal(1, Io.Receive(watch.Fd, room).Value);
        Assert.Equal([3, 2], room);
        recorder.Seen.Clear();
        RunUntil(() => recorder.Seen.Count > 0);
        for (int i = 0; i < 3; i++)
        {
            IoResult end = Io.Receive(watch.Fd, room);
            Assert.False(end.IsError);
            Assert.Equal(0, end.Value);
            Turn();
        }
    }

    [Fact]
    public void A_number_that_is_used_again_gets_nothing_of_the_former_socket()
    {
        ReadyRecorder former = new();
        (Watch watch, int formerPeer) = Open(former, Descriptors.PrivateNumber());
        Dictionary<int, List<byte>> received = [];
        (int Ours, int Peer) next = Descriptors.SocketPair();
        Descriptors.Write(formerPeer, 1);

        int fd = watch.Fd;
        InTurn(() =>
        {
            Loop.Unwatch(watch);
            Close(fd);
            Assert.Equal(fd, Descriptors.MoveTo(next.Ours, fd));
            Loop.Watch(fd, PollEvents.In, new ReadyRecorder((again, _) => ReadInto(received, again)));
        });
        Assert.True(Descriptors.Read(formerPeer, new byte[1]) <= 0);
        Descriptors.Write(next.Peer, 2);
        RunUntil(() => received.Count > 0);

        Assert.Equal([2], received[fd]);
        Loop.Unwatch(Loop.FindWatch(fd)!);
        Descriptors.GiveAway(fd);
        Assert.False(Io.Close(fd).IsError);
    }

    [Fact]
    public void A_descriptor_that_was_never_read_by_the_loops_calls_is_left_alone()
    {
        (int ours, int peer) = Descriptors.SocketPair();
        ReadyRecorder recorder = new();
        Watch watch = Loop.Watch(ours, PollEvents.In, recorder);
        Descriptors.Write(peer, 7);
        RunUntil(() => recorder.Seen.Count > 2);

        Assert.Null(Completions.Find(ours));
        byte[] room = new byte[1];
        Assert.Equal(1, Descriptors.Read(ours, room));
        Assert.Equal(7, room[0]);
        Loop.Unwatch(watch);
    }

    [Fact]
    public void A_loop_that_comes_to_another_thread_takes_along_what_has_come_and_what_was_written()
    {
        IoUringLoop? loop = null;
        (int ours, int peer) = Descriptors.SocketPair();
        ReadyRecorder recorder = new();
        Watch? watch = null;
        Thread former = new(() =>
        {
            loop = NewLoop();
            watch = loop.Watch(ours, PollEvents.In, recorder);
            loop.SocketIo.Receive(ours, new byte[1]);
            Descriptors.Write(peer, 1, 2);
            while (recorder.Seen.Count == 0) loop.RunOnce(1);
        });
        former.Start();
        former.Join();
        using IoUringLoop moved = loop!;
        moved.BindToCurrentThread();
        byte[] room = new byte[8];
        Assert.Equal(2, moved.SocketIo.Receive(ours, room).Value);

        Descriptors.Write(peer, 3);
        recorder.Seen.Clear();
        while (recorder.Seen.Count == 0) moved.RunOnce(1);
        Assert.Equal(1, moved.SocketIo.Receive(ours, room).Value);
        Assert.Equal([3, 2], room.AsSpan(0, 2).ToArray());

        moved.Post(_ => moved.SocketIo.Send(ours, "after"u8), null);
        moved.RunOnce(0);
        Assert.Equal(5, Descriptors.Read(peer, room));
        moved.Unwatch(watch!);
    }

    [Fact]
    public void Who_sends_much_is_read_by_system_calls_until_it_is_little_again()
    {
        using IoUringLoop loop = new(mode: IoUringMode.Completion);
        (int ours, int peer) = Descriptors.SocketPair();
        List<byte> received = [];
        byte[] room = new byte[64 * 1024];
        Watch watch = loop.Watch(ours, PollEvents.In, new ReadyRecorder((own, _) => received.AddRange(room.AsSpan(0, loop.SocketIo.Receive(own.Fd, room).Value))));
        Assert.True(loop.SocketIo.Receive(ours, room).WouldBlock);
        loop.RunOnce(0);

        byte[] much = Pattern(100_000);
        Exchange(much);
        SocketSlot slot = loop.Completions!.Find(ours)!;
        Assert.True(slot.IsBulk);
        loop.RunOnce(0);
        loop.RunOnce(0);
        Assert.Equal(0u, slot.Request);

        Exchange(much);
        for (int i = 0; i < 10; i++) Exchange(Pattern(100, i));
        Assert.False(slot.IsBulk);
        loop.RunOnce(0);
        Assert.NotEqual(0u, slot.Request);
        Exchange(Pattern(100));
        loop.Unwatch(watch);
        Descriptors.GiveAway(ours);
        Assert.False(loop.SocketIo.Close(ours).IsError);

        void Exchange(byte[] sent)
        {
            received.Clear();
            int written = 0;
            long deadline = Environment.TickCount64 + (long)LoopHarness.Patience.TotalMilliseconds;
            while (received.Count < sent.Length)
            {
                Assert.True(Environment.TickCount64 < deadline, "It did not come in time.");
                if (written < sent.Length) written += Math.Max(0, Descriptors.Write(peer, sent.AsSpan(written)));
                loop.RunOnce(1);
            }

            Assert.Equal(sent, received);
        }
    }

    [Fact]
    public void A_ring_that_is_given_up_loses_nothing_that_has_come_or_was_written()
    {
        Dictionary<int, List<byte>> received = [];
        bool reads = false;
        (Watch watch, int peer) = Open(new ReadyRecorder((watch, _) =>
        {
            if (reads) ReadInto(received, watch);
        }));
        byte[] sent = Pattern(BufferSize + 5);
        Descriptors.Write(peer, sent);
        RunUntil(() => Completions.Find(watch.Fd)!.HasInput);

        InTurn(() =>
        {
            Assert.Equal(3, Io.Send(watch.Fd, "abc"u8).Value);
            Loop.GiveUpRing();
        });
        Descriptors.Write(peer, sent);
        reads = true;
        RunUntil(() => received.GetValueOrDefault(watch.Fd)?.Count == 2 * sent.Length);

        Assert.Equal([.. sent, .. sent], received[watch.Fd]);
        Assert.Equal(3, Descriptors.Read(peer, new byte[8]));
        Assert.Equal(Buffers, Completions.FreeBuffers);
    }

    [Fact]
    public void A_listener_that_pauses_hands_out_later_what_the_kernel_had_accepted_and_closes_the_rest_with_itself()
    {
        const int Peers = 6;
        int listener = Io.OpenStream(AddressFamily.InterNetwork).Value;
        Assert.False(Io.Bind(listener, new IPEndPoint(IPAddress.Loopback, 0)).IsError);
        Assert.False(Io.Listen(listener, 64).IsError);
        EndPoint endPoint = Io.GetLocalEndPoint(listener)!;
        List<int> accepted = [];
        int wanted = 1;
        Watch watch = Loop.Watch(listener, PollEvents.In, new ReadyRecorder((own, _) =>
        {
            while (accepted.Count < wanted && Io.Accept(listener) is { IsError: false } one) accepted.Add(one.Value);
            if (accepted.Count >= wanted) Loop.Change(own, PollEvents.None);
        }));

        using Socket first = Connect(endPoint);
        RunUntil(() => accepted.Count == 1);

        // From the first one on the kernel accepts by itself, all that are there.
        wanted = 2;
        Loop.Change(watch, PollEvents.In);
        Socket[] crowd = [.. Enumerable.Range(0, Peers).Select(_ => Connect(endPoint))];
        RunUntil(() => accepted.Count == wanted);
        Turn();
        wanted = 4;
        Loop.Change(watch, PollEvents.In);
        RunUntil(() => accepted.Count == wanted);

        Loop.Unwatch(watch);
        Assert.False(Io.Close(listener).IsError);
        foreach (int fd in accepted) Assert.False(Io.Close(fd).IsError);
        foreach (Socket peer in crowd)
        {
            // Accepted or not, each of them sees the end: of its connection, or of the queue it waited in.
            peer.ReceiveTimeout = (int)LoopHarness.Patience.TotalMilliseconds;
            try
            {
                Assert.Equal(0, peer.Receive(new byte[1]));
            }
            catch (SocketException gone)
            {
                Assert.Equal(SocketError.ConnectionReset, gone.SocketErrorCode);
            }

            peer.Dispose();
        }
    }

    private static Socket Connect(EndPoint endPoint)
    {
        Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        peer.Connect(endPoint);
        return peer;
    }

    private void ReadInto(Dictionary<int, List<byte>> received, Watch watch)
    {
        byte[] room = new byte[3000];
        IoResult result = Io.Receive(watch.Fd, room);
        if (result.Value <= 0) return;

        if (!received.TryGetValue(watch.Fd, out List<byte>? bytes)) received[watch.Fd] = bytes = [];
        bytes.AddRange(room.AsSpan(0, result.Value));
    }
}
