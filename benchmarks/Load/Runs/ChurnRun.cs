using System.Diagnostics;
using EventLoops.Benchmarks.Load.Wire;

namespace EventLoops.Benchmarks.Load.Runs;

/// <summary>So many at a time, again and again: connect, upgrade, one echo, closing handshake, and the end of the stream from the server, who closes first (RFC 6455 7.1.1).</summary>
internal sealed class ChurnRun(LoadOptions options) : LoadRun("churn", options)
{
    public override void OnOpened(LoadSocket socket)
    {
        Visit visit = (Visit)socket;
        visit.Allow(Stopwatch.GetTimestamp());
        visit.Pump();
    }

    protected override LoadSocket NewSocket(int id) => new Visit(this, id);

    protected override void Open()
    {
        // Opening is part of what is measured.
    }

    protected override void Start()
    {
        for (int slot = 0; slot < Options.Connections; slot++)
        {
            Sockets.Add(NewSocket(slot));
            Sockets[slot].Connect();
        }
    }

    /// <summary>A visit is over, and the next one takes its place.</summary>
    private void Renew(int slot, long begunAt)
    {
        Record(begunAt);
        Sockets[slot] = NewSocket(slot);
        Sockets[slot].Connect();
    }

    private sealed class Visit(ChurnRun run, int slot) : WebSocketPeer(run, slot)
    {
        private const int CloseOpcode = 8;

        private static readonly byte[] Normal = [1000 >> 8, 1000 & 0xFF];

        private readonly long _begunAt = Stopwatch.GetTimestamp();
        private bool _isClosed;

        protected override void OnEcho(long sequence) => SendControl(CloseOpcode, Normal);

        protected override void OnClose(ReadOnlySpan<byte> payload) => _isClosed = true;

        protected override void OnEndOfStream()
        {
            if (!_isClosed)
                base.OnEndOfStream();
            Dispose();
            run.Renew(Id, _begunAt);
        }
    }
}
