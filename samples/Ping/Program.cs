using System.Runtime.InteropServices;
using EventLoops;
using Ping;

// Pings a WebSocket server as ping(8) pings a host. CommandLine.cs says what can be chosen, Pinger.cs sends and receives.
return CommandLine.Run(args, static options =>
{
    Pinger pinger = new(options);
    using CancellationTokenSource over = new();
    using LoopContext context = new(new LoopContextOptions());
    pinger.Begin(context, over);

    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    context.Run(over.Token);
    return pinger.Report();

    void Stop(PosixSignalContext signal)
    {
        // The handler runs on a thread of its own, and only Post may be called from there.
        signal.Cancel = true;
        context.Loop.Post(_ => pinger.Finish(), null);
    }
});
