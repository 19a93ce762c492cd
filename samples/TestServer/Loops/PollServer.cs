using System.Runtime.InteropServices;
using EventLoops;

namespace TestServer.Loops;

/// <summary>The simple way: the context makes a <c>poll(2)</c> loop of its own and runs it.</summary>
internal static class PollServer
{
    /// <summary>Serves until SIGINT or SIGTERM.</summary>
    public static void Run(ServerOptions options)
    {
        using CancellationTokenSource stopping = new();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

        using LoopContext context = new(Server.Describe(options));
        Server.Announce(context);
        context.Run(stopping.Token);

        void Stop(PosixSignalContext signal)
        {
            // Without this the runtime would end the process at once, and nobody would be told that the server goes away.
            signal.Cancel = true;
            stopping.Cancel();
        }
    }
}
