using System.Runtime.InteropServices;
using EventLoops;
using Fraggle;

// Messages in random fragments, each followed by its checksum, both ways at once: a server, or with --client its client. CommandLine.cs says what can be
// chosen, and FraggleProtocol.cs is what either side does.
return CommandLine.Run(args, static options =>
{
    try
    {
        return options.Server is null ? Serve(options) : Connect(options, options.Server);
    }
    catch (LoopFaultException refused) // The port is taken, for example.
    {
        Tell(refused.Message);
        return 1;
    }
});

static int Serve(FraggleOptions options)
{
    bool hasFailed = false;
    FraggleProtocol protocol = new(options, isClient: false) { Ended = failure => hasFailed |= Tell(failure) };
    using CancellationTokenSource over = new();
    VirtualHostOptions host = new() { Endpoints = [options.EndPoint], Protocols = [protocol] };
    using (LoopContext context = new(new LoopContextOptions { Limits = Limits(), VirtualHosts = [host] }))
    {
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        Console.WriteLine($"fraggling on ws://{context.VirtualHosts[0].LocalEndPoints[0]} (seed: {options.Seed})");
        context.Run(over.Token);
    }

    return hasFailed ? 1 : 0;

    void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        over.Cancel();
    }
}

static int Connect(FraggleOptions options, Uri server)
{
    bool hasFailed = false;
    using CancellationTokenSource over = new();
    FraggleProtocol protocol = new(options, isClient: true)
    {
        Ended = failure =>
        {
            hasFailed = Tell(failure);
            over.Cancel();
        },
    };
    using LoopContext context = new(new LoopContextOptions { Limits = Limits() });
    Connection connection = context.Connect(new ClientConnectOptions { Uri = server, Protocols = [protocol] });
    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    Console.WriteLine($"fraggling with {server} (seed: {options.Seed})");
    context.Run(over.Token);
    return hasFailed ? 1 : 0;

    void Stop(PosixSignalContext signal)
    {
        // The handler runs on a thread of its own, and only Post may be called from there. A run without an end ends well by it, one with a count does not.
        signal.Cancel = true;
        context.Loop.Post(_ =>
        {
            protocol.IsInterrupted = options.Count == 0;
            connection.Close();
        }, null);
    }
}

// Messages are checked part by part and never held, so they may be as long as the other side likes.
static ConnectionLimits Limits() => new() { MaxMessageSize = long.MaxValue };

// Says on standard error what went wrong, if anything did.
static bool Tell(string? failure)
{
    if (failure is not null)
        Console.Error.WriteLine($"failed: {failure}");
    return failure is not null;
}
