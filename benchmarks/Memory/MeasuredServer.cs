using System.Net;
using EventLoops.Epoll;

namespace EventLoops.Benchmarks.Memory;

/// <summary>The server of one case: echoes on epoll until standard input ends, and prints its port as its first line.</summary>
internal static class MeasuredServer
{
    public static int Run(MemoryCase one)
    {
        LoopRegistry.Default.AddEpoll();
        using CancellationTokenSource stopping = new();
        using LoopContext context = new(new LoopContextOptions
        {
            Flags = ContextFlags.Epoll,
            VirtualHosts =
            [
                new()
                {
                    Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                    Protocols = [new Echo()],
                    Extensions = one.Extension is null ? [] : [one.Extension],
                },
            ],
        });
        Console.WriteLine(((IPEndPoint)context.VirtualHosts[0].LocalEndPoints[0]).Port);

        Thread watching = new(() =>
        {
            // A line asks for a collection, so that what is measured is what is held; the end of the input ends the server.
            while (Console.In.ReadLine() is not null)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                Console.WriteLine("collected");
            }

            stopping.Cancel();
        })
        { IsBackground = true };
        watching.Start();
        context.Run(stopping.Token);
        return 0;
    }

    private sealed class Echo() : Protocol<Echo.Session>("echo")
    {
        internal struct Session
        {
            public MessageBuffer Message;
        }

        protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
        {
            session.Message.Append(part);
            if (!info.IsFinalFragment)
                return CallbackResult.Continue;

            _ = connection.TrySend(session.Message.Span, info.Kind);
            session.Message.Clear();
            return CallbackResult.Continue;
        }

        protected override void OnClosed(Connection connection, ref Session session, in CloseInfo close) => session.Message.Clear();
    }
}
