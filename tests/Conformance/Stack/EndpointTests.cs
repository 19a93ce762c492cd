using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>Where a virtual host can listen: IPv6 with and without IPv4, interfaces by name, and Unix sockets with their files. With the system's own sockets.</summary>
public sealed class EndpointTests : LoopBench
{
    private readonly TemporaryFolder _folder;

    public EndpointTests()
        : base(static options => new OwnedLoopHarness(new PollLoop(options), options)) => _folder = Own(new TemporaryFolder());

    [Fact]
    public void An_IPv6_endpoint_for_every_address_takes_IPv4_as_well()
    {
        LoopContext context = Serve(new VirtualHostOptions { Endpoints = [new IPEndPoint(IPAddress.IPv6Any, 0)], Protocols = [NewProtocol()] });
        int port = ((IPEndPoint)EndPointOf(context)).Port;

        AssertServed(new IPEndPoint(IPAddress.Loopback, port));
        AssertServed(new IPEndPoint(IPAddress.IPv6Loopback, port));
    }

    [Fact]
    public void An_IPv6_endpoint_that_is_IPv6_only_leaves_the_port_of_IPv4_free()
    {
        // Another process may have the port of IPv4 already; not each time.
        RawListener? other = null;
        int port = 0;
        for (int attempt = 0; other is null; attempt++)
        {
            LoopContext context = Serve(new VirtualHostOptions { Endpoints = [new IPEndPoint(IPAddress.IPv6Any, 0)], IPv6Only = true, Protocols = [NewProtocol()] });
            port = ((IPEndPoint)EndPointOf(context)).Port;
            try
            {
                other = Listen(new IPEndPoint(IPAddress.Loopback, port));
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse && attempt < 10)
            {
            }
        }

        RawPeer peer = Own(RawPeer.Connect(other.EndPoint, Harness));
        other.Accept().Send("another server");
        Assert.Equal("another server", peer.ReadText(14));
        AssertServed(new IPEndPoint(IPAddress.IPv6Loopback, port));
    }

    [Fact]
    public void An_interface_stands_for_each_of_its_addresses()
    {
        LoopContext context = Serve(new VirtualHostOptions { Endpoints = [new InterfaceEndPoint("lo", 0)], Protocols = [NewProtocol()] });

        Assert.Contains(context.VirtualHosts[0].LocalEndPoints, endPoint => endPoint is IPEndPoint address && address.Address.Equals(IPAddress.Loopback));
        Assert.All(context.VirtualHosts[0].LocalEndPoints, AssertServed);
    }

    [Fact]
    public void An_interface_that_is_not_there_is_named()
    {
        LoopFaultException fault = Assert.Throws<LoopFaultException>(
            () => Serve(new VirtualHostOptions { Endpoints = [new InterfaceEndPoint("none7", 80)], Protocols = [NewProtocol()] }));

        Assert.Equal(Errno.ENODEV, fault.Errno);
        Assert.Contains("'none7'", fault.Message, StringComparison.Ordinal);
        Assert.Equal("none7:80", new InterfaceEndPoint("none7", 80).ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => new InterfaceEndPoint("lo", 65_536));
    }

    [Fact]
    public void A_Unix_socket_has_the_permissions_and_the_owner_that_were_asked_for_and_its_file_goes_with_it()
    {
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite;
        UnixDomainSocketEndPoint endPoint = FileEndPoint("site.sock");
        LoopContext context = Serve(new VirtualHostOptions
        {
            Endpoints = [endPoint],
            UnixSocket = new UnixSocketOptions { Mode = Mode, UserId = uint.MaxValue, GroupId = uint.MaxValue },
            Protocols = [NewProtocol()],
        });

        Assert.Equal(Mode, File.GetUnixFileMode(endPoint.ToString()));
        AssertServed(endPoint);
        context.Dispose();
        Assert.False(File.Exists(endPoint.ToString()));
    }

    [Fact]
    public void An_owner_that_the_system_refuses_is_an_error_and_leaves_no_file()
    {
        UnixDomainSocketEndPoint endPoint = new(System.IO.Path.Combine(_folder.Path, "mine.sock"));
        VirtualHostOptions host = new() { Endpoints = [endPoint], UnixSocket = new UnixSocketOptions { UserId = uint.MaxValue - 1 }, Protocols = [NewProtocol()] };

        // Whoever may give files away is not refused; then there is nothing to see here but the file.
        Exception? refused = Record.Exception(() => Serve(host).Dispose());

        Assert.True(refused is null or LoopFaultException { Errno: Errno.EPERM or Errno.EINVAL }, refused?.Message);
        Assert.False(File.Exists(endPoint.ToString()));
    }

    [Fact]
    public void Two_hosts_share_a_Unix_socket()
    {
        UnixDomainSocketEndPoint endPoint = FileEndPoint("shared.sock");
        LoopContext context = Serve(new VirtualHostOptions { Name = "a", Endpoints = [endPoint], Protocols = [NewProtocol()] });
        VirtualHost second = context.CreateVirtualHost(new VirtualHostOptions
        {
            Name = "b",
            Endpoints = [FileEndPoint("shared.sock")],
            Protocols = [NewProtocol().On(CallbackReason.Http, connection => connection.Respond(200, null, "b"u8))],
        });
        RawPeer peer = Own(RawPeer.Connect(endPoint, Harness));

        peer.Send("GET / HTTP/1.1\r\nHost: b\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 ", peer.ReadHead(), StringComparison.Ordinal);
        second.Destroy();
        AssertServed(endPoint);
    }

    [Fact]
    public void O20_a_socket_file_that_a_dead_process_left_is_removed_only_when_asked()
    {
        UnixDomainSocketEndPoint endPoint = FileEndPoint("stale.sock");
        LeaveBehind(endPoint);

        LoopFaultException fault = Assert.Throws<LoopFaultException>(() => Serve(HostAt(endPoint, removeStale: false)));
        Assert.Equal(Errno.EADDRINUSE, fault.Errno);
        Assert.Contains(endPoint.ToString(), fault.Message, StringComparison.Ordinal);

        Serve(HostAt(endPoint, removeStale: true));
        AssertServed(endPoint);
    }

    [Fact]
    public void O20_a_socket_that_somebody_listens_on_and_a_file_that_is_none_are_never_removed()
    {
        UnixDomainSocketEndPoint taken = FileEndPoint("taken.sock");
        UnixDomainSocketEndPoint text = FileEndPoint("text");
        File.WriteAllText(text.ToString(), "precious");
        Serve(HostAt(taken, removeStale: true));

        LoopFaultException live = Assert.Throws<LoopFaultException>(() => Serve(HostAt(taken, removeStale: true)));
        LoopFaultException file = Assert.Throws<LoopFaultException>(() => Serve(HostAt(text, removeStale: true)));

        Assert.Equal((Errno.EADDRINUSE, Errno.EADDRINUSE), (live.Errno, file.Errno));
        Assert.Equal("precious", File.ReadAllText(text.ToString()));
        AssertServed(taken);
        File.Delete(text.ToString());
    }

    [Fact]
    public void A_mode_with_more_than_permissions_is_the_callers_mistake()
    {
        ArgumentOutOfRangeException mistake = Assert.Throws<ArgumentOutOfRangeException>(() => Serve(new VirtualHostOptions
        {
            UnixSocket = new UnixSocketOptions { Mode = UnixFileMode.SetUser }, Protocols = [NewProtocol()],
        }));

        Assert.Contains(nameof(UnixSocketOptions.Mode), mistake.Message, StringComparison.Ordinal);
    }

    private VirtualHostOptions HostAt(EndPoint endPoint, bool removeStale) =>
        new() { Endpoints = [endPoint], UnixSocket = new UnixSocketOptions { RemoveStale = removeStale }, Protocols = [NewProtocol()] };

    private UnixDomainSocketEndPoint FileEndPoint(string name) => new(System.IO.Path.Combine(_folder.Path, name));

    /// <summary>A bound socket whose descriptor is closed while its file stays, as after a kill. The framework would remove the file by its first name.</summary>
    private static void LeaveBehind(UnixDomainSocketEndPoint endPoint)
    {
        string aside = endPoint + ".aside";
        using (Socket dead = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(endPoint);
            File.Move(endPoint.ToString(), aside);
        }

        File.Move(aside, endPoint.ToString());
    }

    private void AssertServed(EndPoint endPoint)
    {
        RawPeer peer = Own(RawPeer.Connect(endPoint, Harness));
        peer.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 404 ", peer.ReadHead(), StringComparison.Ordinal);
    }

    private sealed class TemporaryFolder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("endpoint-");

        public string Path => _folder.FullName;

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
