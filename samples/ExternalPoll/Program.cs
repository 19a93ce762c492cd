using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using EventLoops;
using ExternalPoll;

// A game's frame loop with WebSockets in it: one thread, sixty frames a second, and one poll array that belongs to the game. Players see a
// ball that goes to and fro; it turns round when one of them sends a message, and when Enter is pressed here.
bool asksForHelp = args is ["-h" or "--help"];
if (asksForHelp || args.Length > 1 || !ushort.TryParse(args is [string text] ? text : "7681", out ushort port))
{
    (asksForHelp ? Console.Out : Console.Error).WriteLine("usage: ExternalPoll [PORT]   (on 127.0.0.1, 7681 unless told otherwise)");
    return asksForHelp ? 0 : 2;
}

const int Keyboard = 0;
TimeSpan frameTime = TimeSpan.FromSeconds(1.0 / 60);
IPEndPoint where = new(IPAddress.Loopback, port);

using CancellationTokenSource stopping = new();
Action<PosixSignalContext> stop = signal => { signal.Cancel = true; stopping.Cancel(); };
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, stop);

// The library puts its descriptors into the array and takes them out; the keyboard's is the game's own.
PollFdArray array = new();
array.Add(Keyboard, PollEvents.In);
using Stream keys = Console.OpenStandardInput();
using ExternalPollLoop loop = new(array);
BallGame game = new();
using LoopContext? context = OpenContext();
if (context is null)
    return 1;

Console.WriteLine($"listening on http://{context.VirtualHosts[0].LocalEndPoints[0]} (loop: {loop.Name})");

Stopwatch clock = Stopwatch.StartNew();
TimeSpan frameEnd = TimeSpan.Zero;
while (!stopping.IsCancellationRequested)
{
    // A frame that was missed is missed: catching up would only make the next one late too.
    frameEnd += frameTime;
    if (frameEnd < clock.Elapsed)
        frameEnd = clock.Elapsed;

    game.Advance();
    context.RequestWritableAll(game);

    // What is left of the frame belongs to the descriptors: at least one look at them, and as many as there is time for.
    do ServeDescriptors(frameEnd - clock.Elapsed);
    while (clock.Elapsed < frameEnd);
}

return 0;

LoopContext? OpenContext()
{
    try
    {
        return new(new() { Loop = loop, VirtualHosts = [new() { Endpoints = [where], Protocols = [game] }] });
    }
    catch (LoopFaultException refused) // The port is taken, for example.
    {
        Console.Error.WriteLine(refused.Message);
        return null;
    }
}

void ServeDescriptors(TimeSpan budget)
{
    array.Poll(loop.GetTimeout((int)Math.Ceiling(Math.Max(0, budget.TotalMilliseconds))));
    foreach (ref PollFd entry in array.Entries)
    {
        if (entry.Revents != PollEvents.None && !loop.ServiceFd(ref entry))
            ReadKeyboard(entry.Revents);
    }

    loop.EndFrame();
}

void ReadKeyboard(PollEvents ready)
{
    Span<byte> typed = stackalloc byte[256];
    if ((ready & PollEvents.Invalid) != PollEvents.None || keys.Read(typed) == 0)
        array.Remove(Keyboard); // There is no keyboard (any more), and poll would say so again and again.
    else
        game.TurnRound();
}
