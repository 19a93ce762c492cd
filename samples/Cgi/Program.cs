using System.Net;
using System.Runtime.InteropServices;
using EventLoops;

// Serves git repositories to "git clone http://127.0.0.1:7681/git/NAME" and "git push", by the CGI program that comes with git, until Ctrl+C.
bool asksForHelp = args is ["-h" or "--help"];
if (asksForHelp || args.Length is 0 or > 3 || !ushort.TryParse(args is [_, string text, ..] ? text : "7681", out ushort port))
{
    (asksForHelp ? Console.Out : Console.Error).WriteLine("usage: Cgi FOLDER [PORT] [PROGRAM]   (the folder holds the repositories; on 127.0.0.1, 7681 unless told otherwise; the program as Debian installs it)");
    return asksForHelp ? 0 : 2;
}

string program = args.Length > 2 ? args[2] : "/usr/lib/git-core/git-http-backend";
if (!Directory.Exists(args[0]) || !File.Exists(program))
{
    Console.Error.WriteLine($"This needs the folder '{args[0]}' and the program '{program}' (apt-get install git).");
    return 2;
}

using CancellationTokenSource stopping = new();
Action<PosixSignalContext> stop = signal => { signal.Cancel = true; stopping.Cancel(); };
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, stop);

Mount git = new()
{
    MountPoint = "/git",
    Origin = MountOrigin.Cgi(program),
    CgiEnvironment = new Dictionary<string, string>(StringComparer.Ordinal) { ["GIT_PROJECT_ROOT"] = Path.GetFullPath(args[0]), ["GIT_HTTP_EXPORT_ALL"] = "1" },
};
IPEndPoint where = new(IPAddress.Loopback, port);
try
{
    using LoopContext context = new(new()
    {
        VirtualHosts = [new() { Endpoints = [where], Protocols = [new Nothing()], Mounts = [git] }],
        Limits = new() { MaxRequestBody = 1_000_000_000 }, // What one push may bring.
        Logger = new LevelLogger(LogLevels.Error | LogLevels.Warning), // What the program complains about.
    });
    Console.WriteLine($"serving git on http://{context.VirtualHosts[0].LocalEndPoints[0]}/git/");
    context.Run(stopping.Token);
    return 0;
}
catch (LoopFaultException refused) // The port is taken, for example.
{
    Console.Error.WriteLine(refused.Message);
    return 1;
}

/// <summary>Protocol 0: what no mount covers comes to it, and its default answers 404.</summary>
internal sealed class Nothing() : Protocol<NoSession>("");
