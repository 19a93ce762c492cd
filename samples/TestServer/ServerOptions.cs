using System.Net;
using EventLoops;
using Microsoft.Extensions.Logging;

namespace TestServer;

/// <summary>What the command line asked for.</summary>
/// <param name="EndPoint">Where to listen.</param>
/// <param name="Loop">The name of the loop to run on.</param>
/// <param name="IsForeign">Whether the program makes and runs that loop itself, and the library is a guest on it.</param>
/// <param name="Root">The folder whose files are served.</param>
/// <param name="Mounts">Further mounts; one at the place of an own one takes it.</param>
/// <param name="Hosts">What a file describes, instead of the one virtual host of the other options; null without a file.</param>
/// <param name="Origin">Which sites' pages may open a WebSocket.</param>
/// <param name="LogLevel">The least that is logged.</param>
/// <param name="MaxMessage">The largest message that is taken, in bytes.</param>
/// <param name="Extensions">What clients may agree on.</param>
internal sealed record ServerOptions(
    IPEndPoint EndPoint,
    string Loop,
    bool IsForeign,
    string Root,
    IReadOnlyList<Mount> Mounts,
    IReadOnlyList<VirtualHostOptions>? Hosts,
    OriginPolicy Origin,
    LogLevel LogLevel,
    long MaxMessage,
    IReadOnlyList<WebSocketExtension> Extensions);
