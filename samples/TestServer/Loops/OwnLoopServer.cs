using System.Runtime.InteropServices;
using EventLoops;
using EventLoops.IoUring;

namespace TestServer.Loops;

/// <summary>The simple way: the context makes a loop of its own, the one that a flag names, and runs it.</summary>
internal static class OwnLoopServer
{
    public const string IoUring = "io_uring";

    /// <summary>What the command line calls each of these loops, and the flag that asks for it.</summary>
    public static readonly Dictionary<string, ContextFlags> Flags = new(StringComparer.Ordinal)
    {
        ["poll"] = ContextFlags.None,
        ["epoll"] = ContextFlags.Epoll,
        [IoUring] = ContextFlags.IoUring,
        ["libuv"] = ContextFlags.LibUv,
        ["libev"] = ContextFlags.LibEv,
        ["auto"] = ContextFlags.AutoLoop,
    };

    /// <summary>Serves until SIGINT or SIGTERM; a second signal does not wait for anybody.</summary>
    public static void Run(ServerOptions options)
    {
        if (options.HasCompletion)
            LoopRegistry.Default.AddIoUring(IoUringMode.Completion);
        using LoopContext context = new(Server.Describe(options, Flags[options.Loop]));
        IDisposable? service = null;
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        service = ServerProcess.Begin(options, context);
        context.Run();

        void Stop(PosixSignalContext signal)
        {
            // Without this the runtime would end the process at once, and nobody would be told that the server goes away. The runtime calls it on a thread of
            // its own, from which posting is all that may be done.
            signal.Cancel = true;
            context.Loop.Post(_ => Server.Stop(context, service!), null);
        }
    }
}
