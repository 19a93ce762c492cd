using System.Net;
using System.Net.Sockets;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>
/// A peer that has gone without a word, as when a cable is cut: the packets of the other side are lost. TCP's keep-alive is the kernel's and pings are ours, so one loop shows it for all.
/// </summary>
public sealed class SilentPeerTests() : LoopBench(static options => new OwnedLoopHarness(new PollLoop(options), options))
{
    private static readonly SocketSettings Probing = new()
    {
        KeepAliveTime = TimeSpan.FromSeconds(1),
        KeepAliveInterval = TimeSpan.FromSeconds(1),
        KeepAliveProbes = 1,
    };

    [Fact]
    public void A_server_notices_a_silent_client_by_the_keep_alive_of_TCP()
    {
        using NetworkNamespace network = new();
        TestProtocol protocol = NewProtocol();
        OpenFrom(network, Serve(network, protocol, Probing));

        network.FallSilent();

        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        Assert.Equal(Errno.ETIMEDOUT, Recorder.Closes[0].Close.SystemError);
        Assert.Equal(WebSocketCloseCode.Abnormal, Recorder.Closes[0].Close.Code);
    }

    [Fact]
    public void A_client_notices_a_silent_server_by_the_keep_alive_of_TCP()
    {
        using NetworkNamespace network = new();
        OpenTo(network, NewProtocol(), Probing);

        network.FallSilent();

        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        Assert.Equal(Errno.ETIMEDOUT, Recorder.Closes[0].Close.SystemError);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_never_acknowledged_ends_a_connection_when_its_time_is_over(bool isServer)
    {
        SocketSettings settings = new() { UserTimeout = TimeSpan.FromSeconds(1) };
        using NetworkNamespace network = new();
        TestProtocol protocol = NewProtocol();
        Connection connection = isServer ? ServerConnection(network, protocol, settings) : OpenTo(network, protocol, settings);

        network.FallSilent();
        connection.TrySend("is anybody there?"u8, MessageKind.Text);

        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        Assert.Equal(Errno.ETIMEDOUT, Recorder.Closes[0].Close.SystemError);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Either_side_notices_a_silent_peer_by_a_ping(bool isServer)
    {
        WebSocketKeepAlive pings = new() { PingAfter = TimeSpan.FromSeconds(20), GiveUpAfter = TimeSpan.FromSeconds(5) };
        using NetworkNamespace network = new();
        TestProtocol protocol = NewProtocol();
        Connection connection = isServer ? ServerConnection(network, protocol, new SocketSettings(), pings) : OpenTo(network, protocol, new SocketSettings(), pings);
        network.FallSilent();

        Harness.Advance(TimeSpan.FromSeconds(21));
        Harness.Settle();
        Assert.False(connection.IsClosed);
        Harness.Advance(TimeSpan.FromSeconds(6));

        Harness.RunUntil(() => Recorder.Closes.Count == 1);
        Assert.Equal(CloseOrigin.Timeout, Recorder.Closes[0].Close.Origin);
        Assert.Equal(WebSocketCloseCode.Abnormal, Recorder.Closes[0].Close.Code);
    }

    [Fact]
    public void Accepted_and_connected_sockets_are_as_the_settings_say()
    {
        SocketSettings settings = new()
        {
            KeepAliveTime = TimeSpan.FromSeconds(61),
            KeepAliveInterval = TimeSpan.FromSeconds(7),
            KeepAliveProbes = 5,
            UserTimeout = TimeSpan.FromMilliseconds(4321),
            NoDelay = false,
            SendBufferSize = 20_000,
            ReceiveBufferSize = 30_000,
        };
        TestProtocol protocol = NewProtocol();
        LoopContext server = Own(new LoopContext(new LoopContextOptions { Loop = Loop, Tracer = Recorder, Sockets = settings, VirtualHosts = [HostOf(protocol)] }));
        LoopContext clients = NewClientContext();

        Connection connected = clients.Connect(new ClientConnectOptions { Uri = new Uri("ws://test/"), EndPoint = EndPointOf(server), Protocols = [NewProtocol()], Sockets = settings });
        Connection usual = clients.Connect(new ClientConnectOptions { Uri = new Uri("ws://test/"), EndPoint = EndPointOf(server), Protocols = [NewProtocol()] });
        Harness.RunUntil(() => connected.State == ConnectionState.Established && usual.State == ConnectionState.Established);
        Connection accepted = protocol.Newest!;

        foreach (Connection connection in new[] { accepted, connected })
        {
            Assert.NotEqual(0, Option(connection, SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
            Assert.Equal(61, Option(connection, SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime));
            Assert.Equal(7, Option(connection, SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval));
            Assert.Equal(5, Option(connection, SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount));
            Assert.Equal(0, Option(connection, SocketOptionLevel.Tcp, SocketOptionName.NoDelay));

            // socket(7): the kernel doubles what it is told.
            Assert.Equal(40_000, Option(connection, SocketOptionLevel.Socket, SocketOptionName.SendBuffer));
            Assert.Equal(60_000, Option(connection, SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer));
        }

        Assert.Equal(0, Option(usual, SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
        Assert.NotEqual(0, Option(usual, SocketOptionLevel.Tcp, SocketOptionName.NoDelay));
    }

    public static TheoryData<string, SocketSettings> Mistakes => new()
    {
        { nameof(SocketSettings.KeepAliveTime), new() { KeepAliveTime = TimeSpan.FromMilliseconds(1500) } },
        { nameof(SocketSettings.KeepAliveTime), new() { KeepAliveTime = TimeSpan.FromSeconds(32_768) } },
        { nameof(SocketSettings.KeepAliveTime), new() { KeepAliveTime = TimeSpan.FromSeconds(-1) } },
        { nameof(SocketSettings.KeepAliveInterval), new() { KeepAliveInterval = TimeSpan.Zero } },
        { nameof(SocketSettings.KeepAliveProbes), new() { KeepAliveProbes = 0 } },
        { nameof(SocketSettings.KeepAliveProbes), new() { KeepAliveProbes = 128 } },
        { nameof(SocketSettings.UserTimeout), new() { UserTimeout = TimeSpan.FromDays(25) } },
        { nameof(SocketSettings.SendBufferSize), new() { SendBufferSize = -1 } },
        { nameof(SocketSettings.ReceiveBufferSize), new() { ReceiveBufferSize = -1 } },
    };

    [Theory]
    [MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public void A_setting_that_the_kernel_would_refuse_is_refused_with_its_name(string member, SocketSettings settings)
    {
        VirtualHostOptions host = new() { Protocols = [NewProtocol()], Sockets = settings };
        ClientConnectOptions client = new() { Uri = new Uri("ws://test/"), Protocols = [NewProtocol()], Sockets = settings };
        LoopContext context = NewClientContext();

        Assert.Equal(member, Assert.Throws<ArgumentOutOfRangeException>(() => new LoopContext(new LoopContextOptions { Loop = Loop, Sockets = settings })).ParamName);
        Assert.Equal(member, Assert.Throws<ArgumentOutOfRangeException>(() => context.CreateVirtualHost(host)).ParamName);
        Assert.Equal(member, Assert.Throws<ArgumentOutOfRangeException>(() => { context.Connect(client); }).ParamName);
    }

    private static int Option(Connection connection, SocketOptionLevel level, SocketOptionName name)
    {
        using SafeSocketHandle handle = new(connection.Fd, ownsHandle: false);
        using Socket socket = new(handle);
        return (int)socket.GetSocketOption(level, name)!;
    }

    private LoopContext Serve(NetworkNamespace network, TestProtocol protocol, SocketSettings settings, WebSocketKeepAlive? pings = null) =>
        Own(new LoopContext(new LoopContextOptions
        {
            Loop = Loop,
            Tracer = Recorder,
            Sockets = settings,
            WebSocketKeepAlive = pings ?? new WebSocketKeepAlive(),
            VirtualHosts = [new() { Endpoints = [new IPEndPoint(network.Here, 0)], Protocols = [protocol] }],
        }));

    private void OpenFrom(NetworkNamespace network, LoopContext context)
    {
        Socket socket = network.Open(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.Connect(EndPointOf(context));
        Own(new RawPeer(socket, isClient: true, Harness)).Upgrade();
    }

    private Connection ServerConnection(NetworkNamespace network, TestProtocol protocol, SocketSettings settings, WebSocketKeepAlive? pings = null)
    {
        OpenFrom(network, Serve(network, protocol, settings, pings));
        Harness.RunUntil(() => protocol.Newest is not null);
        return protocol.Newest!;
    }

    private Connection OpenTo(NetworkNamespace network, TestProtocol protocol, SocketSettings settings, WebSocketKeepAlive? pings = null)
    {
        using Socket listener = network.Open(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(network.There, 0));
        listener.Listen();
        LoopContext context = Own(new LoopContext(new LoopContextOptions
        {
            Loop = Loop,
            Tracer = Recorder,
            Sockets = settings,
            WebSocketKeepAlive = pings ?? new WebSocketKeepAlive(),
        }));
        Connection connection = Dial(context, listener.LocalEndPoint!, protocol);
        Harness.RunUntil(() => listener.Poll(0, SelectMode.SelectRead));
        RawPeer peer = Own(new RawPeer(listener.Accept(), isClient: false, Harness));
        peer.AcceptUpgrade(protocol.Name);
        Harness.RunUntil(() => connection.State == ConnectionState.Established);
        return connection;
    }
}
