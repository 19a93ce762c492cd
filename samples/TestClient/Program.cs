using System.Runtime.InteropServices;
using EventLoops;
using TestClient;
using TestClient.Trials;

// Connects to a server, speaks one of the test server's protocols and checks what comes back. CommandLine.cs says what can be chosen,
// and each file under Trials is what the client does for one kind of protocol.
return CommandLine.Run(args, static options =>
{
    Trial trial = Trial.For(options);
    using CancellationTokenSource over = new();
    using LoopContext context = new(new LoopContextOptions());
    trial.Begin(context, over);

    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    context.Run(over.Token);
    return trial.Report();

    void Stop(PosixSignalContext signal)
    {
        // The handler runs on a thread of its own, and only Post may be called from there.
        signal.Cancel = true;
        context.Loop.Post(_ => trial.Interrupt(), null);
    }
});
