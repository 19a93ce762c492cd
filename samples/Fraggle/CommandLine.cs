using System.CommandLine;
using System.Globalization;
using System.Net;
using EventLoops.Samples;

namespace Fraggle;

/// <summary>The options of the program.</summary>
internal static class CommandLine
{
    private const int ManyFragments = 60_000;
    private const int LargeFragment = 16 * 1024 * 1024;

    private static readonly Option<Uri?> Client = Usage.Option<Uri?>(
        "--client", "URL", "Be the client, of a server at ws://host[:port]. Without it the program is the server.",
        "an address of the form ws://host[:port]", TryReadUri).Also("-c");

    private static readonly Option<int> Port = Usage.Option<int>(
        "--port", "PORT", "Where the server listens; 0 takes a free port.",
        "a port from 0 to 65535", (string text, out int port) => TryReadNumber(text, 0, ushort.MaxValue, out port)).Also("-p").Or(7681);

    private static readonly Option<IPAddress> Address = Usage.Option<IPAddress>(
        "--address", "IP", "On which of its addresses the server listens.",
        "an IP address", TryReadAddress).Or(IPAddress.Loopback);

    private static readonly Option<int> Count = Usage.Option<int>(
        "--count", "N", "How many messages the client sends, and how many it checks; 0 goes on until Ctrl+C.",
        "a number of messages", (string text, out int count) => TryReadNumber(text, 0, int.MaxValue, out count)).Also("-n").Or(20);

    private static readonly Option<int> Fragments = Usage.Option<int>(
        "--fragments", "N", "The most fragments of a message that this side sends.",
        $"a number from 1 to {ManyFragments}", (string text, out int count) => TryReadNumber(text, 1, ManyFragments, out count)).Or(1024);

    private static readonly Option<int> Size = Usage.Option<int>(
        "--size", "BYTES", "The most bytes of a fragment that this side sends.",
        $"a number of bytes from 1 to {LargeFragment}", (string text, out int size) => TryReadNumber(text, 1, LargeFragment, out size)).Or(512);

    private static readonly Option<int?> Seed = Usage.Option<int?>(
        "--seed", "N", "What the random numbers begin with, to repeat a run. Without it every run is different.",
        "a whole number", TryReadSeed);

    /// <summary>Reads the arguments and runs the program, or says in a sentence what is wrong with them.</summary>
    /// <returns>The exit code: that of <paramref name="run"/>, 0 after help, 2 for arguments that are wrong.</returns>
    public static int Run(string[] args, Func<FraggleOptions, int> run)
    {
        RootCommand command = new("Sends messages in random fragments, each followed by its checksum, from both sides at once, and checks what comes. Exit code: 0 when everything was right, 1 when something was not.")
        {
            Client, Port, Address, Count, Fragments, Size, Seed,
        };
        command.SetAction(parsed => run(new FraggleOptions(
            parsed.GetValue(Client),
            new IPEndPoint(parsed.GetRequiredValue(Address), parsed.GetRequiredValue(Port)),
            parsed.GetRequiredValue(Count),
            parsed.GetRequiredValue(Fragments),
            parsed.GetRequiredValue(Size),
            parsed.GetValue(Seed) ?? Random.Shared.Next())));
        return Usage.Run(command, args);
    }

    private static bool TryReadUri(string text, out Uri? uri) =>
        Uri.TryCreate(text, UriKind.Absolute, out uri) && uri.Scheme == Uri.UriSchemeWs && uri.Host.Length > 0;

    private static bool TryReadAddress(string text, out IPAddress address)
    {
        bool isAddress = IPAddress.TryParse(text, out IPAddress? parsed);
        address = parsed!;
        return isAddress;
    }

    private static bool TryReadNumber(string text, int least, int most, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most;

    private static bool TryReadSeed(string text, out int? seed)
    {
        bool isNumber = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number);
        seed = number;
        return isNumber;
    }
}
