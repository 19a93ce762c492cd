using System.Net;
using System.Runtime.InteropServices;
using EventLoops;
using TestServer.Protocols;
using TestServer.Site;

namespace TestServer;

/// <summary>What is served, whatever loop it runs on.</summary>
internal static class Server
{
    // How long those who are connected may take to end, when the server is to stop.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private static readonly string[] PathsOfTheProtocol = ["/plaintext", "/echo", "/cookie", "/allocated"];

    /// <summary>The options of the context.</summary>
    /// <param name="options">What the command line asked for.</param>
    /// <param name="flags">Which loop the context makes for itself.</param>
    public static LoopContextOptions Describe(ServerOptions options, ContextFlags flags) => Describe(options, flags, loops: null);

    /// <summary>The options of the context.</summary>
    /// <param name="options">What the command line asked for.</param>
    /// <param name="loops">The loops to run on, one for each service thread, which are the program's own.</param>
    public static LoopContextOptions Describe(ServerOptions options, IReadOnlyList<EventLoop> loops) => Describe(options, ContextFlags.None, loops);

    /// <summary>Every protocol of this server, protocol 0 first.</summary>
    public static IReadOnlyList<Protocol> NewProtocols() =>
    [
        // It answers the HTTP requests that no mount does.
        new SiteProtocol(),
        new EchoProtocol(),
        new EchoProtocol(EchoProtocol.WholeName) { DeliverWholeMessages = true },
        new IncrementProtocol(),
        new MirrorProtocol(),
        new StatusProtocol(),
        new EchogenProtocol(),
        new FraggleProtocol(),
    ];

    /// <summary>Says on standard output that the server is ready, with the ports that it really has.</summary>
    public static void Announce(LoopContext context)
    {
        foreach ((EndPoint endPoint, bool isTls) in context.VirtualHosts.SelectMany(host => host.LocalEndPoints.Select(endPoint => (endPoint, host.IsTls))).DistinctBy(one => one.endPoint))
        {
            string address = endPoint is IPEndPoint ? $"{(isTls ? "https" : "http")}://{endPoint}" : $"unix:{endPoint}";
            Console.WriteLine($"listening on {address} (loop: {context.Loop.Name})");
        }

        if (context.GetThreadCount() > 1)
            Console.WriteLine($"service threads: {context.GetThreadCount()}");
        Console.Out.Flush();
    }

    /// <summary>Ends the server: whoever is being answered may finish, open WebSockets are told; called again, it ends at once.</summary>
    /// <param name="context">The server's.</param>
    /// <param name="service">What <see cref="ServerProcess.Begin"/> has begun.</param>
    /// <param name="completed">Called when it is over.</param>
    public static void Stop(LoopContext context, IDisposable service, Action? completed = null)
    {
        if (context.IsDisposed)
            return;
        if (!context.IsShuttingDown)
            service.Dispose();
        context.BeginShutdown(Grace, completed);
    }

    /// <summary>Reads all certificates again at SIGHUP, as servers do: who is connected stays, and who comes later sees the new ones.</summary>
    /// <returns>What ends it.</returns>
    public static PosixSignalRegistration ReloadAtHangUp(LoopContext context) => PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
    {
        // The handler runs on a thread of its own, and only Post may be called from there.
        signal.Cancel = true;
        context.Loop.Post(static state => Reload((LoopContext)state!), context);
    });

    private static void Reload(LoopContext context)
    {
        foreach (VirtualHost host in context.VirtualHosts.Where(host => host.IsTls))
        {
            try
            {
                host.ReloadCertificates();
            }
            catch (ArgumentException wrong)
            {
                // The host goes on with what it had.
                context.Log.Warning?.Write($"{host.Name} keeps its certificate: {wrong.Message}");
            }
        }
    }

    private static LoopContextOptions Describe(ServerOptions options, ContextFlags flags, IReadOnlyList<EventLoop>? loops) => new()
    {
        Loops = loops,
        Flags = flags,
        ServiceThreadCount = options.Threads,
        BusyPoll = options.BusyPoll,

        // A test server may be flooded with pings, as samples/Ping does.
        Limits = new ConnectionLimits { MaxMessageSize = options.MaxMessage, MaxControlRate = int.MaxValue },
        VirtualHosts = options.Hosts ?? [DescribeHost(options)],
    };

    private static VirtualHostOptions DescribeHost(ServerOptions options) => new()
    {
        // A service manager that has bound the sockets itself decides where.
        Endpoints = ServiceManager.EndPoints is { Count: > 0 } passed ? passed : [options.EndPoint],
        Origin = options.Origin,
        DefaultProtocol = EchoProtocol.ProtocolName,
        Protocols = NewProtocols(),
        Extensions = options.Extensions,
        AccessLog = options.AccessLog,
        Tls = options.Tls,
        Mounts = [.. options.Mounts, .. OwnMounts(options.Root).Where(own => options.Mounts.All(mount => mount.MountPoint != own.MountPoint))],
    };

    /// <summary>The page and its parts, and the paths below it that are no files.</summary>
    private static Mount[] OwnMounts(string root) =>
    [
        new()
        {
            MountPoint = "/",
            Origin = MountOrigin.Files(root),

            // A browser asks every time, so that a page that was edited is seen edited; and it believes the type that it is told.
            CacheReusable = true,
            Fields = [new HttpField("X-Content-Type-Options", "nosniff")],
        },
        .. PathsOfTheProtocol
            .Select(path => new Mount { MountPoint = path, Origin = MountOrigin.Callback(SiteProtocol.ProtocolName) }),
    ];
}
