using System.Diagnostics.Metrics;
using EventLoops.Protocols.WebSocket;

namespace EventLoops;

/// <summary>
/// The meter <c>EventLoops</c>: everything that is counted in this process, of all contexts together. Sums are read from the counters of the threads when somebody
/// looks, so that they cost nothing more while nobody does; the two histograms are written where it happens, if somebody listens. <c>docs/metrics.md</c> lists
/// the names, and a test holds the two together.
/// </summary>
internal static class LoopMetrics
{
    public const string Name = "EventLoops";

    private static readonly Meter Meter = new(Name, typeof(LoopMetrics).Assembly.GetName().Version?.ToString(3));
    private static readonly Lock Gate = new();
    private static readonly ThreadCounters Gone = new();
    private static ThreadCounters[] threads = [];

    private static readonly (byte Opcode, string Name)[] Kinds =
    [
        (Opcode.Text, "text"), (Opcode.Binary, "binary"), (Opcode.Continuation, "continuation"),
        (Opcode.Ping, "ping"), (Opcode.Pong, "pong"), (Opcode.Close, "close"),
    ];

    private static readonly string[] Directions = ["received", "sent"];

    public static readonly Histogram<double> PingTime = Meter.CreateHistogram<double>(
        "eventloops.ping_time", "ms", "From a ping to the pong that answers it.");

    public static readonly Histogram<double> CallbackTime = Meter.CreateHistogram<double>(
        "eventloops.callback_time", "ms", "How long callbacks of users take, by reason.");

    private static readonly ObservableCounter<long> TurnsCounter = Meter.CreateObservableCounter(
        "eventloops.turns", () => Sum(thread => thread.Turns), "{turn}", "Turns of the loops in which there was work; counted while somebody looks.");

    static LoopMetrics()
    {
        Meter.CreateObservableUpDownCounter("eventloops.connections", Connections, "{connection}", "Connections that are there, by role and state.");
        Meter.CreateObservableCounter("eventloops.accepted", () => Sum(thread => thread.Accepted), "{connection}", "Connections that were accepted and served.");
        Meter.CreateObservableCounter("eventloops.turned_away", TurnedAwayByReason, "{connection}", "Connections that were closed as soon as they were accepted, by reason.");
        Meter.CreateObservableCounter("eventloops.requests", () => Sum(thread => thread.Requests), "{request}", "HTTP requests that were served.");
        Meter.CreateObservableCounter("eventloops.refusals", Refusals, "{request}", "Requests and connections that were refused, by the rule that they broke or by status.");
        Meter.CreateObservableCounter("eventloops.bytes", Bytes, "By", "Bytes that went through sockets, by direction.");
        Meter.CreateObservableCounter("eventloops.frames", () => Frames(static (thread, direction, opcode) => thread.Frames(direction, opcode)), "{frame}", "WebSocket frames, by direction and kind.");
        Meter.CreateObservableCounter("eventloops.frame_bytes", () => Frames(static (thread, direction, opcode) => thread.FrameBytes(direction, opcode)), "By", "Payload of WebSocket frames, by direction and kind.");
        Meter.CreateObservableCounter("eventloops.closes", Closes, "{connection}", "WebSockets that have ended, by close code and by who brought the end.");
        Meter.CreateObservableCounter("eventloops.tls_handshakes", Handshakes, "{handshake}", "TLS handshakes, by result.");
        Meter.CreateObservableCounter("eventloops.callback_stalls", () => Sum(thread => thread.Stalls), "{callback}", "Callbacks that held up their loop for too long.");
        Meter.CreateObservableCounter("eventloops.turn_time", () => Sum(thread => thread.TurnTime), "ms", "Time that the loops worked and did not wait; counted while somebody looks.");
        Meter.CreateObservableGauge("eventloops.loop_lag", LongestTurn, "ms", "The longest that a loop was away from its sockets since the last look.");
        Meter.CreateObservableUpDownCounter("eventloops.kept_bytes", static () => BufferPool.RentedBytes, "By", "Memory that holds bytes between callbacks: cut heads, collected messages, what the kernel did not take.");
    }

    /// <summary>Whether turns are to be timed.</summary>
    public static bool IsTimingTurns => TurnsCounter.Enabled;

    /// <summary>A service thread begins.</summary>
    public static void Join(ThreadCounters counters)
    {
        lock (Gate)
            threads = [.. threads, counters];
    }

    /// <summary>It has ended.</summary>
    public static void Leave(ThreadCounters counters)
    {
        lock (Gate)
        {
            if (!threads.Contains(counters))
                return;

            threads = Array.FindAll(threads, other => other != counters);
            Gone.TakeOver(counters);
        }
    }

    private static long Sum(Func<ThreadCounters, long> read)
    {
        lock (Gate)
            return threads.Sum(read) + read(Gone);
    }

    private static long LongestTurn()
    {
        lock (Gate)
            return threads.Select(thread => thread.TakeLongestTurn()).DefaultIfEmpty().Max();
    }

    private static IEnumerable<Measurement<long>> Connections()
    {
        foreach (bool isServer in new[] { true, false })
        {
            foreach (ConnectionState state in Enum.GetValues<ConnectionState>())
            {
                long count = Sum(thread => thread.ConnectionsIn(isServer, state));
                yield return new Measurement<long>(count, Tag("role", isServer ? "server" : "client"), Tag("state", state.ToString()));
            }
        }
    }

    private static IEnumerable<Measurement<long>> TurnedAwayByReason() => Enum.GetValues<TurnAwayReason>()
        .Select(reason => new Measurement<long>(Sum(thread => thread.TurnedAwayBy(reason)), Tag("reason", reason.ToString())));

    private static IEnumerable<Measurement<long>> Refusals()
    {
        foreach (ProtocolFault fault in Enum.GetValues<ProtocolFault>())
        {
            if (Sum(thread => thread.RefusalsBy(fault)) is > 0 and { } count)
                yield return new Measurement<long>(count, Tag("reason", fault.ToString()));
        }

        for (int status = 400; status < 600; status++)
        {
            int one = status;
            if (Sum(thread => thread.RefusalsWith(one)) is > 0 and { } count)
                yield return new Measurement<long>(count, new KeyValuePair<string, object?>("reason", one));
        }
    }

    private static IEnumerable<Measurement<long>> Bytes()
    {
        yield return new Measurement<long>(Sum(thread => thread.Bytes(ThreadCounters.Received)), Tag("direction", Directions[ThreadCounters.Received]));
        yield return new Measurement<long>(Sum(thread => thread.Bytes(ThreadCounters.Sent)), Tag("direction", Directions[ThreadCounters.Sent]));
    }

    private static IEnumerable<Measurement<long>> Frames(Func<ThreadCounters, int, byte, long> read)
    {
        for (int direction = 0; direction < Directions.Length; direction++)
        {
            foreach ((byte opcode, string kind) in Kinds)
            {
                int way = direction;
                yield return new Measurement<long>(Sum(thread => read(thread, way, opcode)), Tag("direction", Directions[way]), Tag("kind", kind));
            }
        }
    }

    private static IEnumerable<Measurement<long>> Closes()
    {
        for (int code = 0; code < ThreadCounters.CodeCount; code++)
        {
            foreach (CloseOrigin origin in Enum.GetValues<CloseOrigin>())
            {
                int one = code;
                if (Sum(thread => thread.Closes(one, origin)) is not (> 0 and { } count))
                    continue;

                bool isOther = one == ThreadCounters.CodeCount - 1;
                yield return new Measurement<long>(
                    count, new("code", isOther ? "other" : ThreadCounters.FirstCode + one), Tag("origin", origin.ToString()));
            }
        }
    }

    private static IEnumerable<Measurement<long>> Handshakes()
    {
        yield return new Measurement<long>(Sum(thread => thread.Handshakes(succeeded: true)), Tag("result", "succeeded"));
        yield return new Measurement<long>(Sum(thread => thread.Handshakes(succeeded: false)), Tag("result", "failed"));
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
