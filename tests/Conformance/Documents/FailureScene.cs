using System.Net;
using Xunit;

namespace EventLoops.Tests.Conformance;

/// <summary>A simulated kernel with a client in it and whatever its connection comes to nothing by.</summary>
internal sealed class FailureScene() : LoopBench(LoopFactories.Simulated)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Connects as the scenario wants it, and lets time pass until it has come to nothing.</summary>
    public ConnectFailure FailureOf(Func<FailureScene, ClientConnectOptions> happen)
    {
        NewClientContext().Connect(happen(this));
        for (int i = 0; i < 10 && Recorder.Failures.Count == 0; i++)
        {
            Harness.Settle();
            if (Recorder.Failures.Count == 0 && i > 4) Harness.Advance(Patience);
        }

        return Assert.Single(Recorder.Failures).Failure;
    }

    public ClientConnectOptions Named(Func<string, CancellationToken, Task<IPAddress[]>> resolver) =>
        new() { Uri = new Uri("ws://example.test/"), Resolver = resolver, Protocols = [NewProtocol()] };

    public ClientConnectOptions To(EndPoint endPoint) => new() { Uri = new Uri("ws://example.test/"), EndPoint = endPoint, Protocols = [NewProtocol()] };

    public ClientConnectOptions Served(Action<RawPeer> serve) => To(Serving(serve));

    public ClientConnectOptions Slow(Action<RawPeer> serve) => new()
    {
        Uri = new Uri("ws://example.test/"),
        EndPoint = Serving(serve),
        Protocols = [NewProtocol()],
        HandshakeTimeout = TimeSpan.FromMinutes(10),
        OverallTimeout = TimeSpan.FromSeconds(30),
    };

    public ClientConnectOptions Through(EndPoint? proxy, Action<RawPeer> serve) => new()
    {
        Uri = new Uri("ws://example.test/"),
        Proxy = new Uri($"http://127.0.0.1:{((IPEndPoint)(proxy ?? Serving(serve, port: 3128))).Port}"),
        Protocols = [NewProtocol()],
    };

    public ClientConnectOptions Redirected() => new()
    {
        Uri = new Uri("ws://example.test/"),
        EndPoint = Serving(peer => Answer(peer, "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")),
        Protocols = [NewProtocol()],
        FollowRedirects = true,
    };

    public ClientConnectOptions GivenUp()
    {
        TestProtocol protocol = NewProtocol();
        protocol.On(CallbackReason.ClientAppendHandshakeHeader, connection => connection.Close());
        return new ClientConnectOptions { Uri = new Uri("ws://example.test/"), EndPoint = Serving(_ => { }), Protocols = [protocol] };
    }

    /// <summary>A server that shows a certificate, asked by a client that believes one authority and knows the server as <c>example.test</c>.</summary>
    public ClientConnectOptions Showing(Func<TestAuthority, IssuedCertificate> issue, TlsVersion oldest = TlsVersion.Tls12, bool isKnown = true)
    {
        using TestAuthority authority = new();
        using TestAuthority stranger = new("somebody else");
        using IssuedCertificate certificate = issue(authority);
        VirtualHostOptions host = new()
        {
            Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
            Protocols = [new TestProtocol()],
            Tls = new TlsOptions { Certificates = [certificate.Tls], MinVersion = oldest },
        };
        ClientTlsOptions tls = new() { UseSystemStore = false, CaPem = (isKnown ? authority : stranger).Pem, MaxVersion = TlsVersion.Tls12 };
        return Secured(EndPointOf(Serve(host)), tls);
    }

    /// <summary>A server that has an answer to whatever comes, or none.</summary>
    public ClientConnectOptions SecuredAgainst(string answer) => Secured(Serving(
        peer =>
        {
            if (answer.Length > 0) peer.Send(answer);
        },
        isDue: peer => !peer.Received.IsEmpty));

    /// <summary>A server that treats each connection alike, between the turns of the loop.</summary>
    /// <param name="serve">What it does.</param>
    /// <param name="port">Where it listens; 0 for any.</param>
    /// <param name="isDue">When it does that; by default when a head has come.</param>
    public EndPoint Serving(Action<RawPeer> serve, int port = 0, Func<RawPeer, bool>? isDue = null)
    {
        isDue ??= peer => peer.Received.IndexOf("\r\n\r\n"u8) >= 0;
        PeerListener listener = Own(Harness.Network.Listen(new IPEndPoint(IPAddress.Loopback, port)));
        HashSet<RawPeer> served = [];
        Harness.Attach(
            () =>
            {
                if (listener.TryAccept(TimeSpan.Zero) is { } socket) served.Add(Own(new RawPeer(socket, isClient: false, Harness)));
                foreach (RawPeer peer in served.ToArray())
                {
                    if (!isDue(peer)) continue;

                    served.Remove(peer);
                    serve(peer);
                }
            },
            () => served.Count);
        return listener.EndPoint;
    }

    public static void Answer(RawPeer peer, string reply)
    {
        peer.ReadHead();
        peer.Send(reply);
    }

    public EndPoint Gone()
    {
        using PeerListener listener = Harness.Network.Listen(new IPEndPoint(IPAddress.Loopback, 3128));
        return listener.EndPoint;
    }

    public EndPoint Silent() => Own(Harness.Network.ListenWithoutAnswer()).EndPoint;

    private ClientConnectOptions Secured(EndPoint endPoint, ClientTlsOptions? tls = null) =>
        new() { Uri = new Uri("wss://example.test/"), EndPoint = endPoint, Protocols = [NewProtocol()], Tls = tls };
}
