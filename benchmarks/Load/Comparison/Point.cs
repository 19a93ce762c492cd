using System.Net;
using EventLoops.Benchmarks.Load.Runs;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>One question that is put to all servers.</summary>
/// <param name="Name">Its short name, for the command line.</param>
/// <param name="Title">What it is, in the table.</param>
/// <param name="Needs">What a server must be able to do to be asked.</param>
/// <param name="NewRun">Makes the run.</param>
/// <param name="Load">How much of what; the server is filled in.</param>
internal sealed record Point(string Name, string Title, Abilities Needs, Func<LoadOptions, LoadRun> NewRun, LoadOptions Load)
{
    private static readonly LoadOptions Usual = new() { Server = new IPEndPoint(IPAddress.Loopback, 0), Duration = TimeSpan.FromSeconds(1.2), WarmUp = TimeSpan.FromSeconds(0.3), Subprotocol = "echo" };

    public static IReadOnlyList<Point> All { get; } =
    [
        Echo("echo-1", "echo, 64 B, 64 connections, 1 outstanding", Usual),
        Echo("echo-16", "echo, 64 B, 64 connections, 16 outstanding", Usual with { Pipeline = 16 }),
        Echo("echo-1000", "echo, 64 B, 1,000 connections, 1 outstanding", Usual with { Connections = 1000 }),
        Echo("echo-10000", "echo, 64 B, 10,000 connections, 1 outstanding", Usual with { Connections = 10_000, Sources = 8, WarmUp = TimeSpan.FromSeconds(0.6) }),
        Echo("echo-16k", "echo, 16 KiB, 64 connections, 1 outstanding", Usual with { Size = 16 * 1024 }),
        Echo("echo-1m", "echo, 1 MiB, 16 connections, 1 outstanding", Usual with { Size = 1024 * 1024, Connections = 16 }),
        new("churn", "connect, upgrade, echo, close, 64 at a time", Abilities.WebSocket, load => new ChurnRun(load), Usual with { Sources = 32 }),
        new("http-1", "GET of 13 bytes, 64 connections, 1 outstanding", Abilities.Http, load => new HttpRun(load), Usual with { Path = "/plaintext" }),
        new("http-16", "GET of 13 bytes, 64 connections, 16 outstanding", Abilities.Http, load => new HttpRun(load), Usual with { Path = "/plaintext", Pipeline = 16 }),
        Secure("wss-1", "echo over TLS, 64 B, 64 connections, 1 outstanding", Usual),
        Secure("wss-16k", "echo over TLS, 16 KiB, 64 connections, 1 outstanding", Usual with { Size = 16 * 1024 }),
        new("fanout", "one speaks to 200, each delivery", Abilities.FanOut, load => new FanOutRun(load), Usual with { Connections = 200, Pipeline = 4, Subprotocol = "lws-mirror-protocol" }),
    ];

    /// <summary>The run against a server.</summary>
    public LoadRun RunAgainst(RunningPeer server) => NewRun(Load with { Server = server.EndPoint, ServerProcess = server.ProcessId });

    private static Point Secure(string name, string title, LoadOptions load) =>
        new(name, title, Abilities.Tls, options => new EchoRun(options), load with { IsTls = true });

    private static Point Echo(string name, string title, LoadOptions load) => new(name, title, Abilities.WebSocket, options => new EchoRun(options), load);
}
