using System.Net;
using EventLoops;

namespace TestServer;

/// <summary>What the command line asked for.</summary>
/// <param name="EndPoint">Where to listen.</param>
/// <param name="Loop">The name of the loop to run on.</param>
/// <param name="HasCompletion">Whether the kernel receives, accepts and sends by itself.</param>
/// <param name="IsForeign">Whether the program makes and runs that loop itself, and the library is a guest on it.</param>
/// <param name="Threads">How many service threads there are.</param>
/// <param name="BusyPoll">How long a loop without work looks before it sleeps.</param>
/// <param name="Root">The folder whose files are served.</param>
/// <param name="Mounts">Further mounts; one at the place of an own one takes it.</param>
/// <param name="Hosts">What a file describes, instead of the one virtual host of the other options; null without a file.</param>
/// <param name="Origin">Which sites' pages may open a WebSocket.</param>
/// <param name="LogLevels">What is logged.</param>
/// <param name="LogsToSyslog">Whether syslog gets it.</param>
/// <param name="AccessLog">Where the requests are logged; null for nowhere.</param>
/// <param name="MaxMessage">The largest message that is taken, in bytes.</param>
/// <param name="Extensions">What clients may agree on.</param>
/// <param name="Process">What becomes of the process.</param>
/// <param name="Tls">TLS; null for none.</param>
internal sealed record ServerOptions(
    IPEndPoint EndPoint,
    string Loop,
    bool HasCompletion,
    bool IsForeign,
    int Threads,
    TimeSpan BusyPoll,
    string Root,
    IReadOnlyList<Mount> Mounts,
    IReadOnlyList<VirtualHostOptions>? Hosts,
    OriginPolicy Origin,
    LogLevels LogLevels,
    bool LogsToSyslog,
    AccessLog? AccessLog,
    long MaxMessage,
    IReadOnlyList<WebSocketExtension> Extensions,
    ProcessOptions Process,
    TlsOptions? Tls);

/// <summary>What becomes of the process.</summary>
/// <param name="LockFile">The lock file of the daemon; null to stay in the foreground.</param>
/// <param name="User">Who it becomes; null to stay who it is.</param>
/// <param name="Group">Which group it is in then; null for the user's.</param>
internal sealed record ProcessOptions(string? LockFile, string? User, string? Group);
