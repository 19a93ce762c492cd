using System.Globalization;
using System.Text;
using EventLoops.Protocols.WebSocket;

namespace EventLoops.Tests.WebSocket;

/// <summary>
/// One case of the files in <c>Cases</c>: a heading, and a block that holds a line of options, lines of bytes, and after each
/// <c>=></c> an event that is expected. How a block is written is said in <c>Cases/README.md</c>.
/// </summary>
internal sealed record FrameCase(string Name, FrameReaderOptions Options, byte[] Bytes, string Expected)
{
    internal static IEnumerable<FrameCase> ReadAll(string folder) =>
        RepositoryFiles.Under(folder, ".md").Order(StringComparer.Ordinal).SelectMany(path => ReadFile(RepositoryFiles.Read(path)));

    internal static IEnumerable<FrameCase> ReadFile(string text)
    {
        string name = "";
        List<string>? block = null;
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith("### ", StringComparison.Ordinal)) name = line[4..];
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                if (block is not null) yield return Parse(name, block);
                block = block is null && name.Length != 0 ? [] : null;
                continue;
            }

            block?.Add(line);
        }
    }

    internal static byte[] ParseBytes(string line)
    {
        List<byte> bytes = [];
        for (int at = 0; at < line.Length;)
        {
            if (line[at] == ' ')
            {
                at++;
                continue;
            }

            int end = line[at] == '"' ? line.IndexOf('"', at + 1) + 1 : line.IndexOf(' ', at);
            if (end <= 0) end = line.Length;
            AddToken(bytes, line[at..end]);
            at = end;
        }

        return [.. bytes];
    }

    private static FrameCase Parse(string name, List<string> block)
    {
        FrameReaderOptions options = ParseOptions(block[0]);
        List<byte> bytes = [];
        List<string> expected = [];
        foreach (string line in block.Skip(1))
        {
            if (line.StartsWith("=> ", StringComparison.Ordinal)) expected.Add(line[3..]);
            else bytes.AddRange(ParseBytes(line.Split('#')[0]));
        }

        return new FrameCase(name, options, [.. bytes], string.Join('\n', expected));
    }

    private static void AddToken(List<byte> bytes, string token)
    {
        if (token[0] == '"')
        {
            bytes.AddRange(Encoding.UTF8.GetBytes(token[1..^1]));
            return;
        }

        string[] run = token.Split('*');
        int count = run.Length == 1 ? 1 : int.Parse(run[0], CultureInfo.InvariantCulture);
        byte[] unit = Convert.FromHexString(run[^1]);
        for (int i = 0; i < count; i++) bytes.AddRange(unit);
    }

    private static FrameReaderOptions ParseOptions(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int ValueOf(string key) => words.Where(word => word.StartsWith(key + "=", StringComparison.Ordinal))
            .Select(word => int.Parse(word[(key.Length + 1)..], CultureInfo.InvariantCulture)).SingleOrDefault();
        return new FrameReaderOptions
        {
            IsServer = words[0] switch
            {
                "server" => true,
                "client" => false,
                _ => throw new FormatException($"Neither server nor client: {line}"),
            },
            MaxPartSize = ValueOf("part"),
            MaxMessageSize = ValueOf("message"),
            MaxFragments = ValueOf("fragments"),
            ValidateUtf8 = !words.Contains("unchecked", StringComparer.Ordinal),
            AllowedBits = words.Contains("rsv1", StringComparer.Ordinal) ? ReservedBits.Rsv1 : ReservedBits.None,
        };
    }
}
