using System.Net;
using EventLoops.Benchmarks.Load.Runs;

namespace EventLoops.Benchmarks.Load.Comparison;

/// <summary>One question that is put to all servers.</summary>
/// <param name="Name">Its short name, for the command line.</param>
/// <param name="Title">What it is, in the table.</param>
/// <param name="Group">The table that it stands in.</param>
/// <param name="Needs">What a server must be able to do to be asked.</param>
/// <param name="NewRun">Makes the run.</param>
/// <param name="Load">How much of what; the server is filled in.</param>
internal sealed record Point(string Name, string Title, string Group, Abilities Needs, Func<LoadOptions, LoadRun> NewRun, LoadOptions Load)
{
    /// <summary>How many hear one who speaks, and how many echo apart from one another to compare with.</summary>
    public const int Receivers = 200;

    private const string WebSockets = "WebSockets";
    private const string Http = "HTTP";
    private const string Tls = "TLS";

    private static readonly LoadOptions Usual = new() { Server = new IPEndPoint(IPAddress.Loopback, 0), Duration = TimeSpan.FromSeconds(0.6), WarmUp = TimeSpan.FromSeconds(0.15), Subprotocol = "echo" };
    private static readonly LoadOptions Large = Usual with { Size = 1024 * 1024, Connections = 16 };

    // Half of what the slowest of them can do, and much less than any of ours can.
    private static readonly LoadOptions Steady = Usual with { Rate = 40_000, Pipeline = 64 };

    public static IReadOnlyList<Point> All { get; } =
    [
        Echo("echo-1", "echo, 64 B, 64 connections, 1 outstanding", Usual),
        Echo("echo-16", "echo, 64 B, 64 connections, 16 outstanding", Usual with { Pipeline = 16 }),
        Echo("echo-200", "echo, 64 B, 200 connections, 1 outstanding", Usual with { Connections = Receivers }),
        Echo("echo-1000", "echo, 64 B, 1,000 connections, 1 outstanding", Usual with { Connections = 1000 }),
        Echo("echo-10000", "echo, 64 B, 10,000 connections, 1 outstanding", Usual with { Connections = 10_000, Sources = 8, WarmUp = TimeSpan.FromSeconds(0.4) }),
        Echo("echo-16k", "echo, 16 KiB, 64 connections, 1 outstanding", Usual with { Size = 16 * 1024 }),
        Echo("echo-1m", "echo, 1 MiB as it comes, 16 connections, 1 outstanding", Large) with { Needs = Abilities.Streaming },
        Echo("echo-1m-whole", "echo, 1 MiB collected first, 16 connections, 1 outstanding", Large with { Subprotocol = "echo-whole" }) with { Needs = Abilities.WholeMessages },
        Echo("rate", "echo, 64 B, 64 connections, 40,000 a second", Steady),
        new("churn", "connect, upgrade, echo, close, 64 at a time", WebSockets, Abilities.WebSocket, load => new ChurnRun(load), Usual with { Sources = 32 }),
        new("fanout", "one speaks to 200, 4 outstanding, each delivery", WebSockets, Abilities.FanOut, load => new FanOutRun(load),
            Usual with { Connections = Receivers, Pipeline = 4, Subprotocol = "lws-mirror-protocol" }),
        new("http-1", "GET of 13 bytes, 64 connections, 1 outstanding", Http, Abilities.Http, load => new HttpRun(load), Usual with { Path = "/plaintext" }),
        new("http-16", "GET of 13 bytes, 64 connections, 16 outstanding", Http, Abilities.Http, load => new HttpRun(load), Usual with { Path = "/plaintext", Pipeline = 16 }),
        Secure("wss-1", "echo over TLS, 64 B, 64 connections, 1 outstanding", Usual),
        Secure("wss-16k", "echo over TLS, 16 KiB, 64 connections, 1 outstanding", Usual with { Size = 16 * 1024 }),
    ];

    /// <summary>Whether it asks at a fixed rate, so that the time of a message says something about the server alone.</summary>
    public bool IsSteady => Load.Rate > 0;

    /// <summary>The same question, asked for another while.</summary>
    public Point For(TimeSpan duration) => this with { Load = Load with { Duration = duration } };

    /// <summary>The run against a server.</summary>
    public LoadRun RunAgainst(RunningPeer server) => NewRun(Load with { Server = server.EndPoint, ServerProcess = server.ProcessId });

    /// <summary>About how long one run takes, with its connections.</summary>
    public TimeSpan RunTime => Load.Duration + Load.WarmUp + OpeningTime(Load.Connections, Load.IsTls);

    /// <summary>About how long it takes to open connections: half of it is the generator's own work.</summary>
    public static TimeSpan OpeningTime(int connections, bool isTls) => TimeSpan.FromMilliseconds(20 + (connections * (isTls ? 1.2 : 0.12)));

    private static Point Secure(string name, string title, LoadOptions load) =>
        new(name, title, Tls, Abilities.Tls, options => new EchoRun(options), load with { IsTls = true });

    private static Point Echo(string name, string title, LoadOptions load) => new(name, title, WebSockets, Abilities.WebSocket, options => new EchoRun(options), load);
}
