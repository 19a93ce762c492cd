using System.Diagnostics;
using EventLoops.Benchmarks.Load.Wire;

namespace EventLoops.Benchmarks.Load.Runs;

/// <summary>One speaks and everybody hears it, the speaker too. Counted is what was delivered.</summary>
internal sealed class FanOutRun(LoadOptions options) : LoadRun("fanout", options)
{
    private readonly long[] _sentAt = new long[options.Pipeline];
    private readonly int[] _heard = new int[options.Pipeline];

    private WebSocketPeer Speaker => (WebSocketPeer)Sockets[0];

    protected override LoadSocket NewSocket(int id) => new Listener(this, id);

    protected override void Start()
    {
        for (int i = 0; i < Options.Pipeline; i++) Speak(i);
        Speaker.Pump();
    }

    private void Speak(int place)
    {
        _heard[place] = 0;
        _sentAt[place] = Stopwatch.GetTimestamp();
        Speaker.Allow(_sentAt[place]);
    }

    private void OnHeard(long sequence)
    {
        int place = (int)(sequence % _heard.Length);
        Record(_sentAt[place]);
        if (++_heard[place] < Sockets.Count)
            return;

        Speak(place);
        Speaker.Pump();
    }

    private sealed class Listener(FanOutRun run, int id) : WebSocketPeer(run, id)
    {
        protected override int SenderId => 0;

        protected override void OnEcho(long sequence) => run.OnHeard(sequence);
    }
}
