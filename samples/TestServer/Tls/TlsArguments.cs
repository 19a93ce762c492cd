using System.CommandLine;
using System.CommandLine.Parsing;
using EventLoops;
using EventLoops.Samples;

namespace TestServer.Tls;

/// <summary>The options of the command line that are about TLS.</summary>
internal static class TlsArguments
{
    /// <summary>What the command line calls the versions.</summary>
    public static readonly Dictionary<string, TlsVersion> Versions = new(StringComparer.Ordinal)
    {
        ["1.2"] = TlsVersion.Tls12,
        ["1.3"] = TlsVersion.Tls13,
    };

    /// <summary>What it calls the ways to ask for client certificates.</summary>
    public static readonly Dictionary<string, ClientCertificateMode> Modes = new(StringComparer.Ordinal)
    {
        ["require"] = ClientCertificateMode.Require,
        ["request"] = ClientCertificateMode.Request,
    };

    private static readonly Option<string> Certificate = FileOption("--cert", "TLS with this certificate and its chain, in PEM.");

    private static readonly Option<string> Key = FileOption("--key", "The certificate's key, in PEM; without it the file of --cert holds both.");

    private static readonly Option<bool> MakesOwn = new("--self-signed") { Description = "TLS with a certificate for localhost that is made at the start." };

    private static readonly Option<string> Authority = FileOption("--ca", "Whose client certificates are good, in PEM.");

    private static readonly Option<string> VerifyClient = Usage.Choice(
        "--verify-client", "Asks clients for a certificate, which they must have (require) or may have (request).",
        "a way to ask", [.. Modes.Keys]);

    private static readonly Option<string> Ciphers = new("--ciphers") { Description = "The cipher suites of TLS 1.2, as 'openssl ciphers' takes them.", HelpName = "LIST" };

    private static readonly Option<string> Groups = new("--groups") { Description = "The groups for key exchange, such as X25519:P-256.", HelpName = "LIST" };

    private static readonly Option<string> MinVersion = Usage.Choice("--tls-min", "The oldest version of TLS that is spoken.", "a version of TLS", [.. Versions.Keys]);

    private static readonly Option<bool> Redirect = new("--redirect-http") { Description = "Sends clients without TLS to https on the same port." };

    private static readonly Option<bool> AllowPlain = new("--allow-non-tls") { Description = "Serves clients without TLS as well, on the same port." };

    private static readonly Option[] NeedTls = [Key, Authority, VerifyClient, Ciphers, Groups, MinVersion, Redirect, AllowPlain];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Option> All { get; } = [Certificate, MakesOwn, .. NeedTls];

    /// <summary>Says what does not go together.</summary>
    public static void Validate(CommandResult given)
    {
        bool hasCertificate = IsGiven(given, Certificate);
        if (hasCertificate && IsGiven(given, MakesOwn))
            given.AddError("--cert and --self-signed are two certificates, so one of the two is too much.");
        if (IsGiven(given, Key) && !hasCertificate)
            given.AddError("--key belongs to a certificate: --cert names it.");
        if (!hasCertificate && !IsGiven(given, MakesOwn) && Array.Find(NeedTls, option => IsGiven(given, option)) is { } alone)
            given.AddError($"{alone.Name} is about TLS, which needs --cert or --self-signed.");
        if (IsGiven(given, Authority) != IsGiven(given, VerifyClient))
            given.AddError("--ca and --verify-client belong together: whose certificates are good, and who has to show one.");
    }

    /// <summary>What they ask for; null for no TLS.</summary>
    public static TlsOptions? Read(ParseResult parsed)
    {
        string? file = parsed.GetValue(Certificate);
        if (file is null && !parsed.GetValue(MakesOwn))
            return null;

        string? authority = parsed.GetValue(Authority);
        return new TlsOptions
        {
            Certificates = [file is null ? SelfSigned.New() : TlsCertificate.FromFiles(file, parsed.GetValue(Key) ?? file)],
            ClientCaFile = authority,
            ClientCertificates = authority is null ? ClientCertificateMode.None : Modes[parsed.GetRequiredValue(VerifyClient)],
            CipherList = parsed.GetValue(Ciphers),
            EcdhGroups = parsed.GetValue(Groups),
            MinVersion = Versions[parsed.GetRequiredValue(MinVersion)],
            RedirectHttpToHttps = parsed.GetValue(Redirect),
            AllowNonTlsOnTlsPort = parsed.GetValue(AllowPlain),
        };
    }

    private static Option<string> FileOption(string name, string meaning) => Usage.Option<string>(name, "FILE", meaning, "a file that is there", TryReadFile);

    private static bool IsGiven(CommandResult given, Option option) => given.GetResult(option) is { Implicit: false };

    private static bool TryReadFile(string text, out string file)
    {
        file = text;
        return File.Exists(text);
    }
}
