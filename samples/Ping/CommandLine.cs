using System.CommandLine;
using System.Globalization;
using EventLoops.Samples;

namespace Ping;

/// <summary>The argument and the options, named as those of ping(8).</summary>
internal static class CommandLine
{
    // What a control frame can carry (RFC 6455 5.5).
    private const int LargestSize = 125;
    private const double ShortestInterval = 0.001;
    private const double LongestInterval = 86_400;

    // The marks that a protocol's name may have beside letters and digits: those of an HTTP token (RFC 9110 5.6.2).
    private const string TokenMarks = "!#$%&'*+-.^_`|~";

    private static readonly Argument<Uri> Url = Usage.Argument<Uri>(
        "URL", "Whom to ping: ws://host[:port]/path.",
        "an address of the form ws://host[:port]/path", TryReadUri);

    private static readonly Option<long?> Count = Usage.Option<long?>(
        "--count", "N", "Stop after N pings. Without it, Ctrl+C stops.",
        "a number of pings, at least 1", TryReadCount).Also("-c");

    private static readonly Option<double> Interval = Usage.Option<double>(
        "--interval", "SECONDS", "The time between two pings.",
        $"a number of seconds from {ShortestInterval} to {LongestInterval}", TryReadSeconds).Also("-i").Or(1);

    private static readonly Option<int> Size = Usage.Option<int>(
        "--size", "BYTES", "How many bytes each ping carries.",
        $"a number of bytes up to {LargestSize}", TryReadSize).Also("-s").Or(64);

    private static readonly Option<double> Patience = Usage.Option<double>(
        "--timeout", "SECONDS", "How long to wait for pongs after the last ping.",
        $"a number of seconds from {ShortestInterval} to {LongestInterval}", TryReadSeconds).Also("-W").Or(10);

    private static readonly Option<bool> Flood = new Option<bool>("--flood")
    {
        Description = "Send the next ping as soon as a pong comes, and a hundred in a second at least; show a dot for each that is not answered yet.",
    }.Also("-f");

    private static readonly Option<bool> Quiet = new Option<bool>("--quiet") { Description = "Print nothing but the statistics at the end." }.Also("-q");

    private static readonly Option<string> Protocol = Usage.Option<string>(
        "--protocol", "NAME", "The protocol to ask for. Without it none is asked for.",
        "a name without spaces", TryReadProtocol);

    /// <summary>Reads the arguments and runs the program, or says in a sentence what is wrong with them.</summary>
    /// <returns>The exit code: that of <paramref name="run"/>, 0 after help, 2 for arguments that are wrong.</returns>
    public static int Run(string[] args, Func<PingOptions, int> run)
    {
        RootCommand command = new("Pings a WebSocket server, measures how long its pongs take, and tells at the end. Exit code: 0 when a pong came, 1 when none did, 2 for any other error.")
        {
            Url, Count, Interval, Size, Patience, Flood, Quiet, Protocol,
        };
        command.SetAction(parsed => run(new PingOptions(
            parsed.GetRequiredValue(Url),
            parsed.GetValue(Protocol),
            parsed.GetValue(Count),
            TimeSpan.FromSeconds(parsed.GetRequiredValue(Interval)),
            parsed.GetRequiredValue(Size),
            TimeSpan.FromSeconds(parsed.GetRequiredValue(Patience)),
            parsed.GetValue(Flood),
            parsed.GetValue(Quiet))));
        return Usage.Run(command, args);
    }

    private static bool TryReadUri(string text, out Uri uri)
    {
        bool isUri = Uri.TryCreate(text, UriKind.Absolute, out Uri? parsed) && parsed.Scheme == Uri.UriSchemeWs && parsed.Host.Length > 0;
        uri = parsed!;
        return isUri;
    }

    private static bool TryReadCount(string text, out long? count)
    {
        bool isCount = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number > 0;
        count = number;
        return isCount;
    }

    private static bool TryReadSize(string text, out int size) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size) && size <= LargestSize;

    private static bool TryReadSeconds(string text, out double seconds) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds)
        && seconds is >= ShortestInterval and <= LongestInterval;

    private static bool TryReadProtocol(string text, out string name)
    {
        name = text;
        return text.Length > 0 && text.All(mark => char.IsAsciiLetterOrDigit(mark) || TokenMarks.Contains(mark, StringComparison.Ordinal));
    }
}
