using System.Text.RegularExpressions;

namespace EventLoops.Tests.Architecture;

/// <summary>
/// Looks for words of a protocol in the written-down public surface of a part that must not know any. A loop that has heard of headers
/// can no longer be anybody's loop.
/// </summary>
internal static partial class PublicSurface
{
    /// <summary>Not listed: protocol, message and host, which also belong to socket(2), to exceptions and to hosted loops.</summary>
    private static readonly string[] ProtocolWords =
    [
        "http", "https", "websocket", "websockets", "ws", "wss", "header", "headers", "frame", "frames", "opcode", "handshake", "upgrade", "subprotocol",
        "request", "response", "payload", "cookie", "uri", "url", "origin", "chunk", "chunked", "deflate", "tls", "ssl", "mqtt", "cgi", "mime",
    ];

    /// <summary>Members whose word means something else.</summary>
    private static readonly string[] OtherMeanings =
    [
        "EndFrame", // the frame of a game or a screen, after which a host gives the loop its turn
    ];

    /// <summary>One sentence for each line of a public surface file that speaks of a protocol.</summary>
    public static IReadOnlyList<string> Violations(string path, string publicApi) =>
        [.. publicApi.Split('\n').SelectMany(line => Identifier().Matches(line), (line, match) => match.Value)
            .Distinct(StringComparer.Ordinal)
            .Where(SpeaksOfAProtocol)
            .Select(identifier => $"{path}: {identifier} is a word of a protocol.")];

    private static bool SpeaksOfAProtocol(string identifier)
    {
        if (OtherMeanings.Contains(identifier, StringComparer.Ordinal)) return false;
        string[] words = [.. Hump().Matches(identifier).Select(match => match.Value.ToLowerInvariant())];
        IEnumerable<string> pairs = words.Zip(words.Skip(1), (first, second) => first + second);
        return words.Concat(pairs).Any(word => ProtocolWords.Contains(word, StringComparer.Ordinal));
    }

    [GeneratedRegex(@"[A-Za-z_][A-Za-z0-9_]*")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")]
    private static partial Regex Hump();
}
