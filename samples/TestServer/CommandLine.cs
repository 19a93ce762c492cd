using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using System.Net;
using EventLoops;
using Microsoft.Extensions.Logging;

namespace TestServer;

/// <summary>The options of the server, and what it says to those that it does not understand.</summary>
internal static class CommandLine
{
    public const string PollLoop = "poll";
    public const string ExternalLoop = "external";

    private const int BadUsage = 2;

    // A control frame may carry 125 bytes (RFC 6455 5.5), and the library takes no limit below that.
    private const long SmallestMaxMessage = 125;

    private static readonly Dictionary<string, OriginPolicy> Origins = new(StringComparer.Ordinal)
    {
        ["same"] = OriginPolicy.SameHost,
        ["any"] = OriginPolicy.Any,
    };

    private static readonly Dictionary<string, LogLevel> LogLevels = new(StringComparer.Ordinal)
    {
        ["err"] = LogLevel.Error,
        ["warn"] = LogLevel.Warning,
        ["notice"] = LogLevel.Information,
        ["info"] = LogLevel.Debug,
        ["debug"] = LogLevel.Trace,
    };

    private static readonly Option<int> Port = Value(
        "--port", "PORT", "The port to listen on; 0 takes a free one, and the real one is printed.", 7681, "a number from 0 to 65535", TryReadPort);

    private static readonly Option<IPAddress> Host = Value(
        "--host", "ADDRESS", "The address to listen on; 0.0.0.0 or :: for all of them.", IPAddress.Loopback, "an IP address", TryReadAddress);

    private static readonly Option<string> Loop = Choice(
        "--loop", "What to run on: the library's own poll(2) loop, or a poll array that the program owns.", PollLoop, "a loop that this build has", [PollLoop, ExternalLoop]);

    private static readonly Option<string> Root = Value(
        "--root", "DIR", "The folder whose files are served.", Path.Combine(AppContext.BaseDirectory, "wwwroot"), "a folder that exists", TryReadFolder);

    private static readonly Option<string> Origin = Choice(
        "--origin", "Which sites' pages may open a WebSocket: this server's own, or any.", "same", "one of the policies", [.. Origins.Keys]);

    private static readonly Option<string> Log = Choice(
        "--log-level", "The least that is written to standard error.", "notice", "one of the levels", [.. LogLevels.Keys]);

    private static readonly Option<long> MaxMessage = Value(
        "--max-message", "BYTES", "The largest message that is taken; a larger one closes its connection with 1009.",
        new ConnectionLimits().MaxMessageSize, $"a number of bytes, at least {SmallestMaxMessage}", TryReadMaxMessage);

    private delegate bool Reader<T>(string text, out T value);

    /// <summary>Reads the arguments and runs the server, or says in a sentence what is wrong with them.</summary>
    /// <returns>The exit code: that of <paramref name="serve"/>, 0 after help, 2 for arguments that are wrong.</returns>
    public static int Run(string[] args, Func<ServerOptions, int> serve)
    {
        RootCommand command = new("The EventLoops test server: a page and six WebSocket protocols on one event loop.")
        {
            Port, Host, Loop, Root, Origin, Log, MaxMessage,
        };
        command.SetAction(parsed => serve(Read(parsed)));

        ParseResult result = command.Parse(args);
        if (result.Action is ParseErrorAction)
        {
            Console.Error.WriteLine(result.Errors[0].Message);
            return BadUsage;
        }

        return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    private static ServerOptions Read(ParseResult parsed) => new(
        new IPEndPoint(parsed.GetRequiredValue(Host), parsed.GetRequiredValue(Port)),
        parsed.GetRequiredValue(Loop),
        parsed.GetRequiredValue(Root),
        Origins[parsed.GetRequiredValue(Origin)],
        LogLevels[parsed.GetRequiredValue(Log)],
        parsed.GetRequiredValue(MaxMessage));

    private static Option<T> Value<T>(string name, string placeholder, string meaning, T standard, string expected, Reader<T> read) => new(name)
    {
        Description = meaning,
        HelpName = placeholder,
        DefaultValueFactory = _ => standard,
        CustomParser = given =>
        {
            string text = given.Tokens[0].Value;
            if (!read(text, out T value))
                given.AddError($"{name} takes {expected}, not '{text}'.");
            return value;
        },
    };

    private static Option<string> Choice(string name, string meaning, string standard, string expected, string[] choices)
    {
        return Value(name, string.Join('|', choices), meaning, standard, $"{expected} ({string.Join(", ", choices)})", TryReadChoice);

        bool TryReadChoice(string text, out string value)
        {
            value = text;
            return choices.Contains(text, StringComparer.Ordinal);
        }
    }

    private static bool TryReadPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= IPEndPoint.MaxPort;

    private static bool TryReadMaxMessage(string text, out long bytes) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out bytes) && bytes >= SmallestMaxMessage;

    private static bool TryReadAddress(string text, out IPAddress address)
    {
        bool isAddress = IPAddress.TryParse(text, out IPAddress? parsed);
        address = parsed ?? IPAddress.None;
        return isAddress;
    }

    private static bool TryReadFolder(string text, out string folder)
    {
        folder = text;
        return Directory.Exists(text);
    }
}
