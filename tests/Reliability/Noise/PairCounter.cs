namespace EventLoops.Tests.Reliability;

/// <summary>Sees that each connection ends exactly once, and remembers nothing of those that are over: a run may have any number of them.</summary>
internal sealed class PairCounter : ICallbackTracer
{
    private readonly Dictionary<long, (bool IsOpen, bool IsOver)> _living = [];

    /// <summary>The first thing that was wrong, or null.</summary>
    public string? Mistake { get; private set; }

    public int Living => _living.Count;

    /// <summary>How many connections have ended.</summary>
    public long Ended { get; private set; }

    /// <summary>How many of them were WebSockets.</summary>
    public long Opened { get; private set; }

    /// <summary>How many messages, requests, pongs and parts of them reached the user.</summary>
    public long Delivered { get; private set; }

    public void OnCallback(CallbackReason reason, Connection? connection, long length)
    {
        if (connection is null) return;
        if (reason == CallbackReason.WsiCreate)
        {
            _living.Add(connection.Id, default);
            return;
        }

        if (!_living.TryGetValue(connection.Id, out (bool IsOpen, bool IsOver) state))
        {
            Mistake ??= $"{reason} for a connection that is not there";
            return;
        }

        switch (reason)
        {
            case CallbackReason.Established or CallbackReason.ClientEstablished:
                Require(!state.IsOpen && !state.IsOver, reason);
                _living[connection.Id] = (true, false);
                Opened++;
                break;
            case CallbackReason.Closed:
                Require(state.IsOpen && !state.IsOver, reason);
                _living[connection.Id] = (true, true);
                break;
            case CallbackReason.ClosedHttp or CallbackReason.ClientConnectionError:
                Require(!state.IsOpen && !state.IsOver, reason);
                _living[connection.Id] = (false, true);
                break;
            case CallbackReason.WsiDestroy:
                Require(state.IsOver, reason);
                _living.Remove(connection.Id);
                Ended++;
                break;
            default:
                Require(!state.IsOver, reason);
                Delivered++;
                break;
        }
    }

    private void Require(bool isRight, CallbackReason reason)
    {
        if (!isRight) Mistake ??= $"{reason} at the wrong time";
    }
}
