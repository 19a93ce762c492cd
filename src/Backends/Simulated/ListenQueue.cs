namespace EventLoops.Simulated;

/// <summary>The connections of a listener that nobody has accepted yet. Beyond the backlog a client waits for its answer, as one whose SYN was dropped.</summary>
internal sealed class ListenQueue(int backlog)
{
    private readonly Queue<(VirtualSocket Client, VirtualSocket Server)> _ready = new();
    private readonly Queue<(VirtualSocket Client, VirtualSocket Server)> _waiting = new();

    public bool HasReady => _ready.Count > 0;

    public int Backlog
    {
        get;
        set
        {
            field = value;
            Admit();
        }
    } = backlog;

    public void Add(VirtualSocket client, VirtualSocket server)
    {
        _waiting.Enqueue((client, server));
        Admit();
    }

    public VirtualSocket Take()
    {
        VirtualSocket server = _ready.Dequeue().Server;
        Admit();
        return server;
    }

    /// <summary>The listener closes: whoever was not accepted is reset.</summary>
    public void ResetAll()
    {
        foreach ((VirtualSocket client, _) in _ready) client.OnReset();
        foreach ((VirtualSocket client, _) in _waiting) client.OnRefused(Errno.ECONNREFUSED);
        _ready.Clear();
        _waiting.Clear();
    }

    private void Admit()
    {
        while (_ready.Count < Backlog && _waiting.TryDequeue(out (VirtualSocket Client, VirtualSocket Server) next))
        {
            // A client that has given up meanwhile leaves nothing behind.
            if (next.Client.IsClosed) continue;

            next.Client.Phase = SocketPhase.Connected;
            _ready.Enqueue(next);
        }
    }
}
