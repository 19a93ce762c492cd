using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using EventLoops;
using EventLoops.Samples;
using TestServer.Config;
using TestServer.Loops;
using TestServer.Tls;

namespace TestServer;

/// <summary>The options of the server.</summary>
internal static class CommandLine
{
    public const string ExternalLoop = "external";

    // A control frame may carry 125 bytes (RFC 6455 5.5), and the library takes no limit below that.
    private const long SmallestMaxMessage = 125;

    private static readonly string ForeignLoopNames = string.Join(" or ", ForeignLoopServer.Loops.Keys);

    private static readonly Dictionary<string, OriginPolicy> Origins = new(StringComparer.Ordinal)
    {
        ["same"] = OriginPolicy.SameHost,
        ["any"] = OriginPolicy.Any,
    };

    private static readonly Dictionary<string, LogLevels> Levels = new(StringComparer.Ordinal)
    {
        ["err"] = LogLevels.Error,
        ["warn"] = LogLevels.Warning,
        ["notice"] = LogLevels.Notice,
        ["info"] = LogLevels.Info,
        ["debug"] = LogLevels.Debug,
    };

    private static readonly string LevelNames = string.Join(", ", Levels.Select(level => $"{(int)level.Value} {level.Key}"));

    // Why several service threads do not go with it.
    private const string OneLoop = "which shows how one native loop of the program is shared";

    private static readonly Option<int> Port = Usage.Option<int>(
        "--port", "PORT", "The port to listen on; 0 takes a free one, and the real one is printed.",
        "a number from 0 to 65535", TryReadPort).Or(7681);

    private static readonly Option<IPAddress> Host = Usage.Option<IPAddress>(
        "--host", "ADDRESS", "The address to listen on; 0.0.0.0 or :: for all of them.",
        "an IP address", TryReadAddress).Or(IPAddress.Loopback);

    private static readonly Option<string> Loop = Usage.Choice(
        "--loop", "What to run on: a loop that the library makes (auto: the best there is), or a poll array that the program owns.",
        "a loop that this build has", [.. OwnLoopServer.Flags.Keys, ExternalLoop]);

    private static readonly Option<bool> Completion = new("--completion")
    {
        Description = $"With --loop {OwnLoopServer.IoUring}: the kernel receives, accepts and sends by itself, instead of telling what is ready.",
    };

    private static readonly Option<bool> Foreign = new("--foreign")
    {
        Description = $"The program makes the loop ({ForeignLoopNames}) itself, runs it before and after serving, and the library is a guest on it.",
    };

    private static readonly Option<int> Threads = Usage.Option<int>(
        "--threads", "N", "How many service threads there are, each with a loop of its own, or with a poll array of its own; also -j.",
        "a number from 1 to 32", TryReadThreads).Also("-j").Or(1);

    private static readonly Option<int> BusyPoll = Usage.Option<int>(
        "--busy-poll", "MICROSECONDS", "How long a loop without work goes on looking before it sleeps: less latency for more processor time. For loops that the library makes.",
        string.Create(CultureInfo.InvariantCulture, $"a number from 0 to {EventLoopOptions.LongestBusyPoll.TotalMicroseconds}"), TryReadBusyPoll).Or(0);

    private static readonly Option<string> Root = Usage.Option<string>(
        "--root", "DIR", "The folder whose files are served.",
        "a folder that exists", TryReadFolder).Or(Path.Combine(AppContext.BaseDirectory, "wwwroot"));

    private static readonly Option<IReadOnlyList<Mount>> Mounts = Usage.Repeated<Mount>(
        "--mount", "POINT=ORIGIN", $"What is served below a path, any number of times. Origins: {OriginText.Forms}.",
        $"a path and an origin that exists, as in /files=file:///srv/files ({OriginText.Forms})", TryReadMount);

    private static readonly Option<SiteDescription?> Config = new("--config")
    {
        Description = "A file in JSON that describes virtual hosts with their mounts, instead of the options above that do (docs/test-server.md).",
        HelpName = "FILE",
        CustomParser = ReadConfig,
    };

    private static readonly Option<string> Origin = Usage.Choice(
        "--origin", "Which sites' pages may open a WebSocket: this server's own, or any.",
        "one of the policies", [.. Origins.Keys]);

    private static readonly Option<LogLevels> Log = Usage.Option<LogLevels>(
        "--log-level", "LEVELS", $"What is logged: a level and those before it, a list with commas, or the sum of the numbers ({LevelNames}).",
        $"levels or the sum of their numbers ({LevelNames})", TryReadLevels).Also("-d").Or(LogLevels.Default);

    private static readonly Option<bool> ToSyslog = new("--syslog")
    {
        Description = "Logs to syslog, as the service TestServer; in the foreground to standard error as well.",
    };

    private static readonly Option<string?> AccessLogFile = new("--access-log")
    {
        Description = "A file that gets a line for each answer, in the combined format; SIGHUP opens it anew, for logs that are rotated.",
        HelpName = "FILE",
        CustomParser = ReadFile,
    };

    private static readonly Option<bool> Daemonize = new("--daemonize")
    {
        Description = "Goes into the background: a session of its own, no terminal, a lock file with its process number. Add --syslog to hear of it.",
    };

    private static readonly Option<string> LockFile = Usage.Option<string>(
        "--lock-file", "FILE", "The lock file of --daemonize.",
        "a file in a folder that exists", TryReadFile).Or(Path.Combine(Path.GetTempPath(), "eventloops-testserver.lock"));

    private static readonly Option<string?> User = new("--user")
    {
        Description = "The user to become when everything is open that only root may open.",
        HelpName = "NAME",
    };

    private static readonly Option<string?> Group = new("--group")
    {
        Description = "The group to be in then; the user's own by default.",
        HelpName = "NAME",
    };

    private static readonly Option<long> MaxMessage = Usage.Option<long>(
        "--max-message", "BYTES", "The largest message that is taken; a larger one closes its connection with 1009.",
        $"a number of bytes, at least {SmallestMaxMessage}", TryReadMaxMessage).Or(new ConnectionLimits().MaxMessageSize);

    private static readonly Option<bool> Deflate = new("--deflate")
    {
        Description = "Compresses messages (permessage-deflate, RFC 7692) for clients that offer it.",
    };

    /// <summary>Reads the arguments and runs the server, or says in a sentence what is wrong with them.</summary>
    /// <returns>The exit code: that of <paramref name="serve"/>, 0 after help, 2 for arguments that are wrong.</returns>
    public static int Run(string[] args, Func<ServerOptions, int> serve)
    {
        RootCommand command = new("The EventLoops test server: a page and seven WebSocket protocols on one event loop.")
        {
            Port, Host, Loop, Completion, Foreign, Threads, BusyPoll, Root, Mounts, Config, Origin, Log, ToSyslog, AccessLogFile, MaxMessage, Deflate, Daemonize, LockFile, User, Group,
        };
        foreach (Option option in TlsArguments.All)
            command.Add(option);
        command.Validators.Add(TlsArguments.Validate);
        command.Validators.Add(RefuseCompletionOnOtherLoops);
        command.Validators.Add(RefuseForeignLoopThatIsOwn);
        command.Validators.Add(RefuseThreadsOnForeignLoop);
        command.Validators.Add(RefuseBusyPollOnLoopOfTheProgram);
        command.Validators.Add(RefuseOptionsThatTheConfigSays);
        command.SetAction(parsed => serve(Read(parsed)));
        return Usage.Run(command, args);
    }

    private static void RefuseCompletionOnOtherLoops(CommandResult given)
    {
        if (given.GetResult(Completion) is { Implicit: false } && LoopText(given) != OwnLoopServer.IoUring)
            given.AddError($"--completion needs --loop {OwnLoopServer.IoUring}.");
    }

    private static void RefuseForeignLoopThatIsOwn(CommandResult given)
    {
        if (given.GetResult(Foreign) is { Implicit: false } && !ForeignLoopServer.Loops.ContainsKey(LoopText(given)))
            given.AddError($"--foreign needs a loop that another library brings: --loop {ForeignLoopNames}.");
    }

    private static void RefuseThreadsOnForeignLoop(CommandResult given)
    {
        if (given.GetResult(Threads) is { Implicit: false } && IsForeign(given))
            given.AddError($"--threads does not go with --foreign, {OneLoop}.");
    }

    private static void RefuseBusyPollOnLoopOfTheProgram(CommandResult given)
    {
        if (given.GetResult(BusyPoll) is { Implicit: false } && IsLoopOfTheProgram(given))
            given.AddError($"--busy-poll needs loops that the library makes: not --foreign, and not --loop {ExternalLoop}.");
    }

    /// <summary>What was given as the loop. The text is looked at and not the value, which does not exist when it is wrong; then there is a sentence about that already.</summary>
    private static string LoopText(SymbolResult given) => given.GetResult(Loop) is { Tokens: [{ Value: string text }] } ? text : "";

    private static bool IsLoopOfTheProgram(SymbolResult given) => IsForeign(given) || given.GetResult(Loop) is { Tokens: [{ Value: ExternalLoop }] };

    private static bool IsForeign(SymbolResult given) => given.GetResult(Foreign) is { Implicit: false };

    private static void RefuseOptionsThatTheConfigSays(CommandResult given)
    {
        if (given.GetResult(Config) is not { Implicit: false })
            return;

        foreach (Option option in (Option[])[Port, Host, Root, Mounts, Origin, AccessLogFile, .. TlsArguments.All])
        {
            if (given.GetResult(option) is { Implicit: false })
                given.AddError($"{option.Name} is said by the file of --config, so one of the two is too much.");
        }
    }

    private static ServerOptions Read(ParseResult parsed) => new(
        new IPEndPoint(parsed.GetRequiredValue(Host), parsed.GetRequiredValue(Port)),
        parsed.GetRequiredValue(Loop),
        parsed.GetRequiredValue(Completion),
        parsed.GetRequiredValue(Foreign),
        parsed.GetValue(Config)?.Threads ?? parsed.GetRequiredValue(Threads),
        TimeSpan.FromMicroseconds(parsed.GetRequiredValue(BusyPoll)),
        parsed.GetRequiredValue(Root),
        parsed.GetRequiredValue(Mounts),
        parsed.GetValue(Config)?.Hosts,
        Origins[parsed.GetRequiredValue(Origin)],
        parsed.GetRequiredValue(Log),
        parsed.GetRequiredValue(ToSyslog),
        parsed.GetValue(AccessLogFile) is { } file ? AccessLog.ToFile(file) : null,
        parsed.GetRequiredValue(MaxMessage),
        ExtensionsFor(parsed.GetRequiredValue(Deflate)),
        new ProcessOptions(
            parsed.GetRequiredValue(Daemonize) ? parsed.GetRequiredValue(LockFile) : null,
            parsed.GetValue(User),
            parsed.GetValue(Group)),
        TlsArguments.Read(parsed));

    private static PermessageDeflate[] ExtensionsFor(bool deflate) => deflate ? [new PermessageDeflate()] : [];

    private static bool TryReadPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= IPEndPoint.MaxPort;

    private static bool TryReadThreads(string text, out int threads) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out threads) && threads is >= 1 and <= 32;

    private static bool TryReadBusyPoll(string text, out int microseconds) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out microseconds) && microseconds <= EventLoopOptions.LongestBusyPoll.TotalMicroseconds;

    private static bool TryReadMaxMessage(string text, out long bytes) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out bytes) && bytes >= SmallestMaxMessage;

    private static bool TryReadLevels(string text, out LogLevels levels)
    {
        // The numbers are the original's, which has a mask here.
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int mask))
        {
            levels = (LogLevels)mask;
            return (levels & ~LogLevels.All) == 0;
        }

        // One name alone means what it usually does: the least that is logged.
        if (Levels.TryGetValue(text, out levels))
        {
            levels |= levels - 1;
            return true;
        }

        foreach (string name in text.Split(','))
        {
            if (!Levels.TryGetValue(name, out LogLevels level))
                return false;
            levels |= level;
        }

        return true;
    }

    private static bool TryReadAddress(string text, out IPAddress address)
    {
        bool isAddress = IPAddress.TryParse(text, out IPAddress? parsed);
        address = parsed ?? IPAddress.None;
        return isAddress;
    }

    private static bool TryReadMount(string text, out Mount mount)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string point = equals < 0 ? "" : text[..equals];
        mount = null!;
        if (!point.StartsWith('/') || OriginText.Read(text[(equals + 1)..], Environment.CurrentDirectory) is not { } origin)
            return false;

        mount = new Mount { MountPoint = point, Origin = origin };
        try
        {
            mount.Validate(Server.NewProtocols());
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static SiteDescription? ReadConfig(ArgumentResult given)
    {
        try
        {
            SiteDescription site = SiteConfigFile.Read(given.Tokens[0].Value, ExtensionsFor(given.GetValue(Deflate)));
            if (site.Threads is not null && given.GetResult(Threads) is { Implicit: false })
                given.AddError($"{Threads.Name} is said by the file of --config, so one of the two is too much.");
            if (site.Threads > 1 && IsForeign(given))
                given.AddError($"{given.Tokens[0].Value}, $.threads: several threads do not go with --foreign, {OneLoop}.");
            return site;
        }
        catch (SiteConfigException wrong)
        {
            given.AddError(wrong.Message);
            return null;
        }
    }

    private static bool TryReadFolder(string text, out string folder)
    {
        // A daemon has another folder than the one in which it was started.
        folder = Path.GetFullPath(text);
        return Directory.Exists(text);
    }

    private static string? ReadFile(ArgumentResult given)
    {
        string text = given.Tokens[0].Value;
        if (TryReadFile(text, out string file))
            return file;

        given.AddError($"--access-log takes a file in a folder that exists, not '{text}'.");
        return null;
    }

    private static bool TryReadFile(string text, out string file)
    {
        file = text.Length == 0 ? text : Path.GetFullPath(text);
        return Directory.Exists(Path.GetDirectoryName(file));
    }
}
