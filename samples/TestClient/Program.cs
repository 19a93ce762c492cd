using System.Runtime.InteropServices;
using EventLoops;
using TestClient;
using TestClient.Trials;

// ws:// and wss:// connect to a server, speak one of the test server's protocols and check what comes back: each file under Trials is what the client does for
// one kind of protocol. http:// and https:// ask for something, as curl does: Transfer.cs. CommandLine.cs says what can be chosen.
return CommandLine.Run(args, static options =>
{
    using Transfer? transfer = options.IsHttp ? new Transfer(options) : null;
    IErrand errand = transfer is null ? Trial.For(options) : transfer;
    using CancellationTokenSource over = new();
    using LoopContext context = new(new LoopContextOptions());
    try
    {
        errand.Begin(context, over);
    }
    catch (ArgumentException wrong) when (wrong.ParamName is { } member && wrong.Message.StartsWith("Tls.", StringComparison.Ordinal))
    {
        // What only OpenSSL can say about certificates and keys; the last part names the parameter once more.
        Console.Error.WriteLine(wrong.Message.Replace($" (Parameter '{member}')", "", StringComparison.Ordinal));
        return 2;
    }

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
