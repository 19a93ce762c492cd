using EventLoops;
using TestServer.Protocols;
using TestServer.Site;

namespace TestServer;

/// <summary>What is served, whatever loop it runs on.</summary>
internal static class Server
{
    /// <summary>The options of the context.</summary>
    /// <param name="options">What the command line asked for.</param>
    /// <param name="flags">Which loop the context makes for itself.</param>
    public static LoopContextOptions Describe(ServerOptions options, ContextFlags flags) => Describe(options, flags, loop: null);

    /// <summary>The options of the context.</summary>
    /// <param name="options">What the command line asked for.</param>
    /// <param name="loop">The loop to run on, which is the program's own.</param>
    public static LoopContextOptions Describe(ServerOptions options, EventLoop loop) => Describe(options, ContextFlags.None, loop);

    /// <summary>Says on standard output that the server is ready, with the port that it really has.</summary>
    public static void Announce(LoopContext context)
    {
        Console.WriteLine($"listening on http://{context.VirtualHosts[0].LocalEndPoints[0]} (loop: {context.Loop.Name})");
        Console.Out.Flush();
    }

    private static LoopContextOptions Describe(ServerOptions options, ContextFlags flags, EventLoop? loop) => new()
    {
        Loop = loop,
        Flags = flags,
        Logger = new StderrLogger(options.LogLevel),

        // A test server may be flooded with pings, as samples/Ping does.
        Limits = new ConnectionLimits { MaxMessageSize = options.MaxMessage, MaxControlRate = int.MaxValue },
        VirtualHosts =
        [
            new()
            {
                Endpoints = [options.EndPoint],
                Origin = options.Origin,
                DefaultProtocol = EchoProtocol.ProtocolName,

                // The first one, protocol 0, answers the HTTP requests. It has no name, so no WebSocket is ever given to it.
                Protocols =
                [
                    new SiteProtocol(options.Root),
                    new EchoProtocol(),
                    new IncrementProtocol(),
                    new MirrorProtocol(),
                    new StatusProtocol(),
                    new EchogenProtocol(),
                    new FraggleProtocol(),
                ],
            },
        ],
    };
}
