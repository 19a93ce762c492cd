using System.Net;
using System.Net.Sockets;
using EventLoops.Simulated;
using Xunit;

namespace EventLoops.Tests.Simulated;

/// <summary>What the sockets of the simulated kernel promise: what Linux does.</summary>
public sealed class SocketPromiseTests
{
    private readonly SimulatedKernel _kernel = new();

    private SocketIo Io => _kernel.Sockets;

    [Fact]
    public void Bytes_arrive_in_order_in_both_directions()
    {
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(_kernel);
        Assert.True(peer.IsConnected);

        Assert.Equal(3, peer.Send([1, 2, 3]));
        Assert.Equal(2, peer.Send([4, 5]));
        Assert.Equal([1, 2, 3, 4], VirtualNet.Receive(_kernel, fd, 4).Bytes);
        Assert.Equal([5], VirtualNet.Receive(_kernel, fd).Bytes);
        Assert.True(VirtualNet.Receive(_kernel, fd).Result.WouldBlock);

        Assert.Equal(4, Io.Send(fd, [6, 7], [8, 9]).Value);
        Assert.Equal([6, 7, 8, 9], peer.ReceiveAll());
        Assert.Equal(0, peer.Receive(new byte[1]));
        Assert.False(peer.IsEnded);
    }

    [Fact]
    public void A_full_buffer_takes_a_part_then_nothing_and_is_writable_when_a_third_is_free()
    {
        SimulatedKernel kernel = new(new KernelScript { BufferSize = 9 });
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(kernel);

        Assert.Equal(9, kernel.Sockets.Send(fd, new byte[20]).Value);
        Assert.True(kernel.Sockets.Send(fd, new byte[1]).WouldBlock);
        peer.Receive(new byte[2]);
        Assert.Equal(PollEvents.None, VirtualNet.EventsOf(kernel, fd));
        peer.Receive(new byte[1]);
        Assert.Equal(PollEvents.Out, VirtualNet.EventsOf(kernel, fd));
        Assert.Equal(9, peer.Send(new byte[20]));
    }

    [Fact]
    public void Two_pieces_that_do_not_fit_are_taken_from_the_front()
    {
        SimulatedKernel kernel = new(new KernelScript { BufferSize = 5 });
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(kernel);

        Assert.Equal(5, kernel.Sockets.Send(fd, [1, 2, 3], [4, 5, 6]).Value);
        Assert.Equal([1, 2, 3, 4, 5], peer.ReceiveAll());
        Assert.Equal(5, kernel.Sockets.Send(fd, [1, 2, 3, 4, 5, 6], [7]).Value);
        Assert.Equal([1, 2, 3, 4, 5], peer.ReceiveAll());
        Assert.Equal(1, kernel.Sockets.Send(fd, [], [7]).Value);
    }

    [Fact]
    public void Half_a_close_ends_one_direction_only()
    {
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(_kernel);
        peer.Send([1]);
        peer.ShutdownWrite();

        Assert.Equal(PollEvents.In | PollEvents.Out, VirtualNet.EventsOf(_kernel, fd));
        Assert.Equal([1], VirtualNet.Receive(_kernel, fd).Bytes);
        Assert.Equal(IoResult.Ok(0), VirtualNet.Receive(_kernel, fd).Result);
        Assert.Equal(1, Io.Send(fd, [2]).Value);
        Assert.Equal(IoResult.Ok(0), Io.ShutdownWrite(fd));
        Assert.Equal(Errno.EPIPE, Io.Send(fd, [3]).Errno);
        Assert.Equal(PollEvents.In | PollEvents.Out | PollEvents.HangUp, VirtualNet.EventsOf(_kernel, fd));

        Assert.False(peer.IsEnded);
        Assert.Equal([2], peer.ReceiveAll());
        Assert.True(peer.IsEnded);
    }

    [Fact]
    public void After_a_reset_what_had_arrived_is_read_then_the_error_once_then_the_end()
    {
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(_kernel);
        peer.Send([1]);
        peer.Reset();

        const PollEvents Over = PollEvents.In | PollEvents.Out | PollEvents.HangUp;
        Assert.Equal(Over | PollEvents.Error, VirtualNet.EventsOf(_kernel, fd));
        Assert.Equal([1], VirtualNet.Receive(_kernel, fd).Bytes);
        Assert.Equal(Errno.ECONNRESET, VirtualNet.Receive(_kernel, fd).Result.Errno);
        Assert.Equal(IoResult.Ok(0), VirtualNet.Receive(_kernel, fd).Result);
        Assert.Equal(Errno.EPIPE, Io.Send(fd, [2]).Errno);
        Assert.Equal(Over, VirtualNet.EventsOf(_kernel, fd));
    }

    [Fact]
    public void A_reset_is_told_by_whichever_call_comes_first()
    {
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(_kernel);
        peer.Reset();
        Assert.Equal(Errno.ECONNRESET, Io.Send(fd, [1]).Errno);
        Assert.Equal(IoResult.Ok(0), Io.GetPendingError(fd));

        (peer, fd) = VirtualNet.Connect(_kernel);
        peer.Reset();
        Assert.Equal(Errno.ECONNRESET, Io.GetPendingError(fd).Errno);
        Assert.Equal(IoResult.Ok(0), VirtualNet.Receive(_kernel, fd).Result);
        Assert.Null(Io.GetRemoteEndPoint(fd));
    }

    [Fact]
    public void Writing_to_a_peer_that_has_closed_works_once_and_then_breaks()
    {
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(_kernel);
        peer.Dispose();

        Assert.Equal(IoResult.Ok(0), VirtualNet.Receive(_kernel, fd).Result);
        Assert.Equal(1, Io.Send(fd, [1]).Value);
        Assert.Equal(Errno.EPIPE, Io.Send(fd, [1]).Errno);
        Assert.Equal(IoResult.Ok(0), VirtualNet.Receive(_kernel, fd).Result);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void Closing_with_something_unread_resets_and_otherwise_ends(bool leavesUnread, bool isReset)
    {
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(_kernel);
        Io.Send(fd, [1]);
        if (leavesUnread) peer.Send([2]);
        Io.Close(fd);

        Assert.Equal(isReset, peer.IsReset);
        Assert.Equal([1], peer.ReceiveAll());
        Assert.Equal(!isReset, peer.IsEnded);
        Assert.Empty(_kernel.OpenDescriptors);
    }

    [Fact]
    public void Closing_abortively_resets()
    {
        (SimulatedPeer peer, int fd) = VirtualNet.Connect(_kernel);
        Io.SetOption(fd, SocketTuning.LingerZero, 1);
        Io.Close(fd);

        Assert.True(peer.IsReset);
    }

    [Fact]
    public void Nobody_at_a_port_refuses_a_descriptor_and_a_peer()
    {
        int fd = Io.OpenStream(AddressFamily.InterNetwork).Value;
        Assert.Equal(Errno.EINPROGRESS, Io.Connect(fd, new IPEndPoint(IPAddress.Loopback, 9)).Errno);

        Assert.Equal(PollEvents.In | PollEvents.Out | PollEvents.Error | PollEvents.HangUp, VirtualNet.EventsOf(_kernel, fd));
        Assert.Equal(Errno.ECONNREFUSED, Io.GetPendingError(fd).Errno);
        Assert.True(_kernel.Connect(9).IsReset);
    }

    [Fact]
    public void A_descriptor_connects_to_a_listener_of_the_test()
    {
        using SimulatedListener listener = _kernel.Listen(0);
        int fd = Io.OpenStream(AddressFamily.InterNetwork).Value;
        Assert.Null(listener.TryAccept());

        Assert.Equal(Errno.EINPROGRESS, Io.Connect(fd, listener.EndPoint).Errno);
        Assert.Equal(PollEvents.Out, VirtualNet.EventsOf(_kernel, fd));
        Assert.Equal(IoResult.Ok(0), Io.GetPendingError(fd));
        SimulatedPeer peer = listener.TryAccept()!;
        Io.Send(fd, [1]);

        Assert.Equal([1], peer.ReceiveAll());
        Assert.Equal(Io.GetRemoteEndPoint(fd), peer.LocalEndPoint);
        Assert.Equal(Errno.EISCONN, Io.Connect(fd, listener.EndPoint).Errno);
    }

    [Fact]
    public void A_full_backlog_gives_no_answer_until_somebody_is_accepted()
    {
        using SimulatedListener listener = _kernel.Listen(80);
        listener.Backlog = 0;
        int fd = Io.OpenStream(AddressFamily.InterNetwork).Value;
        Io.Connect(fd, listener.EndPoint);
        Assert.Equal(PollEvents.None, VirtualNet.EventsOf(_kernel, fd));
        Assert.True(Io.Send(fd, [1]).WouldBlock);
        Assert.Equal(Errno.EALREADY, Io.Connect(fd, listener.EndPoint).Errno);

        listener.Backlog = 1;
        Assert.Equal(PollEvents.Out, VirtualNet.EventsOf(_kernel, fd));
    }

    [Fact]
    public void Who_was_not_accepted_when_the_listener_closes_is_reset()
    {
        int listener = VirtualNet.Listen(_kernel, backlog: 1);
        SimulatedPeer first = _kernel.Connect(VirtualNet.Port);
        SimulatedPeer second = _kernel.Connect(VirtualNet.Port);
        Assert.True(first.IsConnected);
        Assert.False(second.IsConnected);

        Io.Close(listener);

        Assert.True(first.IsReset);
        Assert.True(second.IsReset);
        Assert.True(_kernel.Connect(VirtualNet.Port).IsReset);
    }

    [Fact]
    public void A_peer_that_goes_before_it_is_accepted_is_accepted_all_the_same()
    {
        int listener = VirtualNet.Listen(_kernel);
        SimulatedPeer peer = _kernel.Connect(VirtualNet.Port);
        peer.Send([1]);
        peer.Reset();

        Assert.Equal(PollEvents.In, VirtualNet.EventsOf(_kernel, listener));
        int fd = Io.Accept(listener).Value;

        Assert.True(Io.Accept(listener).WouldBlock);
        Assert.Equal([1], VirtualNet.Receive(_kernel, fd).Bytes);
        Assert.Equal(Errno.ECONNRESET, VirtualNet.Receive(_kernel, fd).Result.Errno);
    }

    [Fact]
    public void Ports_and_paths_are_taken_once_and_free_again_after_close()
    {
        int first = VirtualNet.Listen(_kernel);
        int second = Io.OpenStream(AddressFamily.InterNetwork).Value;
        Assert.Equal(Errno.EADDRINUSE, Io.Bind(second, new IPEndPoint(IPAddress.Loopback, VirtualNet.Port)).Errno);
        Assert.Throws<InvalidOperationException>(() => _kernel.Listen(VirtualNet.Port));
        int six = Io.OpenStream(AddressFamily.InterNetworkV6).Value;
        Assert.False(Io.Bind(six, new IPEndPoint(IPAddress.IPv6Loopback, VirtualNet.Port)).IsError);

        Io.Close(first);
        Assert.False(Io.Bind(second, new IPEndPoint(IPAddress.Loopback, VirtualNet.Port)).IsError);
    }

    [Fact]
    public void A_unix_path_connects_at_once_or_not_at_all()
    {
        UnixDomainSocketEndPoint path = new("@virtual");
        int fd = Io.OpenStream(AddressFamily.Unix).Value;
        Assert.Equal(Errno.ENOENT, Io.Connect(fd, path).Errno);

        using SimulatedListener listener = _kernel.Listen(path);
        Assert.Equal(IoResult.Ok(0), Io.Connect(fd, path));
        Assert.NotNull(listener.TryAccept());
    }

    [Fact]
    public void Descriptors_are_high_and_the_lowest_free_one_is_given_out_first()
    {
        int[] fds = [.. Enumerable.Range(0, 3).Select(_ => Io.OpenStream(AddressFamily.InterNetwork).Value)];
        Assert.Equal([SimulatedKernel.FirstDescriptor, SimulatedKernel.FirstDescriptor + 1, SimulatedKernel.FirstDescriptor + 2], fds);

        Io.Close(fds[1]);
        Assert.Equal(Errno.EBADF, Io.Close(fds[1]).Errno);
        Assert.Equal(Errno.EBADF, Io.Receive(fds[1], new byte[1]).Errno);
        Assert.Equal(fds[1], Io.OpenStream(AddressFamily.InterNetwork).Value);
    }

    [Fact]
    public void A_process_without_descriptors_can_neither_open_nor_accept()
    {
        SimulatedKernel kernel = new(new KernelScript { MaxDescriptors = 1 });
        int listener = VirtualNet.Listen(kernel);
        kernel.Connect(VirtualNet.Port);

        Assert.Equal(Errno.EMFILE, kernel.Sockets.OpenStream(AddressFamily.InterNetwork).Errno);
        Assert.Equal(Errno.EMFILE, kernel.Sockets.Accept(listener).Errno);
        Assert.Equal(PollEvents.In, VirtualNet.EventsOf(kernel, listener));
    }

    [Fact]
    public void Calls_that_make_no_sense_say_what_Linux_says()
    {
        int fd = Io.OpenStream(AddressFamily.InterNetwork).Value;
        Assert.Equal(Errno.ENOTCONN, Io.Receive(fd, new byte[1]).Errno);
        Assert.Equal(Errno.EPIPE, Io.Send(fd, [1]).Errno);
        Assert.Equal(Errno.ENOTCONN, Io.ShutdownWrite(fd).Errno);
        Assert.Equal(Errno.EINVAL, Io.Accept(fd).Errno);
        Assert.Equal(Errno.EAFNOSUPPORT, Io.OpenStream(AddressFamily.AppleTalk).Errno);
        Assert.Equal(Errno.ENOPROTOOPT, Io.SetOption(fd, SocketTuning.ReusePort, 1).Errno);
        Assert.Equal(PollEvents.Out | PollEvents.HangUp, VirtualNet.EventsOf(_kernel, fd));
    }
}
