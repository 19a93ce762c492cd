using System.Net;
using System.Runtime.InteropServices;
using EventLoops;

// Serves the site that lies in a zip archive, without unpacking it, until Ctrl+C.
bool asksForHelp = args is ["-h" or "--help"];
if (asksForHelp || args.Length is 0 or > 2 || !ushort.TryParse(args is [_, string text] ? text : "7681", out ushort port))
{
    (asksForHelp ? Console.Out : Console.Error).WriteLine("usage: ZipSite ARCHIVE.zip [PORT]   (on 127.0.0.1, 7681 unless told otherwise)");
    return asksForHelp ? 0 : 2;
}

using CancellationTokenSource stopping = new();
Action<PosixSignalContext> stop = signal => { signal.Cancel = true; stopping.Cancel(); };
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, stop);

try
{
    using ZipFileOperations zip = new(args[0]);
    Mount site = new() { MountPoint = "/", Origin = MountOrigin.Files("", zip), CacheReusable = true };
    IPEndPoint where = new(IPAddress.Loopback, port);
    using LoopContext context = new(new() { VirtualHosts = [new() { Endpoints = [where], Protocols = [new Nothing()], Mounts = [site] }] });
    Console.WriteLine($"serving {args[0]} on http://{context.VirtualHosts[0].LocalEndPoints[0]}");
    context.Run(stopping.Token);
    return 0;
}
catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or InvalidDataException or LoopFaultException)
{
    Console.Error.WriteLine(wrong.Message);
    return 1;
}

/// <summary>Protocol 0: a virtual host has one, and what no mount covers comes to it. Here the mount covers everything.</summary>
internal sealed class Nothing() : Protocol<NoSession>("");
