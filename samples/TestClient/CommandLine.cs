using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using EventLoops;
using EventLoops.Samples;

namespace TestClient;

/// <summary>The argument and the options of the client.</summary>
internal static class CommandLine
{
    private const int LargestSize = 16 * 1024 * 1024;
    private const int LargestMirrored = 4096;
    private const string Mirror = "lws-mirror-protocol";
    private const double SmallestRate = 0.001;
    private const double LargestRate = 1_000_000;

    // The marks that a protocol's name may have beside letters and digits: those of an HTTP token (RFC 9110 5.6.2).
    private const string TokenMarks = "!#$%&'*+-.^_`|~";

    private static readonly Argument<Uri> Url = Usage.Argument<Uri>(
        "URL", "Where to connect to: ws://host[:port]/path or wss:// for a WebSocket, http://host[:port]/path or https:// for a request.",
        "an address of the form ws://host[:port]/path or http://host[:port]/path, or the same with wss or https", TryReadUri);

    private static readonly Option<string> Protocol = Usage.Option<string>(
        "--protocol", "NAME", "The protocol to ask for. Without it none is asked for, and the server is expected to echo.",
        "a name without spaces", TryReadProtocol);

    private static readonly Option<long?> Count = Usage.Option<long?>(
        "--count", "N", "After how many messages it is over; 0 goes on until Ctrl+C. Without it as many as suit the protocol.",
        "a number of messages", TryReadCount);

    private static readonly Option<int> Size = Usage.Option<int>(
        "--size", "BYTES", "How large each message is.",
        $"a number of bytes up to {LargestSize}", TryReadSize).Or(64);

    private static readonly Option<double> Rate = Usage.Option<double>(
        "--rate", "R", "How many messages are sent in a second; 0 for as many as the connection takes.",
        $"0 or a number from {SmallestRate} to {LargestRate}", TryReadRate).Or(0);

    private static readonly Option<bool> Deflate = new("--deflate")
    {
        Description = "Offers to compress messages (permessage-deflate, RFC 7692), and tells whether the server agreed.",
    };

    private static readonly Option<string> Method = Usage.Option<string>(
        "--method", "M", "The method of a request; without it GET, or POST with --data.",
        "a method such as PUT", TryReadProtocol);

    private static readonly Option<string> Data = new("--data") { Description = "The body of a request, or @FILE for what is in a file.", HelpName = "TEXT|@FILE" };

    private static readonly Option<string> Output = new("--output") { Description = "Where the body of a reply goes instead of standard output.", HelpName = "FILE" };

    private static readonly Option<bool> Follow = new("--follow") { Description = "Follows redirects, up to five." };

    private static readonly Option<long> LimitRate = Usage.Option<long>(
        "--limit-rate", "BYTES", "How many bytes of a reply are read in a second; 0 for as many as come.",
        "a number of bytes", TryReadBytes).Or(0);

    private static readonly Option<int> Retry = Usage.Option<int>(
        "--retry", "N", "How often connecting is tried in all, after times that double.",
        "a number of attempts from 1 to 1000", TryReadAttempts).Or(1);

    private static readonly Option<bool> Insecure = new("--insecure") { Description = "Takes any server for the right one, whatever its certificate says." };

    private static readonly Option<string> Authority = FileOption("--cacert", "Whom to trust instead of the system's authorities, in PEM.");

    private static readonly Option<string> Certificate = FileOption("--cert", "The certificate to show to the server, in PEM.");

    private static readonly Option<string> Key = FileOption("--key", "The certificate's key, in PEM; without it the file of --cert holds both.");

    /// <summary>Reads the arguments and runs the client, or says in a sentence what is wrong with them.</summary>
    /// <returns>The exit code: that of <paramref name="run"/>, 0 after help, 2 for arguments that are wrong.</returns>
    public static int Run(string[] args, Func<ClientOptions, int> run)
    {
        RootCommand command = new("The EventLoops test client: speaks one of the test server's protocols and checks what comes back, or fetches something by HTTP.")
        {
            Url, Protocol, Count, Size, Rate, Deflate, Method, Data, Output, Follow, LimitRate, Retry, Insecure, Authority, Certificate, Key,
        };
        command.SetAction(parsed => run(new ClientOptions(parsed.GetRequiredValue(Url))
        {
            Protocol = parsed.GetValue(Protocol),
            Count = parsed.GetValue(Count),
            Size = parsed.GetRequiredValue(Size),
            Rate = parsed.GetRequiredValue(Rate),
            OffersDeflate = parsed.GetValue(Deflate),
            Method = parsed.GetValue(Method),
            Data = parsed.GetValue(Data),
            Output = parsed.GetValue(Output),
            Follow = parsed.GetValue(Follow),
            LimitRate = parsed.GetRequiredValue(LimitRate),
            Attempts = parsed.GetRequiredValue(Retry),
            Tls = ReadTls(parsed),
        }));
        command.Validators.Add(RefuseSizeThatIsCut);
        command.Validators.Add(RefuseWhatTheOtherKindTakes);
        command.Validators.Add(RefuseFileThatIsNotThere);
        command.Validators.Add(RefuseTlsThatDoesNotFit);
        return Usage.Run(command, args);
    }

    /// <summary>The mirror cuts what is longer, so that it would not come back as it was sent.</summary>
    private static void RefuseSizeThatIsCut(CommandResult result)
    {
        // The texts are looked at and not the values, which do not exist when another of them is wrong.
        if (TextOf(result, Protocol) == Mirror && TryReadSize(TextOf(result, Size), out int size) && size > LargestMirrored)
            result.AddError($"--size is at most {LargestMirrored} with {Mirror}, not {size}.");
    }

    /// <summary>An option that would be ignored is a mistake of whoever gave it.</summary>
    private static void RefuseWhatTheOtherKindTakes(CommandResult result)
    {
        if (result.GetResult(Url) is not { Tokens: [Token url] } || !TryReadUri(url.Value, out Uri uri))
            return;

        bool isHttp = uri.Scheme is "http" or "https";
        Option[] foreign = isHttp ? [Protocol, Count, Size, Rate, Deflate] : [Method, Data, Output, LimitRate];
        if (Array.Find(foreign, option => result.GetResult(option) is { Implicit: false }) is { } wrong)
            result.AddError($"{wrong.Name} is for {(isHttp ? "ws" : "http")}:// addresses.");
    }

    private static void RefuseTlsThatDoesNotFit(CommandResult result)
    {
        if (IsGiven(result, Insecure) && IsGiven(result, Authority))
            result.AddError("--cacert says whom to trust, and --insecure trusts everybody.");
        if (IsGiven(result, Key) && !IsGiven(result, Certificate))
            result.AddError("--key belongs to a certificate: --cert names it.");
        if (result.GetResult(Url) is not { Tokens: [Token url] } || !TryReadUri(url.Value, out Uri uri) || uri.Scheme is "wss" or "https" || IsGiven(result, Follow))
            return;

        if (Array.Find((Option[])[Insecure, Authority, Certificate, Key], option => IsGiven(result, option)) is { } wrong)
            result.AddError($"{wrong.Name} is for wss:// and https:// addresses.");
    }

    private static ClientTlsOptions? ReadTls(ParseResult parsed)
    {
        bool isInsecure = parsed.GetValue(Insecure);
        string? authority = parsed.GetValue(Authority);
        string? certificate = parsed.GetValue(Certificate);
        if (!isInsecure && authority is null && certificate is null)
            return null;

        return new ClientTlsOptions
        {
            VerifyServer = !isInsecure,
            CaFile = authority,
            UseSystemStore = authority is null,
            Certificate = certificate is null ? null : TlsCertificate.FromFiles(certificate, parsed.GetValue(Key) ?? certificate),
        };
    }

    private static Option<string> FileOption(string name, string meaning) => Usage.Option<string>(name, "FILE", meaning, "a file that is there", TryReadFile);

    private static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };

    private static bool TryReadFile(string text, out string file)
    {
        file = text;
        return File.Exists(text);
    }

    private static void RefuseFileThatIsNotThere(CommandResult result)
    {
        if (TextOf(result, Data) is ['@', .. string file] && !File.Exists(file))
            result.AddError($"--data takes text, or @ and the name of a file that is there, not '@{file}'.");
    }

    private static string TextOf(CommandResult result, Option option) =>
        result.GetResult(option) is { Tokens: [.., Token last] } ? last.Value : "";

    private static bool TryReadUri(string text, out Uri uri)
    {
        bool isUri = Uri.TryCreate(text, UriKind.Absolute, out Uri? parsed) && parsed.Scheme is "ws" or "http" or "wss" or "https" && parsed.Host.Length > 0;
        uri = parsed!;
        return isUri;
    }

    private static bool TryReadProtocol(string text, out string name)
    {
        name = text;
        return text.Length > 0 && text.All(mark => char.IsAsciiLetterOrDigit(mark) || TokenMarks.Contains(mark, StringComparison.Ordinal));
    }

    private static bool TryReadBytes(string text, out long bytes) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out bytes);

    private static bool TryReadAttempts(string text, out int attempts) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out attempts) && attempts is >= 1 and <= 1000;

    private static bool TryReadCount(string text, out long? count)
    {
        bool isCount = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number);
        count = number;
        return isCount;
    }

    private static bool TryReadSize(string text, out int size) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size) && size <= LargestSize;

    private static bool TryReadRate(string text, out double rate) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out rate)
        && rate is 0 or (>= SmallestRate and <= LargestRate);
}
