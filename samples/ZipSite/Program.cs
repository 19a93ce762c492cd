using System.Net;
using System.Runtime.InteropServices;
using EventLoops;

// Serves the site that lies in a zip archive, without unpacking it, until Ctrl+C. The arguments are the archive, and the port; without one it is 7681.
if (args.Length == 0)
{
    Console.Error.WriteLine("usage: ZipSite ARCHIVE.zip [PORT]");
    return 2;
}

using CancellationTokenSource stopping = new();
Action<PosixSignalContext> stop = signal => { signal.Cancel = true; stopping.Cancel(); };
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, stop);

try
{
    using ZipFileOperations zip = new(args[0]);
    Mount site = new() { MountPoint = "/", Origin = MountOrigin.Files("", zip), CacheReusable = true };
    IPEndPoint where = new(IPAddress.Loopback, args.Length > 1 ? int.Parse(args[1]) : 7681);
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
