using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Poll;

public sealed class SocketIoTests : IDisposable
{
    private readonly SocketIo _io = SocketIo.System;
    private readonly List<int> _open = [];

    public void Dispose()
    {
        foreach (int fd in _open) _io.Close(fd);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void Bytes_go_both_ways_over_tcp(string address)
    {
        IPAddress loopback = IPAddress.Parse(address);
        if (loopback.AddressFamily == AddressFamily.InterNetworkV6 && !Socket.OSSupportsIPv6) return;

        int listener = Listener(new IPEndPoint(loopback, 0));
        IPEndPoint local = Assert.IsType<IPEndPoint>(_io.GetLocalEndPoint(listener));
        Assert.NotEqual(0, local.Port);
        (int client, int server) = Connect(listener, local);

        Assert.Equal(local, _io.GetRemoteEndPoint(client));
        Assert.Equal(_io.GetLocalEndPoint(client), _io.GetRemoteEndPoint(server));
        CheckBothWays(client, server);
    }

    [Fact]
    public void Bytes_go_both_ways_over_an_abstract_unix_socket()
    {
        UnixDomainSocketEndPoint name = new($"\0eventloops-{Guid.NewGuid():N}");
        int listener = Listener(name);
        Assert.Equal(name.ToString(), _io.GetLocalEndPoint(listener)!.ToString());
        (int client, int server) = Connect(listener, name);

        CheckBothWays(client, server);
    }

    [Fact]
    public void Bytes_go_both_ways_over_a_unix_socket_with_a_path()
    {
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        try
        {
            UnixDomainSocketEndPoint name = new(path);
            int listener = Listener(name);
            Assert.Equal(path, _io.GetLocalEndPoint(listener)!.ToString());
            (int client, int server) = Connect(listener, name);
            CheckBothWays(client, server);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_end_of_the_stream_is_zero_and_writing_on_is_epipe()
    {
        int listener = Listener(new IPEndPoint(IPAddress.Loopback, 0));
        (int client, int server) = Connect(listener, _io.GetLocalEndPoint(listener)!);
        Assert.False(_io.ShutdownWrite(client).IsError);
        WaitFor(server, PollEvents.In);

        IoResult end = _io.Receive(server, new byte[16]);

        Assert.Equal((false, 0), (end.IsError, end.Value));
        Assert.Equal(Errno.EPIPE, _io.Send(client, [1]).Errno);
    }

    [Fact]
    public void A_reset_is_an_errno()
    {
        int listener = Listener(new IPEndPoint(IPAddress.Loopback, 0));
        (int client, int server) = Connect(listener, _io.GetLocalEndPoint(listener)!);
        Assert.False(_io.SetOption(client, SocketTuning.LingerZero, 1).IsError);
        Close(client);
        WaitFor(server, PollEvents.In);

        Assert.Equal(Errno.ECONNRESET, _io.Receive(server, new byte[16]).Errno);
    }

    [Fact]
    public void Nothing_there_is_would_block()
    {
        int listener = Listener(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.True(_io.Accept(listener).WouldBlock);
        (int client, _) = Connect(listener, _io.GetLocalEndPoint(listener)!);

        Assert.True(_io.Receive(client, new byte[16]).WouldBlock);
        byte[] much = new byte[1 << 20];
        IoResult sent;
        do sent = _io.Send(client, much);
        while (!sent.IsError);
        Assert.True(sent.WouldBlock);
    }

    [Fact]
    public void A_refused_connection_is_told_by_the_pending_error()
    {
        using PeerListener nobody = PeerNetwork.Loopback.BindWithoutListening();
        int client = Open(AddressFamily.InterNetwork);

        IoResult result = _io.Connect(client, nobody.EndPoint);
        if (result.Errno == Errno.EINPROGRESS)
        {
            WaitFor(client, PollEvents.Out);
            result = _io.GetPendingError(client);
        }

        Assert.Equal(Errno.ECONNREFUSED, result.Errno);
        Assert.False(_io.GetPendingError(client).IsError);
        Assert.Null(_io.GetRemoteEndPoint(client));
    }

    [Fact]
    public void Every_option_is_accepted()
    {
        int v4 = Open(AddressFamily.InterNetwork);
        foreach (SocketTuning option in Enum.GetValues<SocketTuning>())
        {
            int fd = option == SocketTuning.IPv6Only && Socket.OSSupportsIPv6 ? Open(AddressFamily.InterNetworkV6) : v4;
            if (option == SocketTuning.IPv6Only && fd == v4) continue;
            Assert.False(_io.SetOption(fd, option, 1).IsError, option.ToString());
        }

        Assert.Equal(Errno.ENOPROTOOPT, _io.SetOption(v4, (SocketTuning)99, 1).Errno);
    }

    [Fact]
    public void What_the_system_refuses_is_a_value()
    {
        int listener = Listener(new IPEndPoint(IPAddress.Loopback, 0));
        int second = Open(AddressFamily.InterNetwork);

        Assert.Equal(Errno.EADDRINUSE, _io.Bind(second, _io.GetLocalEndPoint(listener)!).Errno);
        Assert.Equal(Errno.EAFNOSUPPORT, _io.OpenStream(AddressFamily.Ipx).Errno);
        Assert.Equal(Errno.EAFNOSUPPORT, _io.Connect(second, new DnsEndPoint("localhost", 1)).Errno);
        Assert.Equal(Errno.EAFNOSUPPORT, _io.Bind(second, new DnsEndPoint("localhost", 1)).Errno);
        Assert.Equal(Errno.ENOTCONN, _io.ShutdownWrite(second).Errno);
        Assert.Equal(Errno.EBADF, _io.Close(-1).Errno);
        Assert.Equal(Errno.EBADF, _io.Receive(-1, new byte[1]).Errno);
        Assert.Null(_io.GetLocalEndPoint(-1));
    }

    [Fact]
    public void A_result_is_a_value_or_an_errno()
    {
        Assert.Equal((false, 7, Errno.None), (IoResult.Ok(7).IsError, IoResult.Ok(7).Value, IoResult.Ok(7).Errno));
        IoResult failed = IoResult.Failed(Errno.ECONNRESET);
        Assert.Equal((true, 0, Errno.ECONNRESET, false), (failed.IsError, failed.Value, failed.Errno, failed.WouldBlock));
        Assert.Equal("ECONNRESET (Connection reset by peer)", failed.ToString());
        Assert.Equal("7", IoResult.Ok(7).ToString());
        Assert.StartsWith("errno 9999 (", ((Errno)9999).Describe(), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => IoResult.Ok(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => IoResult.Failed(Errno.None));
    }

    private void CheckBothWays(int client, int server)
    {
        Assert.Equal(5, _io.Send(client, [1, 2], [3, 4, 5]).Value);
        WaitFor(server, PollEvents.In);
        byte[] buffer = new byte[16];
        Assert.Equal(5, _io.Receive(server, buffer).Value);
        Assert.Equal([1, 2, 3, 4, 5], buffer[..5]);

        Assert.Equal(1, _io.Send(server, [9]).Value);
        WaitFor(client, PollEvents.In);
        Assert.Equal(1, _io.Receive(client, buffer).Value);
        Assert.Equal(9, buffer[0]);
    }

    private int Listener(EndPoint endPoint)
    {
        int fd = Open(endPoint.AddressFamily);
        Assert.Equal(Errno.None, _io.Bind(fd, endPoint).Errno);
        Assert.Equal(Errno.None, _io.Listen(fd, 16).Errno);
        return fd;
    }

    private (int Client, int Server) Connect(int listener, EndPoint endPoint)
    {
        int client = Open(endPoint.AddressFamily);
        IoResult connecting = _io.Connect(client, endPoint);
        Assert.True(!connecting.IsError || connecting.Errno == Errno.EINPROGRESS, connecting.ToString());
        WaitFor(listener, PollEvents.In);
        IoResult accepted = _io.Accept(listener);
        Assert.False(accepted.IsError, accepted.ToString());
        _open.Add(accepted.Value);
        WaitFor(client, PollEvents.Out);
        Assert.False(_io.GetPendingError(client).IsError);
        return (client, accepted.Value);
    }

    private int Open(AddressFamily family)
    {
        IoResult opened = _io.OpenStream(family);
        Assert.False(opened.IsError, opened.ToString());
        _open.Add(opened.Value);
        return opened.Value;
    }

    private void Close(int fd)
    {
        _open.Remove(fd);
        Assert.False(_io.Close(fd).IsError);
    }

    private static void WaitFor(int fd, PollEvents events)
    {
        PollFdArray array = new();
        array.Add(fd, events);
        Assert.Equal(1, array.Poll(10_000));
    }
}
