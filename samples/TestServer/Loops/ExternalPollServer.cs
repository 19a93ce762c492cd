using EventLoops;

namespace TestServer.Loops;

/// <summary>
/// The other way: the program owns the poll array and calls <c>poll(2)</c> itself. The library keeps its entries in that array, beside one
/// of the program's own, and serves those that it is offered.
/// </summary>
internal static class ExternalPollServer
{
    /// <summary>Serves until SIGINT or SIGTERM.</summary>
    public static void Run(ServerOptions options)
    {
        PollFdArray array = new();
        using SignalPipe signals = new();
        array.Add(signals.Fd, PollEvents.In);

        using ExternalPollLoop loop = new(array);
        using LoopContext context = new(Server.Describe(options, loop));
        IDisposable service = ServerProcess.Begin(options, context);
        bool isOver = false;
        while (!isOver)
        {
            RunFrame(array, loop, signals);
            if (signals.TakeRequest())
                Server.Stop(context, service, () => isOver = true);
        }
    }

    private static void RunFrame(PollFdArray array, ExternalPollLoop loop, SignalPipe signals)
    {
        // The library says how long it can wait: until its earliest timer, not at all while it has work to finish.
        array.Poll(loop.GetTimeout(-1));
        foreach (ref PollFd entry in array.Entries)
        {
            if (entry.Revents == PollEvents.None || loop.ServiceFd(ref entry))
                continue;

            // It was not the library's, and is untouched.
            if (entry.Fd == signals.Fd)
                signals.Read();
        }

        loop.EndFrame();
    }
}
