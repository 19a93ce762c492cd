using System.CommandLine;
using EventLoops.Benchmarks.Load.Comparison;

namespace EventLoops.Benchmarks.Load;

/// <summary>The command that compares servers.</summary>
internal static class ComparisonCommand
{
    private static readonly Option<int> Rounds = new("--rounds") { Description = "How often every server is asked; fewer than nine say little.", DefaultValueFactory = _ => 9 };
    private static readonly Option<string[]> PointNames = new("--point") { Description = $"Only these: {string.Join(", ", Point.All.Select(point => point.Name))}.", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string[]> PeerNames = new("--peer") { Description = "Only servers whose name contains one of these.", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<int> Idle = new("--idle") { Description = "How many idle WebSockets the memory is measured with; 0 leaves it out.", DefaultValueFactory = _ => 10_000 };
    private static readonly Option<string> Root = new("--root") { Description = "The folder of the checkout, where everything has been built in Release.", DefaultValueFactory = _ => "." };
    private static readonly Option<string> Output = new("--output") { Description = "Where the page and the charts are written.", DefaultValueFactory = _ => "benchmarks/results" };

    public static Command New()
    {
        Rounds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 1000) result.AddError("--rounds lies between 1 and 1000.");
        });
        PointNames.Validators.Add(result =>
        {
            foreach (string unknown in result.Tokens.Select(token => token.Value).Except(Point.All.Select(point => point.Name), StringComparer.Ordinal))
                result.AddError($"There is no point '{unknown}'.");
        });
        Command command = new("compare", "Puts the same questions to our loops and to other servers, in rounds, and writes a page about it.") { Rounds, PointNames, PeerNames, Idle, Root, Output };
        command.SetAction(parsed => Run(
            Path.GetFullPath(parsed.GetValue(Root)!), parsed.GetValue(Output)!, parsed.GetValue(Rounds), parsed.GetValue(Idle),
            parsed.GetValue(PointNames) ?? [], parsed.GetValue(PeerNames) ?? []));
        return command;
    }

    private static int Run(string root, string output, int rounds, int idle, string[] pointNames, string[] peerNames)
    {
        Peers known = new(root);
        try
        {
            known.MakeCertificate();
            List<Peer> peers = [];
            List<(Peer Peer, string Reason)> missing = [];
            foreach (Peer peer in known.All().Where(peer => peerNames.Length == 0 || peerNames.Any(name => peer.Name.Contains(name, StringComparison.OrdinalIgnoreCase))))
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

            List<Point> points = [.. Point.All.Where(point => pointNames.Length == 0 || pointNames.Contains(point.Name))];

            // With one processor only, the server and the generator have to share it.
            PeerComparison comparison = new(peers, points, rounds, serverProcessor: Directory.Exists("/sys/devices/system/cpu/cpu1") ? 0 : null);
            comparison.Run();
            if (idle > 0)
                comparison.MeasureIdle(idle);
            new Report(comparison, peers, points, missing).Write(output, root, rounds, CommandOf(rounds, pointNames, peerNames));
            Console.WriteLine(Path.Combine(output, "README.md"));
            return 0;
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

    /// <summary>The command that repeats this.</summary>
    private static string CommandOf(int rounds, string[] pointNames, string[] peerNames) => string.Join(' ', (string[])
    [
        "benchmarks/run.sh",
        .. rounds == 9 ? Array.Empty<string>() : ["--rounds", $"{rounds}"],
        .. pointNames.Length == 0 ? Array.Empty<string>() : ["--point", .. pointNames],
        .. peerNames.Length == 0 ? Array.Empty<string>() : ["--peer", .. peerNames],
    ]);
}
