using System.Diagnostics.Tracing;

namespace EventLoops;

/// <summary>
/// The event source <c>EventLoops</c>, for <c>dotnet-trace</c> and its like: what happens to single connections, and callbacks that hold up their loop. While nobody
/// listens each place costs a comparison.
/// </summary>
[EventSource(Name = LoopMetrics.Name)]
internal sealed class LoopEvents : EventSource
{
    public static readonly LoopEvents Source = new();

    private LoopEvents()
    {
    }

    /// <summary>A connection was accepted.</summary>
    [Event(1, Level = EventLevel.Verbose)]
    public void ConnectionAccepted(long connection, int thread) => WriteEvent(1, connection, thread);

    /// <summary>A WebSocket is open.</summary>
    [Event(2, Level = EventLevel.Informational)]
    public void WebSocketOpened(long connection, string protocol) => WriteEvent(2, connection, protocol);

    /// <summary>A WebSocket has ended.</summary>
    [Event(3, Level = EventLevel.Informational)]
    public void WebSocketClosed(long connection, int code, string origin, int fault) => WriteEvent(3, connection, code, origin, fault);

    /// <summary>A request was refused.</summary>
    [Event(4, Level = EventLevel.Informational)]
    public void RequestRefused(long connection, int status, int fault) => WriteEvent(4, connection, status, fault);

    /// <summary>A callback held up its loop.</summary>
    [Event(5, Level = EventLevel.Warning)]
    public void CallbackStalled(string reason, string protocol, double milliseconds) => WriteEvent(5, reason, protocol, milliseconds);
}
