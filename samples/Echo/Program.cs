using System.Net;
using EventLoops;

// Sends every message back to whoever sent it: ws://127.0.0.1:7681, until Ctrl+C.
using CancellationTokenSource stopping = new();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stopping.Cancel();
};

using LoopContext context = new(new LoopContextOptions
{
    VirtualHosts = [new() { Endpoints = [new IPEndPoint(IPAddress.Loopback, 7681)], Protocols = [new EchoProtocol()] }],
});
Console.WriteLine("echoing on ws://127.0.0.1:7681");
context.Run(stopping.Token);

internal sealed class EchoProtocol() : Protocol<EchoProtocol.Session>("echo")
{
    internal struct Session
    {
        public MessageBuffer Message;
        public MessageKind Kind;
    }

    protected override CallbackResult OnReceive(Connection connection, ref Session session, ReadOnlySpan<byte> part, in MessageInfo info)
    {
        session.Message.Append(part);
        session.Kind = info.Kind;
        if (!info.IsFinalFragment)
            return CallbackResult.Continue;

        connection.PauseReceive(); // One message at a time: the next is read when this one has left.
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnWritable(Connection connection, ref Session session)
    {
        if (session.Kind == 0 || connection.Write(session.Message.Span, session.Kind) == WriteResult.Busy)
            return CallbackResult.Continue; // A spare call is always allowed.

        session.Message.Clear();
        session.Kind = 0;
        connection.ResumeReceive();
        return CallbackResult.Continue;
    }
}
