using System.Globalization;

namespace EventLoops.Tests;

/// <summary>One callback as it was traced. Connections are numbered as they are seen, from 1; 0 stands for the reasons that have none.</summary>
public readonly record struct RecordedCall(CallbackReason Reason, int Connection, long Length)
{
    /// <summary>The number of the reason, and the length when there is one: <c>6:5</c>.</summary>
    public override string ToString() =>
        Length == 0 ? ((int)Reason).ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{(int)Reason}:{Length}");
}

/// <summary>
/// Writes down every callback in order, as the tracer of a context, and how each connection ended, as <see cref="TestProtocol"/> tells it.
/// </summary>
public sealed class Recorder : ICallbackTracer
{
    private readonly List<RecordedCall> _calls = [];
    private readonly Dictionary<Connection, int> _numbers = new(ReferenceEqualityComparer.Instance);

    /// <summary>Everything so far.</summary>
    public IReadOnlyList<RecordedCall> Calls => _calls;

    /// <summary>How WebSockets and replies to HTTP clients ended, in order, with the connection's number.</summary>
    public IList<(int Connection, CloseInfo Close)> Closes { get; } = new List<(int, CloseInfo)>();

    /// <summary>Why clients did not come up, in order, with the connection's number.</summary>
    public IList<(int Connection, ConnectFailure Failure)> Failures { get; } = new List<(int, ConnectFailure)>();

    /// <summary>Payloads and close reasons as text, for tests that want to read them.</summary>
    public IList<string> Texts { get; } = new List<string>();

    /// <inheritdoc/>
    public void OnCallback(CallbackReason reason, Connection? connection, long length) =>
        _calls.Add(new RecordedCall(reason, connection is null ? 0 : NumberOf(connection), length));

    /// <summary>The number that stands for a connection here: contexts count their connections each for themselves.</summary>
    public int NumberOf(Connection connection)
    {
        if (_numbers.TryGetValue(connection, out int number)) return number;

        _numbers.Add(connection, _numbers.Count + 1);
        return _numbers.Count;
    }

    /// <summary>How often a reason came, for all connections together.</summary>
    public int CountOf(params ReadOnlySpan<CallbackReason> reasons)
    {
        int count = 0;
        foreach (RecordedCall call in _calls)
        {
            if (reasons.Contains(call.Reason)) count++;
        }

        return count;
    }

    /// <summary>How often a reason came for one connection.</summary>
    public int CountOf(CallbackReason reason, Connection connection) =>
        _calls.Count(call => call.Reason == reason && call.Connection == NumberOf(connection));

    /// <summary>Whether a reason has come.</summary>
    public bool Has(CallbackReason reason) => CountOf(reason) > 0;

    /// <summary>The reasons of one connection in order.</summary>
    public CallbackReason[] ReasonsOf(Connection connection) => ReasonsOf(NumberOf(connection));

    /// <summary>The reasons of one connection in order.</summary>
    public CallbackReason[] ReasonsOf(int connection) => [.. _calls.Where(call => call.Connection == connection).Select(call => call.Reason)];

    /// <summary>The numbers of the reasons of one connection in order, with lengths: <c>29 19 20 0 6:5 4 30</c>.</summary>
    public string TraceOf(Connection connection) => TraceOf(NumberOf(connection));

    /// <summary>The numbers of the reasons of one connection in order, with lengths.</summary>
    public string TraceOf(int connection) => string.Join(' ', _calls.Where(call => call.Connection == connection));

    /// <summary>The numbers of all connections that were seen, in order.</summary>
    public IReadOnlyList<int> Connections => [.. _calls.Select(call => call.Connection).Where(id => id > 0).Distinct()];

    /// <summary>
    /// What must hold for each connection whatever happened to it: made and forgotten once, one closing callback that fits what it was, nothing before
    /// the first and nothing after the last. Returns the first sentence that is not true, or null.
    /// </summary>
    public string? FindImbalance(bool allEnded = true)
    {
        foreach (int id in Connections)
        {
            CallbackReason[] reasons = ReasonsOf(id);
            int opened = reasons.Count(reason => reason is CallbackReason.Established or CallbackReason.ClientEstablished or CallbackReason.EstablishedClientHttp);
            int closed = reasons.Count(reason => reason is CallbackReason.Closed or CallbackReason.ClosedClientHttp);
            int others = reasons.Count(reason => reason is CallbackReason.ClosedHttp or CallbackReason.ClientConnectionError);
            if (reasons[0] != CallbackReason.WsiCreate) return $"{id} does not begin with WsiCreate: {TraceOf(id)}";
            if (reasons.Count(reason => reason == CallbackReason.WsiCreate) != 1) return $"{id} was made twice: {TraceOf(id)}";
            if (opened > 1 || closed > opened || closed + others > 1 || (opened == 1 && others > 0)) return $"{id} ends more than once: {TraceOf(id)}";
            if (!allEnded && reasons[^1] != CallbackReason.WsiDestroy) continue;
            if (reasons[^1] != CallbackReason.WsiDestroy) return $"{id} is not forgotten: {TraceOf(id)}";
            if (reasons.Count(reason => reason == CallbackReason.WsiDestroy) != 1) return $"{id} was forgotten twice: {TraceOf(id)}";
            if (closed + others != 1) return $"{id} has no closing callback: {TraceOf(id)}";
            if (reasons[^2] is not (CallbackReason.Closed or CallbackReason.ClosedHttp or CallbackReason.ClosedClientHttp or CallbackReason.ClientConnectionError))
                return $"{id} is called between its closing callback and its end: {TraceOf(id)}";
        }

        return null;
    }
}
