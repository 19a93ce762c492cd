namespace EventLoops.Tests.Conformance;

/// <summary>WebSockets whose peers are asked for a sign of life.</summary>
public abstract class KeepAliveBench(LoopFactory factory) : LoopBench(factory)
{
    /// <summary>How long a peer is silent until it is asked.</summary>
    protected static readonly TimeSpan SilenceUntilPing = TimeSpan.FromSeconds(30);

    /// <summary>How long it is silent from then on until it is given up.</summary>
    protected static readonly TimeSpan SilenceUntilEnd = TimeSpan.FromSeconds(10);

    /// <summary>The payloads of the pongs that the user was told of.</summary>
    protected IList<string> Pongs { get; } = [];

    /// <summary>Keep-alive with these times.</summary>
    protected static WebSocketKeepAlive On() => new() { PingAfter = SilenceUntilPing, GiveUpAfter = SilenceUntilEnd };

    /// <summary>An open WebSocket that is kept alive, and its peer.</summary>
    protected (Connection Connection, RawPeer Peer) OpenWith(WebSocketKeepAlive keepAlive, bool isServer)
    {
        CallbackHook note = (Connection _, ref TestSession _, in CallbackData data) =>
        {
            Pongs.Add(System.Text.Encoding.UTF8.GetString(data.In));
            return CallbackResult.Continue;
        };
        TestProtocol protocol = NewProtocol().On(CallbackReason.ReceivePong, note).On(CallbackReason.ClientReceivePong, note);
        LoopContext context = Own(new LoopContext(new LoopContextOptions
        {
            Loop = Loop,
            Tracer = Recorder,
            WebSocketKeepAlive = keepAlive,
            VirtualHosts = [HostOf(protocol)],
        }));
        if (isServer)
        {
            RawPeer client = Open(context);
            Harness.RunUntil(() => protocol.Newest is not null);
            return (protocol.Newest!, client);
        }

        RawListener listener = Listen();
        Connection connection = Dial(context, listener.EndPoint, protocol);
        RawPeer server = listener.Accept();
        server.AcceptUpgrade(protocol.Name);
        Harness.RunUntil(() => connection.State == ConnectionState.Established);
        return (connection, server);
    }

    /// <summary>Lets time pass, and everything happen that is due then.</summary>
    protected void Pass(TimeSpan time)
    {
        Harness.Settle();
        Harness.Advance(time);
        Harness.Settle();
    }
}
