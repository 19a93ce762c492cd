using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using EventLoops;

// Server-sent events: http://127.0.0.1:7681/ is a page that shows them, /events is the stream, until Ctrl+C.
bool asksForHelp = args is ["-h" or "--help"];
if (asksForHelp || args.Length > 1 || !ushort.TryParse(args is [string text] ? text : "7681", out ushort port))
{
    (asksForHelp ? Console.Out : Console.Error).WriteLine("usage: Events [PORT]   (on 127.0.0.1, 7681 unless told otherwise)");
    return asksForHelp ? 0 : 2;
}

using CancellationTokenSource stopping = new();
Action<PosixSignalContext> stop = signal => { signal.Cancel = true; stopping.Cancel(); };
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, stop);

Ticker ticker = new();
IPEndPoint where = new(IPAddress.Loopback, port);
try
{
    using LoopContext context = new(new() { VirtualHosts = [new() { Endpoints = [where], Protocols = [ticker] }] });
    LoopTimer second = null!;
    second = new LoopTimer(_ =>
    {
        ticker.Tick();
        context.Loop.Schedule(second, TimeSpan.FromSeconds(1));
    });
    context.Loop.Schedule(second, TimeSpan.FromSeconds(1));
    Console.WriteLine($"events on http://{context.VirtualHosts[0].LocalEndPoints[0]}");
    context.Run(stopping.Token);
    return 0;
}
catch (LoopFaultException refused) // The port is taken, for example.
{
    Console.Error.WriteLine(refused.Message);
    return 1;
}

/// <summary>Protocol 0: the page, and the stream (text/event-stream, HTML living standard 9.2), one event a second.</summary>
internal sealed class Ticker() : Protocol<Ticker.Session>("")
{
    private static readonly byte[] Page = Encoding.UTF8.GetBytes("""
        <!doctype html><title>Events</title><p id="tick">waiting</p>
        <script>new EventSource("/events").onmessage = e => document.getElementById("tick").textContent = e.data;</script>
        """);

    private readonly HashSet<Connection> _listeners = [];
    private long _ticks;

    internal struct Session { public bool IsListening; public long Sent; }

    /// <summary>Something has happened: everybody who listens wants to write. Nothing is queued, so a client that does not read costs nothing.</summary>
    public void Tick()
    {
        _ticks++;
        foreach (Connection listener in _listeners) listener.RequestWritable();
    }

    protected override CallbackResult OnHttp(Connection connection, ref Session session, ReadOnlySpan<byte> path)
    {
        if (!path.SequenceEqual("/events"u8) || connection.Method != RequestMethod.Get)
        {
            bool isPage = path.SequenceEqual("/"u8);
            connection.Respond(isPage ? 200 : 404, "text/html; charset=utf-8", isPage ? Page : default);
            return CallbackResult.Continue;
        }

        // The last event that a client has seen comes with its next try, so that it misses none that still matters.
        session.IsListening = true;
        session.Sent = connection.Headers.TryGet("Last-Event-ID"u8, out ReadOnlySpan<byte> id) && long.TryParse(id, out long seen) ? Math.Min(seen, _ticks) : _ticks;
        connection.StartResponse(200, "text/event-stream", -1, new HttpField("Cache-Control", "no-store"));
        _listeners.Add(connection);
        connection.RequestWritable();
        return CallbackResult.Continue;
    }

    protected override CallbackResult OnHttpWritable(Connection connection, ref Session session)
    {
        // Who could not take the last ones gets the newest, and skips what is old by now.
        if (!session.IsListening || session.Sent >= _ticks) return CallbackResult.Continue;
        byte[] text = Encoding.UTF8.GetBytes($"id: {_ticks}\ndata: tick {_ticks}\n\n");
        if (connection.WriteBody(text) == WriteResult.Accepted) session.Sent = _ticks;
        return CallbackResult.Continue;
    }

    protected override void OnHttpClosed(Connection connection, ref Session session) => _listeners.Remove(connection);
}
