using System.Net;
using System.Runtime.InteropServices;
using EventLoops;

// Sends every message back to whoever sent it, until Ctrl+C.
bool asksForHelp = args is ["-h" or "--help"];
if (asksForHelp || args.Length > 1 || !ushort.TryParse(args is [string text] ? text : "7681", out ushort port))
{
    (asksForHelp ? Console.Out : Console.Error).WriteLine("usage: Echo [PORT]   (on 127.0.0.1, 7681 unless told otherwise)");
    return asksForHelp ? 0 : 2;
}

using CancellationTokenSource stopping = new();
Action<PosixSignalContext> stop = signal => { signal.Cancel = true; stopping.Cancel(); };
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, stop);

try
{
    using LoopContext context = new(new() { VirtualHosts = [new() { Endpoints = [new IPEndPoint(IPAddress.Loopback, port)], Protocols = [new Echo()] }] });
    Console.WriteLine($"echoing on ws://{context.VirtualHosts[0].LocalEndPoints[0]}");
    context.Run(stopping.Token);
    return 0;
}
catch (LoopFaultException refused) { Console.Error.WriteLine(refused.Message); return 1; } // The port is taken, for example.

internal sealed class Echo() : Protocol<Echo.Session>("echo")
{
    internal struct Session { public MessageBuffer Message; public MessageKind Kind; }

    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        session.Message.Append(part);
        if (!info.IsFinalFragment) return CallbackResult.Continue;
        session.Kind = info.Kind;
        connection.PauseReceive(); // One message at a time: the next is read when this one has left.
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        if (session.Kind == 0 || connection.Write(session.Message.Span, session.Kind) == WriteResult.Busy) return CallbackResult.Continue;
        session.Message.Clear();
        session.Kind = 0; // A call that nobody asked for finds nothing to write, and is harmless.
        connection.ResumeReceive();
        return CallbackResult.Continue;
    }
}
