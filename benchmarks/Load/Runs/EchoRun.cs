using System.Diagnostics;
using EventLoops.Benchmarks.Load.Wire;

namespace EventLoops.Benchmarks.Load.Runs;

/// <summary>
/// Every connection keeps so many messages under way, or all together send so many a second. At a fixed rate a message's time counts from when it was due, so that a
/// server that stalls is not flattered by the questions that it was not asked meanwhile.
/// </summary>
internal sealed class EchoRun(LoadOptions options) : LoadRun("echo", options)
{
    private long _begun;
    private long _due;
    private int _next;

    // A fixed rate is kept by looking at the clock all the time: waiting is a millisecond too coarse.
    protected override int TurnPatience => Options.Rate > 0 ? 0 : base.TurnPatience;

    protected override LoadSocket NewSocket(int id) => new WebSocketPeer(this, id);

    protected override void Start()
    {
        _begun = Stopwatch.GetTimestamp();
        if (Options.Rate > 0)
            return;

        foreach (LoadSocket socket in Sockets)
        {
            WebSocketPeer peer = (WebSocketPeer)socket;
            for (int i = 0; i < Options.Pipeline; i++) peer.Allow(Stopwatch.GetTimestamp());
            peer.Pump();
        }
    }

    protected override void OnTurn()
    {
        if (Options.Rate == 0)
            return;

        long wanted = (long)(Stopwatch.GetElapsedTime(_begun).TotalSeconds * Options.Rate);
        int passedOver = 0;
        while (_due < wanted && passedOver < Sockets.Count)
        {
            WebSocketPeer peer = (WebSocketPeer)Sockets[_next++ % Sockets.Count];
            if (peer.Outstanding == Options.Pipeline)
            {
                passedOver++;
                continue;
            }

            passedOver = 0;
            peer.Allow(_begun + (long)(_due++ / Options.Rate * Stopwatch.Frequency));
            peer.Pump();
        }
    }
}
