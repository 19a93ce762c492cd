namespace EventLoops;

/// <summary>
/// What an open WebSocket remembers of pings and pongs, from the first one on: those that were sent and not answered, those that wait for the kernel, and how many came
/// unasked of late.
/// </summary>
internal sealed class PingTraffic
{
    private const int RateWindow = 1000;

    private int _unasked;
    private long _windowBegan;

    /// <summary>Pongs that the kernel had no room for.</summary>
    public WaitingPongs Pongs;

    /// <summary>How many of our pings were not answered yet.</summary>
    public int Unanswered { get; set; }

    /// <summary>When the last ping was sent, as a time stamp of the loop's clock; 0 when its answer has come, or nobody measures.</summary>
    public long PingedAt { get; set; }

    /// <summary>Counts a frame that the peer sent unasked. False when that was one too many within a second.</summary>
    public bool CountUnasked(long now, int most)
    {
        if (now - _windowBegan >= RateWindow)
        {
            _windowBegan = now;
            _unasked = 0;
        }

        return ++_unasked <= most;
    }
}
