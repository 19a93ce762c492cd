using System.Runtime.InteropServices;
using EventLoops;
using TestClient;
using TestClient.Trials;

// ws:// connects to a server, speaks one of the test server's protocols and checks what comes back: each file under Trials is what the client does for one kind
// of protocol. http:// asks for something, as curl does: Transfer.cs. CommandLine.cs says what can be chosen.
return CommandLine.Run(args, static options =>
{
    using Transfer? transfer = options.Uri.Scheme == Uri.UriSchemeHttp ? new Transfer(options) : null;
    IErrand errand = transfer is null ? Trial.For(options) : transfer;
    using CancellationTokenSource over = new();
    using LoopContext context = new(new LoopContextOptions());
    errand.Begin(context, over);

    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    context.Run(over.Token);
    return errand.Report();

    void Stop(PosixSignalContext signal)
    {
        // The handler runs on a thread of its own, and only Post may be called from there.
        signal.Cancel = true;
        context.Loop.Post(_ => errand.Interrupt(), null);
    }
});
