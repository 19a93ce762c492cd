using System.Net.Sockets;
using Xunit;
using ReadyRecorder = EventLoops.Tests.Poll.Recorder;

namespace EventLoops.Tests.IoUring;

/// <summary>What leaves with the next submission: in order, before the end, and not behind anybody's back.</summary>
public sealed class CompletionOutputTests : CompletionBench
{
    private readonly byte[] _room = new byte[64 * 1024];

    [Fact]
    public void What_is_written_in_a_turn_leaves_when_it_is_over()
    {
        (Watch watch, int peer) = Open(new ReadyRecorder());
        InTurn(() =>
        {
            Assert.Equal(2, Io.Send(watch.Fd, "ab"u8).Value);
            Assert.Equal(4, Io.Send(watch.Fd, "cd"u8, "ef"u8).Value);
            Assert.Equal(-1, Descriptors.Read(peer, _room));
        });

        Assert.Equal(6, Descriptors.Read(peer, _room));
        Assert.Equal("abcdef"u8, _room.AsSpan(0, 6));
    }

    [Fact]
    public void What_is_written_in_the_last_turn_of_a_run_has_left_when_it_returns()
    {
        (Watch watch, int peer) = Open(new ReadyRecorder());
        using CancellationTokenSource stopping = new();
        Loop.Post(
            _ =>
            {
                Io.Send(watch.Fd, "bye"u8);
                Loop.Unwatch(watch);
                Close(watch.Fd);
                stopping.Cancel();
            },
            null);

        Loop.Run(stopping.Token);

        // The end as well: a request that the kernel still had would hold the socket.
        Assert.Equal(3, Descriptors.Read(peer, _room));
        Assert.Equal(0, Descriptors.Read(peer, _room));
    }

    [Fact]
    public void What_is_written_outside_of_a_turn_leaves_at_once()
    {
        (Watch watch, int peer) = Open(new ReadyRecorder());

        Assert.Equal(2, Io.Send(watch.Fd, "ab"u8).Value);

        Assert.Equal(2, Descriptors.Read(peer, _room));
    }

    [Fact]
    public void Small_and_large_writes_of_many_sockets_keep_the_order_of_each()
    {
        const int Sockets = 30;
        (Watch Watch, int Peer)[] all = [.. Enumerable.Range(0, Sockets).Select(_ => Open(new ReadyRecorder()))];
        byte[] sent = Pattern(40_000);
        InTurn(() =>
        {
            // More together than there is room for in a turn, so that some leave by themselves.
            int at = 0;
            foreach (int length in new[] { 10, 9_000, 1, 20_000, 500, 10_000, 489 })
            {
                foreach ((Watch watch, _) in all) Assert.Equal(length, Io.Send(watch.Fd, sent.AsSpan(at, length)).Value);
                at += length;
            }

            Assert.Equal(sent.Length, at);
        });

        foreach ((_, int peer) in all)
        {
            Assert.Equal(sent.Length, Descriptors.Read(peer, _room));
            Assert.Equal(sent, _room.AsSpan(0, sent.Length).ToArray());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_peer_sees_the_end_behind_the_last_byte(bool closes)
    {
        (Watch watch, int peer) = Open(new ReadyRecorder());
        InTurn(() =>
        {
            Assert.Equal(4, Io.Send(watch.Fd, "last"u8).Value);
            End(watch, closes);
        });

        Assert.Equal(4, Descriptors.Read(peer, _room));
        Assert.Equal(0, Descriptors.Read(peer, _room));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_slow_peer_still_gets_all_before_the_end(bool closes)
    {
        (Watch watch, int peer) = Open(new ReadyRecorder());
        byte[] last = Pattern(5000);
        int before = Fill(watch);
        InTurn(() => Assert.Equal(last.Length, Io.Send(watch.Fd, last).Value));
        Assert.True(Completions.Find(watch.Fd)!.HasKept);
        Assert.True(Io.Send(watch.Fd, last).WouldBlock);

        InTurn(() => End(watch, closes));

        byte[] all = ReadToEnd(peer);
        Assert.Equal(before + last.Length, all.Length);
        Assert.Equal(last, all[before..]);
    }

    [Fact]
    public void Room_is_told_when_what_was_kept_has_left_and_not_before()
    {
        ReadyRecorder recorder = new();
        (Watch watch, int peer) = Open(recorder);
        byte[] last = Pattern(5000);
        int before = Fill(watch);
        InTurn(() =>
        {
            Assert.Equal(last.Length, Io.Send(watch.Fd, last).Value);
            Loop.Change(watch, PollEvents.In | PollEvents.Out);
        });
        for (int i = 0; i < 5; i++) Turn();
        Assert.Empty(recorder.Seen);

        int left = before + last.Length;
        RunUntil(() =>
        {
            left -= Math.Max(0, Descriptors.Read(peer, _room));
            return left == 0;
        });
        RunUntil(() => recorder.Seen.Any(seen => (seen.Ready & PollEvents.Out) != PollEvents.None));

        Assert.False(Completions.Find(watch.Fd)!.HasKept);
        Assert.Equal(1, Io.Send(watch.Fd, "x"u8).Value);
    }

    [Fact]
    public void What_the_kernel_takes_in_parts_arrives_once_and_in_order()
    {
        const int Piece = 10_007;
        (Watch watch, Socket peer) = OpenTcp(new ReadyRecorder());
        using Socket owned = peer;
        peer.Blocking = false;
        Io.SetOption(watch.Fd, SocketTuning.SendBuffer, 20_000);
        int written = 0;
        int read = 0;
        int refusals = 0;
        for (int round = 0; round < 40; round++)
        {
            // Until it is full, and a part of the last piece is kept.
            for (bool isRefused = false; !isRefused;)
            {
                InTurn(() => isRefused = Io.Send(watch.Fd, Pattern(Piece, written)).WouldBlock);
                if (!isRefused) written += Piece;
            }

            refusals++;
            int wanted = read + ((written - read) / 2);
            RunUntil(() =>
            {
                read += CheckNext(peer, read);
                return read >= wanted;
            });
        }

        RunUntil(() => (read += CheckNext(peer, read)) == written);
        Assert.Equal(40, refusals);
    }

    [Fact]
    public void A_reset_loses_what_the_kernel_had_not_taken()
    {
        (Watch watch, int peer) = Open(new ReadyRecorder());
        int before = Fill(watch);
        InTurn(() => Io.Send(watch.Fd, Pattern(5000)));

        InTurn(() =>
        {
            Io.SetOption(watch.Fd, SocketTuning.LingerZero, 1);
            End(watch, closes: true);
        });

        Assert.Equal(before, ReadToEnd(peer).Length);
    }

    [Theory]
    [InlineData(PollEvents.In)]
    [InlineData(PollEvents.None)]
    public void A_peer_that_is_gone_when_bytes_leave_is_told_to_their_writer(PollEvents interest)
    {
        ReadyRecorder recorder = new();
        (Watch watch, int peer) = Open(recorder);
        Loop.Change(watch, interest);
        InTurn(() =>
        {
            Descriptors.Close(peer);
            Assert.Equal(4, Io.Send(watch.Fd, "late"u8).Value);
        });

        RunUntil(() => recorder.Seen.Any(seen => (seen.Ready & PollEvents.Error) != PollEvents.None));

        Assert.Equal(Errno.EPIPE, Io.GetPendingError(watch.Fd).Errno);

        // Told once; outside of a turn the next write is the kernel's to refuse.
        Assert.Equal(Errno.EPIPE, Io.Send(watch.Fd, "more"u8).Errno);
    }

    [Fact]
    public void A_file_comes_behind_what_was_written_before_it()
    {
        (Watch watch, int peer) = Open(new ReadyRecorder());
        using FileStream self = File.OpenRead(typeof(CompletionOutputTests).Assembly.Location);
        InTurn(() =>
        {
            Assert.Equal(5, Io.Send(watch.Fd, "head:"u8).Value);
            Assert.Equal(2, Io.SendFile(watch.Fd, (int)self.SafeFileHandle.DangerousGetHandle(), 0, 2).Value);
        });

        Assert.Equal(7, Descriptors.Read(peer, _room));

        // What a program file begins with on every system.
        Assert.Equal("head:MZ"u8, _room.AsSpan(0, 7));
    }

    [Fact]
    public void A_loop_that_is_disposed_in_a_callback_has_sent_what_was_written_and_its_sockets_go_on()
    {
        (Watch watch, int peer) = Open(new ReadyRecorder());
        InTurn(() =>
        {
            Assert.Equal(3, Io.Send(watch.Fd, "end"u8).Value);
            Loop.Dispose();
        });

        Assert.True(Loop.IsDisposed);
        Assert.Equal(3, Descriptors.Read(peer, _room));
        Descriptors.Write(peer, 9);
        Assert.True(SpinWait.SpinUntil(() => Io.Receive(watch.Fd, _room).Value == 1, LoopHarness.Patience));
        Assert.Equal(1, Io.Send(watch.Fd, "x"u8).Value);
    }

    private void End(Watch watch, bool closes)
    {
        if (!closes)
        {
            Assert.False(Io.ShutdownWrite(watch.Fd).IsError);
            return;
        }

        Loop.Unwatch(watch);
        Close(watch.Fd);
    }

    private int CheckNext(Socket peer, int at)
    {
        if (peer.Available == 0) return 0;

        int count = peer.Receive(_room);
        Assert.Equal(Pattern(count, at), _room.AsSpan(0, count).ToArray());
        return count;
    }

    /// <summary>Writes by system calls until the kernel takes no more.</summary>
    private static int Fill(Watch watch) => Descriptors.Fill(watch.Fd);
}
