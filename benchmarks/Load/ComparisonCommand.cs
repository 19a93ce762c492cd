using System.CommandLine;
using EventLoops.Benchmarks.Load.Comparison;

namespace EventLoops.Benchmarks.Load;

/// <summary>The command that compares servers.</summary>
internal static class ComparisonCommand
{
    private const int UsualRounds = 9;
    private const int UsualIdle = 10_000;
    private const int QuickRounds = 2;
    private const int QuickIdle = 1000;

    private static readonly TimeSpan QuickDuration = TimeSpan.FromSeconds(0.3);

    private static readonly Option<int?> Rounds = new("--rounds") { Description = $"How often every server is asked, {UsualRounds} times unless said; fewer say little." };
    private static readonly Option<string[]> PointNames = new("--point") { Description = $"Only these: {string.Join(", ", Point.All.Select(point => point.Name))}.", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string[]> PeerNames = new("--peer") { Description = "Only servers whose name contains one of these.", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string[]> Also = new("--also")
    {
        Description = "Asks another WebSocket echo as well: NAME=COMMAND, where the command listens on the port that {port} stands for. May be given several times.",
    };

    private static readonly Option<int?> Idle = new("--idle") { Description = $"How many idle WebSockets the memory is measured with, {UsualIdle} unless said, over TLS a tenth; 0 leaves it out." };
    private static readonly Option<bool> Quick = new("--quick") { Description = $"For a look: {QuickRounds} rounds of {QuickDuration.TotalSeconds} s, {QuickIdle} idle WebSockets." };
    private static readonly Option<string?> StartUp = new("--start-up") { Description = "A file with what benchmarks/startup.sh has printed, for the page." };
    private static readonly Option<string> Root = new("--root") { Description = "The folder of the checkout, where everything has been built in Release.", DefaultValueFactory = _ => "." };
    private static readonly Option<string> Output = new("--output") { Description = "Where the page and the charts are written.", DefaultValueFactory = _ => "benchmarks/results" };

    public static Command New()
    {
        Rounds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1 or > 1000) result.AddError("--rounds lies between 1 and 1000.");
        });
        Idle.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 0 or > 1_000_000) result.AddError("--idle lies between 0 and 1000000.");
        });
        PointNames.Validators.Add(result =>
        {
            foreach (string unknown in result.Tokens.Select(token => token.Value).Except(Point.All.Select(point => point.Name), StringComparer.Ordinal))
                result.AddError($"There is no point '{unknown}'.");
        });
        Also.Validators.Add(result =>
        {
            foreach (string wrong in result.Tokens.Select(token => token.Value).Where(value => !Peers.IsDescription(value)))
                result.AddError($"'{wrong}' is no NAME=COMMAND with a {{port}}.");
        });
        Command command = new("compare", "Puts the same questions to our loops and to other servers, in rounds, and writes a page about it.")
        {
            Quick, Rounds, PointNames, PeerNames, Also, Idle, StartUp, Root, Output,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        bool isQuick = parsed.GetValue(Quick);
        int rounds = parsed.GetValue(Rounds) ?? (isQuick ? QuickRounds : UsualRounds);
        int idle = parsed.GetValue(Idle) ?? (isQuick ? QuickIdle : UsualIdle);
        string[] pointNames = parsed.GetValue(PointNames) ?? [];
        string root = Path.GetFullPath(parsed.GetValue(Root)!);
        string output = parsed.GetValue(Output)!;
        List<Point> points =
        [
            .. from point in Point.All
               where pointNames.Length == 0 || pointNames.Contains(point.Name)
               select isQuick ? point.For(QuickDuration) : point,
        ];

        Peers known = new(root);
        try
        {
            known.MakeCertificate();
            (List<Peer> peers, List<(Peer, string)> missing) = Choose(known, parsed.GetValue(PeerNames) ?? [], parsed.GetValue(Also) ?? []);
            if (peers.Count == 0)
                throw new LoadException("There is nobody to ask.");

            // With one processor only, the server and the generator have to share it.
            PeerComparison comparison = new(peers, points, rounds, idle, serverProcessor: Directory.Exists("/sys/devices/system/cpu/cpu1") ? 0 : null);
            comparison.Run();
            bool isWhole = pointNames.Length == 0 && (parsed.GetValue(PeerNames) ?? []).Length == 0 && idle > 0;
            Circumstances how = new(root, rounds, idle, CommandOf(parsed), isWhole, missing, StartUpTable.Read(parsed.GetValue(StartUp)));
            new Report(comparison.Findings, peers, points, how).Write(output);
            Console.WriteLine(Path.Combine(output, "README.md"));
            return comparison.Findings.Faults.Any() ? 1 : 0;
        }
        catch (LoadException fault)
        {
            Console.Error.WriteLine($"\n{fault.Message}");
            return 1;
        }
        finally
        {
            known.RemoveTemporaryFiles();
        }
    }

    private static (List<Peer> Peers, List<(Peer Peer, string Reason)> Missing) Choose(Peers known, string[] names, string[] also)
    {
        List<Peer> peers = [];
        List<(Peer Peer, string Reason)> missing = [];
        foreach (Peer peer in known.All().Where(peer => names.Length == 0 || names.Any(name => peer.Name.Contains(name, StringComparison.OrdinalIgnoreCase))))
        {
            if (peer.FindMissing() is { } reason)
            {
                Console.Error.WriteLine($"{peer.Name} is left out: {reason}");
                missing.Add((peer, reason));
            }
            else
            {
                peers.Add(peer);
            }
        }

        // Beside the yardstick, if it is one.
        peers.InsertRange(Math.Min(1, peers.Count), also.Select(Peers.Described));
        return (peers, missing);
    }

    /// <summary>The command that repeats this.</summary>
    private static string CommandOf(ParseResult parsed)
    {
        List<string> words = ["benchmarks/run.sh"];
        if (parsed.GetValue(Quick)) words.Add("--quick");
        if (parsed.GetValue(Rounds) is { } rounds) words.AddRange(["--rounds", $"{rounds}"]);
        if (parsed.GetValue(PointNames) is { Length: > 0 } points) words.AddRange(["--point", .. points]);
        if (parsed.GetValue(PeerNames) is { Length: > 0 } peers) words.AddRange(["--peer", .. peers]);
        foreach (string also in parsed.GetValue(Also) ?? []) words.AddRange(["--also", $"'{also}'"]);
        if (parsed.GetValue(Idle) is { } idle) words.AddRange(["--idle", $"{idle}"]);
        return string.Join(' ', words);
    }
}
