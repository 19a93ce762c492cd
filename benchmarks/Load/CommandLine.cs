using System.CommandLine;
using System.Net;
using EventLoops.Benchmarks.Load.Floor;
using EventLoops.Benchmarks.Load.Measuring;
using EventLoops.Benchmarks.Load.Runs;

namespace EventLoops.Benchmarks.Load;

/// <summary>The options of the generator.</summary>
internal static class CommandLine
{
    private static readonly Option<IPAddress> Host = new("--host")
    {
        Description = "The address of the server; a loopback address, since this program is no weapon.",
        DefaultValueFactory = _ => IPAddress.Loopback,
        CustomParser = result =>
        {
            if (IPAddress.TryParse(result.Tokens[0].Value, out IPAddress? address) && IPAddress.IsLoopback(address) && address.GetAddressBytes().Length == 4)
                return address;
            result.AddError("--host is an IPv4 address of the loopback.");
            return null;
        },
    };

    private static readonly Option<int> Port = Number("--port", "The port of the server; the yardstick takes a free one for 0.", 0, 65535, 7681);
    private static readonly Option<string> Path = new("--path") { Description = "The target of requests and handshakes.", DefaultValueFactory = _ => "/" };
    private static readonly Option<string?> Subprotocol = new("--protocol") { Description = "The subprotocol to ask for." };
    private static readonly Option<int> Connections = Number("--connections", "How many connections.", 1, 1_000_000, 64, "-n");
    private static readonly Option<int> Size = Number("--size", "The payload of a message in bytes.", 1, 1 << 28, 64, "-s");
    private static readonly Option<int> Pipeline = Number("--pipeline", "How many messages or requests a connection has under way.", 1, 1024, 1, "-p");
    private static readonly Option<double> Duration = Seconds("--duration", "How long is measured, in seconds.", 3);
    private static readonly Option<double> WarmUp = Seconds("--warm-up", "How long the load is on before that, in seconds.", 0.5);
    private static readonly Option<double> Rate = Seconds("--rate", "Echoes a second over all connections; 0 sends the next when an answer has come.", 0, 10_000_000);
    private static readonly Option<int> Sources = Number("--sources", "From how many addresses 127.0.0.x is connected; a crowd of more than 28,000 needs more than one.", 1, 250, 1);
    private static readonly Option<bool> Tls = new("--tls") { Description = "Speaks TLS, and believes whatever certificate the server shows." };
    private static readonly Option<int?> Process = new("--pid") { Description = "The process of the server, to tell its processor time and memory." };

    private static readonly (string Name, string Description, Func<LoadOptions, LoadRun> New)[] Modes =
    [
        ("echo", "Messages that must come back as they are.", options => new EchoRun(options)),
        ("churn", "Connect, upgrade, one echo, close, again and again.", options => new ChurnRun(options)),
        ("idle", "Open WebSockets that do nothing; then echoes through some of them.", options => new IdleRun(options)),
        ("http", "GET on connections that stay open.", options => new HttpRun(options)),
        ("fanout", "The first connection speaks, and the server tells everybody.", options => new FanOutRun(options)),
    ];

    /// <summary>Runs what the arguments say.</summary>
    /// <returns>0 when nothing was wrong, 1 when the server broke a rule or could not be measured, 2 for arguments that are wrong.</returns>
    public static int Run(string[] args)
    {
        RootCommand command = new("Puts a load on a WebSocket or HTTP/1.1 server and prints one line of JSON about what came of it.");
        foreach ((string name, string description, Func<LoadOptions, LoadRun> create) in Modes)
        {
            Command mode = new(name, description) { Host, Port, Path, Subprotocol, Connections, Size, Pipeline, Duration, WarmUp, Rate, Sources, Tls, Process };
            mode.SetAction(parsed => Run(create(Read(parsed))));
            command.Subcommands.Add(mode);
        }

        Command floor = new("floor", "Be the yardstick: the least that a WebSocket echo can cost.") { Port };
        floor.SetAction(parsed => FloorServer.Run(parsed.GetValue(Port)));
        command.Subcommands.Add(floor);
        command.Subcommands.Add(ComparisonCommand.New());

        ParseResult parsed = command.Parse(args);
        int code = parsed.Invoke();
        return parsed.Errors.Count > 0 ? 2 : code;
    }

    private static int Run(LoadRun run)
    {
        using (run)
        {
            try
            {
                LoadResult result = run.Run();
                Console.WriteLine(result);
                return result.Faults == 0 ? 0 : 1;
            }
            catch (LoadException fault)
            {
                Console.Error.WriteLine(fault.Message);
                return 1;
            }
        }
    }

    private static LoadOptions Read(ParseResult parsed) => new()
    {
        Server = new IPEndPoint(parsed.GetValue(Host)!, parsed.GetValue(Port)),
        Path = parsed.GetValue(Path)!,
        Subprotocol = parsed.GetValue(Subprotocol),
        Connections = parsed.GetValue(Connections),
        Size = parsed.GetValue(Size),
        Pipeline = parsed.GetValue(Pipeline),
        Duration = TimeSpan.FromSeconds(parsed.GetValue(Duration)),
        WarmUp = TimeSpan.FromSeconds(parsed.GetValue(WarmUp)),
        Rate = parsed.GetValue(Rate),
        Sources = parsed.GetValue(Sources),
        IsTls = parsed.GetValue(Tls),
        ServerProcess = parsed.GetValue(Process),
    };

    private static Option<int> Number(string name, string description, int least, int most, int usual, params string[] aliases)
    {
        Option<int> option = new(name, aliases) { Description = description, DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int given) && (given < least || given > most))
                result.AddError($"{name} lies between {least} and {most}.");
        });
        return option;
    }

    private static Option<double> Seconds(string name, string description, double usual, double most = 600)
    {
        Option<double> option = new(name) { Description = description, DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && double.TryParse(result.Tokens[0].Value, out double given) && !(given >= 0 && given <= most))
                result.AddError($"{name} lies between 0 and {most}.");
        });
        return option;
    }
}
